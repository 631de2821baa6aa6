"""What a student sees from `grader check`: the verdict, the network, and each check with what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from grader.records import Finding, Outcome, Report, Status
from grader.report import score_words
from grader.report.curve import sparkline
from grader.report.folding import folded
from grader.report.terminal_layers import layer_table, totals
from grader.report.terminal_picture import picture_block
from grader.report.terminal_text import (
    MARKS,
    OUR_OWN,
    STATUS_MARKS,
    Page,
    counted,
    duration,
    named,
    number,
    pairs,
    percent,
    said,
    stopped_sentence,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

_WIDTH = 80
_WORDS = {Outcome.PENDING: "human", Outcome.ERROR: "grader"}


def show_check(console: Console, report: Report) -> None:
    """Print one report for the student whose it is, at most 80 columns wide.

    What failed says why and, where it is known, what to do; what needs nothing to be done is folded.
    """
    graded = report.status is Status.GRADED
    blocks = (
        (verdict(report),),
        () if graded else notes_block(report),  # they say why it is not
        model_block(report),
        layers_block(report),
        picture_block(report),
        break_block(report),
        what_if_block(report),
        (findings_table(folded(told_once(report))),) if report.findings else (),
        score_block(report),
        advice_block(report),
        notes_block(report) if graded else (),
        isolation_block(report),
    )
    console.print(Page(spaced(blocks)), width=min(_WIDTH, console.width))


def spaced(blocks: tuple[tuple[RenderableType, ...], ...]) -> Iterator[RenderableType]:
    """Yield what is in the blocks, with an empty line between those that hold something."""
    first = True
    for block in filter(None, blocks):
        if not first:
            yield Text("")
        first = False
        yield from block


def verdict(report: Report) -> Table:
    """Return how a report ended and its points, as two lines."""
    mark, style = STATUS_MARKS[report.status]
    if _count(report, Outcome.FAILED) and report.status is Status.GRADED:
        mark, style = MARKS[Outcome.FAILED]
    grid = Table.grid(padding=(0, 1))
    sentence = Text.assemble(named(report.submission.id, "bold"), (f": {_sentence(report)}.", style))
    grid.add_row(Text(mark, style), sentence)
    grid.add_row("", f"{_points(report)}.")
    return grid


def _sentence(report: Report) -> str:
    failed, passed = _count(report, Outcome.FAILED), _count(report, Outcome.PASSED)
    match report.status:
        case Status.STUDENT_FAULT:
            return f"it does not work yet: {stopped_sentence(report)}"
        case Status.NEEDS_HUMAN:
            return "a human has to look at this one"
        case Status.GRADER_FAULT:
            return "the grader failed; that costs no points"
    if failed:
        return f"{failed} of {counted(failed + passed, 'check')} failed"
    return f"all {counted(passed, 'check')} passed" if passed else "nothing was checked"


def _count(report: Report, outcome: Outcome) -> int:
    return sum(finding.outcome is outcome for finding in report.findings)


def _points(report: Report) -> str:
    so_far = " so far" if _count(report, Outcome.ERROR) else ""
    line = f"{number(report.points)}{so_far} of {number(report.max_points)} automatic points"
    if not report.human_max:
        return line
    if report.human_points is None:
        return f"{line}; {number(report.human_max)} more are marked by a human"
    return f"{line} and {number(report.human_points)} of {number(report.human_max)} from a human"


def model_block(report: Report) -> tuple[RenderableType, ...]:
    """Return which network was found, how and where, and what was repaired."""
    model = report.model
    if model is None:
        return ()
    grid = pairs()
    found = Text.assemble(named(model.name, "bold"), ", ", named(model.how, most=160))
    if str(model.where):
        found.append_text(Text.assemble(" (", named(str(model.where), most=80), ")"))
    grid.add_row("Network", found)
    for repair in model.repairs:
        grid.add_row("Repaired", said(repair.message))
    return (grid,)


def layers_block(report: Report) -> tuple[RenderableType, ...]:
    """Return the table of layers and its totals."""
    table = layer_table(report)
    if table is None:
        return ()
    line = totals(report)
    return (table, Text(line, style="dim")) if line else (table,)


def isolation_block(report: Report) -> tuple[RenderableType, ...]:
    """Say plainly that the code ran as an ordinary program, where no walls stood; nothing where they did."""
    if report.isolation.get("rung") != "E":
        return ()
    grid = pairs()
    missing = " ".join(map(str, report.isolation.get("missing", ())))
    grid.add_row("No walls", said(f"The code ran with limits alone. {missing}"))
    return (grid,)


def break_block(report: Report) -> tuple[RenderableType, ...]:
    """Return where the student's code stopped, with their line and the error."""
    broke = report.broke
    if broke is None or not _is_shown(report):
        return ()
    grid = pairs()
    where = named(str(broke.where), most=80)
    where.append(": " if broke.source else "")
    grid.add_row("Stopped", Text.assemble(where, named(broke.source, "bold", most=160)))
    if report.cause:
        grid.add_row("", said(report.cause))
    if report.help:
        grid.add_row("", Text.assemble(("→ ", "cyan"), said(report.help)))
    grid.add_row("", Text.assemble(named(broke.kind, "red"), ": ", said(broke.message)))
    if report.code not in ("", "E00"):
        grid.add_row("", Text(f"grader check --explain {report.code} says more.", "dim"))
    return (grid,)


