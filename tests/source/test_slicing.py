"""The slice of a program gives the same object as the whole program, and runs nothing that is not needed.

Each case is a small program in which `boom()` may run and in whose slice it must not. Every language feature that
slicing treats on its own has one.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from grader.source.modules import EVERYTHING, modules_for, slice_module
from grader.source.reading.notebook import Cell, Source
from grader.source.slicing import slice_for
from grader.source.statements import Statement, compiled, statements
from tests.source.programs import CASES, SAME, TRAINED, TRAINING
from tests.source.random_programs import random_program

LEFT_BY_TRAINING = {"trained", "best"}


def look(thing: object) -> object:
    """Return plain values for any object, to compare two runs."""
    if isinstance(thing, list | tuple):
        return [look(one) for one in thing]
    if isinstance(thing, dict):
        return {key: look(value) for key, value in thing.items()}
    if hasattr(thing, "__dict__") and not callable(thing) and not isinstance(thing, type):
        return (
            type(thing).__name__,
            {key: look(value) for key, value in vars(thing).items() if key not in LEFT_BY_TRAINING},
        )
    return thing


def run(program: Iterable[Statement], *, armed: bool) -> object:
    """Execute statements one by one and return what `model` is."""

    def boom(*_: object) -> None:
        assert not armed, "ran a statement that was not needed"

    space: dict[str, object] = {"boom": boom, "__name__": "__main__"}
    for statement in program:
        exec(compiled(statement), space)
    return space["model"]


def program_of(text: str) -> tuple[Statement, ...]:
    """Return the statements of one cell."""
    return statements([Cell("net.ipynb", 1, text)])


def agree(text: str) -> tuple[Statement, ...]:
    """Check that the slice gives what the program gives, and return it."""
    program = program_of(text)
    piece = slice_for(program, ["model"])
    assert look(run(piece, armed=True)) == look(run(program, armed=False)), [one.text for one in piece]
    return piece


@pytest.mark.parametrize("name", CASES)
def test_slice_gives_what_the_program_gives(name: str) -> None:
    """Whatever the language feature, the slice builds the same object without a single needless statement."""
    agree(CASES[name])


@pytest.mark.parametrize("name", TRAINED)
def test_slice_never_trains(name: str) -> None:
    """However training is written, the slice gives the model that went into it."""
    agree(SAME + TRAINING + TRAINED[name])


@pytest.mark.parametrize("start", range(0, 200, 20))
def test_slices_of_random_programs(start: int) -> None:
    """Executing the slice gives what executing the program gives, whatever the program is."""
    for seed in range(start, start + 20):
        program = program_of(random_program(seed))
        try:
            whole = look(run(program, armed=False))
        except (IndexError, TypeError, AttributeError, RecursionError):
            continue
        assert look(run(slice_for(program, ["model"]), armed=False)) == whole, seed


def test_only_what_is_needed_is_kept() -> None:
    """A notebook in small: data, plots, training and evaluation are not in the slice."""
    text = """
import torch, torchvision, matplotlib.pyplot as plt
from torch import nn, optim
width = 8
train = torchvision.datasets.CIFAR10("data", download=True)
loader = torch.utils.data.DataLoader(train)
plt.imshow(train[0][0])
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
model = Net()
print(model)
optimizer = optim.Adam(model.parameters())
for images, labels in loader:
    loss = nn.CrossEntropyLoss()(model(images), labels)
    loss.backward()
    optimizer.step()
