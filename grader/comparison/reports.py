"""What changed between two reports on one submission: source, network, points, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grader.comparison.alignment import Measure, align
from grader.comparison.causes import Circumstances, Detail, Differences, Reason, circumstances, reasons
from grader.comparison.source_changes import CellChange, source_changes
from grader.gradebook.records import Entry, Run
from grader.records import Finding, Layer, Report, Role, Score, SourceText


@dataclass(frozen=True, slots=True)
class Version:
    """One report in a submission's history.

    Attributes:
        entry: the report, which run saved it, and when.
        run: that run.
        source: the code that it was made from; empty where it was not kept.
    """

    entry: Entry
    run: Run
    source: tuple[SourceText, ...] = ()


class LayerKind(StrEnum):
    """What became of a layer."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class LayerChange:
    """One layer that is not as it was; `details` say what about it, where it is in both networks."""

    kind: LayerKind
    before: Layer | None
    after: Layer | None
    details: tuple[Detail, ...] = ()

    @property
    def only_shapes(self) -> bool:
        """Return whether nothing changed but what comes in and goes out, as it does after another change."""
        return self.kind is LayerKind.CHANGED and all(one.what in _SHAPES for one in self.details)


@dataclass(frozen=True, slots=True)
class PointsChange:
    """A criterion with another outcome, points or maximum; None stands where the rubric did not have it."""

    criterion: str
    before: Finding | None
    after: Finding | None

    @property
    def title(self) -> str:
        """Return the criterion's newest title."""
        found = self.after or self.before
        return found.title if found else self.criterion


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that changed from one report to another.

    Attributes:
        source: cells and modules that changed; empty also where the code of one report was not kept.
        source_known: whether the code of both reports was kept.
        files: files that are gone and files that are new, by name.
        layers: layers that changed, in the order of the newer network.
        points: criteria that were judged otherwise, in the order of the newer rubric.
        notes: sentences that are gone and sentences that are new.
        around: what differs between the two runs.
        reasons: the three keys.
    """

    before: Version
    after: Version
    source: tuple[CellChange, ...]
    source_known: bool
    files: tuple[tuple[str, ...], tuple[str, ...]]
    layers: tuple[LayerChange, ...]
    points: tuple[PointsChange, ...]
    notes: tuple[tuple[str, ...], tuple[str, ...]]
    around: Circumstances
    reasons: tuple[Reason, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Return in a word each what changed; empty when nothing did."""
        old, new = self.before.entry.report, self.after.entry.report
        changed = {
            "files": any(self.files) or bool(self.source) or self._other_files,
            "network": bool(self.layers) or _size(self.before) != _size(self.after),
            "status": old.status != new.status or old.stopped != new.stopped,
            "points": bool(self.points) or (old.points, old.max_points) != (new.points, new.max_points),
            "marks": (old.human_points, old.human_max) != (new.human_points, new.human_max),
            "lateness": old.lateness != new.lateness,
            "accuracy": _measured(old.score) != _measured(new.score),
            "reference": _other_reference(old.score, new.score),
            "notes": any(self.notes),
        }
        found = tuple(word for word, holds in changed.items() if holds)
        # A key may change and nothing else: a limit of the rubric that nobody met.
        return found or (("settings",) if any(one.changed for one in self.reasons) else ())

    @property
    def changed(self) -> bool:
        """Return whether anything that the gradebook knows of is different."""
        return bool(self.words)

    @property
    def _other_files(self) -> bool:
        """Return whether the bytes changed where the code is not known, or is the same."""
        capture = self.reasons[0]
        return capture.changed and any(cause.startswith("the files") for cause in capture.causes)


