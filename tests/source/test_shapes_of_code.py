"""The shape of the code: however a notebook or a module is laid out, its model is found, built and captured.

Every program here goes through the capture job. In each the model's convolution has six channels, which nobody could
guess: the class alone would be built with four.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from grader.graph.document import parse
from grader.sandbox.forked import Zygote
from grader.sandbox.outcome import Done
from grader.sandbox.protocol import Kind
from tests.sandbox.jobs import ARGUMENTS, LIMITS

HEAD = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"
TRAIN = """
loader = torch.utils.data.DataLoader(open("pictures"))
optimizer = torch.optim.Adam(model.parameters())
for images, labels in loader:
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
"""


def net(base: str = "nn.Module", width: str = "width", nn: str = "nn", inside: str = "") -> str:
    """Write a small network; width: what its convolution has as channels, inside: a statement of `forward`."""
    return f"""
class Net({base}):
    def __init__(self, width=4):
        super().__init__()
        self.conv = {nn}.Conv2d(3, {width}, 3)
        self.fc = {nn}.Linear({width} * 900, 5)
    def forward(self, x):
        {inside or "x = x + 0"}
        return self.fc(torch.relu(self.conv(x)).flatten(1))
"""


def under(text: str, depth: int = 4) -> str:
    """Indent a text."""
    return "\n".join(" " * depth + line if line else line for line in text.splitlines()) + "\n"


NET = net()
LAYERS = "nn.Conv2d(3, 6, 3), nn.Flatten(), nn.Linear(5400, 5)"
PYTHON_2 = "is written in Python 2 and was read as Python 3"


@dataclass(frozen=True, slots=True)
class Shape:
    """A notebook, its cells in order.

    Attributes:
        cells: their texts.
        said: part of a sentence that the report has to hold; empty for nothing.
        metadata: of the notebook.
    """

    cells: tuple[str, ...]
    said: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def cells(*texts: str, said: str = "", **metadata: Any) -> Shape:
    """Make a notebook whose first cell imports torch."""
    return Shape((HEAD, *texts), said, metadata)


WHERE_THE_CLASS_IS = {
    "in a cell that trains": cells(f"{NET}model = Net(6){TRAIN}"),
    "in an if": cells(f"import sys\nif sys.maxsize < 9:\n    k = 3\nelse:{under(NET)}model = Net(6)"),
    "in a try": cells(f"try:\n    import nothing_here{under(NET)}except ImportError:\n    pass\nmodel = Net(6)"),
    "in an except": cells(f"try:\n    raise ImportError\nexcept ImportError:{under(NET)}model = Net(6)"),
    "in a with": cells(f"with torch.no_grad():{under(NET)}model = Net(6)"),
    "in a for": cells(f"for k in (2, 6):{under(net(width='k'))}    model = Net()"),
    "in a for that trains": cells(f"for k in (6, 2):{under(net(width='k'))}    model = Net(){under(TRAIN)}"),
    "in a while": cells(f"{NET}i = 0\nwhile i < 1:\n    model = Net(6)\n    i += 1"),
    "under a main guard": cells(f"if __name__ == '__main__':{under(NET)}    model = Net(6){under(TRAIN)}"),
    "with an instance under a main guard": cells(f"{NET}if '__main__' == __name__:\n    model = Net(6)"),
    "in a written file that nobody imports": Shape((f"%%writefile net.py\n{HEAD}{NET}", "model = Net(6)")),
    "in a written file": Shape((f"%%writefile net.py\n{HEAD}{NET}", "from net import Net\nmodel = Net(6)")),
    "in a written file, all of it": Shape((f"%%writefile net.py\n{HEAD}{NET}", "from net import *\nmodel = Net(6)")),
    "in the second half of a written file": Shape(
        (f"%%writefile net.py\n{HEAD}", f"%%writefile -a net.py\n{NET}", "import net\nmodel = net.Net(6)")
    ),
    "in a written file of a folder": Shape(
        (f"%%writefile a/net.py\n{HEAD}{NET}", "from a.net import Net\nmodel = Net(6)")
    ),
    "in a written file of Colab's": Shape(
        (f"%%writefile /content/a/net.py\n{HEAD}{NET}", "from a.net import Net\nmodel = Net(6)")
    ),
    "in a written file that is run": Shape((f"%%writefile net.py\n{HEAD}{NET}model = Net(6)", "!python net.py")),
    "in a text that is executed": cells(f"exec('''{NET}''')\nmodel = Net(6)"),
    "in an if without anything else": cells(f"if True:{under(NET)}    model = Net(6)"),
    "behind try and finally": cells(f"try:\n    model = nn.Sequential({LAYERS})\nfinally:\n    print('made')"),
}

NAMES = {
    "redefined before the instance": cells(net(width="2"), net(width="6"), "model = Net()"),
    "redefined after the instance": cells(net(width="6"), "model = Net()", net(width="2")),
    "continued under its own name": cells(
        "class Net(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(3, width, 3)\n        self.fc = nn.Linear(width * 900, 5)",
        "class Net(Net):\n    def forward(self, x):\n        return self.fc(self.conv(x).flatten(1))",
        "model = Net(6)",
    ),
    "rebound to its instance": cells(NET, "Net = Net(6)"),
    "rebound to its instance and trained": cells(NET, "Net = Net(6)", TRAIN.replace("model", "Net")),
    "star imports": Shape(
        (
            "import torch\nfrom torch import *\nfrom torch.nn import *",
            net("Module", "6").replace("nn.", "").replace("torch.relu", "relu"),
            "model = Net()",
        )
    ),
    "a star import and no class": Shape(
        ("from torch.nn import *", "model = Sequential(Conv2d(3, 6, 3), Flatten(), Linear(5400, 5))")
    ),
    "a global": cells(net(width="K"), "K = 6", "model = Net()"),
    "a global that changes later": cells(net(width="K"), "K = 6", "model = Net()", "K = 2"),
    "a global below its use": cells(
        "model = Net(width)", NET, "width = 6", said="`width = 6` (cell 4, line 1) is used further up"
    ),
    "a class below its use": cells(
        "model = Net(6)", NET, said="(cell 3, line 2) is used further up; it was run before"
    ),
    "imports at the end": Shape(("model = Net(6)", NET, HEAD), "is used further up"),
    "a global statement": cells(f"{NET}def build():\n    global model\n    model = Net(6)\nbuild()"),
    "a global statement at top level": cells(f"{NET}global model\nmodel = Net(6)"),
    "deleted and made again": cells(f"{NET}model = Net(2)\ndel model\nmodel = Net(6)"),
    "deleted at the end": cells(f"{NET}model = Net(6)", "del model"),
}

BASES = {
    "an alias of torch.nn": Shape(
        ("import torch\nimport torch.nn as tnn", net("tnn.Module", nn="tnn"), "model = Net(6)")
    ),
    "an alias of torch": cells("import torch as t", f"{net('t.nn.Module', nn='t.nn')}model = Net(6)"),
    "an alias of Module": cells("from torch.nn import Module as Base", f"{net('Base')}model = Net(6)"),
    "an assigned Module": cells("Module = nn.Module", f"{net('Module')}model = Net(6)"),
    "a base between": cells("class Base(nn.Module):\n    def size(self): return 1", f"{net('Base')}model = Net(6)"),
    "a generic base": cells(
        "from typing import Generic, TypeVar\nT = TypeVar('T')\nclass Base(nn.Module, Generic[T]): pass",
        f"{net('Base[int]')}model = Net(6)",
    ),
    "a mixin": cells("class Mixin:\n    def size(self): return 1", f"{net('Mixin, nn.Module')}model = Net(6)"),
    "an abstract base": cells(
        "from abc import ABC, abstractmethod\nclass Base(nn.Module, ABC):\n    @abstractmethod\n    def forward(self, x): ...",
        f"{net('Base')}model = Net(6)",
    ),
    "a metaclass": cells(
        "class Meta(type):\n    def __call__(cls, *given):\n        return super().__call__(*given)",
        f"{net('nn.Module, metaclass=Meta')}model = Net(6)",
    ),
    "getattr": cells(f"{net('''getattr(nn, 'Module')''')}model = Net(6)"),
    "Lightning": cells(
        "import pytorch_lightning as pl",
        f"{net('pl.LightningModule')}    def training_step(self, batch, index): return 1\nmodel = Net(6)\npl.Trainer().fit(model)",
    ),
    "a decorated class": cells(f"def tagged(one):\n    one.tag = 1\n    return one\n@tagged{NET}model = Net(6)"),
}

MAKING = {
    "a factory": cells(f"{NET}def make(width): return Net(width)\nmodel = make(6)"),
    "a class method": cells(f"{NET}    @classmethod\n    def big(cls): return cls(6)\nmodel = Net.big()"),
    "add_module": cells(
        "model = nn.Sequential()",
        "model.add_module('conv', nn.Conv2d(3, 6, 3))\nmodel.add_module('flat', nn.Flatten())",
        "model.add_module('fc', nn.Linear(5400, 5))",
    ),
    "setattr": cells(
        f"{NET}model = Net(2)", "setattr(model, 'conv', nn.Conv2d(3, 6, 3))\nsetattr(model, 'fc', nn.Linear(5400, 5))"
    ),
    "append to a Sequential": cells(
        f"model = nn.Sequential()\nfor layer in ({LAYERS}):\n    model.append(layer)\n    print(len(model))"
    ),
    "a list of layers": cells(
        f"layers = []\nfor one in ({LAYERS}):\n    layers += [one]\nmodel = nn.Sequential(*layers)"
    ),
    "an ordered dict": cells(
        "from collections import OrderedDict\nlayers = OrderedDict()\nlayers['conv'] = nn.Conv2d(3, 6, 3)",
        "layers['flat'] = nn.Flatten()\nlayers['fc'] = nn.Linear(5400, 5)\nmodel = nn.Sequential(layers)",
    ),
    "getattr of layers": cells(
        "Conv = getattr(nn, 'Conv2d')\nmodel = nn.Sequential(Conv(3, 6, 3), getattr(nn, 'Flatten')(), nn.Linear(5400, 5))"
    ),
    "a method set from outside": cells(
        "class Net(nn.Module): pass",
        "def init(self):\n    super(Net, self).__init__()\n    self.conv = nn.Conv2d(3, 6, 3)\n    self.fc = nn.Linear(5400, 5)\n"
        "Net.__init__ = init",
        "Net.forward = lambda self, x: self.fc(self.conv(x).flatten(1))\nmodel = Net()",
    ),
    "match": cells(
        f"{NET}kind = 'big'\nmatch kind:\n    case 'big':\n        model = Net(6)\n    case _:\n        model = Net(2)"
    ),
    "a walrus": cells(f"{NET}print(model := Net(6))"),
    "a walrus in an if": cells(f"{NET}if (model := Net(6)):\n    pass"),
    "a choice": cells(f"{NET}big = True\nmodel = Net(6) if big else Net(2)"),
    "a tuple": cells(f"{NET}model, rate = Net(6), 0.1"),
    "one line": cells(f"{NET}a = 1; model = Net(6); print(model)"),
    "two lines": cells(f"{NET}model = \\\n    Net(6)"),
    "f-strings in one another": cells(f"{NET}model = Net(int(f\"{{f'{{5 + 1}}'}}\"))"),
    "awaited above": cells(f"import asyncio\n{NET}await asyncio.sleep(1)\nmodel = Net(6)"),
    "awaited": cells(f"{NET}async def width(): return 6\nmodel = Net(await width())"),
    "an async with": cells(
        f"{NET}class Turn:\n    async def __aenter__(self): return 6\n    async def __aexit__(self, *error): pass",
        "async with Turn() as width:\n    model = Net(width)",
    ),
    "type comments": cells(f"{NET}model = Net(6)  # type: nn.Module\nfor one in []:  # type: int\n    pass"),
}

MAGICS = {
    "many": Shape(
        (
            f"!pip install x\n%cd /content\n%load_ext autoreload\n%autoreload 2\n{HEAD}",
            f"%%time\n{NET}",
            "%%capture --no-stderr\nmodel = Net(6)",
            "?model",
            "from google.colab import files\nup = files.upload()",
            "names = !ls\nmodel",
            "%%timeit\nmodel(1)",
        )
    ),
    "over several lines": cells(
        f"!pip install \\\n  x \\\n  y\n%config InlineBackend.figure_format = \\\n  'retina'\n{NET}model = Net(6)"
    ),
    "in blocks": cells(f"if True:\n    !ls\nelse:\n    %cd x\n{NET}model = Net(6)"),
    "around an expression": cells(f"{NET}%time model = Net(6)\n%timeit model(torch.zeros(1, 3, 32, 32))"),
    "a profiled cell": cells(NET, "%%prun\nmodel = Net(6)"),
    "a form of Colab's": cells(f"#@title Model\n{NET}width = 6 #@param {{type:'integer'}}\nmodel = Net(width)"),
    "a cell that starts indented": Shape((under(HEAD, 2), under(NET, 2), "    model = Net(6)\n    print(model)")),
    "an indented comment": cells(NET, "    # here\n    model = Net(6)\n# done"),
    "prompts": cells(">>> k = 6\n>>> for i in (1, 2):\n...     j = i\n>>> b = 1", f"{NET}model = Net(k)"),
}

PYTHON_TWO = {
    "print": cells(NET, "print 'made'\nmodel = Net(6)\nprint model", said=PYTHON_2),
    "prints of every sort": cells(
        f"{NET}import sys\na = b = 1\nprint 'a', a, b  # both\nprint\nprint '%d' % a,\nprint >>sys.stderr, 'x'\nprint ('a'), b\n"
        "print 'a', \\\n    'b'\nprint '''c\nd''' % ()\nprint ('e'\n    'f'), 3\nmodel = Net(6)",
        said=PYTHON_2,
    ),
    "print on the line of its loop": cells(
        f"{NET}for i in xrange(3): print i; print 'x'\nmodel = Net(6)", said=PYTHON_2
    ),
    "print in forward": cells(net(inside="print x.size(), 'shape'") + "model = Net(6)", said=PYTHON_2),
    "print with a value behind its brackets": cells(
        net(inside="print ('%d pictures') % len(x)") + "print 'x'\nmodel = Net(6)", said=PYTHON_2
    ),
    "exec and except": cells(
        f"{NET}try:\n    exec 'a = 1'\n    model = Net(6)\nexcept ValueError, error:\n    print error", said=PYTHON_2
    ),
    "raise": cells(f"{NET}def fail():\n    raise ValueError, 'bad %s' % 1\nmodel = Net(6)", said=PYTHON_2),
    "numbers and signs": cells(f"{NET}a = 0777\nif a <> 10L: print `a`, ur'b'\nmodel = Net(06)", said=PYTHON_2),
    "xrange alone": cells(net(inside="for i in xrange(2): x = x + 0") + "model = Net(6)", said=PYTHON_2),
    "xrange of its own": cells(
        "xrange = lambda n: range(n)", net(inside="for i in xrange(2): x = x + 0") + "model = Net(6)"
    ),
    "methods of dictionaries": cells(
        f"{NET}sizes = {{'a': 6}}\nfor _, size in sizes.iteritems(): model = Net(size)", said=PYTHON_2
    ),
    "the kernel says so": cells(
        net(inside="print ('%d pictures') % len(x)") + "model = Net(6)", said=PYTHON_2, kernelspec={"name": "python2"}
    ),
}

BROKEN = {
    "another cell": cells(
        NET, "for x in\n    pass", "model = Net(6)", said="cell 3 does not parse: invalid syntax (line 1)"
    ),
    "prose in a cell": cells(
        NET, "This is my model", "model = Net(6)", said="cell 3 does not parse: invalid syntax (line 1)"
    ),
    "a plot below": cells(f"{NET}model = Net(6)\nplt.plot([1, 2\nplt.show()", said="what else is in it was read"),
    "a plot above": cells(f"plt.plot([1, 2\nplt.show()\n{NET}model = Net(6)", said="'[' was never closed (line 1)"),
    "a bracket too many": cells(
        f"{NET}print('a'))\nmodel = Net(6)", said="cell 2 does not parse: unmatched ')' (line 10)"
    ),
    "a function without a body": cells(
        f"{NET}def accuracy():\n    # TODO\n\nmodel = Net(6)", said="what else is in it was read"
    ),
    "a value without an end": cells(f"{NET}model = Net(6)\nloss = # your code", said="what else is in it was read"),
    "quotes of a word processor": cells(f"{NET}print(“made”)\nmodel = Net(6)", said="what else is in it was read"),
    "a fence of Markdown": cells(f"{NET}```\nmodel = Net(6)", said="what else is in it was read"),
    "a command in an if": cells(f"import os\nif os.sep: !ls\n{NET}model = Net(6)", said="what else is in it was read"),
    "a magic behind an open bracket": cells(f"print([1\n%matplotlib inline\n{NET}model = Net(6)", said="never closed"),
    "an unfinished cell": cells(NET, "def f():\n    # TODO", "model = Net(6)", said="expected an indented block"),
    "tabs for eight spaces": cells(
        NET.replace("        self.fc", "\tself.fc") + "model = Net(6)", said="mixes tabs and spaces"
    ),
    "tabs for four spaces": cells(
        NET.replace("        self.conv", "\t\tself.conv") + "model = Net(6)", said="mixes tabs and spaces"
    ),
    "spaces of a web page": cells(
        NET.replace("    def", "\u00a0   def") + "model\u200b = Net(6)", said="holds invisible characters"
    ),
    "an indented cell below a comment": cells(
        NET, "# build\n    model = Net(6)", said="cell 3, begins with an indented line"
    ),
    "a late import from the future": cells(f"{NET}from __future__ import annotations\nmodel: Nowhere = Net(6)"),
    "an early import from the future": Shape(
        (f"from __future__ import annotations\n{HEAD}", NET.replace("self, x)", "self, x: Nowhere)"), "model = Net(6)")
    ),
    "a kernel that is none of Python's": cells(
        f"{NET}model = Net(6)", said="written in R", kernelspec={"language": "R"}
    ),
}

TABLE = {
    f"{theme}: {name}": shape
    for theme, shapes in {
        "class": WHERE_THE_CLASS_IS,
        "names": NAMES,
        "base": BASES,
        "made by": MAKING,
        "magics": MAGICS,
        "python 2": PYTHON_TWO,
        "broken": BROKEN,
    }.items()
    for name, shape in shapes.items()
}

MODULES = {
    "plain": f"{HEAD}{NET}model = Net(6)".encode(),
    "ends of lines as on Windows": f"{HEAD}{NET}model = Net(6)".replace("\n", "\r\n").encode(),
    "ends of lines as on an old Mac": f"{HEAD}{NET}model = Net(6)".replace("\n", "\r").encode(),
    "tabs": f"{HEAD}{NET}model = Net(6)".replace("    ", "\t").encode(),
    "Latin-1": f"# -*- coding: latin-1 -*-\n# café\n{HEAD}{NET}model = Net(6)".encode("latin-1"),
    "UTF-16": f"{HEAD}{NET}model = Net(6)".encode("utf-16"),
    "null bytes": f"{HEAD}{NET}model = Net(6)\n\0\0".encode(),
    "percent cells": f"# %%\n{HEAD}# %% [markdown]\n# # Title\n# %%\n!pip install x\n{NET}# %%\nmodel = Net(6)".encode(),
    "jupytext": f"# + [markdown]\n# text\n# -\n# !pip install x\n# %matplotlib inline\n{HEAD}{NET}model = Net(6)".encode(),
    "saved by Jupyter": (
        f"#!/usr/bin/env python\n# coding: utf-8\n\n# In[1]:\n\n\nget_ipython().system('pip install x')\n{HEAD}\n# In[ ]:\n{NET}\n"
        "get_ipython().run_line_magic('matplotlib', 'inline')\nmodel = Net(6)"
    ).encode(),
    "a timed cell saved by Jupyter": (
        f"{HEAD}{NET}\n# In[2]:\n\nget_ipython().run_cell_magic('time', '', 'model = Net(6)\\nprint(1)\\n')\n"
    ).encode(),
    "a written file saved by Jupyter": (
        f"get_ipython().run_cell_magic('writefile', 'net.py', {HEAD + NET!r})\nfrom net import Net\nmodel = Net(6)"
    ).encode(),
    "Python 2": f"{HEAD}{net(inside='print x.size()')}model = Net(6)\nprint 'made'\n".encode(),
}


@pytest.fixture(scope="module")
def warm() -> Iterator[Zygote]:
    """Start one warm process for all programs."""
    if sys.platform != "linux":
        pytest.skip("processes are forked on Linux only")
    zygote = Zygote(warm=True)
    yield zygote
    zygote.stop()


def captured(warm: Zygote, files: dict[str, bytes]) -> tuple[Done, int | None]:
    """Run the capture job; return what it said and the channels of the first convolution."""
    done = warm.run("capture", ARGUMENTS, files, LIMITS, None)
    if done.result()["outcome"] != "captured":
        return done, None
    document = parse(done.frames[Kind.DOCUMENT])
    return done, next(tensor.shape[0] for tensor in document.tensors if len(tensor.shape) == 4)


def sentences(done: Done) -> str:
    """Return everything that the job said of the text and of what it did."""
    facts = json.loads(done.frames[Kind.FACTS])
    return "\n".join(one["message"] for one in (*facts["problems"], *done.result()["repairs"]))


def as_bytes(shape: Shape) -> bytes:
    """Write a notebook as JSON."""
    made = [{"cell_type": "code", "source": text, "outputs": [], "metadata": {}} for text in shape.cells]
    return json.dumps({"cells": made, "metadata": shape.metadata, "nbformat": 4, "nbformat_minor": 5}).encode()


@pytest.mark.parametrize("name", TABLE)
def test_notebook(name: str, warm: Zygote) -> None:
    """The model is the student's own, with the six channels that it was made with; what was done for that is said."""
    shape = TABLE[name]
    done, width = captured(warm, {"net.ipynb": as_bytes(shape)})
    assert width == 6, done.result()
    assert shape.said in sentences(done)


