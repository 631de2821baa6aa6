"""Which object is the model: a table of small submissions, each with what must be found."""

from __future__ import annotations

import ast
from dataclasses import dataclass

import pytest

from grader.source.entry import Hints, Plan, plans, why_nothing
from grader.source.reading.notebook import Cell, Problem, ReadLimits, Source, read_submission
from grader.source.statements import compiled
from tests.source.models import MLP, SIZED

IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\nfrom torch import optim\n"
NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
    def forward(self, x):
        return self.conv(x)
"""
TRAIN = """
def train(model, loader, epochs=1):
    optimizer = torch.optim.Adam(model.parameters())
    for images, labels in loader:
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A submission and what must be found in it."""

    text: str
    name: str
    how: str
    expression: str


CASES = {
    "an instance": Case(f"{NET}model = Net()", "Net", "class", "model"),
    "an instance on a device": Case(f"{NET}net = Net().to('cuda')", "Net", "class", "net"),
    "moved later": Case(f"{NET}net = Net()\nnet = net.cuda()", "Net", "class", "net"),
    "wrapped for several GPUs": Case(f"{NET}net = Net()\nmodel = nn.DataParallel(net)", "Net", "class", "model"),
    "compiled": Case(f"{NET}net = Net()\nfast = torch.compile(net)", "Net", "class", "fast"),
    "alias": Case(f"{NET}net = Net()\nmodel = net", "Net", "class", "model"),
    "a part is no model": Case(f"{NET}net = Net()\nparams = list(net.parameters())", "Net", "class", "net"),
    "sequential": Case("model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten())", "model", "sequential", "model"),
    "sequential from a list": Case(
        "layers = [nn.Conv2d(3, 8, 3)]\nlayers.append(nn.ReLU())\ncnn = nn.Sequential(*layers)",
        "cnn",
        "sequential",
        "cnn",
    ),
    "subclass of sequential": Case(
        "class Net(nn.Sequential):\n    pass\nmodel = Net(nn.Conv2d(3, 8, 3))", "Net", "class", "model"
    ),
    "factory": Case(f"{NET}def make():\n    net = Net()\n    return net\nmodel = make()", "make", "factory", "model"),
    "factory of a sequential": Case(
        "def make(k):\n    return nn.Sequential(nn.Conv2d(3, k, 3))\nmodel = make(4)", "make", "factory", "model"
    ),
    "factory with an optimiser beside it": Case(
        f"{NET}def make():\n    net = Net()\n    return net, optim.SGD(net.parameters(), 1)\nmodel, optimizer = make()",
        "make",
        "factory",
        "model",
    ),
    "ready-made network": Case(
        "import torchvision.models as models\nmodel = models.resnet18()\nmodel.fc = nn.Linear(512, 10)",
        "model",
        "expression",
        "model",
    ),
    "unknown network that is optimised": Case(
        "import toolkit\nnet = toolkit.build(10)\nopt = optim.Adam(net.parameters())", "net", "expression", "net"
    ),
    "unknown network that is called and summarised": Case(
        "import toolkit\nnet = toolkit.build(10)\nnet.eval()\nprint(net(torch.zeros(1)))", "net", "expression", "net"
    ),
    "lightning": Case(
        NET.replace("nn.Module", "pl.LightningModule") + "lit = Net()\npl.Trainer().fit(lit)".replace("pl.T", "pl.T"),
        "Net",
        "lightning",
        "lit",
    ),
    "trained last": Case(f"{NET}{MLP}{TRAIN}a = Net()\nb = Net()\ntrain(b, 1)\ntrain(a, 1)", "Net", "class", "a"),
    "optimised, not the one that is tried out": Case(
        f"{NET}trial = Net()\nprint(trial(torch.randn(1)))\nmodel = Net()\nopt = optim.Adam(model.parameters())",
        "Net",
        "class",
        "model",
    ),
    "the network with a convolution, not the dense baseline after it": Case(
        f"{NET}{MLP}{TRAIN}cnn = Net()\ntrain(cnn, 1)\nbaseline = MLP()\ntrain(baseline, 1)", "Net", "class", "cnn"
    ),
    "the one for pictures, not the head for features": Case(
        f"{NET}{TRAIN}head = nn.Sequential(nn.Conv2d(256, 10, 1))\ncnn = Net()\ntrain(cnn, 1)\ntrain(head, 1)",
        "Net",
        "class",
        "cnn",
    ),
    "own network, not the ready-made one after it": Case(
        f"{NET}{TRAIN}import torchvision.models as models\nown = Net()\ntrain(own, 1)\nr = models.resnet18()\ntrain(r, 1)",
        "Net",
        "class",
        "own",
    ),
    "loss that is a module": Case(
        f"{NET}class FocalLoss(nn.Module):\n    def forward(self, a, b): return a\nmodel = Net()\ncriterion = FocalLoss()",
        "Net",
        "class",
        "model",
    ),
    "block that is tried out": Case(
        f"class Block(nn.Module):\n    def forward(self, x): return x\n{NET.replace('nn.Conv2d(3, 8, 3)', 'Block()')}"
        "net = Net()\nblock = Block()\nprint(block(torch.zeros(1)))",
        "Net",
        "class",
        "net",
    ),
    "never built": Case(NET, "Net", "class", "Net()"),
    "never built, blocks come last": Case(
        f"class Block(nn.Module):\n    def forward(self, x): return x\n{NET.replace('nn.Conv2d(3, 8, 3)', 'Block()')}",
        "Net",
        "class",
        "Net()",
    ),
    "never built, the one with a convolution": Case(f"{NET}{MLP}", "Net", "class", "Net()"),
    "never called factory": Case(f"{NET}def make_net():\n    return Net()", "make_net", "factory", "make_net()"),
    "class bound in place of an object": Case(f"{NET}model = Net\ntrain(model)", "Net", "class", "model()"),
    "inside main": Case(
        f"{NET}{TRAIN}def main():\n    net = Net()\n    train(net, 1)\nif __name__ == '__main__':\n    main()",
        "Net",
        "class",
        "net",
    ),
    "inside main, with its own numbers": Case(
        f"{SIZED}{TRAIN}def main(k):\n    width = 4\n    net = Net(k, width)\n    train(net, 1)\nmain(7)",
        "Net",
        "class",
        "net",
    ),
    "inside a function that trains and returns it": Case(
        f"{NET}def run():\n    net = Net()\n    loss.backward()\n    return net\nmodel = run()", "Net", "class", "net"
    ),
    "inside a loop over seeds": Case(
        f"{NET}for seed in range(3):\n    net = Net()\n    opt = optim.SGD(net.parameters(), 1)\n    opt.step()",
        "Net",
        "class",
        "net",
    ),
    "kept by a trainer": Case(
        f"{NET}class Trainer:\n    def __init__(self):\n        self.model = Net()", "Net", "class", "Net()"
    ),
    "build_model": Case(
        f"{NET}{MLP}def build_model():\n    return Net()\nother = MLP()", "build_model", "build_model", "build_model()"
    ),
    "build_model that was called": Case(
        f"{SIZED}def build_model(k):\n    return Net(k)\nmodel = build_model(7)", "build_model", "build_model", "model"
    ),
    "build_model with an optimiser beside it": Case(
        f"{NET}def build_model():\n    net = Net()\n    return net, optim.SGD(net.parameters(), 1)",
        "build_model",
        "build_model",
        "build_model()[0]",
    ),
    "bases by other names": Case(
        "from torch.nn import Module as Base\nclass Net(Base):\n    def forward(self, x): return x\nm = Net()",
        "Net",
        "class",
        "m",
    ),
    "base behind a base": Case(
        "class Base(torch.nn.Module): pass\nclass Net(Base):\n    def forward(self, x): return x\nm = Net()",
        "Net",
        "class",
        "m",
    ),
    "base behind an assignment": Case(
        "M = nn.Module\nclass Net(M):\n    def forward(self, x): return x\nm = Net()", "Net", "class", "m"
    ),
    "base from a star import": Case(
        "from torch.nn import *\nclass Net(Module):\n    def forward(self, x): return x\nm = Net()", "Net", "class", "m"
    ),
    "base forgotten": Case(NET.replace("(nn.Module)", "") + "model = Net()", "Net", "class", "model"),
    "class defined twice": Case(f"{MLP.replace('MLP', 'Net')}{NET}model = Net()", "Net", "class", "model"),
    "class replaced by its instance": Case(f"{NET}Net = Net()", "Net", "class", "Net"),
    "conditional": Case(f"{NET}{MLP}big = True\nmodel = Net() if big else MLP()", "Net", "class", "model"),
    "walrus": Case(f"{NET}print(net := Net())", "Net", "class", "net"),
    "best copy": Case(
        f"{NET}import copy\nnet = Net()\nbest = copy.deepcopy(net)\nopt = optim.SGD(best.parameters(), 1)",
        "Net",
        "class",
        "best",
    ),
}


def found(text: str, *, entry: str | None = None, hints: Hints | None = None, **modules: str) -> tuple[Plan, ...]:
    """Return the plans for a notebook of one cell, with modules beside it."""
    local = {name: (Cell(f"{name}.py", None, module),) for name, module in modules.items()}
    source = Source((Cell("net.ipynb", 1, IMPORTS + text),), modules=local)
    return plans(source, entry, hints or Hints())


def check(plan: Plan) -> Plan:
    """Check that a plan is Python and that nothing in it trains or loads data."""
    for statement in plan.statements:
        compiled(statement)
        if not isinstance(statement.node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            assert not {".backward(", ".step(", "DataLoader(", "datasets."} & set(statement.text.split())
            assert not any(word in statement.text for word in (".backward(", ".step(", "DataLoader(", "datasets."))
    compile(plan.expression, "<expression>", "eval")
    return plan


@pytest.mark.parametrize("name", CASES)
def test_the_model_is_found(name: str) -> None:
    """The first plan is the model that a person would grade."""
    case = CASES[name]
    plan = check(found(case.text)[0])
    assert (plan.name, plan.how, plan.expression) == (case.name, case.how, case.expression)


@pytest.mark.parametrize(
    ("parameters", "call"),
    [
        ("in_channels, num_classes", "Net(in_channels=3, num_classes=10)"),
        ("n_channels, nClasses", "Net(n_channels=3, nClasses=10)"),
        ("input_shape, output_dim", "Net(input_shape=(3, 32, 32), output_dim=10)"),
        ("img_size, hidden_units", "Net(img_size=32, hidden_units=64)"),
        ("input_dim", "Net(input_dim=3072)"),
        ("dropout, kernel_size, stride, padding", "Net(dropout=0.5, kernel_size=3, stride=1, padding=1)"),
        ("use_bn, device, lr", "Net(use_bn=True, device='cpu', lr=0.001)"),
        ("classes=10, *rest, k", "Net(k=10)"),
        ("mystery", "Net(mystery=64)"),
    ],
)
def test_arguments_that_nobody_gives_are_guessed(parameters: str, call: str) -> None:
    """A class without an instance is built with arguments guessed from names, and each guess is said."""
    text = f"class Net(nn.Module):\n    def __init__(self, {parameters}):\n        super().__init__()\n    def forward(self, x): return x"
    plan = check(found(text)[0])
    assert plan.expression == call
    assert len(plan.repairs) == call.count("=")
    assert all(repair.kind == "argument" for repair in plan.repairs)


@pytest.mark.parametrize(
    ("body", "call"),
    [
        ("self.a = nn.Conv2d(input_shape, hidden, 3); self.b = nn.Conv2d(hidden, hidden, 3)", "input_shape=3"),
        ("self.a = nn.Conv2d(in_channels=input_shape, out_channels=hidden, kernel_size=3)", "input_shape=3"),
        ("self.a = nn.Linear(input_shape, hidden)", "input_shape=(3, 32, 32)"),
    ],
)
def test_use_goes_before_name(body: str, call: str) -> None:
    """What goes into a convolution are the channels, whatever the parameter is called."""
    text = f"class Net(nn.Module):\n    def __init__(self, input_shape, hidden):\n        {body}\n    def forward(self, x): return x"
    assert call in found(text)[0].expression


def test_guess_is_a_sentence() -> None:
    """The report says what was missing and what was put there."""
    (repair,) = found(SIZED)[0].repairs
    assert repair.message == "Net needs num_classes and nobody gives it: 10 (the number of classes) was used."


def test_guess_follows_the_rubric() -> None:
    """Another rubric, another number of classes and channels."""
    plan = found(SIZED, hints=Hints((1, 28, 28), 7))[0]
    assert plan.expression == "Net(num_classes=7)"


def test_own_names_go_before_guesses() -> None:
    """A constant of the notebook that has the parameter's name is used, in small or in capital letters."""
    plan = found(f"NUM_CLASSES = 7\n{SIZED}")[0]
    assert plan.expression == "Net(num_classes=NUM_CLASSES)"
    assert "NUM_CLASSES = 7" in [statement.text for statement in plan.statements]