def compare(before: Version, after: Version) -> Comparison:
    """Return what changed from `before` to `after`, two reports on the same submission."""
    old, new = before.entry.report, after.entry.report
    known = bool(before.source and after.source)
    layers = tuple(_layer_changes(old.layers, new.layers))
    around = circumstances(before.entry, after.entry, before.run, after.run)
    differences = Differences(
        before.source != after.source if known else None,
        bool(layers) or _size(before) != _size(after),
        _other_reference(old.score, new.score),
    )
    return Comparison(
        before,
        after,
        source_changes(before.source, after.source) if known else (),
        known,
        _gone_and_new(old.submission.files, new.submission.files),
        layers,
        tuple(_points_changes(old.findings, new.findings)),
        _gone_and_new(_sentences(old), _sentences(new)),
        around,
        reasons(before.entry, after.entry, differences, around),
    )


def intervals_overlap(one: Score, other: Score) -> bool:
    """Return whether the 95 % intervals of two accuracies have a number in common."""
    return max(one.interval[0], other.interval[0]) <= min(one.interval[1], other.interval[1])


_SHAPES = ("in", "out")


def _sentences(report: Report) -> tuple[str, ...]:
    """Return what is said of the submission as a whole, what being late costs first."""
    return (*([report.lateness.reason] if report.lateness is not None else []), *report.notes)


def _layer_changes(before: Sequence[Layer], after: Sequence[Layer]) -> Iterator[LayerChange]:
    for pair in align(before, after, Measure(_identity, _likeness, 0.3)):
        if pair.before is None:
            yield LayerChange(LayerKind.ADDED, None, pair.after)
        elif pair.after is None:
            yield LayerChange(LayerKind.REMOVED, pair.before, None)
        elif details := tuple(_details(_facts(pair.before), _facts(pair.after))):
            yield LayerChange(LayerKind.CHANGED, pair.before, pair.after, details)


def _facts(layer: Layer) -> dict[str, str]:
    """Return what can change about a layer, as text; where it stands in the source is not part of it."""
    return {
        "operator": layer.op,
        "name": layer.name,
        **{key: _value(value) for key, value in layer.settings.items()},
        "in": _value(layer.inputs),
        "out": _value(layer.outputs),
        "parameters": f"{layer.parameters:,}",
        "used": "yes" if layer.on_path else "no",
    }


def _identity(layer: Layer) -> tuple[tuple[str, str], ...]:
    return tuple(_facts(layer).items())


def _likeness(one: Layer, other: Layer) -> float:
    """Weigh what makes a student call it the same layer; shapes follow from the layers before."""
    if one.op != other.op and (one.role is not other.role or one.role is Role.OTHER):
        return 0.0
    return (
        0.3
        + 0.1 * (one.op == other.op)
        + 0.2 * (one.name == other.name)
        + 0.15 * (one.settings == other.settings)
        + 0.15 * (one.parameters == other.parameters)
        + 0.05 * (one.inputs == other.inputs)
        + 0.05 * (one.outputs == other.outputs)
    )


def _details(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Detail]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name, "") != after.get(name, ""):
            yield Detail(name, before.get(name, ""), after.get(name, ""))


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "×".join(_value(one) for one in value) or "one number"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _points_changes(before: Sequence[Finding], after: Sequence[Finding]) -> Iterator[PointsChange]:
    old, new = {one.criterion: one for one in before}, {one.criterion: one for one in after}
    for criterion in dict.fromkeys((*new, *old)):
        one, other = old.get(criterion), new.get(criterion)
        if _verdict(one) != _verdict(other):
            yield PointsChange(criterion, one, other)


def _verdict(finding: Finding | None) -> object:
    return finding and (finding.outcome, finding.points, finding.max_points)


def _gone_and_new(before: Sequence[str], after: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(one for one in before if one not in after), tuple(one for one in after if one not in before)


def _size(version: Version) -> tuple[int | None, int | None]:
    model = version.entry.report.model
    return (model.parameters, model.flops) if model else (None, None)


def _measured(score: Score | None) -> tuple[float, int] | None:
    return (score.accuracy, score.n) if score else None


def _other_reference(before: Score | None, after: Score | None) -> bool:
    """Return whether both were held to a reference, and not to the same one."""
    return before is not None and after is not None and before.reference != after.reference
