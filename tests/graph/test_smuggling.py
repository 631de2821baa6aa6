"""Code smuggled through the strings of a document is never run.

A prototype that replayed through `torch.fx.GraphModule` ran three of these in the parent: generated source pastes
names in.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from grader.graph.document import Argument, Document, DocumentError, dump, parse
from grader.graph.replay import Program
from grader.graph.survey import layers, survey
from grader.graph.tensors import check_header
from tests.graph.samples import CNN, CPU, SHAPE, blob, document, node, parameter, slot, values

COMMAND = "__import__('os').system('touch PWN')"
SMUGGLED = (
    COMMAND,
    f"x={COMMAND}",
    f'a"), {COMMAND}, getattr(self,"training',
    f"a=1) or {COMMAND} or dict(b",
    f"b={COMMAND}, a",
    f"y;{COMMAND};z",
    f"'+{COMMAND}+'",
    'a"), getattr(__import__("os"),"system")("touch PWN"), ("b',
    "hub",
    "training",
    "aten.__class__.__init__",
    "aten.from_file.default",
    "aten.relu.__class__",
    "aten.relu.default.__call__",
    "os.system",
    "py.mod",
    "%1000000d",
    "{0.__class__}",
    "../PWN",
)
"""The strings of the trials against the prototype, and some of their kind; the command leaves a file behind."""

WORDY = document(
    [parameter("scale", 3, 1, 1)],
    [
        node("mul.Tensor", slot(0), slot(1)),
        node("gelu", slot(2), "tanh"),
        node("mean.dim", slot(3), [2, 3], False, torch.float32),
        node("size.mul", 2, 3),
        node("einsum", Argument("e", (0, 1, 54, 55, 1, 0)), [slot(4)]),
    ],
)
"""A document with a word, a dtype, arithmetic and an equation."""


def strings(value: Any) -> list[tuple[Any, Any]]:
    """Return every place of a JSON value that holds a string or names a key: its holder and its key."""
    found: list[tuple[Any, Any]] = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, (dict, list)):
            found.extend(strings(inner))
        elif isinstance(inner, str):
            found.append((value, key))
    return found


def everything(spoilt: bytes, tensors: bytes, described: Document) -> bool:
    """Do with the bytes whatever the grader does; tell whether they were taken for a document."""
    try:
        found = parse(spoilt)
        check_header(found, tensors)
    except DocumentError:
        return False
    for graph in found.graphs:
        try:
            layers(survey(found, graph, SHAPE, 2))
            Program(graph, values(described), CPU)(torch.zeros(2, *SHAPE))
        except DocumentError:
            return False
    return True


@pytest.fixture
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that exists once a command has run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "PWN"


def test_the_canary_sings(canary: Path) -> None:
    """Evaluated anywhere, the command leaves the file behind."""
    eval(COMMAND)
    assert canary.exists()


@pytest.mark.parametrize("text", SMUGGLED)
def test_nothing_is_executed(text: str, canary: Path) -> None:
    """A string of a document is shown or refused: reading, surveying and replaying run none of them."""
    taken = 0
    for described in (CNN, WORDY):
        tensors = blob(described)
        for index in range(len(strings(json.loads(dump(described))))):
            spoilt = json.loads(dump(described))
            holder, key = strings(spoilt)[index]
            holder[key] = text
            taken += everything(json.dumps(spoilt).encode(), tensors, described)
    assert not canary.exists()
    assert not list(Path().iterdir())
    assert taken == 2 * (5 + 5) + 4 + 1 + 2, "labels of nodes, names of tensors and of files are free text"


@pytest.mark.parametrize("text", SMUGGLED)
def test_keys_are_not_names(text: str, canary: Path) -> None:
    """A key that the grammar does not know is refused, so that none can become a keyword."""
    for path in ([], ["graphs", 0]):
        spoilt = json.loads(dump(CNN))
        holder = spoilt
        for key in path:
            holder = holder[key]
        holder[text] = 1
        assert not everything(json.dumps(spoilt).encode(), blob(CNN), CNN)
    assert not canary.exists()


@pytest.mark.parametrize("text", SMUGGLED)
def test_tensors_go_by_number(text: str, canary: Path) -> None:
    """A tensor whose key in the safetensors header is not its number is refused."""
    tensors = blob(CNN)
    size = int.from_bytes(tensors[:8], "little")
    header = json.loads(tensors[8 : 8 + size])
    header[text] = header.pop("0")
    written = json.dumps(header).encode()
    assert not everything(dump(CNN), len(written).to_bytes(8, "little") + written + tensors[8 + size :], CNN)
    assert not canary.exists()