def test_command_line_goes_before_guesses() -> None:
    """The default of `--num-classes` is used."""
    text = f"import argparse\ndef parse():\n    p = argparse.ArgumentParser()\n    p.add_argument('--num-classes', type=int, default=7)\n{SIZED}"
    assert found(text)[0].expression == "Net(num_classes=7)"


def test_configuration_objects_are_made_up() -> None:
    """`Net(config)` gets an object, or a dict, with everything that it reads."""
    text = "class Net(nn.Module):\n    def __init__(self, config):\n        super().__init__()\n        self.fc = nn.Linear(config{}, 10)\n    def forward(self, x): return x"
    assert "SimpleNamespace(hidden=64)" in found(text.format(".hidden"))[0].expression
    assert "{'hidden': 64}" in found(text.format("['hidden']"))[0].expression


def test_inherited_constructor_is_asked() -> None:
    """A class without `__init__` takes what its base takes."""
    text = f"{SIZED}class Small(Net):\n    def forward(self, x): return x"
    assert found(text)[0].expression == "Small(num_classes=10)"


@pytest.mark.parametrize(
    ("data", "call", "built"),
    [
        ("train = datasets.MNIST('x')", "Net(len(train.classes))", "model = Net(10)"),
        ("train = ImageFolder('x')\nclasses = train.classes", "Net(len(classes))", "model = Net(10)"),
        ("train = ImageFolder('x')\nn_classes = len(train.classes)", "Net(n_classes)", "model = Net(n_classes)"),
        ("loader = DataLoader(1)\nimages, labels = next(iter(loader))", "Net(images.shape[1])", "model = Net(3)"),
        ("y = np.load('y.npy')", "Net(len(np.unique(y)))", "model = Net(10)"),
        ("def load(): return open('x').read()\ntrain, classes = load()", "Net(len(classes))", "model = Net(10)"),
    ],
)
def test_data_is_not_needed(data: str, call: str, built: str) -> None:
    """What a model reads from its data set comes from the rubric instead, and that is said."""
    text = f"import numpy as np\nfrom torchvision import datasets\nfrom torchvision.datasets import ImageFolder\n{SIZED}{data}\nmodel = {call}"
    plan = check(found(text)[0])
    assert plan.statements[-1].text == built
    assert any(repair.kind == "data" for repair in plan.repairs)
    assert not any("load" in statement.text or "ImageFolder(" in statement.text for statement in plan.statements)


