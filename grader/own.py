"""What a criterion of an instructor's own is written with: the network that was handed in, and how to answer.

A rubric names the function (`check = "criteria.py:small_kernels"`); `docs/own_criteria.md` has three that work. They
run in the grader's own process, without walls, as the grader's own criteria do.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.records import Finding, Layer, Meaning, Outcome, Role, Shape

__all__ = ["Finding", "Layer", "Meaning", "ModelGraph", "Role", "failed", "not_judged", "partly", "passed"]


@dataclass(frozen=True, slots=True)
class ModelGraph:
    """A network that ran from the picture to its scores, as it was captured.

    Attributes:
        shape: of one picture, (C, H, W).
        classes: how many scores the rubric asks for.
        layers: what ran, in order; shapes are those of one picture, without the batch axis.
        parameters: numbers that it learns, each storage once.
        flops: multiply-adds times two for one picture, forward.
        constants: numbers that it carries besides.
        meaning: what its answers are: raw scores, probabilities, ….
        unused: names of parameters that the answer does not depend on.
        frozen: names of parameters that do not learn.
        linear_pairs: names of layers that are joined without a non-linearity between them.
        accuracy: share of held-out pictures that it was right about after the training; None without one.
    """

    shape: Shape
    classes: int
    layers: tuple[Layer, ...]
    parameters: int
    flops: int
    constants: int = 0
    meaning: Meaning = Meaning.LOGITS
    unused: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    linear_pairs: tuple[tuple[str, str], ...] = ()
    accuracy: float | None = None

    def on_path(self, *roles: Role | str) -> list[Layer]:
        """Return the layers on the way to the scores, in order; only those of some roles where any are given."""
        return [one for one in self.layers if one.on_path and (not roles or one.role in roles)]


def passed(rationale: str) -> Finding:
    """Answer that it is so; `rationale` says what was found, with numbers."""
    return partly(1.0, rationale)


def failed(rationale: str, help: str = "") -> Finding:  # noqa: A002 - the report's own word for it
    """Answer that it is not so: what was expected and found, and the one thing to do."""
    return partly(0.0, rationale, help)


def partly(share: float, rationale: str, help: str = "") -> Finding:  # noqa: A002 - as above
    """Answer that a share of the points, from 0 to 1, is earned.

    Raises:
        ValueError: `share` is no share.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share lies between 0 and 1, and {share} does not")
    outcome = Outcome.PASSED if share == 1 else Outcome.FAILED
    return Finding("", "", outcome, float(share), 1.0, rationale, help)


def not_judged(rationale: str) -> Finding:
    """Answer that this cannot be judged here; it earns nothing, and is shown as skipped."""
    return Finding("", "", Outcome.SKIPPED, None, 1.0, rationale)
