"""Which networks are trained, and what a captured graph is known by."""

from __future__ import annotations

import json
from typing import Any

import pytest

from grader.work import graph_digest, trainable


def examination(trials: list[tuple[int, list[int] | None]], **changes: Any) -> dict[str, Any]:
    """Return an examination of a sound network with these batches and shapes of answers."""
    sound = {
        "complete": True,
        "over_budget": "",
        "step": None,
        "meaning": "logits",
        "layers": [{"on_path": True, "outputs": (8, 4, 4)}, {"on_path": True, "outputs": (10,)}],
        "trials": [{"batch": batch, "shape": shape} for batch, shape in trials],
    }
    return {**sound, **changes}


SOUND: list[tuple[int, list[int] | None]] = [(1, [1, 10]), (2, [2, 10]), (7, [7, 10])]
FIXED: list[tuple[int, list[int] | None]] = [(1, None), (2, None), (7, None)]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (examination(SOUND), True),
        (examination([(1, [10]), (2, [2, 10]), (7, [7, 10])]), True),  # squeeze() on a single picture
        (examination(FIXED), True),  # view(64, -1) works for the recipe's batch
        (examination(FIXED, layers=[{"on_path": True, "outputs": (8, 4, 4)}]), False),
        (examination([(1, [1, 8, 4, 4]), (2, [2, 8, 4, 4]), (7, [7, 8, 4, 4])]), False),
        (examination([(1, []), (2, [2]), (7, [7])], meaning="score"), True),  # one logit for two classes
        (examination([(1, [1]), (2, [2]), (7, [7])]), False),
        (examination([]), False),
        (examination(SOUND, complete=False), False),
        (examination(SOUND, over_budget="too many weights"), False),
        (examination(SOUND, step="the loss is nan"), False),
        (None, False),
    ],
)
def test_what_is_trained(found: dict[str, Any] | None, expected: bool) -> None:
    """A whole network within the budget whose step works and that answers a batch with rows of scores."""
    assert trainable(found) is expected


PLAIN = {
    "format": 1,
    "files": ["net.py"],
    "complete": True,
    "tensors": [["conv1.weight", "parameter", [4, 3, 3, 3], "float32", True, 0]],
    "graphs": [{"mode": "eval", "batch": None, "output": 1, "nodes": [["relu", [0], [0, 12], "conv1"]]}],
}


def test_digest_knows_no_names_and_no_lines() -> None:
    """Another file, line or name is the same network; another operator, argument or tensor is another one."""

    def digest(**changes: Any) -> str:
        return graph_digest(json.dumps({**PLAIN, **changes}).encode(), b"tensors")

    same = [{"mode": "eval", "batch": None, "output": 1, "nodes": [["relu", [0], [3, 99], "first"]]}]
    other = [{"mode": "eval", "batch": None, "output": 1, "nodes": [["gelu", [0], [0, 12], "conv1"]]}]
    assert digest(files=["other.py"]) == digest(graphs=same) == digest()
    assert digest(tensors=[["c.weight", "parameter", [4, 3, 3, 3], "float32", True, 0]]) == digest()
    assert digest(graphs=other) != digest()
    assert digest(tensors=[["conv1.weight", "parameter", [4, 3, 3, 3], "float32", False, 0]]) != digest()
    assert digest(complete=False) != digest()


@pytest.mark.parametrize("document", [b"[", b"[]", b"{}", b"1", b"[" * 100_000, b'{"files": 1, "tensors": [1]}'])
def test_digest_of_what_is_no_document(document: bytes) -> None:
    """Whatever a child sent has a digest of its own bytes."""
    assert graph_digest(document, b"") != graph_digest(document + b" ", b"") != "none"


def test_digest_of_a_graph() -> None:
    """Document and tensors are told apart; where nothing was captured there is a word in place of a digest."""
    assert graph_digest(b"", b"") == "none"
    assert graph_digest(b"ab", b"c") != graph_digest(b"a", b"bc")
