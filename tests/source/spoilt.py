"""Spoilt submissions: notebooks and modules with something cut out, put in, moved or broken, each a function of its number."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from tests.source.programs import CASES, SAME, TRAINED, TRAINING

FOLDER = Path(__file__).parents[2] / "submissions"

OURS = (
    "print 'two', 3\nfor i in xrange(3): print i\ntry:\n    exec 'a = 1'\nexcept ValueError, error:\n    raise KeyError, 'x'",
    "%%time\n!pip install \\\n    torch\nfiles = !ls\n%cd x\n?print\nx = %pwd",
    "%%writefile net.py\nimport torch.nn as nn\nclass Net(nn.Module):\n\tpass",
    "%%writefile -a net.py\nmodel = Net()",
    "from net import *\nimport net as n\nmodel = n.Net().to('cuda')",
    "  model = Net()\n  print(model)",
    "model = await make()\nasync with x as y:\n    pass",
    "match kind:\n    case [a, *b] if (c := a):\n        model = Net(b)\n    case {'k': v, **rest}:\n        pass",
    "exec('class Net: pass')\nget_ipython().run_cell_magic('time', '', 'model = Net()')",
    "x = f'{a!r:>{b}}' + f\"{f'{c}'}\"\nglobal model\ndel x",
    "try:\n    model = Net()\nexcept* OSError as e:\n    pass\nelse:\n    a = 1\nfinally:\n    print(1)",
    "@register\nclass Net(Base[int], metaclass=Meta):\n    k: int = K\n    def __init__(self, *, a=K, **b): super().__init__()",
    "for seed in range(3):\n    model = Net(seed)\n    for x, y in loader:\n        loss(model(x), y).backward()\n",
    "if __name__ == '__main__':\n    args = parser.parse_args()\n    model = Net(args.width, len(data.classes))",
    "def accuracy():\n    # TODO",
)
"""Cells of ours with what the reader treats on its own."""

NET = """import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
    def forward(self, x):
        return self.conv(x).flatten(1)
net = Net()"""

SNIPPETS = (
    "", "\n", "\n\n", " ", "\t", "    ", "\\\n", "\\", '"""', "'", '"', "(", ")", "[", "}", ":", ";", ",", "=", ":=",
    "*", "**", "@", "->", "!", "?", "%", "%%", "%%time\n", "`", "<>", "0777", "#", "\0", "\x0c", "\r", "\u00a0", "\u200b",
    "\ufeff", "\ud800", "é", "\U0001d4cd", "class ", "def f(", "lambda: ", "async ", "await ", "yield ", "return ", "import ",
    "from . import ", "from __future__ import annotations\n", "global model\n", "nonlocal x\n", "del model\n", "print ",
    "exec ", "raise ", "model", "model = ", "self.", "nn.Module", "nn.Sequential(", "not " * 120, "(" * 120, "x." * 150,
    "f'{", "{'a': " * 101, "get_ipython()", "if x:\n", "else:\n", "  if x:\n", "try:\n", "case _:\n",
)  # fmt: skip

