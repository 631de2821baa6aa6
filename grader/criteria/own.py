"""Judge by a function of the instructor's own, which the rubric names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.criteria.evidence import Criterion, Evidence, Verdict
from grader.own import Finding, ModelGraph
from grader.records import Outcome
from grader.rubric.functions import where_in

if TYPE_CHECKING:
    from grader.rubric import Rubric, Rule


class OwnCriterionError(Exception):
    """A function of the instructor's raised, or answered with what is no finding; the text says where."""


def own_criterion(rubric: Rubric, name: str) -> Criterion:
    """Return the criterion that the rubric defines itself under `name`."""
    found = rubric.own[name]

    def judge(evidence: Evidence, rule: Rule) -> Verdict:
        graph = model_graph(evidence)
        if graph is None:
            return Verdict(
                None, "Not judged, because the network did not run to its end.", evidence={"because": "output"}
            )
        try:
            answer = found.call(graph, dict(rule.parameters))
        except Exception as error:
            raise OwnCriterionError(where_in(error, found.path)) from error
        return _verdict(answer, rubric.criteria[name].check or name)

    return Criterion(name, rubric.own_definitions[name], judge, found.title)


def model_graph(evidence: Evidence) -> ModelGraph | None:
    """Return the network for criteria of an instructor's own; None where it did not run from end to end."""
    examination = evidence.examination
    if examination is None or not examination.complete:
        return None
    return ModelGraph(
        shape=evidence.shape,
        classes=evidence.classes,
        layers=examination.layers,
        parameters=examination.parameters,
        flops=examination.flops,
        constants=examination.constants,
        meaning=examination.meaning,
        unused=examination.unused,
        frozen=examination.frozen,
        linear_pairs=examination.linear_pairs,
        accuracy=evidence.score.accuracy if evidence.score is not None else None,
    )


def _verdict(answer: object, check: str) -> Verdict:
    if not isinstance(answer, Finding):
        raise OwnCriterionError(
            f"{check} returned {type(answer).__name__}; a criterion returns a Finding, as grader.own.passed does"
        )
    if answer.outcome is Outcome.SKIPPED:
        return Verdict(None, answer.rationale, answer.help, dict(answer.evidence))
    if answer.outcome not in (Outcome.PASSED, Outcome.FAILED) or answer.points is None or answer.max_points <= 0:
        raise OwnCriterionError(f"what {check} returned neither passes nor fails, or has no points")
    share = answer.points / answer.max_points
    if not 0 <= share <= 1:
        raise OwnCriterionError(f"{check} gives {answer.points:g} of {answer.max_points:g} points")
    return Verdict(share, answer.rationale, answer.help, dict(answer.evidence))
