"""What an instructor reads when a batch is done: the exceptions, what needs a human and why, what was reused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from grader.records import Break, Finding, Outcome, Report, Where
from grader.report.terminal_attention import Reason, diagnosis, reasons
from grader.report.terminal_batch import show_batch, show_mixed, show_unchanged

from . import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    Golden = Callable[[str, str], None]
    Printed = Callable[..., str]


def called(report: Report, name: str) -> Report:
    """Return the report under another name, that of the student being the same, on another network."""
    keys = replace(report.keys, training=f"training-{name}")
    return replace(report, submission=replace(report.submission, id=name, student=name), keys=keys)


def wrong_size(name: str, layer: str, cell: int, sizes: tuple[int, int]) -> Report:
    """Return a network whose dense layer expects another number of inputs than arrive, as the criteria say it."""
    expected, found = sizes
    where, source = Where("a.ipynb", cell, 12), f"x = self.{layer}(x)"
    rationale = (
        f"A batch of 7 pictures was to be answered with 7 rows of 10 scores, but the network stopped at {where}, in "
        f"`{source}`. What came in there at {layer} has the shape (7, {found}). "
        f"{layer} expects {expected:,} numbers per picture, but {found:,} (32 channels x 6 x 6) arrive."
    )
    report = samples.forward_break()
    finding = samples.failed(samples.RUNS, rationale)
    broke = Break("forward", "RuntimeError", "", where, source, layer, ((7, found),))
    return replace(called(report, name), findings=(finding, *report.findings[1:]), broke=broke)


def broken_model(name: str, module: str) -> Report:
    """Return a submission that imports something that is not there."""
    rationale = (
        "The model was to be built from what you handed in. It stopped at cell 1, line 2, in `import x`. "
        f"The grader has no module called '{module}'."
    )
    broke = Break("build", "ModuleNotFoundError", "", Where(None, 1, 2), "import x")
    report = samples.build_break()
    return replace(called(report, name), findings=(samples.failed(samples.RUNS, rationale),), broke=broke)


def of_kind(reports: list[Report], kind: str) -> list[Reason]:
    """Return the reasons of one kind."""
    return [one for one in reasons(reports) if one.kind == kind]


def marked(report: Report, words: int | None) -> Report:
    """Return the report with a human's mark pending, and so many words of an explanation found."""
    evidence = {"human": True} if words is None else {"human": True, "words": words}
    finding = Finding("explanation", "It explains", Outcome.PENDING, None, 5, "", "", evidence)
    return replace(report, findings=(finding,))


def test_the_same_error_is_one_line() -> None:
    """Fourteen layers with other names, places and sizes are one reason; what differs is an ellipsis."""
    reports = [wrong_size(f"s{index:02}", f"fc{index % 3}", index + 1, (512 + index, 1152)) for index in range(14)]
    (found,) = of_kind([*reports, broken_model("zoe", "keras")], "Broken")[:1]
    assert found.text == "… expects … numbers per picture, but 1,152 arrive."
    assert found.count == 14
    assert found.ids == tuple(f"s{index:02}" for index in range(14))


def test_other_errors_are_other_lines() -> None:
    """Another diagnosis is another reason, and what concerns most comes first."""
    reports = [wrong_size("ada", "fc1", 3, (512, 1152)), broken_model("ben", "keras"), broken_model("cleo", "cv3")]
    assert [(one.count, one.text) for one in of_kind(reports, "Broken")] == [
        (2, "The grader has no module called …."),
        (1, "fc1 expects 512 numbers per picture, but 1,152 (32 channels x 6 x 6) arrive."),
    ]


def test_a_diagnosis_without_a_place_is_said_in_short() -> None:
    """Where the rationale does not say why, the report's own record does."""
    assert diagnosis(samples.build_break()) == "making the network raised TypeError (cell 2, line 5)"
    assert diagnosis(samples.endless_loop()) == "it did not come to its end in time"
    unplaced = "The model was to be built from what you handed in. The program was still running after 60 s."
    report = replace(samples.endless_loop(), findings=(samples.failed(samples.RUNS, unplaced),))
    assert diagnosis(report) == "The program was still running after 60 s."