ODD: tuple[Any, ...] = (None, 7, "", "x", [], {}, [None], [["x"]], {"a": {}}, True, ["x = 1\n", 3], "\ud800", -1.5)
"""Values of JSON in the place of others."""


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A submission of one file, or of two.

    Attributes:
        how: `cells`, `structure` or `bytes`: what was spoilt.
        files: path -> content.
    """

    how: str
    files: dict[str, bytes]


@cache
def handed_in() -> tuple[tuple[str, str], ...]:
    """Return the examples: (path, text)."""
    paths = [path for kind in ("*.ipynb", "*.py") for path in sorted(FOLDER.glob(kind))]
    return tuple((path.name, path.read_text(encoding="utf-8")) for path in paths)


@cache
def ours() -> tuple[tuple[str, str], ...]:
    """Return tiny programs and notebooks with one difficulty each: (path, text)."""
    texts = [*CASES.values(), *(SAME + TRAINING + text for text in TRAINED.values())]
    cells = [*map(_cut, texts), (NET, *OURS), *((NET, text, "model = Net()") for text in OURS)]
    modules = [("net.py", text) for text in texts]
    return (*modules, *(("net.ipynb", json.dumps(_notebook(several))) for several in cells))


def spoilt(number: int) -> Spoilt:
    """Return the submission of a number."""
    random = Random(number)
    path, text = random.choice(random.choice((handed_in(), ours())))
    how = random.choice(("cells", "structure", "bytes"))
    try:
        notebook = json.loads(text) if path.endswith(".ipynb") else None
    except json.JSONDecodeError:  # one of the examples is cut off
        notebook = None
    if how == "bytes":
        return Spoilt(how, {path: _spoilt_bytes(random, text.encode())})
    if notebook is None:
        return Spoilt("cells", {path: _spoilt_text(random, text).encode("utf-8", "surrogatepass")})
    for _ in range(random.randint(1, 4)):
        (_spoil_structure if how == "structure" else _spoil_cell)(random, notebook)
    return Spoilt(how, {path: json.dumps(notebook).encode()})


def _notebook(cells: tuple[str, ...]) -> dict[str, Any]:
    made = [{"cell_type": "code", "source": text, "outputs": [], "metadata": {}} for text in cells]
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def _cut(text: str) -> tuple[str, ...]:
    """Cut a program into a cell for each statement, so that one broken cell leaves the others."""
    return (NET, *(ast.get_source_segment(text, node) or "" for node in ast.parse(text).body))


def _code(notebook: dict[str, Any]) -> list[dict[str, Any]]:
    cells = notebook.get("cells")
    found = [cell for cell in cells if isinstance(cell, dict)] if isinstance(cells, list) else []
    return [cell for cell in found if isinstance(cell.get("source"), str | list)]


def _spoil_cell(random: Random, notebook: dict[str, Any]) -> None:
    """Spoil the text of one cell, or put one of ours into its place."""
    cells = _code(notebook)
    if not cells:
        return
    cell = random.choice(cells)
    text = "".join(line for line in cell["source"] if isinstance(line, str))
    cell["source"] = random.choice(OURS) if random.random() < 0.15 else _spoilt_text(random, text)


def _spoilt_text(random: Random, text: str) -> str:
    """Spoil code: letters, words or whole lines."""
    for _ in range(random.randint(1, 3)):
        text = random.choice((_letters, _words, _lines))(random, text)
    return text


def _letters(random: Random, text: str) -> str:
    start = random.randint(0, len(text))
    return text[:start] + random.choice(SNIPPETS) + text[start + random.choice((0, 0, 1, 2, 8, 40)) :]


def _words(random: Random, text: str) -> str:
    """Drop a word, write one twice, or put another word of the text into its place."""
    words = re.findall(r"\w+|\s+|.", text) or [""]
    place = random.randrange(len(words))
    words[place] = random.choice(("", words[place] * 2, random.choice(words), random.choice(SNIPPETS)))
    return "".join(words)


def _lines(random: Random, text: str) -> str:
    """Drop, double, move, indent or join lines, or put a cell of ours between them."""
    lines = text.split("\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(8):
        case 0:
            del lines[first]
        case 1:
            lines.insert(second, lines[first])
        case 2:
            lines[first], lines[second] = lines[second], lines[first]
        case 3:
            lines[first] = random.choice((" ", "\t", "    ")) + lines[first]
        case 4:
            lines[first] = lines[first].lstrip()
        case 5:
            lines[first:second] = ["".join(lines[first:second])]
        case 6:
            lines[first:first] = random.choice(OURS).split("\n")
        case _:
            lines = lines[: first + 1]
    return "\n".join(lines)


def _spoil_structure(random: Random, notebook: dict[str, Any]) -> None:
    """Spoil the JSON: cells dropped, doubled, moved or joined, keys gone, values of another type."""
    cells = notebook.get("cells")
    if not isinstance(cells, list) or not cells:
        return
    place, other = random.randrange(len(cells)), random.randrange(len(cells))
    match random.randrange(9):
        case 0:
            del cells[place]
        case 1:
            cells.insert(other, cells[place])
        case 2:
            cells[place], cells[other] = cells[other], cells[place]
        case 3:
            cells[place] = random.choice(ODD)
        case 4 if isinstance(cells[place], dict):
            cells[place] = {
                **cells[place],
                random.choice(("source", "cell_type", "metadata", "outputs")): random.choice(ODD),
            }
        case 5:
            notebook[random.choice(("cells", "metadata", "nbformat", "worksheets"))] = random.choice(ODD)
        case 6:
            notebook["worksheets"] = [{"cells": notebook.pop("cells")}]
        case 7:
            language = random.choice(("R", "julia", "python", "python2", 3))
            notebook["metadata"] = {
                "kernelspec": {"language": language, "name": "ir"},
                "language_info": {"version": "2.7"},
            }
        case _:
            joined = "\n".join("".join(map(str, cell["source"])) for cell in _code(notebook))
            cells[place] = {"cell_type": "code", "source": joined}


def _spoilt_bytes(random: Random, content: bytes) -> bytes:
    """Spoil bytes: cut, flip, repeat, insert, or write in another encoding."""
    data = bytearray(content)
    for _ in range(random.randint(1, 3)):
        place = random.randint(0, len(data))
        match random.randrange(6):
            case 0:
                del data[place:]
            case 1 if data:
                data[place % len(data)] = random.randrange(256)
            case 2:
                data[place:place] = random.randbytes(random.choice((1, 4, 40)))
            case 3:
                data[place:place] = data[place : place + random.choice((1, 10, 1000))] * random.choice((2, 100))
            case 4:
                del data[place : place + random.choice((1, 10, 1000))]
            case _:
                data = bytearray(bytes(data).decode("utf-8", "replace").encode("utf-16"))
    return bytes(data)