model.eval()
torch.save(model.state_dict(), "net.pt")
"""
    kept = [one.text.splitlines()[0] for one in slice_for(program_of(text), ["model"])]
    assert kept == ["from torch import nn", "width = 8", "class Net(nn.Module):", "model = Net()"]


@pytest.mark.parametrize(
    "call",
    [
        "from engine import train\nmodel = train(model, loader)",
        "import engine\nmodel = engine.train_model(model, 3)",
        "from engine import fit\nmodel, history = fit(model, loader)",
        "import engine\nmodel = engine.fit(model, 3)",
    ],
)
def test_training_from_elsewhere_is_looked_through(call: str) -> None:
    """A function of an unknown package that is called `train` trains; the model is what went in, and that is said."""
    kept = slice_for(program_of(f"{SAME}model = Net()\n{call}"), ["model"])
    assert kept[-1].text == "model = model"
    assert kept[-1].repair is not None
    assert "trains" in kept[-1].repair.message


def test_split_is_no_training() -> None:
    """`train_test_split` has `train` in its name and trains nothing."""
    text = "from sklearn.model_selection import train_test_split\na, b = train_test_split([1], [2])\nmodel = [a]"
    assert len(slice_for(program_of(text), ["model"])) == 3


def test_missing_package_takes_no_other_with_it() -> None:
    """`import torch, torchvision` becomes two statements, of which a slice keeps the one it needs."""
    program = program_of("import math, nothing_here, string as s\nfrom os import path, sep\nmodel = math.pi")
    assert [one.text for one in program][:5] == [
        "import math",
        "import nothing_here",
        "import string as s",
        "from os import path",
        "from os import sep",
    ]
    assert [one.text for one in slice_for(program, ["model"])] == ["import math", "model = math.pi"]


def test_definition_below_its_use_is_run_first() -> None:
    """A notebook whose cells were run in another order than they stand in is put in order, and that is said."""
    program = program_of("model = net()\ndef net(): return [width()]\ndef width(): return 3")
    kept = slice_for(program, ["model"])
    assert [one.line for one in kept] == [3, 2, 1] or [one.line for one in kept] == [2, 3, 1]
    assert run(kept, armed=True) == [3]
    assert kept[0].repair is not None


def test_unknown_name_gives_nothing() -> None:
    """A name that nobody binds has an empty slice."""
    assert slice_for(program_of("a = 1"), ["model"]) == ()


def test_places_are_those_of_the_cell() -> None:
    """A statement knows its file, its cell and its line; a decorator's line is the first one."""
    cells = [Cell("net.ipynb", 1, "a = 1"), Cell("net.ipynb", 3, "\n\n@staticmethod\ndef f():\n    pass")]
    first, second = statements(cells)
    assert (first.file, first.cell, first.line) == ("net.ipynb", 1, 1)
    assert (second.cell, second.line) == (3, 3)
    assert str(second.where) == "cell 3, line 3"


def test_main_guard_is_kept_out_of_modules() -> None:
    """What stands under `if __name__ == "__main__":` belongs to the main program only."""
    cells = [Cell("net.py", None, "a = 1\nif __name__ == '__main__':\n    b = 2")]
    assert [one.text for one in statements(cells, main=True)] == ["a = 1", "b = 2"]
    assert [one.text for one in statements(cells, main=False)] == ["a = 1"]


def test_data_alone_does_not_change_a_model() -> None:
    """A call that is given data is no edit of the model, an assignment to one of its layers is one."""
    text = """
from elsewhere import update_bn
loader = DataLoader(1)
def calibrate(m, l): m.scale = l
model = Net()
calibrate(model, loader)
model.fc = Linear(loader.width)
"""
    kept = [one.text for one in slice_for(program_of(text), ["model"])]
    assert "calibrate(model, loader)" not in kept
    assert "model.fc = Linear(loader.width)" in kept


def modules(**texts: str) -> Source:
    """Return a submission with modules; `__` in a name stands for a dot."""
    named = {name.replace("__", "."): text for name, text in texts.items()}
    return Source((), modules={name: (Cell(f"{name}.py", None, text),) for name, text in named.items()})


def test_module_is_sliced_for_the_names_that_are_imported() -> None:
    """`from blocks import Block` takes what Block needs and leaves the rest of the module."""
    source = modules(
        blocks="import math\nimport data\nK = 3\nclass Block:\n    k = K\nloader = data.load()\nprint(loader)"
    )
    assert [one.text.splitlines()[0] for one in slice_module(source, "blocks", ["Block"])] == ["K = 3", "class Block:"]


