"""Everything about one submission, and its JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grader.records.handed import Member, Problem, Submission
from grader.records.mending import Fix, WhatIf
from grader.records.network import Layer, Role
from grader.records.outcomes import Break, Outcome, Repair, Status, Where
from grader.records.plain import plain
from grader.records.results import Advice, CurvePoint, Finding, Keys, Lateness, Model, Training
from grader.records.scores import BandPoint, Confusion, Paired, Recall, Reference, Score, SeedScore

VERSION = 1
"""Of everything that is written to disk."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything about one submission, as `--json` prints it.

    Attributes:
        status: how it ended, as a whole.
        submission: who handed in what.
        model: the model that was found; None where none was.
        layers: what ran, in order; where it broke, what ran before.
        findings: a verdict for each criterion, then one for each mark of a human.
        advice: what was noticed and costs nothing, at most five.
        training: None where nothing was trained.
        score: None where nothing was measured.
        points: that the machine gave, overrides of a human included.
        max_points: that the machine can give.
        human_points: that a human gave; None while marks are pending.
        human_max: that a human can give.
        stopped: the word for what stopped the code (`wall-limit`, `student-error`, …); None where nothing did.
        isolation: which walls stood, and what was tried against them.
        versions: of the grader, Python, torch and others.
        keys: what it was made from.
        broke: where the student's own code stopped; None where it did not.
        version: of this format.
    """

    status: Status
    submission: Submission
    model: Model | None
    layers: tuple[Layer, ...]
    findings: tuple[Finding, ...]
    advice: tuple[Advice, ...]
    training: Training | None
    score: Score | None
    points: float
    max_points: float
    human_points: float | None
    human_max: float
    stopped: str | None
    isolation: dict[str, Any]
    versions: dict[str, str]
    keys: Keys
    broke: Break | None = None
    notes: tuple[str, ...] = ()
    """Sentences about the submission as a whole: cells that did not parse, other candidates, why a human
    is needed."""
    version: int = VERSION
    code: str = ""
    """The catalogue's number for what stopped it, which `grader check --explain` takes; empty where nothing did."""
    cause: str = ""
    """Why it stopped, with numbers; empty where nothing did, or where that is not known."""
    help: str = ""
    """The one thing to change, so that it does not stop there; empty where that is not known."""
    what_if: WhatIf | None = None
    """What the network would do with its error mended; None where it did not stop, or where nobody asked."""

    lateness: Lateness | None = None
    """What the rubric takes for being late; None where it takes nothing."""

    def to_json(self) -> dict[str, Any]:
        """Return the fixed interface of `docs/architecture.md` as plain values."""
        found = plain(self)
        submission = found.pop("submission")
        submission.pop("places")
        for layer in (*found["layers"], *(found["what_if"] or {"layers": ()})["layers"]):
            layer["in"], layer["out"] = layer.pop("inputs"), layer.pop("outputs")
            where = layer.pop("where")
            layer.update(cell=where["cell"], line=where["line"])
        return {"version": found.pop("version"), "status": found.pop("status"), "submission": submission, **found}


def report_from_json(stored: dict[str, Any]) -> Report:
    """Rebuild a report from `Report.to_json()`; raise KeyError, TypeError or ValueError where it is not one."""
    data = dict(stored)
    if data.pop("version") != VERSION:
        raise ValueError(f"a report of version {stored['version']} cannot be read by version {VERSION}")
    lateness = data.pop("lateness", None)
    model, training, score, broke = (data.pop(key) for key in ("model", "training", "score", "broke"))
    return Report(
        status=Status(data.pop("status")),
        submission=_submission(data.pop("submission")),
        model=model
        and Model(
            **{**model, "where": Where(**model["where"]), "repairs": tuple(Repair(**one) for one in model["repairs"])}
        ),
        layers=tuple(_layer(one) for one in data.pop("layers")),
        findings=tuple(Finding(**{**one, "outcome": Outcome(one["outcome"])}) for one in data.pop("findings")),
        advice=tuple(Advice(**{**one, "where": Where(**one.get("where", {}))}) for one in data.pop("advice")),
        training=training and Training(**{**training, "curve": tuple(CurvePoint(**one) for one in training["curve"])}),
        score=score and _score(score),
        keys=Keys(**data.pop("keys")),
        broke=broke
        and Break(
            **{
                **broke,
                "where": Where(**broke["where"]),
                "inputs": tuple(map(tuple, broke["inputs"])),
                "names": tuple(broke.get("names", ())),
            }
        ),
        notes=tuple(data.pop("notes")),
        what_if=_what_if(data.pop("what_if", None)),
        lateness=lateness and Lateness(**lateness),
        **data,
    )


def _submission(stored: dict[str, Any]) -> Submission:
    """Read a submission; reports from before the fields with a default have only the first three."""
    problem = stored.get("problem")
    return Submission(
        id=stored["id"],
        student=stored["student"],
        files=tuple(stored["files"]),
        late=stored.get("late", False),
        group=tuple(stored.get("group", ())),
        email=stored.get("email", ""),
        superseded=tuple(stored.get("superseded", ())),
        problem=problem and Problem(**problem),
        handed_in=stored.get("handed_in", ""),
        members=tuple(Member(**one) for one in stored.get("members", ())),
    )


def _what_if(stored: dict[str, Any] | None) -> WhatIf | None:
    if stored is None:
        return None
    return WhatIf(
        **{
            **stored,
            "fixes": tuple(Fix(**one) for one in stored["fixes"]),
            "layers": tuple(_layer(one) for one in stored["layers"]),
            "where": Where(**stored["where"]),
        }
    )


def _layer(stored: dict[str, Any]) -> Layer:
    data = dict(stored)
    where = Where(cell=data.pop("cell"), line=data.pop("line"))
    return Layer(
        role=Role(data.pop("role")), where=where, inputs=tuple(data.pop("in")), outputs=tuple(data.pop("out")), **data
    )


def _score(stored: dict[str, Any]) -> Score:
    """Read a score; reports from before the fields with a default have only the first four."""
    reference, against = stored["reference"], stored.get("against")
    low, high = stored["interval"]
    return Score(
        accuracy=stored["accuracy"],
        interval=(low, high),
        n=stored["n"],
        reference=reference and _reference(reference),
        seeds=tuple(SeedScore(**one) for one in stored.get("seeds", ())),
        classes=tuple(Recall(**one) for one in stored.get("classes", ())),
        confused=tuple(Confusion(**one) for one in stored.get("confused", ())),
        against=against and Paired(**against),
    )


def _reference(stored: dict[str, Any]) -> Reference:
    curve = tuple(BandPoint(**one) for one in stored.get("curve", ()))
    return Reference(**{**stored, "accuracies": tuple(stored["accuracies"]), "curve": curve})
