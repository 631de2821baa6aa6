"""Which networks are trained, and what a captured graph is known by."""

from __future__ import annotations

from typing import Any

import pytest

from grader.work import graph_digest, trainable


def examination(trials: list[tuple[int, list[int] | None]], **changes: Any) -> dict[str, Any]:
    """Return an examination of a sound network with these batches and shapes of answers."""
    sound = {
        "complete": True,
        "over_budget": "",
        "step": None,
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


def test_digest_of_a_graph() -> None:
    """Document and tensors are told apart; where nothing was captured there is a word in place of a digest."""
    assert graph_digest(b"", b"") == "none"
    assert graph_digest(b"ab", b"c") != graph_digest(b"a", b"bc")
