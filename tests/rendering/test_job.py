"""The job that lays out notebooks, and how its answer is read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from grader.claims import MOST_HTML, Rendered, read_rendered
from grader.records import LaidOut, LaidOutCell
from grader.sandbox import render as job
from grader.sandbox.build import TooSlowError
from grader.sandbox.render import render

from .notebooks import code, notebook, text


class Heard:
    """A channel that remembers what was sent."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.said: dict[str, Any] = {}

    def result(self, plain: dict[str, Any]) -> None:
        """Remember it."""
        self.said = plain


def rendered(files: dict[str, bytes]) -> dict[str, Any]:
    """Return what the job says of files."""
    heard = Heard()
    render({}, files, heard)  # type: ignore[arg-type]
    return heard.said


@pytest.fixture(autouse=True)
def loud() -> Iterator[None]:
    """Take back what the job does to the logs of its process."""
    import logging
    import warnings

    with warnings.catch_warnings():
        yield
    logging.disable(logging.NOTSET)


def test_one_that_is_broken_costs_itself_alone() -> None:
    """The others are laid out; the reason is a sentence with the name of the file."""
    whole = notebook(text("Why."), code("x = 1")).encode()
    found = read_rendered(
        rendered({"a.ipynb": whole, "b.ipynb": b'{"cells": [{"sour', ".ipynb_checkpoints/c.ipynb": whole})
    )
    (one,) = found.notebooks
    assert (one.file, [cell.cell for cell in one.cells], one.left_out) == ("a.ipynb", [None, 1], 0)
    assert found.problems == ("b.ipynb cannot be laid out (JSONDecodeError).",)


def test_windows_editors_are_read() -> None:
    """UTF-16 with its mark, and UTF-8 with its own."""
    for encoding in ("utf-16", "utf-8-sig"):
        (one,) = read_rendered(rendered({"a.ipynb": notebook(text("Ä")).encode(encoding)})).notebooks
        assert "Ä" in one.cells[0].html


def test_all_cells_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last cells are left out, and counted."""
    monkeypatch.setattr(job, "MOST_BYTES", 40_000)
    source = "\n".join(f"a[{line}] = {line} + b" for line in range(90))
    found = read_rendered(rendered({"a.ipynb": notebook(*[code(source)] * 12).encode()}))
    (one,) = found.notebooks
    assert sum(len(cell.html.encode()) for cell in one.cells) <= job.MOST_BYTES
    assert len(one.cells) + one.left_out == 12
    assert one.left_out > 0


def test_what_was_laid_out_before_the_deadline_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that never ends is said to take too long."""

    def slow(blobs: object, notebooks: list[dict[str, Any]], problems: list[str]) -> None:
        notebooks.append({"file": "a.ipynb", "cells": [], "left_out": 0})
        raise TooSlowError

    monkeypatch.setattr(job, "_render_all", slow)
    found = read_rendered(rendered({}))
    assert [one.file for one in found.notebooks] == ["a.ipynb"]
    assert found.problems == ("Laying out the notebook takes too long.",)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        {"outcome": "captured"},
        {"outcome": "rendered", "notebooks": 7},
        {
            "outcome": "rendered",
            "notebooks": [7, {"file": 7}, {"file": "a", "cells": 7}, {"file": "a", "left_out": -1}],
        },
    ],
)
def test_an_odd_answer_is_nothing(odd: Any) -> None:
    """What the child makes up is left out."""
    assert read_rendered(odd) == Rendered()


def test_a_lying_child_is_bounded() -> None:
    """Cells beyond the room end the notebook; numbers that are none are left out."""
    cells = [{"cell": True, "html": "a"}, {"cell": 3, "html": "b" * (MOST_HTML - 1)}, {"cell": 4, "html": "c"}]
    found = read_rendered({"outcome": "rendered", "notebooks": [{"file": "a", "cells": cells, "left_out": 0}]})
    assert found.notebooks == (LaidOut("a", (LaidOutCell(None, "a"), LaidOutCell(3, "b" * (MOST_HTML - 1)))),)


@pytest.mark.parametrize(
    "lie",
    [
        "<script>x</script>",
        "<a href='https://evil.example'>go</a>",
        '<p onclick="x">p</p>',
        '<p class="a" style="x">p</p>',
        "<meta http-equiv=refresh content=0>",
        '<img src="https://evil.example/x.png" alt="">',
        '<img src="data:image/svg+xml;base64,AA==" alt="">',
        '<img src="data:image/png;base64,AA==" alt="" onload="x">',
        "<!-- -->",
        "<p",
        "</p x>",
        "<P>",
        "a < b",
    ],
)
def test_a_child_that_lies_is_not_shown(lie: str) -> None:
    """HTML with anything but layout is left out with its notebook, and said; the other notebook stays."""
    several = [
        {"file": name, "cells": [{"cell": 1, "html": "<p>a &lt; b</p>"}, {"cell": 2, "html": markup}], "left_out": 0}
        for name, markup in (("lies.ipynb", f"<p>x</p>{lie}"), ("good.ipynb", '<div class="said">x<br></div>'))
    ]
    found = read_rendered({"outcome": "rendered", "notebooks": several, "problems": ["one before"]})
    assert [one.file for one in found.notebooks] == ["good.ipynb"]
    assert found.problems == (
        "one before",
        "lies.ipynb was laid out with more than words and pictures; this is its text.",
    )
