"""What an instructor sees of one submission when a student appeals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from grader.appeals import Question, run_diff, run_history, run_show
from grader.comparison import Version, compare
from grader.faults import OperatorFault
from grader.gradebook import Gradebook
from grader.records import Keys, Report, SourceText, report_from_json
from grader.report.curve import PLAIN_BARS
from grader.report.exports.appeals_json import diff_json
from grader.report.paging import Paging, print_page
from grader.report.terminal_diff import diff_page
from grader.report.terminal_show import Shown, show_page
from grader.report.terminal_text import Page
from tests.report import samples
from tests.report.test_terminal import CASES

from .story import broken, entry, invocation, mended, run_of

Golden = Callable[[str, str], None]
Screen = Callable[..., Console]
BOTH_WIDTHS = pytest.mark.parametrize("width", [80, 120])


def text(console: Console) -> str:
    """Return what was printed on a console of the fixture."""
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def asked(folder: Path, submission: str = "cleo", **more: Any) -> Question:
    """Return a question with fixed times."""
    return Question(folder, submission, zone=UTC, **more)


@BOTH_WIDTHS
def test_show_looks_as_it_did(width: int, folder: Path, screen: Screen, golden: Golden) -> None:
    """Everything about one submission is on one page, at both widths."""
    console = screen(width)
    assert run_show(asked(folder), None, console) == 0
    golden(f"show_{width}.txt", text(console))


def test_show_of_an_older_run(folder: Path, screen: Screen, golden: Golden) -> None:
    """`--run 1` shows the broken network with the student's line, and says that there are newer reports."""
    console = screen(80)
    run_show(asked(folder), 1, console)
    golden("show_run_1.txt", text(console))


@BOTH_WIDTHS
def test_diff_looks_as_it_did(width: int, folder: Path, screen: Screen, golden: Golden) -> None:
    """A repair is shown as the line that changed, the layers that came, the points and the reason."""
    console = screen(width)
    assert run_diff(asked(folder), 1, 2, console) == 0
    golden(f"diff_{width}.txt", text(console))


def test_diff_without_runs_takes_the_newest_two_that_differ(folder: Path, screen: Screen, golden: Golden) -> None:
    """Run 4 graded again what run 3 had graded; the difference is the one between run 2 and run 4."""
    console = screen(80)
    run_diff(asked(folder), None, None, console)
    golden("diff_points.txt", text(console))


def test_nothing_changed_is_one_line(folder: Path, screen: Screen) -> None:
    """Two equal reports take one line, and so does a report without one before it."""
    console = screen(80)
    run_diff(asked(folder), 3, 4, console)
    run_diff(asked(folder, "ada"), None, None, console)
    assert text(console).splitlines() == [
        "cleo (Cleo Marsh): nothing changed between run 3 and run 4.",
        "ada (Ada Lovelace): there is nothing to compare the report of run 1 with.",
    ]


@BOTH_WIDTHS
def test_history_looks_as_it_did(width: int, folder: Path, screen: Screen, golden: Golden) -> None:
    """Each saved report is one row with what changed since the one before."""
    console = screen(width)
    assert run_history(asked(folder), console) == 0
    golden(f"history_{width}.txt", text(console))


def test_each_prints_one_json_document(folder: Path, screen: Screen) -> None:
    """With --json nothing else is printed, and the report in it can be read back."""
    question = asked(folder, as_json=True)
    consoles = (screen(), screen(), screen())
    run_show(question, None, consoles[0])
    run_diff(question, 1, 2, consoles[1])
    run_history(question, consoles[2])
    shown, changed, history = (json.loads(text(console)) for console in consoles)
    run, earlier = shown.pop("run"), shown.pop("earlier")
    assert (run["id"], earlier, shown.pop("later")) == (4, 3, 0)
    assert report_from_json(shown).submission.late
    assert changed["points"] == [8, 30]
    assert [one["kind"] for one in changed["source"]] == ["added", "edited"]
    assert [one["changed"] for one in changed["why"]] == [True, True, True]
    assert [one["changed"] for one in history["reports"]][2:] == [["points"], []]