def test_the_way_it_is_written_comes_after_the_way_without_data() -> None:
    """Data that is in the submission after all can still be used: the second plan changes nothing."""
    text = f"{SIZED}n_classes = len(open('classes.txt').read().split())\nmodel = Net(n_classes)"
    first, second, *_ = found(text)
    assert first.name == second.name == "Net"
    assert "n_classes = 10" in [statement.text for statement in first.statements]
    assert not second.repairs


def test_edits_after_the_model_belong_to_it() -> None:
    """A head that is replaced, weights that are frozen and initialised are part of the model."""
    text = (
        f"{NET}def freeze(m):\n    for p in m.parameters():\n        p.requires_grad = False\n"
        "model = Net()\nfreeze(model)\nmodel.fc = nn.Linear(3, 10)\nnn.init.zeros_(model.fc.weight)\n"
        "opt = optim.SGD(model.parameters(), 1)\nopt.step()\nmodel.eval()"
    )
    kept = [statement.text for statement in check(found(text)[0]).statements][-4:]
    assert kept == ["model = Net()", "freeze(model)", "model.fc = nn.Linear(3, 10)", "nn.init.zeros_(model.fc.weight)"]


def test_training_is_looked_through() -> None:
    """`model = train(model)` is the model before, and that is said."""
    plan = check(found(f"{NET}{TRAIN}model = Net()\nmodel = train(model, 1)")[0])
    assert [repair.kind for repair in plan.repairs] == ["training"]