def test_late_older_and_rejected_are_named() -> None:
    """What was handed in late, again, or in files that cannot be read is said with ids."""
    good = samples.good()
    late = replace(good, submission=replace(good.submission, id="late", late=True))
    again = replace(good, submission=replace(good.submission, id="again", superseded=("a.ipynb", "b.ipynb")))
    rejected = replace(called(samples.build_break(), "zip"), broke=None, stopped="rejected-input")
    rejected = replace(rejected, notes=("It holds 900 files; at most 500 are read.",))
    found = {one.kind: one for one in reasons([good, late, again, rejected])}
    assert found["Late"].ids == ("late",)
    assert found["Older attempts"].ids == ("again (2 older)",)
    assert found["Not accepted"].text == "It holds 900 files; at most 500 are read."
    assert "Broken" not in found


def test_equal_networks_are_named() -> None:
    """Those that were trained once for several are a line each; whoever is alone, or is not trained, is in none."""
    good, broken = samples.good(), samples.build_break()

    def other(name: str, training: str, like: Report = good) -> Report:
        return replace(called(like, name), keys=replace(like.keys, training=training))

    reports = [other("ada", "x"), other("ben", "y"), other("cleo", "x"), other("dan", "z"), other("eve", "x", broken)]
    assert [one.ids for one in of_kind(reports, "Same network")] == [("ada", "cleo")]
    pairs = [other(f"s{index}{end}", f"{index}") for index in range(14) for end in "ab"]
    assert [one.count for one in of_kind(pairs, "Same network")] == [2] * 12 + [4]


def test_explanations_are_one_line() -> None:
    """How many wait for a human, and in which no word was found; where nobody counted, nothing is claimed."""
    reports = [marked(called(samples.good(), name), words) for name, words in (("a", 120), ("b", 0), ("c", None))]
    (found,) = of_kind(reports, "Explanations")
    assert (found.count, found.ids) == (3, ("b",))
    assert found.text == "to be read by a human: 3 marks in all; in 1 no explanation was found:"
    (found,) = of_kind(reports[:1], "Explanations")
    assert found.text == "to be read by a human: 1 mark in all"


def test_nothing_to_look_at_says_nothing(printed: Printed) -> None:
    """A class without exceptions has no section about them."""
    report = replace(samples.good(), findings=samples.PASSED)
    assert reasons([report]) == ()
    assert "needs a human" not in printed(show_batch, [report], 1.0, {})


def test_many_reasons_and_ids_are_cut(printed: Printed) -> None:
    """Thirty ids of one reason, and twelve reasons of one kind, are named; the rest is counted."""
    link = samples.only_a_link()
    same = [called(link, f"s{index:02}") for index in range(35)]
    assert "s29 and 5 more" in printed(show_batch, same, 1.0, {}, width=300)
    letters = [replace(called(link, f"s{index:02}"), notes=(f"Odd: {'x' * index}y.",)) for index in range(20)]
    found = of_kind(letters, "Needs a human")
    assert [one.count for one in found] == [1] * 12 + [8]
    assert sum(len(one.ids) for one in found) == 20


def night() -> list[Report]:
    """Return 180 reports: 2 faults, 3 for a human, 14 + 4 broken, 12 that failed something, 145 with nothing wrong."""
    reports = [samples.our_fault()] * 2 + [samples.only_a_link()] * 3 + [samples.endless_loop()] * 4
    reports += [samples.side_branch()] * 12 + [samples.good()] * 145
    named = [called(report, str(48213 + 7 * index)) for index, report in enumerate(reports)]
    sizes = [(512, 1152), (2048, 1152), (400, 576)]
    return named + [wrong_size(str(50000 + index), f"fc{index % 2}", index, sizes[index % 3]) for index in range(14)]


def rows(text: str) -> list[str]:
    """Return the ids in the table of a printed batch."""
    table = text.partition("\n─")[2].partition("\n")[2].partition("\n\n")[0]
    return [line.split()[0] for line in table.splitlines() if line[:1].isdigit()]


@pytest.mark.parametrize("width", [80, 120])
def test_a_large_class_looks_as_it_did(width: int, printed: Printed, golden: Golden) -> None:
    """An instructor of 180 sees what is recorded in the golden."""
    reused = {"report": 150, "capture": 12, "training": 4}
    text = printed(show_batch, night(), 723.0, reused, Path("out"), width=width)
    assert max(map(cell_len, text.splitlines())) <= width
    golden(f"batch_180_{width}.txt", text)


