"""The slice of a program gives the same object as the whole program, and runs nothing that is not needed.

Each case is a small program in which `boom()` may run and in whose slice it must not. Every language feature that
slicing treats on its own has one.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from grader.source.modules import EVERYTHING, modules_for, slice_module
from grader.source.notebook import Cell, Source
from grader.source.slicing import slice_for
from grader.source.statements import Statement, compiled, statements

SAME = "class Net:\n    def __init__(self, w=1): self.w = w\n"

CASES = {
    # what names mean
    "default argument": "W=3\nboom()\ndef net(w=W):\n    return [w]\nmodel=net()\nboom(model)",
    "late binding, helper defined after use": "def block():\n    return [act]\nboom()\nact='relu'\nmodel=block()",
    "redefined function, last wins": "def net(): return 1\nboom(net)\ndef net(): return 2\nmodel=net()",
    "redefined after the model was built": "def net(): return 1\nmodel=net()\ndef net(): return boom()",
    "name rebound after the model": "W=3\ndef net(w=W): return [w]\nmodel=net()\nW=boom() or 99",
    "class replaced by its own instance": f"{SAME}boom()\nNet=Net()\nmodel=Net",
    "two functions see two values of one name": "H=1\ndef make(): return [H]\na=make()\nH=2\nb=make()\nboom()\nmodel=(a,b)",
    "two objects of one class see two values": "H=1\nclass N:\n    def __init__(self): self.h=H\na=N()\nH=2\nmodel=(a.h,N().h)",
    "name that only a method reads, bound after the model": (
        "class N:\n    def __call__(self): return late()\n    def __eq__(s,o): return s()==o()\nmodel=N()\nboom()\ndef late(): return 5"
    ),
    "conditional binding": "big=True\nH=1\nif big:\n    H=32\nboom()\nmodel=[H]",
    "both branches bind": "H=boom()\nif boom:\n    H=32\nelse:\n    H=16\nmodel=[H]",
    "try import": "try:\n    import nothing_here as m\nexcept ImportError:\n    import math as m\nboom()\nmodel=m.floor(2.5)",
    "star import": "from math import *\nboom()\nmodel=floor(2.5)",
    "star import replaces a builtin": "from math import *\nboom()\nmodel=[pow(2,3)]",
    "import of a submodule and of its package": "import xml.dom\nimport xml\nboom()\nmodel=xml.dom.__name__",
    "comprehension over globals": "ws=[1,2]\nk=2\nboom()\nmodel=[w*k for w in ws]",
    "comprehension variable shadows a global": "w=boom()\nmodel=[w for w in (1,2)]",
    "loop variable is not read before it is bound": "c=boom()\nlayers=[]\nfor c in (1,2):\n    layers.append(c)\nmodel=layers",
    "walrus": "boom()\nif (n:=4)>3:\n    pass\nmodel=[n]",
    "walrus in a comprehension": "boom()\nw=[last:=n for n in (1,2,3)]\nmodel=[last]",
    "global in a function": "H=1\ndef setup():\n    global H\n    H=7\nsetup()\nboom()\nmodel=[H]",
    "global two calls deep": "H=1\ndef inner():\n    global H\n    H=7\ndef outer():\n    inner()\nouter()\nmodel=[H]",
    "class body reads a global, method reads another": (
        "A=1\nclass N:\n    a=A\n    def f(self): return B\nB=2\nboom()\nmodel=(N().a,N().f())"
    ),
    "class body reads its own name, not the global": "b=boom()\nclass N:\n    b=1\n    c=b+1\nmodel=N.c",
    "decorator": "def deco(f): return lambda: [f()]\nboom()\n@deco\ndef net(): return 1\nmodel=net()",
    "decorator with an argument": "N=2\ndef times(n): return lambda f: lambda: [f()]*n\n@times(N)\ndef net(): return 1\nboom()\nmodel=net()",
    "decorator that registers": "R={}\ndef register(c):\n    R[c.__name__]=c\n    return c\n@register\nclass N: x=3\nboom()\nmodel=R['N'].x",
    "closure": "def outer(k):\n    def inner(x): return x*k*Z\n    return inner\nZ=2\nboom()\nf=outer(3)\nmodel=f(1)",
    "lambda": "k=2\nact=lambda x: x*k\nboom()\nk=5\nmodel=act(1)",
    "annotation is evaluated": "T=int\nboom()\ndef f(x: T) -> T: return x\nmodel=f(3)",
    "future annotations": "from __future__ import annotations\nboom()\ndef f(x: Nowhere) -> Nothing: return x\nmodel=f(3)",
    "del then rebind": "H=1\ndel H\nH=2\nboom()\nmodel=[H]",
    "del at the end only frees memory": "model=[1]\nboom(model)\nkept=model\ndel kept",
    "with block": "import contextlib\nwith contextlib.nullcontext(3) as h:\n    H=h\nboom()\nmodel=[H]",
    "tuple unpack": "a,(b,*c)=1,(2,3,4)\nboom()\nmodel=[a,b,c]",
    "chained assignment": "a=b=[1]\na.append(2)\nboom()\nmodel=b",
    "annotated assignment": "H: int = 3\nW: int\nmodel: list = [H]",
    "match statement": "k='b'\nmatch k:\n    case 'a': H=1\n    case other: H=other\nboom()\nmodel=[H]",
    "f-string": "n=3\nname=f'net{n!r:>3}'\nboom()\nmodel=[name]",
    "main guard": "H=1\nif __name__ == '__main__':\n    boom()\n    model=[H]",
    "main guard, the other way round": "if '__main__' == __name__:\n    model=[4]\n    boom()",
    "base class in another statement": "class A:\n    k=1\nboom()\nclass B(A):\n    pass\nmodel=B().k",
    "inherited method reads a global": "class A:\n    def f(self): return G\nclass B(A): pass\nG=4\nboom()\nmodel=B().f()",
    "method that only training uses reads the data": (
        "data=boom()\nclass N:\n    def forward(self): return 1\n    def train_dataloader(self): return data\nmodel=N().forward()"
    ),
    "method called by forward reads a global": (
        "K=3\nclass N:\n    def block(self): return K\n    def forward(self): return self.block()\nboom()\nmodel=N().forward()"
    ),
    "property reads a global": "K=3\nclass N:\n    @property\n    def k(self): return K\nboom()\nmodel=N().k",
    # what changes an object
    "attribute edit": "class N: pass\nH=5\nmodel=N()\nmodel.head=H\nboom(model)\nmodel=model",
    "attribute edit after last binding": f"{SAME}H=5\nmodel=Net()\nboom(model)\nmodel.head=H",
    "attribute deleted": f"{SAME}model=Net()\nmodel.b=2\ndel model.w\nboom()",
    "setattr and delattr": f"{SAME}model=Net()\nsetattr(model,'k',3)\ndelattr(model,'w')\nboom(model)",
    "list append in a loop": "layers=[]\nfor c in (1,2):\n    layers.append(c)\nboom(layers)\nmodel=tuple(layers)",
    "loop that also plots": "layers=[]\nfor c in (1,2):\n    layers.append(c)\n    boom(c)\nmodel=tuple(layers)",
    "while loop": "layers=[]\ni=0\nwhile i<3:\n    layers.append(i)\n    i+=1\nboom()\nmodel=layers",
    "loop with break": "layers=[]\nfor i in range(9):\n    if i>2:\n        break\n    layers.append(i)\nboom()\nmodel=layers",
    "augmented assignment": "layers=[1]\nlayers+=[2]\nboom()\nmodel=tuple(layers)",
    "augmented assignment through an alias": "a=[1]\nb=a\nb+=[2]\nboom()\nmodel=a",
    "dict config edited": "cfg={}\ncfg['w']=3\nboom(cfg)\nmodel=[cfg['w']]",
    "dict config updated": "cfg={}\ncfg.update(w=3)\nboom(cfg)\nmodel=[cfg['w']]",
    "edit of an item": "model=[1,2]\nmodel[1]=5\nboom(model)",
    "alias of the edited object": f"{SAME}model=Net()\nm=model\nm.head=5\nboom(m)",
    "alias edited after the name was rebound": f"{SAME}model=Net()\nm=model\nmodel=Net(2)\nm.head=boom()",
    "alias of a part": f"{SAME}model=Net(Net())\nfc=model.w\nfc.k=3\nboom()",
    "part edited after the whole was built": f"{SAME}conv=Net()\nmodel=[conv]\nconv.w=9\nboom()",
    "argument edited after the whole was built": f"{SAME}conv=Net()\nmodel=Net(conv)\nconv.w=9\nboom()",
    "call edits argument": "def init(m): m.append(1)\nmodel=[]\ninit(model)\nboom()",
    "call edits argument by keyword": "def init(x, m=None): m.append(x)\nmodel=[]\ninit(1, m=model)\nboom()",
    "call edits argument two calls deep": "def a(m): m.k=1\ndef b(n): a(n)\n" + SAME + "model=Net()\nb(model)\nboom()",
    "call edits argument through its parts": (
        SAME + "def freeze(m):\n    for p in m.parameters():\n        p.grad=False\n"
        "Net.parameters=lambda self: [self.w]\nmodel=Net(Net())\nfreeze(model)\nboom()"
    ),
    "call returns its argument": "def wrap(m):\n    return m\na=[1]\nmodel=wrap(a)\na.append(2)\nboom()",
    "call only uses its argument": "def show(m): boom(m)\nmodel=[1]\nshow(model)\nother=[show(model)]",
    "method edits its object": "class N:\n    def __init__(self): self.k=1\n    def grow(self): self.k=2\nmodel=N()\nmodel.grow()\nboom()",
    "method only uses its object": "class N:\n    def __init__(self): self.k=1\n    def show(self): return boom(self.k)\nmodel=N()\nmodel.show()",
    "freezing in a loop": (
        SAME
        + "Net.parameters=lambda self: [self.w]\nmodel=Net(Net())\nfor p in model.parameters():\n    p.requires_grad=False\nboom()"
    ),
    "freezing in a loop with names": (
        SAME
        + "Net.named=lambda self: [('w',self.w)]\nmodel=Net(Net())\nfor n, p in model.named():\n    if 'w' in n:\n        p.k=1\nboom()"
    ),
    "initialiser from elsewhere": (
        "import types\nnn=types.SimpleNamespace(init=types.SimpleNamespace(zeros_=lambda m: m.clear()))\nmodel=[1]\nnn.init.zeros_(model)\nboom()"
    ),
    "apply": SAME
    + "Net.apply=lambda self,f: f(self)\ndef weights(m): m.w=7\nmodel=Net()\nmodel.apply(weights)\nboom()",
    "module replaced by assignment to a class": f"{SAME}model=Net()\ndef area(self): return self.w\nNet.area=area\nboom()\nmodel=model.area()",
    "edit in a with block": "import contextlib\nmodel=[1]\nwith contextlib.nullcontext():\n    model[0]=3\nboom()",
    "edit under a condition": "model=[1]\nif model:\n    model.append(2)\n    boom()",
    "function fills a global list": "layers=[]\ndef add(n): layers.append(n)\nadd(1)\nadd(2)\nboom()\nmodel=layers",
    "argument parser": (
        "import argparse\nparser=argparse.ArgumentParser()\nparser.add_argument('--k',default=4)\nboom()\n"
        "args=parser.parse_args([])\nmodel=[args.k]"
    ),
    "model edited by its own config later": f"{SAME}cfg={{'w':1}}\nmodel=Net(cfg)\ncfg['w']=2\nboom()",
}

TRAINING = """
class Loss:
    def backward(self): boom()