def test_class_in_place_of_an_object_is_said() -> None:
    """Brackets that were forgotten are put there."""
    plan = found(f"{NET}model = Net\ntrain(model)")[0]
    assert plan.repairs[0].kind == "instantiate"


def test_earlier_model_under_the_same_name_is_another_candidate() -> None:
    """A notebook that builds three models under one name has three candidates, each as it was."""
    text = f"{NET}{MLP}{TRAIN}model = Net()\ntrain(model, 1)\nmodel = MLP()\ntrain(model, 1)"
    first = found(text)[0]
    assert first.name == "Net"
    assert first.others == ("MLP",)
    assert [one.text for one in first.statements][-1] == "model = Net()"


@pytest.mark.parametrize(
    ("entry", "name", "expression"),
    [
        ("other", "MLP", "other"),
        ("MLP", "MLP", "MLP()"),
        ("make", "make", "make()"),
        ("make()", "make()", "make()"),
        ("nets['b']", "nets['b']", "nets['b']"),
        ("hidden", "Net", "hidden"),
    ],
)
def test_entry_settles_it(entry: str, name: str, expression: str) -> None:
    """The rubric's name is taken, be it a variable, a class, a function, an expression, or inside a function."""
    text = (
        f"{NET}{MLP}{TRAIN}model = Net()\ntrain(model, 1)\nother = MLP()\nnets = {{'b': Net()}}\n"
        "def make():\n    return MLP()\ndef main():\n    hidden = Net()\n    train(hidden, 1)"
    )
    plan = check(found(text, entry=entry)[0])
    assert (plan.name, plan.how, plan.expression) == (name, "entry", expression)