def test_a_large_class_shows_its_exceptions(printed: Printed) -> None:
    """Of 180, the 35 that ask for attention are rows: faults, doubts, broken ones, then what failed something."""
    reports = night()
    text = printed(show_batch, reports, 1.0, {})
    kinds = {one.submission.id: one.status for one in reports}
    order = [kinds[name] for name in rows(text)]
    assert order == ["grader_fault"] * 2 + ["needs_human"] * 3 + ["student_fault"] * 18 + ["graded"] * 12
    assert "… 145 more are in grades.csv: 145 nothing wrong." in text


def test_what_changed_comes_first_if_it_is_little() -> None:
    """What was graded again stands on top, a faultless one included; a run that changed all says nothing by it."""
    reports = night()
    good = reports[100].submission.id

    def shown(changed: set[str]) -> list[str]:
        file = StringIO()
        show_batch(Console(file=file, width=80, color_system=None), reports, 1.0, {}, changed=changed)
        return rows(file.getvalue())

    assert shown({good, "50000"})[:2] == ["50000", good]
    assert len(shown({good})) == 36
    assert shown({one.submission.id for one in reports}) == shown(set())


def test_at_most_forty_rows_of_a_large_class(printed: Printed) -> None:
    """Where more than forty ask for attention, the rest is counted by kind."""
    reports = [called(samples.side_branch(), str(10000 + index)) for index in range(60)]
    text = printed(show_batch, [*reports, *(called(samples.good(), f"{index}") for index in range(5))], 1.0, {})
    assert len(rows(text)) == 40
    assert "… 25 more are in grades.csv: 20 failed something, 5 nothing wrong." in text


def test_forty_are_shown_one_and_all(printed: Printed) -> None:
    """A class that fits has a row for everybody, by id."""
    reports = [called(samples.good(), str(10000 + index)) for index in range(40)]
    assert rows(printed(show_batch, reports, 1.0, {})) == sorted(one.submission.id for one in reports)


@pytest.mark.parametrize(
    ("reused", "said"),
    [
        ({}, "12 min 03 s"),
        ({"report": 0}, "12 min 03 s"),
        ({"capture": 1}, "12 min 03 s; reused: 1 capture"),
        (
            {"training": 4, "report": 150, "capture": 12},
            "12 min 03 s; reused: 150 reports unchanged, 12 captures, 4 trainings (only the points changed)",
        ),
    ],
)
def test_what_was_reused_is_said(reused: dict[str, int], said: str, printed: Printed) -> None:
    """The time comes with what was there already, by its kind."""
    text = printed(show_batch, [samples.good()], 723.0, reused, width=200)
    (line,) = (line for line in text.splitlines() if line.startswith("Time "))
    assert line.split(maxsplit=1)[1] == said


def test_files_are_named_where_a_folder_is(printed: Printed) -> None:
    """The paths of the tables are said when there are any, and are inert."""
    text = printed(show_batch, [samples.good()], 1.0, {}, Path("out\x1b[2J"))
    assert "out\\x1b[2J/grades.csv" in text
    assert "out\\x1b[2J/report.json" in text
    assert "report.json" not in printed(show_batch, [samples.good()], 1.0, {})


def test_a_second_run_without_changes_is_one_line(printed: Printed) -> None:
    """Nothing changed: one line, however long, in the local time of the reader."""
    when = datetime(2026, 11, 22, 23, 5).astimezone().timestamp()
    assert printed(show_unchanged, 180, 3, when, Path("out")) == (
        "Nothing changed: all 180 submissions are as in run 3 of 2026-11-22 23:05; --fresh grades again. Results: out\n"
    )
    assert "the submission is as in run 1 of" in printed(show_unchanged, 1, 1, when, Path("out"))


def test_mixed_hardware_is_said_part_by_part(printed: Printed) -> None:
    """Only what differs is named, before and now; where nothing does, nothing is printed."""
    stored = {"processor": "Xeon", "torch": "2.13.0", "threads": 1}
    now = {"processor": "EPYC\x1b[2J", "torch": "2.13.0", "threads": 1, "cuda": "12.8"}
    lines = printed(show_mixed, stored, now, width=200).splitlines()
    assert lines[0].startswith("Mixed gradebook: ")
    assert lines[1:] == ["processor  Xeon → EPYC\\x1b[2J", "cuda       not known → 12.8"]
    assert printed(show_mixed, stored, stored) == ""
