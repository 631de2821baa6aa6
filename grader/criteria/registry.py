"""Collect the criteria and judge a submission by them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from grader.criteria import accuracy, building, layers, learning, sequence
from grader.criteria.evidence import Criterion, Evidence, Verdict
from grader.criteria.human import pending
from grader.criteria.own import OwnCriterionError, own_criterion
from grader.records import Finding, Outcome
from grader.rubric import Definition, Rubric, Rule
from grader.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

CRITERIA: Mapping[str, Criterion] = {
    found.id: found
    for module in (building, layers, sequence, learning, accuracy)
    for found in vars(module).values()
    if isinstance(found, Criterion)
}
"""Every criterion by its id, in the order in which the modules define them."""

DEFINITIONS: Mapping[str, Definition] = {name: found.definition for name, found in CRITERIA.items()}
"""What `grader.rubric.load` must know."""

_ROUNDING = 1e-9


def criterion_of(rubric: Rubric, name: str) -> Criterion:
    """Return the criterion that a rubric means by `name`: one of these, or one that it defines itself."""
    return CRITERIA[name] if name in CRITERIA else own_criterion(rubric, name)


def judge(rubric: Rubric, evidence: Evidence) -> tuple[Finding, ...]:
    """Return a finding for every criterion of the rubric, then one for every mark that a human gives.

    A criterion that the rubric does not list, but that a listed one requires, is judged and not shown.
    """
    done: dict[str, Finding] = {}
    for name in rubric.criteria:
        _judge_into(done, name, rubric, evidence)
    automatic = tuple(done[name] for name in rubric.criteria)
    return automatic + tuple(pending(name, mark, evidence) for name, mark in rubric.human.items())


def _judge_into(done: dict[str, Finding], name: str, rubric: Rubric, evidence: Evidence) -> Finding:
    """Judge one criterion after those that it requires; `rubric.parse` has made sure that none waits for itself."""
    if name in done:
        return done[name]
    found = criterion_of(rubric, name)
    rule = found.definition.complete(rubric.criteria.get(name, Rule(points=0)))
    required = [_judge_into(done, other, rubric, evidence) for other in rule.requires or ()]
    done[name] = _finding(found, rule, evidence, required)
    return done[name]


def _finding(found: Criterion, rule: Rule, evidence: Evidence, required: list[Finding]) -> Finding:
    blank = Finding(found.id, rule.title or found.definition.title, Outcome.SKIPPED, 0.0, rule.points)
    if evidence.unseen and evidence.examination is None:
        rationale = f"A human judges this, because the grader could not look. {sentence(evidence.unseen.rstrip('. '))}"
        return replace(blank, outcome=Outcome.PENDING, points=None, rationale=rationale)
    blocking = next((finding for finding in required if _blocks(finding)), None)
    if blocking:
        return _skipped(blank, blocking)
    try:
        verdict = found.judge(evidence, rule)
    except OwnCriterionError as error:
        rationale = f"The rubric's own criterion failed ({error}); no points are lost, and the instructor is told."
        return replace(blank, outcome=Outcome.ERROR, points=None, rationale=rationale, evidence={"error": str(error)})
    except Exception as error:  # noqa: BLE001 - whatever goes wrong here is the grader's fault and costs nothing
        rationale = "The grader could not judge this; no points are lost, and the instructor is told."
        return replace(
            blank,
            outcome=Outcome.ERROR,
            points=None,
            rationale=rationale,
            evidence={"error": f"{type(error).__name__}: {error}"},
        )
    return _judged(blank, rule, verdict)


def _judged(blank: Finding, rule: Rule, verdict: Verdict) -> Finding:
    said = replace(blank, rationale=verdict.rationale, help=verdict.help, evidence=verdict.evidence)
    if verdict.share is None:
        return said
    points = round(rule.points * verdict.share, 2)
    passed = verdict.share >= 1 if rule.points == 0 else points >= (rule.pass_at or 0) - _ROUNDING
    return replace(
        said,
        outcome=Outcome.PASSED if passed else Outcome.FAILED,
        points=points,
        help="" if verdict.share >= 1 else verdict.help,
        evidence={**verdict.evidence, "share": round(verdict.share, 4)},
    )


def _blocks(finding: Finding) -> bool:
    """Tell whether what requires this finding cannot be judged: it earned nothing, or was itself skipped."""
    return finding.outcome is Outcome.SKIPPED or (finding.outcome is Outcome.FAILED and finding.evidence["share"] == 0)


def _skipped(blank: Finding, blocking: Finding) -> Finding:
    """Name the first cause, however many criteria lie between."""
    because = blocking.evidence.get("because", blocking.criterion)
    title = blocking.evidence.get("because_title", blocking.title)
    rationale = f'Not judged, because it needs this first: "{title}".'
    return replace(blank, rationale=rationale, evidence={"because": because, "because_title": title})
