"""What changed in the code, cell by cell."""

from __future__ import annotations

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from grader.comparison.alignment import Measure, align
from grader.comparison.source_changes import MOST_LINES, CellChange, CellKind, source_changes
from grader.records import SourceText
from tests.stress import STRESS

EXAMPLES = 2_000 if STRESS else 60
CELLS = st.lists(
    st.sampled_from(["import torch", "a = 1\nb = 2", "a = 1\nb = 3", "", "x", "net = Net()\n"]), max_size=8
)


def notebook(*texts: str, name: str = "a.ipynb") -> tuple[SourceText, ...]:
    """Return a notebook with these cells, numbered from 1."""
    return tuple(SourceText(name, number, text) for number, text in enumerate(texts, 1))


def brief(changes: tuple[CellChange, ...]) -> list[tuple[str, int | None, int | None]]:
    """Return kind and cell numbers alone."""
    return [
        (one.kind.value, one.before.cell if one.before else None, one.after.cell if one.after else None)
        for one in changes
    ]


LONG = "class Net:\n    def __init__(self):\n        self.a = 1\n        self.b = 2\n        self.c = 3\n"
OTHER = "for epoch in range(3):\n    loss = step()\n    losses.append(loss)\n    print(loss)\n    show()\n"


def test_an_inserted_cell_is_one_insertion() -> None:
    """Every cell after it has another number, and none of them is said to have changed."""
    assert brief(source_changes(notebook("a", LONG, OTHER), notebook("a", "new = 1", LONG, OTHER))) == [
        ("added", None, 2)
    ]


def test_a_deleted_cell_is_one_deletion() -> None:
    """The cells after it are as they were."""
    assert brief(source_changes(notebook("a", LONG, OTHER), notebook("a", OTHER))) == [("removed", 2, None)]


def test_an_edited_cell_that_also_moved_down_is_an_edit() -> None:
    """It is found by its content, and shown with both numbers and the lines that differ."""
    (added, edited) = source_changes(notebook(LONG, OTHER), notebook("import os", LONG.replace("2", "9"), OTHER))
    assert brief((added, edited)) == [("added", None, 1), ("edited", 1, 2)]
    assert edited.lines[1:] == (
        "     def __init__(self):",
        "         self.a = 1",
        "-        self.b = 2",
        "+        self.b = 9",
        "         self.c = 3",
    )


def test_one_word_of_a_short_cell_is_an_edit() -> None:
    """A cell of one line has no line in common with its edit; its words say that it is the same."""
    assert brief(source_changes(notebook("rate = 0.1", LONG), notebook("rate = 0.01", LONG))) == [("edited", 1, 1)]


def test_a_cell_that_was_written_anew_is_another_one() -> None:
    """Nothing in common: gone and new, not an edit."""
    assert {one for one, _, _ in brief(source_changes(notebook(LONG), notebook(OTHER)))} == {"removed", "added"}


def test_a_moved_cell_is_said_to_have_moved() -> None:
    """The same text elsewhere is no change of the code, but of its order, which matters in a notebook."""
    assert brief(source_changes(notebook("import x", LONG, OTHER), notebook(LONG, OTHER, "import x"))) == [
        ("moved", 1, 3)
    ]


def test_a_renamed_notebook_is_compared_with_itself() -> None:
    """A resubmission `cnn-1.ipynb` differs from `cnn.ipynb` by its edit alone."""
    changes = source_changes(
        notebook("import os", LONG, name="cnn.ipynb"), notebook("import os", LONG + "y = 1\n", name="cnn-1.ipynb")
    )
    assert brief(changes) == [("edited", 2, 2)]
    assert changes[0].before
    assert changes[0].before.file == "cnn.ipynb"


def test_a_module_is_the_same_module_however_it_changed() -> None:
    """A module of the same name is compared with itself; one that is gone has all its lines taken away."""
    old = (SourceText("net.py", None, LONG), SourceText("train.py", None, OTHER))
    changes = source_changes(old, (SourceText("net.py", None, "pass\n"),))
    assert [one.kind for one in changes] == [CellKind.EDITED, CellKind.REMOVED]
    assert all(line.startswith("-") for line in changes[1].lines)


def test_line_ends_are_no_change() -> None:
    """An editor that ends lines as Windows does changes none of them."""
    assert not source_changes(
        (SourceText("net.py", None, LONG),), (SourceText("net.py", None, LONG.replace("\n", "\r\n")),)
    )


def test_code_made_to_be_slow_takes_seconds() -> None:
    """A megabyte of lines that are all alike, and hundreds of cells that are, are compared up to a bound."""
    lines = [f"x = {number % 90}" for number in range(100_000)]
    started = time.monotonic()
    (change,) = source_changes(
        (SourceText("a.py", None, "\n".join(lines)),), (SourceText("a.py", None, "\n".join(lines[::-1])),)
    )
    assert change.cut == 100_000 - MOST_LINES
    old = [f"x = {number % 7}" for number in range(2000)]
    source_changes(notebook(*old), notebook(*old[::-1]))
    assert time.monotonic() - started < 15


@settings(max_examples=EXAMPLES, deadline=None)
@given(CELLS, CELLS)
def test_the_changes_account_for_every_cell(before: list[str], after: list[str]) -> None:
    """What is neither gone nor edited is there after, in number; equal notebooks have no change."""
    changes = source_changes(notebook(*before), notebook(*after))
    count = {kind: sum(one.kind is kind for one in changes) for kind in CellKind}
    assert len(before) - count[CellKind.REMOVED] == len(after) - count[CellKind.ADDED]
    assert bool(changes) == (before != after)
    for one in changes:
        if one.kind is CellKind.MOVED:
            assert one.before
            assert one.after
            assert before[(one.before.cell or 0) - 1].splitlines() == after[(one.after.cell or 0) - 1].splitlines()


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text("abc", max_size=9), st.text("abc", max_size=9))
def test_an_alignment_holds_each_item_once_and_in_order(before: str, after: str) -> None:
    """Both sequences can be read off the pairs, and only what is alike is paired."""
    pairs = align([*before], [*after], Measure(str, lambda one, other: float(one == other), 0.5))
    assert "".join(one.before or "" for one in pairs) == before
    assert "".join(one.after or "" for one in pairs) == after
    assert all(one.before == one.after for one in pairs if one.before and one.after)


def test_a_long_alignment_is_bounded() -> None:
    """Thousands of items on both sides take no more than seconds, and equal ones still meet."""
    old, new = list(range(3000)), [*range(1500), -1, *range(1500, 2990)]
    pairs = align(old, [*new[::-1]], Measure(int, lambda one, other: float(one == other), 0.5))
    assert [one.before for one in pairs if one.before is not None] == old
    straight = align(old, new, Measure(int, lambda one, other: float(one == other), 0.5))
    assert [one.after for one in straight if one.before is None] == [-1]


def test_one_close_pair_is_worth_two_that_are_half_alike() -> None:
    """An edited cell between two new neighbours is paired with itself, not with a neighbour."""
    alike: dict[tuple[object, object], float] = {("first", "second!"): 0.5, ("second", "second!"): 0.9}
    alike["second", "third"] = 0.5
    pairs = align(
        ["first", "second"], ["second!", "third"], Measure(str, lambda one, other: alike.get((one, other), 0.0), 0.4)
    )
    assert ("second", "second!") in [(one.before, one.after) for one in pairs]