@pytest.mark.parametrize("entry", ["nowhere", "not python", "", "a" * 5000, "[" * 5000])
def test_entry_that_is_not_there_is_said(entry: str) -> None:
    """A submission without the name that the rubric asks for is still read, and the report says so."""
    plan = found(f"{NET}model = Net()", entry=entry)[0]
    assert plan.name == "Net"
    assert [repair.kind for repair in plan.repairs] == (["entry"] if entry else [])


def test_model_of_another_module_is_found() -> None:
    """A class that is imported from a file beside the program is a class of the submission."""
    plan = check(found("from layers import Net\nmodel = Net()", layers=IMPORTS + NET)[0])
    assert (plan.name, plan.how, plan.expression) == ("Net", "class", "model")
    assert [one.text.splitlines()[0] for one in plan.modules["layers"]] == [
        "import torch.nn as nn",
        "class Net(nn.Module):",
    ]


def test_module_imported_as_a_whole() -> None:
    """`import layers` and `layers.Net()` lead to the same class."""
    plan = check(found("import layers\nmodel = layers.Net().to('cuda')", layers=IMPORTS + NET)[0])
    assert (plan.name, plan.how) == ("Net", "class")


def test_factory_of_another_module() -> None:
    """A function of a file beside the program makes the model."""
    text = "from layers import make\nmodel = make(3)"
    plan = check(found(text, layers=f"{IMPORTS}{NET}def make(n): return Net()")[0])
    assert (plan.name, plan.how) == ("make", "factory")