@pytest.mark.parametrize("name", MODULES)
def test_module(name: str, warm: Zygote) -> None:
    """A module in any encoding and from any export gives its model."""
    done, width = captured(warm, {"main.py": MODULES[name]})
    assert width == 6, done.result()


UNREADABLE = {
    "a method without a body": (f"{HEAD}{NET}    def extra(self):\n        # TODO\n\nmodel = Net(6)", "SyntaxError"),
    "an object of a broken line": (f"{HEAD}{NET}model = Net(6\nprint(model)", "SyntaxError"),
    "a class with a broken line": (
        f"{HEAD}class Other(nn.Module):\n    pass\n{NET}    x = = 1\nmodel = Net(6)",
        "SyntaxError",
    ),
    "a function that builds it": (f"{HEAD}{NET}def main():\n    model = Net(6)\n    print('a' 1)\n", "SyntaxError"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_half_a_model_is_none(name: str, warm: Zygote) -> None:
    """A cell that cannot be read where it makes the model is the student's fault, whatever else of it parses."""
    text, kind = UNREADABLE[name]
    done, _ = captured(warm, {"net.ipynb": as_bytes(Shape((text,)))})
    assert done.result()["outcome"] == "broke"
    assert done.result()["broke"]["kind"] == kind
    assert "cell 1, which defines class" in sentences(done)


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}, "R"),
        ({"kernelspec": {"name": "ir"}}, "R"),
        ({"kernelspec": {"name": "julia-1.9"}}, "Julia"),
        ({"language_info": {"name": "scala"}}, "scala"),
    ],
)
def test_other_language(metadata: dict[str, Any], language: str, warm: Zygote) -> None:
    """A notebook in R or Julia is called that, even where a line of it is Python as well."""
    done, _ = captured(warm, {"net.ipynb": as_bytes(Shape(("library(torch)", "net <- layer(3)"), "", metadata))})
    assert done.result()["broke"]["message"] == f"net.ipynb says that it is written in {language}."
