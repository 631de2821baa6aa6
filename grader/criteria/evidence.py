"""What a criterion looks at, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from grader.rubric import Definition, Parameter, Rule

if TYPE_CHECKING:
    from grader.records import Break, Examination, Layer, Passage, Repair, Role, Score, Shape, Training


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known about one submission when it is judged.

    Attributes:
        classes: scores that the network must answer with.
        shape: one picture, `(3, 32, 32)`.
        examination: what the replay showed; None when nothing was captured.
        broke: where the student's own code stopped; None when it did not.
        repairs: what the grader did so that the submission could run.
        stopped: outcome word when the child was stopped (`wall-limit`, `killed-sig11`, …).
        training: the training under the recipe; None when there was none.
        score: accuracy on the held-out pictures; None when there is none.
        trained: whether training was asked for at all.
        cause: what the diagnosis says about `broke` or `stopped`; empty when there is none.
        help: the diagnosis's next step; empty when there is none.
        code: the diagnosis's code, `E02`; empty when there is none.
        unseen: why nothing could be captured although the submission may be right (only a link was handed
            in, a construct that cannot be captured), as a sentence; a human then judges everything.
        explanation: what the student wrote, in the notebook and beside it; None when it was not looked for.
        explanation_problems: one sentence for each document that could not be read whole.
    """

    classes: int
    shape: Shape
    examination: Examination | None = None
    broke: Break | None = None
    repairs: tuple[Repair, ...] = ()
    stopped: str | None = None
    training: Training | None = None
    score: Score | None = None
    trained: bool = False
    cause: str = ""
    help: str = ""
    unseen: str = ""
    explanation: tuple[Passage, ...] | None = None
    explanation_problems: tuple[str, ...] = ()
    code: str = ""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Return the layers that ran, in order."""
        return self.examination.layers if self.examination else ()

    @property
    def complete(self) -> bool:
        """Tell whether the network ran from the picture to its answer."""
        return self.examination is not None and self.examination.complete

    def on_path(self, *roles: Role) -> list[tuple[int, Layer]]:
        """Return position and layer of those on the way to the scores that have one of the roles."""
        return [(at, layer) for at, layer in enumerate(self.layers) if layer.on_path and layer.role in roles]

    def repaired(self, *kinds: str) -> str:
        """Return the messages of the repairs of these kinds, as one text; empty when there were none."""
        return " ".join(repair.message for repair in self.repairs if repair.kind in kinds)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A criterion's answer.

    Attributes:
        share: of the points, from 0 to 1; None when it could not be judged.
        rationale: what was expected and what was found.
        help: one next step; empty unless the evidence points to it.
        evidence: the numbers behind the rationale.
    """

    share: float | None
    rationale: str
    help: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)


Judge = Callable[[Evidence, Rule], Verdict]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A question, what a rubric may leave out about it, and the function that answers it."""

    id: str
    definition: Definition
    judge: Judge
    meaning: str


def criterion(
    title: str,
    requires: tuple[str, ...] = ("built",),
    pass_share: float = 1.0,
    parameters: Mapping[str, Parameter] | None = None,
) -> Callable[[Judge], Criterion]:
    """Make a criterion of a function; the function's name is the id and its docstring the row of documentation."""

    def make(judge: Judge) -> Criterion:
        definition = Definition(title, requires, pass_share, parameters or {})
        return Criterion(judge.__name__, definition, judge, judge.__doc__ or "")

    return make