def test_forgotten_import_is_added() -> None:
    """A class that only `%%writefile net.py` defines is taken from there, and that is said."""
    plan = check(found("model = Net()", layers=IMPORTS + NET)[0])
    assert plan.statements[0].text == "from layers import Net"
    assert plan.repairs[0].kind == "import"


def test_model_that_nobody_imports_is_found() -> None:
    """A main program without any model is no reason to give up on the other files."""
    plan = check(found("print('hello')", layers=IMPORTS + NET)[0])
    assert (plan.name, plan.expression) == ("Net", "Net()")


def test_evidence_is_said() -> None:
    """A plan says why it was taken, with the place."""
    plan = found(f"{NET}model = Net()\nopt = optim.SGD(model.parameters(), 1)")[0]
    assert plan.evidence[0] == "model: its parameters go to an optimiser (cell 1, line 13)."
    assert str(plan.where) == "cell 1, line 12"


def test_nothing_is_explained() -> None:
    """Without a model there is no plan, and one sentence says what was looked for."""
    source = Source((Cell("net.ipynb", 1, "print(1)"), Cell("net.ipynb", 2, "x = 1")))
    assert plans(source, None, Hints()) == ()
    assert (
        why_nothing(source).message == "No class derived from nn.Module and no nn.Sequential was found in 2 code cells."
    )


def test_cell_that_does_not_parse_is_the_reason() -> None:
    """When the cell with the class cannot be read, that is why: Python's words with the place."""
    files = {"net.py": b"import torch.nn as nn\nclass Net(nn.Module):\n    def forward(self x): return x\n"}
    source = read_submission(files, ReadLimits())
    assert plans(source, None, Hints()) == ()
    broke = why_nothing(source)
    assert (broke.stage, broke.kind, str(broke.where)) == ("read", "SyntaxError", "net.py, line 3")
    assert broke.message == "invalid syntax"


def test_object_of_a_lost_class_is_no_model() -> None:
    """`model = Net()` is worth nothing when the cell with Net does not parse; the cell is the reason."""
    source = Source(
        (Cell("net.ipynb", 2, "model = Net()\nopt = optim.Adam(model.parameters())"),),
        problems=(Problem("net.ipynb", 1, 2, "does-not-parse", "cell 1, which defines class Net, does not parse."),),
    )
    assert plans(source, None, Hints()) == ()
    assert why_nothing(source).message == "cell 1, which defines class Net, does not parse."


def test_nothing_at_all_is_explained() -> None:
    """A submission without Python says that."""
    only_text = why_nothing(read_submission({"report.pdf": b"%PDF"}, ReadLimits()))
    assert only_text.message == "There is no .ipynb and no .py file."
    assert why_nothing(Source((), problems=(Problem("a", None, None, "does-not-parse", "No."),))).message == "No."


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b'{"cells": [], "nbformat": 4}', "Empty", "The notebook is empty: it holds no line of code."),
        (b'{"cells": [{"cell_type": "code", "source": ["  "]}], "nbformat": 4}', "Empty", "The notebook is empty"),
        (b'{"cells": [{"cell_type": "code", "source": ["x = 1', "CutOff", "The file ends before the notebook does"),
        (b"", "CutOff", "The file ends before the notebook does"),
    ],
)
def test_empty_and_cut_off_files_are_told_apart(content: bytes, kind: str, message: str) -> None:
    """A notebook without code is empty, one that ends in the middle is cut off: the student does different things."""
    broke = why_nothing(read_submission({"net.ipynb": content}, ReadLimits()))
    assert broke.kind == kind
    assert broke.message.startswith(message)


def test_plans_that_run_the_same_are_one() -> None:
    """No two plans have the same statements and the same expression."""
    made = found(f"{NET}{TRAIN}model = Net()\ntrain(model, 1)")
    assert len({(plan.expression, tuple(one.text for one in plan.statements)) for plan in made}) == len(made)
