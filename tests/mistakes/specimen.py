"""How a tiny submission with one mistake is written down, and how small networks are put together."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.stress import STRESS

HERE = "  # here"
"""Stands behind the line at which the student's code stops; it is taken out before anything reads the text."""

CUT = "# %%\n"
"""Stands between the cells of a notebook; a text without it is a module."""

IMPORTS = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A submission with one mistake.

    Attributes:
        code: in the catalogue.
        style: how it is written; with the code it names the specimen.
        text: the program, `HERE` behind the line that stops and `CUT` between cells.
        says: what the explanation must contain: the numbers and the names to type.
        channel: where it is seen: `build`, `graph`, `behaviour` or `source`.
        criterion: the criterion that tells the student, where nothing stops.
    """

    code: str
    style: str
    text: str
    says: tuple[str, ...]
    channel: str = "graph"
    criterion: str = ""

    @property
    def name(self) -> str:
        """Return a name for the test: `E02-class`."""
        return f"{self.code}-{self.style}"

    @property
    def files(self) -> dict[str, bytes]:
        """Return the submission as files."""
        text = self.text.replace(HERE, "")
        if CUT not in text:
            return {"net.py": text.encode()}
        return {"net.ipynb": notebook(text.split(CUT))}

    @property
    def place(self) -> tuple[int | None, int] | None:
        """Return the cell (None in a module) and line that `HERE` marks; None where it marks none."""
        cells = self.text.split(CUT)
        for number, cell in enumerate(cells, 1):
            for line, text in enumerate(cell.splitlines(), 1):
                if text.endswith(HERE):
                    return (number if len(cells) > 1 else None), line
        return None


def notebook(cells: list[str]) -> bytes:
    """Return cells of code as a notebook."""
    written: list[dict[str, object]] = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": cell} for cell in cells
    ]
    return json.dumps({"cells": written, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()


def net(init: str, forward: str, after: str = "model = Net()") -> str:
    """Write a class with these statements in `__init__` and `forward`, one a line."""
    inits = "\n".join(f"        {line}" for line in init.strip().splitlines())
    steps = "\n".join(f"        {line}" for line in forward.strip().splitlines())
    return (
        f"{IMPORTS}\nclass Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n{inits}\n\n"
        f"    def forward(self, x):\n{steps}\n\n{after}\n"
    )


def stack(*layers: str) -> str:
    """Write an nn.Sequential of these layers, one a line."""
    lines = "\n".join(f"    {layer.removesuffix(HERE)},{HERE if layer.endswith(HERE) else ''}" for layer in layers)
    return f"{IMPORTS}\nmodel = nn.Sequential(\n{lines}\n)\n"


def cells(*texts: str) -> str:
    """Write a notebook of these cells, the imports before them."""
    return CUT.join((IMPORTS, *(f"{text.strip()}\n" for text in texts)))


def sampled(several: Iterable[Mistake]) -> list[Mistake]:
    """Return all of them under `make stress`, and else one of each code: the styles in turn, so that none is left out."""
    by_code: defaultdict[str, list[Mistake]] = defaultdict(list)
    for one in several:
        by_code[one.code].append(one)
    if STRESS:
        return [one for styles in by_code.values() for one in styles]
    return [styles[number % len(styles)] for number, styles in enumerate(by_code.values())]