class Optimizer:
    def step(self): boom()
def fit(m, epochs=1):
    loss=Loss()
    loss.backward()
    m.trained=True
    return m
def score(m): return boom()
optimizer=Optimizer()
"""

TRAINED = {
    "training loop touches the model": "model=Net()\nfor e in range(3):\n    boom(model)",
    "training loop sets an attribute": "model=Net()\nfor e in range(3):\n    Loss().backward()\n    model.best=boom()",
    "step of an optimiser": "model=Net()\nfor e in range(3):\n    optimizer.step()\n    model.best=3",
    "call of a function that trains": "model=Net()\nfit(model)",
    "call of a function that trains, two calls deep": "def main(m): fit(m)\nmodel=Net()\nmain(model)",
    "result of training is another name": "model=Net()\nhistory=fit(model)",
    "rebound by training": "model=Net()\nmodel=fit(model)",
    "rebound by training, with history": "def run(m):\n    fit(m)\n    return m, [1]\nmodel=Net()\nmodel, history=run(model)",
    "trained under another name": "net=Net()\nmodel=fit(net)",
    "training a new object": "model=fit(Net(4))",
    "trained then wrapped": "inner=Net()\nfor e in range(3):\n    Loss().backward()\nmodel=[inner]",
    "method that trains": "class T:\n    def __init__(self, m): self.m=m\n    def fit(self):\n        Loss().backward()\n        self.m.best=1\nmodel=Net()\nT(model).fit()",
    "built inside the training loop": "for seed in (1,2):\n    model=Net(seed)\n    Loss().backward()\nmodel=Net(1)",
    "best copy taken inside the training loop": (
        "import copy\nmodel=Net(5)\nbest=model\nfor e in range(2):\n    Loss().backward()\n    if boom() is None:\n        best=copy.deepcopy(model)\nmodel=best"
    ),
    "saved and loaded": (
        "import types\ntorch=types.SimpleNamespace(load=lambda f: boom() or Net(), save=boom)\nmodel=Net()\n"
        "torch.save(model,'m.pt')\nmodel=torch.load('m.pt')"
    ),
    "load_state_dict bound to the model": (
        "Net.load_state_dict=lambda self, state: boom()\nmodel=Net()\nboom()\n_model=model\nmodel=model.load_state_dict({})\nmodel=_model"
    ),
    "evaluation sets an attribute": "model=Net()\nmodel.k=2\nscore(model)",
    "trained or loaded": (
        "model=Net()\nif boom is None:\n    model.load_state_dict(boom())\nelse:\n    fit(model)\n    model.best=1"
    ),
    "built in one branch, trained there": "if optimizer:\n    model=Net(3)\n    fit(model)\nelse:\n    model=boom()",
    "trained until interrupted": "model=Net()\ntry:\n    while True:\n        Loss().backward()\n        break\nexcept KeyboardInterrupt:\n    boom()",
    "progress bar": "import contextlib\nmodel=Net()\nwith contextlib.nullcontext([1]) as bar:\n    for b in bar:\n        Loss().backward()\n        model.best=b",
    "edit before training in the same loop": "for seed in (4,):\n    model=Net(seed)\n    model.head=seed+1\n    Loss().backward()\n    boom()",
    "one of several models in a dict": "models={'a':Net(1),'b':Net(2)}\nfor m in models.values():\n    fit(m)\nmodel=models['b']",
    "list of models": "models=[]\nfor w in (1,2):\n    models.append(Net(w))\n    boom()\nfor m in models:\n    fit(m)\nmodel=models[-1]",
    "factory that trains nothing beside one that does": "def make(): return Net(6)\ndef main():\n    m=make()\n    fit(m)\nmain()\nmodel=make()",
    "training flag": "Net.train=Net.eval=boom\nmodel=Net()\nmodel.train()\nmodel.eval()",
}


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
    ["from engine import train\nmodel = train(model, loader)", "import engine\nmodel = engine.train_model(model, 3)"]
    + ["from engine import fit\nmodel, history = fit(model, loader)", "import engine\nmodel = engine.fit(model, 3)"],
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
    ["x = " + "-" * 900 + "1", "x = " + "+".join(["1"] * 1500), "x = a" + ".b" * 900, "x = " + "[" * 80 + "]" * 80]
    + ["".join(f"{' ' * depth}if a:\n" for depth in range(90)) + " " * 90 + "x = 1"],
)
def test_deep_text_is_sliced_all_the_same(text: str) -> None:
    """Text that is too deep for Python's own tools raises nothing."""
    slice_for(program_of(f"a = 1\n{text}\nmodel = [x]"), ["model"])