def _is_shown(report: Report) -> bool:
    """Tell whether the break is shown apart; of words of ours the first check says all, with what to do."""
    return report.broke is not None and report.broke.kind not in OUR_OWN


def told_once(report: Report) -> tuple[Finding, ...]:
    """Return the findings without the cause that the block above them has: one break fails several checks."""
    if not report.cause or not _is_shown(report):
        return report.findings
    return tuple(
        replace(one, rationale="It stopped before that, as said above.", help="")
        if one.outcome is Outcome.FAILED and one.rationale.endswith(report.cause)
        else one
        for one in report.findings
    )


def what_if_block(report: Report) -> tuple[RenderableType, ...]:
    """Return what the network would do with its error mended; it earns no points, and that is said."""
    found = report.what_if
    if found is None:
        return ()
    grid = pairs()
    fixes = " and ".join(map(str, found.fixes))
    if found.works:
        size = f"; it would learn {counted(found.parameters, 'number')}" if found.parameters is not None else ""
        right = f"{percent(found.accuracy)} of new pictures" if found.accuracy is not None else ""
        score = f", and would be right for {right}" if right else ""
        far = f"pictures get through to the end{size}{score}"
        grid.add_row("What if", said(f"With {fixes}, {far}. This earns no points."))
        return (grid,)
    place = f" ({found.where})" if str(found.where) else ""
    last = found.layers[-1].name if found.layers else ""
    far = f"it gets as far as {last} and then stops{place}" if last else f"it stops elsewhere{place}"
    grid.add_row("What if", said(f"With {fixes}, {far}. {found.cause} {found.help}".strip()))
    return (grid,)


def findings_table(findings: tuple[Finding, ...], *, everything: bool = False) -> Table:
    """Return one row a verdict, with why and what next; with `everything` also where nothing is to be explained."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1)
    table.add_column(no_wrap=True, justify="right")
    reason = ""
    for finding in findings:
        mark, style = MARKS[finding.outcome]
        word = _WORDS.get(finding.outcome, str(finding.outcome))
        table.add_row(Text(mark, style), Text(word, style), said(finding.title), _earned(finding))
        repeated = finding.rationale if finding.outcome in (Outcome.SKIPPED, Outcome.PENDING) else ""
        if not repeated or repeated != reason:  # said once for those in a row
            for detail in _details(finding, everything=everything):
                table.add_row("", "", detail, "")
        reason = repeated
    return table


def _earned(finding: Finding) -> Text:
    if finding.outcome is Outcome.SKIPPED and not finding.points:
        return Text(f"– of {number(finding.max_points)}", style="dim")
    earned = "?" if finding.points is None else number(finding.points)
    return Text(f"{earned} of {number(finding.max_points)}")


def _details(finding: Finding, *, everything: bool) -> Iterator[Text]:
    """Yield why and what next, except where there is nothing to explain."""
    in_full = finding.outcome is Outcome.PASSED and finding.points == finding.max_points
    counted_words = "words" in finding.evidence  # of an explanation that a human is to mark
    if not everything and (in_full or (finding.outcome is Outcome.PENDING and not counted_words)):
        return
    if finding.rationale:
        yield said(finding.rationale, "dim" if finding.outcome is Outcome.SKIPPED else "")
    if finding.help:
        yield Text.assemble(("→ ", "cyan"), said(finding.help))


def score_block(report: Report) -> tuple[RenderableType, ...]:
    """Return the score beside what it is held to, and the learning curve; nothing where nothing was trained."""
    grid = pairs()
    if report.score is not None:
        for label, line in score_words.rows(report.score, report.training):
            grid.add_row(label, said(f"{line}."))
    if report.training is not None:
        training = report.training
        line = f"{counted(training.steps, 'step')} in {duration(training.seconds)}"
        if training.curve:
            line += f", the loss went from {training.curve[0].loss:.2f} to {training.curve[-1].loss:.2f}"
        grid.add_row("Training", f"{line}.")
        if len(training.curve) > 1:
            grid.add_row("Loss", Text(sparkline(training.curve), "cyan"))
    return (grid,) if grid.row_count else ()


def advice_block(report: Report) -> tuple[RenderableType, ...]:
    """Return the advice, which costs nothing."""
    if not report.advice:
        return ()
    grid = pairs()
    for advice in report.advice:
        grid.add_row("Advice", Text.assemble(said(advice.title), ". ", said(advice.help), (f" ({advice.code})", "dim")))
    return (grid,)


def notes_block(report: Report) -> tuple[RenderableType, ...]:
    """Return the sentences about the submission as a whole."""
    grid = pairs()
    if report.lateness is not None:
        grid.add_row("Late", said(report.lateness.reason))
    for note in report.notes:
        grid.add_row("Note", said(note))
    return (grid,) if grid.row_count else ()
