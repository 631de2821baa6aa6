"""What `grader diff` prints: what changed between two reports in source, network and points, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from grader.comparison import Comparison, LayerChange, LayerKind, PointsChange, Version, intervals_overlap
from grader.comparison.causes import Detail
from grader.comparison.source_changes import MOST_LINES, CellChange, CellKind, SourcePlace
from grader.records import Finding, Outcome, Report, Status
from grader.report.paging import local_time
from grader.report.plain import inert, inert_line, shorten
from grader.report.terminal_check import spaced
from grader.report.terminal_text import (
    MARKS,
    STATUS_WORDS,
    Page,
    counted,
    named,
    number,
    pairs,
    percent,
    said,
    stopped_sentence,
)

if TYPE_CHECKING:
    from datetime import tzinfo

    from rich.console import RenderableType

_MOST_LINES = 400  # of one cell's changes
_MOST_CODE = 400  # characters of one line of code
_MOST_DETAILS = 12  # of one list of settings
_STYLES = {"@": "cyan", "-": "red", "+": "green"}
_LAYERS = {LayerKind.ADDED: ("+", "green"), LayerKind.REMOVED: ("-", "red"), LayerKind.CHANGED: ("~", "yellow")}
_CELLS = {CellKind.ADDED: "new", CellKind.REMOVED: "gone", CellKind.MOVED: "moved, not changed", CellKind.EDITED: ""}


def diff_page(comparison: Comparison, zone: tzinfo | None) -> Page:
    """Return the whole page; one line where nothing changed."""
    if not comparison.changed:
        return Page((Text.assemble(_who(comparison), f": {_nothing(comparison)}"),))
    blocks: tuple[tuple[RenderableType, ...], ...] = (
        (_title(comparison, zone), _totals(comparison)),
        tuple(_source(comparison)),
        tuple(_network(comparison)),
        tuple(_points(comparison)),
        tuple(_why(comparison)),
    )
    return Page(spaced(blocks))


def _nothing(comparison: Comparison) -> str:
    old, new = comparison.before.entry, comparison.after.entry
    if old is new:
        return f"there is nothing to compare the report of run {new.run} with."
    return f"nothing changed between run {old.run} and run {new.run}."


def _who(comparison: Comparison) -> Text:
    submission = comparison.after.entry.report.submission
    name = named(submission.id, "bold")
    return Text.assemble(name, " (", named(submission.student), ")") if submission.student != submission.id else name


def _title(comparison: Comparison, zone: tzinfo | None) -> Text:
    def made(version: Version) -> str:
        return f"run {version.entry.run} ({local_time(version.entry.saved, zone)})"

    return Text.assemble(_who(comparison), f": {made(comparison.before)} → {made(comparison.after)}")


def _totals(comparison: Comparison) -> Table:
    old, new = comparison.before.entry.report, comparison.after.entry.report
    grid = pairs()
    grid.add_row("Status", Text(_arrow(STATUS_WORDS[old.status][0], STATUS_WORDS[new.status][0])))
    if (old.stopped, old.broke) != (new.stopped, new.broke):
        grid.add_row("Stopped", Text(_arrow(_stopped(old), _stopped(new))))
    grid.add_row("Points", Text(_arrow(_earned(old), _earned(new))))
    if new.human_max or old.human_max:
        grid.add_row("Human", Text(_arrow(_marked(old), _marked(new))))
    for label, line in _accuracies(old, new):
        grid.add_row(label, line)
    for label, sentences in (("Note gone", comparison.notes[0]), ("New note", comparison.notes[1])):
        for sentence in sentences:
            grid.add_row(label, said(sentence))
    return grid


def _accuracies(old: Report, new: Report) -> Iterator[tuple[str, str]]:
    if old.score is None and new.score is None:
        return
    yield "Accuracy", _arrow(_accuracy(old), _accuracy(new))
    if old.score is not None and new.score is not None and old.score != new.score:
        if old.score.accuracy != new.score.accuracy:
            overlap = intervals_overlap(old.score, new.score)
            yield (
                "",
                "The intervals overlap: the difference may be chance."
                if overlap
                else "The intervals do not overlap: the difference is more than chance.",
            )
        if old.score.reference != new.score.reference:
            yield "Reference", _arrow(_reference(old), _reference(new))


def _accuracy(report: Report) -> str:
    if report.score is None:
        return "not measured"
    low, high = map(percent, report.score.interval)
    return f"{percent(report.score.accuracy)} ({low} to {high})"


def _reference(report: Report) -> str:
    reference = report.score.reference if report.score else None
    return percent(reference.mean) if reference else "none"


def _stopped(report: Report) -> str:
    return stopped_sentence(report) if report.broke is not None or report.stopped is not None else "nowhere"


def _earned(report: Report) -> str:
    earned = "?" if report.status is Status.GRADER_FAULT else number(report.points)
    return f"{earned} of {number(report.max_points)}"


def _marked(report: Report) -> str:
    most = number(report.human_max)
    return f"none of {most} yet" if report.human_points is None else f"{number(report.human_points)} of {most}"


def _arrow(before: str, after: str) -> str:
    return f"{before} → {after}" if before != after else f"{after}, as before"


def _source(comparison: Comparison) -> Iterator[RenderableType]:
    gone, new = comparison.files
    capture = comparison.reasons[0]
    if not comparison.source_known and capture.changed:
        yield _heading("Source")
        yield Text("The code of one of the two was not kept, so what changed in it cannot be shown.")
    elif comparison.source or gone or new:
        yield _heading("Source")
    for label, names in (("gone", gone), ("new", new)):
        if names:
            yield Text(f"Files {label}: {', '.join(inert_line(one, 120) for one in names)}")
    for index, change in enumerate(comparison.source):
        if index:
            yield Text("")
        yield from _cell(change)


def _cell(change: CellChange) -> Iterator[Text]:
    word = _CELLS[change.kind]
    yield Text(f"{_places(change)} ({word})" if word else _places(change), "bold")
    # What a new or lost cell holds is shown whole; a moved one has no lines.
    for line in change.lines[:_MOST_LINES]:
        yield _code(line)
    left = len(change.lines) - _MOST_LINES
    if left > 0:
        yield Text(f"… {counted(left, 'more line')}; --json has them all", "dim")
    if change.cut:
        yield Text(f"… {counted(change.cut, 'line')} after line {MOST_LINES:,} were not compared", "dim")


def _places(change: CellChange) -> str:
    """Return `a.ipynb, cell 3 → cell 4`, each thing said once."""
    before, after = change.before, change.after
    if before is None or after is None:
        return "".join(_place(one) for one in (before, after) if one is not None)
    if before == after:
        return _place(after)
    number = f"cell {after.cell}" if after.cell is not None and before.file == after.file else _place(after)
    return f"{_place(before)} → {number}"


def _place(place: SourcePlace) -> str:
    file = inert_line(place.file, 120)
    return f"{file}, cell {place.cell}" if place.cell is not None else file


def _code(line: str) -> Text:
    """Return a line of code with tabs as blanks; everything else that does not print is written out."""
    text = inert(line[: _MOST_CODE + 1]).replace("\n", "\\n")
    return Text(shorten(text[:1] + text[1:].expandtabs(4), _MOST_CODE), _STYLES.get(line[:1], "dim"))


def _network(comparison: Comparison) -> Iterator[RenderableType]:
    old, new = comparison.before.entry.report, comparison.after.entry.report
    sizes = [(_count(old, what), _count(new, what)) for what in ("parameters", "flops")]
    if not comparison.layers and all(before == after for before, after in sizes):
        return
    yield _heading("Network")
    table = Table.grid(padding=(0, 1))
    for _ in range(3):
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=24)
    table.add_column()
    for change in comparison.layers:
        if not change.only_shapes:
            table.add_row(*_layer(change))
    if table.row_count:
        yield table
    ripple = sum(one.only_shapes for one in comparison.layers)
    if ripple:
        yield Text(f"{counted(ripple, 'more layer')} with other shapes alone, as they follow from the layers before")
    for label, (before, after) in zip(("Parameters", "FLOPs"), sizes, strict=True):
        yield Text(f"{label} {_arrow(before, after)}")


def _layer(change: LayerChange) -> tuple[Text, ...]:
    mark, style = _LAYERS[change.kind]
    layer = change.after or change.before
    assert layer is not None
    if change.kind is LayerKind.CHANGED:
        details = _settings(change.details)
    else:
        size = f"{layer.parameters:,} parameters" if layer.parameters else ""
        shapes = f"{'×'.join(map(str, layer.inputs))} → {'×'.join(map(str, layer.outputs))}"
        place = inert_line(str(layer.where), 40)
        details = Text("; ".join(filter(None, (shapes, size, place, "" if layer.on_path else "not used"))))
    return Text(mark, style), named(layer.op, style, 24), named(layer.name, style, 24), details


def _settings(details: Sequence[Detail]) -> Text:
    parts = [f"{one.what} {one.before or 'none'} → {one.after or 'none'}" for one in details[:_MOST_DETAILS]]
    more = len(details) - len(parts)
    return Text("; ".join(inert_line(one, 160) for one in parts) + (f"; and {more} more" if more else ""))


def _count(report: Report, what: str) -> str:
    model = report.model
    value = None if model is None else model.parameters if what == "parameters" else model.flops
    return "unknown" if value is None else f"{value:,}"


def _points(comparison: Comparison) -> Iterator[RenderableType]:
    if not comparison.points:
        return
    yield _heading("Points")
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column()
    reason = ""
    for change in comparison.points:
        table.add_row(_marks(change), said(change.title))
        was = change.before.rationale if change.before else ""
        # Said once where the reason is the same on both sides, or for several that were skipped in a row.
        again = was == reason or (change.after is not None and was == change.after.rationale)
        table.add_row(Text("before", "dim"), _verdict(change.before, reasoned=not again))
        table.add_row(Text("after", "dim"), _verdict(change.after, reasoned=True))
        reason = was
    yield table


def _marks(change: PointsChange) -> Text:
    parts = [MARKS[one.outcome] if one else ("·", "dim") for one in (change.before, change.after)]
    return Text.assemble(parts[0], " → ", parts[1])


def _verdict(finding: Finding | None, *, reasoned: bool) -> Text:
    if finding is None:
        return Text("not in the rubric", "dim")
    earned = "?" if finding.points is None else number(finding.points)
    word = {Outcome.PENDING: "a human's to mark", Outcome.ERROR: "the grader failed"}.get(
        finding.outcome, str(finding.outcome)
    )
    head = f"{earned} of {number(finding.max_points)}, {word}"
    if not reasoned or not finding.rationale:
        return Text(head)
    return Text.assemble(f"{head}: ", said(finding.rationale))


def _why(comparison: Comparison) -> Iterator[RenderableType]:
    around = comparison.around
    grid = pairs()
    for reason in comparison.reasons:
        causes = "; ".join(inert_line(one, 300) for one in reason.causes)
        grid.add_row(reason.key.capitalize(), Text(f"changed: {causes}" if reason.changed else "as before"))
    named_details = (
        ("Rubric", around.rubric),
        ("Versions", around.versions),
        ("Hardware", around.hardware),
        ("Options", around.options),
    )
    for label, details in named_details:
        if details:
            grid.add_row(label, _settings(details))
    yield _heading("Why")
    yield grid


def _heading(word: str) -> Text:
    return Text(word, "bold underline")
