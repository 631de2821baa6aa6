"""Why a report is not the one before: which of its three keys changed, and what each of them is made from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from grader.gradebook.records import Entry, Run
from grader.wording import listed

Value = TypeVar("Value")

TABLES = {
    "capture": ("input", "extract", "budget", "limits"),
    "training": ("recipe", "data"),
    "score": ("title", "input", "criteria", "human", "late"),
}
"""The tables of a rubric that each key depends on."""

_MOST_VALUE = 60  # characters of one setting
_ASKED = ("data", "device", "labels")  # options of a run that its numbers may depend on


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that has another value.

    Attributes:
        what: its name, such as `recipe.steps`.
        before: its value as text; empty where there was none.
        after: the same for what it is now.
    """

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One of a report's keys.

    Attributes:
        key: `capture`, `training` or `score`.
        changed: whether it is another one.
        causes: what changed among the things that it is made from, a few words each.
    """

    key: str
    changed: bool
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What differs between two runs, whatever was handed in: settings of the rubric, versions, hardware, options."""

    rubric: tuple[Detail, ...]
    versions: tuple[Detail, ...]
    hardware: tuple[Detail, ...]
    options: tuple[Detail, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """What is known to differ between two reports.

    Attributes:
        code: whether the text of the code differs; None where it was not kept.
        network: whether the layers differ.
        reference: whether the reference's accuracy differs.
    """

    code: bool | None
    network: bool
    reference: bool


def circumstances(before: Entry, after: Entry, old: Run, new: Run) -> Circumstances:
    """Compare the runs `old` and `new`, which made the reports `before` and `after`."""
    asked, asks = old.invocation, new.invocation
    options = tuple({key: one.options.get(key) for key in _ASKED} for one in (asked, asks))
    return Circumstances(
        rubric_changes(asked.rubric, asks.rubric),
        tuple(_details(before.report.versions, after.report.versions)),
        tuple(_details(_hardware(before, old), _hardware(after, new))),
        tuple(_details(*options)),
    )


def rubric_changes(before: str, after: str) -> tuple[Detail, ...]:
    """Return the settings that differ between the texts of two rubrics, by whole name."""
    return tuple(_details(_settings(before), _settings(after)))


def _hardware(entry: Entry, run: Run) -> Mapping[str, Any]:
    """Return what a report was trained on; where it was not trained, what its run would have trained on."""
    training = entry.report.training
    return (training.hardware if training else None) or run.invocation.fingerprint


def reasons(before: Entry, after: Entry, differences: Differences, around: Circumstances) -> tuple[Reason, ...]:
    """Say of each key whether it changed and, as far as it can be told, why."""
    old, new = before.report.keys, after.report.keys
    capture, training = old.capture != new.capture, old.training != new.training
    return (
        _reason(
            "capture", (old.capture, new.capture), _capture_causes(differences, around), "the files, not their code"
        ),
        _reason("training", (old.training, new.training), _training_causes(differences, around), "the first weights"),
        _reason(
            "score",
            (old.score, new.score),
            _score_causes(differences, around, trained_anew=training or capture),
            "the held-out labels, or the documents beside the code",
        ),
    )


def _reason(key: str, values: tuple[str, str], causes: Iterator[str], otherwise: str) -> Reason:
    before, after = values
    if before == after:
        return Reason(key, changed=False)
    if not before or not after:
        return Reason(key, changed=True, causes=("there is none now" if before else "there was none before",))
    return Reason(key, changed=True, causes=tuple(causes) or (otherwise,))


def _capture_causes(differences: Differences, around: Circumstances) -> Iterator[str]:
    if differences.code is not False:
        yield "the files"
    yield from _rubric_causes("capture", around)
    if any(one.what == "recipe.batch" for one in around.rubric):
        yield "the rubric's recipe.batch"
    if any(one.what == "torch" for one in around.versions):
        yield "PyTorch's version"


def _training_causes(differences: Differences, around: Circumstances) -> Iterator[str]:
    if differences.network:
        yield "the network"
    yield from _rubric_causes("training", around)
    if any(one.what == "data" for one in around.options):
        yield "the folder of pictures"
    if around.hardware:
        yield f"the hardware ({listed([one.what for one in around.hardware])})"


def _score_causes(differences: Differences, around: Circumstances, *, trained_anew: bool) -> Iterator[str]:
    if trained_anew:
        yield "the network's answers"
    yield from _rubric_causes("score", around)
    if any(one.what == "labels" for one in around.options):
        yield "corrected labels"
    if differences.reference:
        yield "the reference's accuracy"


def _rubric_causes(key: str, around: Circumstances) -> Iterator[str]:
    changed = [one.what for one in around.rubric if one.what.partition(".")[0] in TABLES[key]]
    if changed:
        yield f"the rubric's {listed(changed)}"


def _details(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Detail]:
    for name in dict.fromkeys((*before, *after)):
        if before.get(name) != after.get(name):
            yield Detail(str(name), _text(before.get(name)), _text(after.get(name)))


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case float() | int() if not isinstance(value, bool):
            return f"{value:g}" if isinstance(value, float) else f"{value}"
    text = " ".join(str(value).split())
    return text if len(text) <= _MOST_VALUE else f"{text[: _MOST_VALUE - 1]}…"


@lru_cache(maxsize=16)
def _settings(rubric: str) -> Mapping[str, Any]:
    """Return each setting of a rubric's text under its whole name; nothing where it cannot be read any more.

    A class has as many reports as students and few rubrics, so the latest are kept.
    """
    try:
        return dict(_flat("", tomllib.loads(rubric)))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _flat(above: str, table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{above}{name}.", value)
        else:
            yield f"{above}{name}", value