def test_unknowable_use_of_a_module_takes_its_definitions() -> None:
    """A module that is handed around gives its functions, classes and plain constants, and loads no data."""
    source = modules(blocks="K = 3\ndef f(): return K\nloader = open('x')\nf()")
    assert [one.text.splitlines()[0] for one in slice_module(source, "blocks", [EVERYTHING])] == ["K = 3", "def f():"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import blocks\nx = blocks.Block()", {"blocks": ["class Block:"]}),
        ("import blocks as b\nx = b.Block()", {"blocks": ["class Block:"]}),
        ("from blocks import Block as B", {"blocks": ["class Block:"]}),
        ("from blocks import *", {"blocks": ["class Block:", "class Other:"]}),
        ("import net.layers\nx = net.layers.Pool()", {"net": [], "net.layers": ["class Pool:"]}),
        ("from net.layers import Pool", {"net": [], "net.layers": ["class Pool:"]}),
        ("from net import layers\nx = layers.Pool()", {"net": [], "net.layers": ["class Pool:"]}),
        ("def f():\n    from blocks import Other\n    return Other()", {"blocks": ["class Other:"]}),
        ("from user import make", {"user": ["from blocks import Block", "def make():"], "blocks": ["class Block:"]}),
        ("from package import Net", {"package": ["from .inner import Net"], "package.inner": ["class Net:"]}),
        ("import torch", {}),
    ],
)
def test_modules_follow_imports(text: str, expected: dict[str, list[str]]) -> None:
    """Every local module that a program imports, directly or not, is there with what is used of it."""
    source = modules(
        blocks="class Block: pass\nclass Other: pass",
        net__layers="class Pool: pass\nclass Unused: pass",
        user="from blocks import Block\ndef make(): return Block()",
        package__inner="class Net: pass",
    )
    package = {"package": (Cell("package/__init__.py", None, "from .inner import Net"),)}
    source = Source((), modules={**source.modules, **package})
    found = modules_for(source, program_of(text))
    assert {name: [one.text.splitlines()[0] for one in module] for name, module in found.items()} == expected


def test_modules_that_import_each_other_end() -> None:
    """Circular imports are followed once."""
    source = modules(a="from b import g\ndef f(): return g()", b="from a import f\ndef g(): return f()")
    assert set(modules_for(source, program_of("from a import f"))) == {"a", "b"}


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "-" * 90 + "1",
        "x = " + "+".join(["1"] * 90),
        "x = a" + ".b" * 90,
        "x = " + "[" * 80 + "]" * 80,
        "".join(f"{' ' * depth}if a:\n" for depth in range(90)) + " " * 90 + "x = 1",
        "if a: x = 1\n" + "elif a: x = 2\n" * 40,
        "x = f\"{a:{'b'}\\n}\"",
        "x = (await a)",
    ],
)
def test_deep_and_odd_text_is_sliced_all_the_same(text: str) -> None:
    """Text as deep as is read at all, and text that Python cannot write back, raises nothing."""
    kept = slice_for(program_of(f"a = 1\n{text}\nmodel = [x]"), ["model"])
    assert {2, kept[-1].line} <= {one.line for one in kept}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("model.load_state_dict(torch.load('best.pt'))", 4),
        ("state = torch.load('best.pt')\nmodel.load_state_dict(state['model'])", 5),
        ("print(model.load_state_dict(torch.load('best.pt')))", 4),
        ("other.load_state_dict(torch.load('best.pt'))", 2),
        ("optimizer.load_state_dict(torch.load('best.pt'))", 2),
        ("torch.save(model.state_dict(), 'best.pt')", 2),
    ],
)
def test_saved_weights_belong_to_the_model(text: str, kept: int) -> None:
    """What brings weights back into the model is kept, as the file may have been handed in; nothing else of files is."""
    top = "import torch\nfrom torch import nn\nmodel, other, optimizer = nn.Linear(2, 2), nn.Linear(2, 2), None\n"
    assert len(slice_for(statements([Cell("net.ipynb", 1, top + text)]), ["model"])) == kept