def test_a_run_without_a_report_is_refused(folder: Path, screen: Screen) -> None:
    """A run that is not there, and one before the first report, are the operator's mistake, said with what there is."""
    with pytest.raises(OperatorFault, match=r"no run 9 .* 1 to 4"):
        run_show(asked(folder), 9, screen())
    with Gradebook.open(folder / "gradebook.sqlite", lambda: 0.0) as gradebook:
        gradebook.save_report(gradebook.start_run(invocation()), samples.side_branch())
    with pytest.raises(OperatorFault, match=r"no report .* of run 5"):
        run_show(asked(folder, "ben-7"), 2, screen())


def test_a_folder_without_a_gradebook_is_refused(tmp_path: Path, screen: Screen) -> None:
    """Nothing is made where there is no gradebook."""
    with pytest.raises(OperatorFault, match="no gradebook"):
        run_history(asked(tmp_path), screen())
    assert not list(tmp_path.iterdir())


def hostile_pages() -> list[Page]:
    """Return pages about a submission that attacks the reader, in its names, its layers and its code."""
    evil = samples.hostile()
    source = tuple(
        SourceText(f"{samples.EVIL}.py", None, f"x = 1\n::error::{word}\n\t{samples.EVIL}\n" + "y" * 5000)
        for word in ("before", "##[group]after")
    )
    old = Version(entry(evil), run_of(), source[:1])
    moved = replace(evil, submission=replace(evil.submission, superseded=(samples.EVIL,), group=("::x", "\u202ea")))
    new = Version(
        entry(replace(moved, keys=Keys("else"), layers=evil.layers[1:], notes=(samples.EVIL,)), 2),
        run_of(2),
        source[1:],
    )
    return [show_page(Shown(new, 1, 0, UTC)), diff_page(compare(old, new), UTC), diff_page(compare(new, old), UTC)]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_output_is_inert_and_fits(width: int, screen: Screen) -> None:
    """No control character arrives, no line is a command to what reads the log, and none is too wide."""
    for page in hostile_pages():
        console = screen(width)
        console.print(page)
        printed = text(console)
        assert not [one for one in printed if not one.isprintable() and one != "\n"]
        assert not [line for line in printed.splitlines() if line.strip().startswith("::") or "##[" in line]
        assert all(cell_len(line) <= width for line in printed.splitlines())


@pytest.mark.parametrize("make", CASES.values(), ids=CASES)
def test_every_report_can_be_shown_and_compared(make: Callable[[], Report], screen: Screen) -> None:
    """Whatever a report holds or lacks, both pages are printed, also where only ASCII can be."""
    versions = [Version(entry(one), run_of()) for one in (make(), samples.good())]
    console = Console(file=TextIOWrapper(BytesIO(), "ascii"), width=80, color_system=None)
    for old, new in (versions, versions[::-1]):
        console.print(diff_page(compare(old, new), UTC))
        console.print(show_page(Shown(new, 0, 0, UTC, PLAIN_BARS)))
        assert json.loads(diff_json(compare(old, new)))["version"] == 1


def test_a_pager_is_for_long_pages_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page longer than the screen goes to the pager; a short one, a pipe and --no-pager do without."""
    paged: list[str] = []
    monkeypatch.setattr("pydoc.pager", paged.append)
    page = show_page(Shown(Version(entry(mended()), run_of()), 0, 0, UTC))
    for terminal, height, allowed in ((True, 20, True), (True, 200, True), (False, 20, True), (True, 20, False)):
        console = Console(file=StringIO(), width=80, height=height, force_terminal=terminal, _environ={})
        before = len(paged)
        print_page(console, page, Paging(allowed))
        assert (len(paged) > before) is (terminal and height == 20 and allowed)
        assert bool(text(console)) is (len(paged) == before)
    assert "\x1b" not in paged[0]


def test_colours_reach_only_a_pager_that_knows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has set LESS without -R gets no colour codes; whoever has not set it gets colours."""
    paged: list[str] = []
    monkeypatch.setattr("pydoc.pager", paged.append)
    console = Console(file=StringIO(), width=80, height=10, force_terminal=True, color_system="standard", _environ={})
    for coloured in (True, False):
        print_page(console, show_page(Shown(Version(entry(broken()), run_of()), 0, 0, UTC)), Paging(True, coloured))
    assert ["\x1b" in one for one in paged] == [True, False]
