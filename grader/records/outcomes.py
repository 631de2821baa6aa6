"""How gradings end, and where in a submission."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from grader.records.shapes import Shape


class Outcome(StrEnum):
    """How one criterion ended."""

    PASSED = "passed"
    """Points at or above the criterion's `pass_at`."""
    FAILED = "failed"
    """Points below `pass_at`; partial points may still be there."""
    SKIPPED = "skipped"
    """Not judged, because of another criterion or because it was not asked for; the rationale says which."""
    PENDING = "pending"
    """A human's to judge."""
    ERROR = "error"
    """The grader's fault; points stay empty."""


class Status(StrEnum):
    """How a whole report ended."""

    GRADED = "graded"
    """Every automatic criterion was judged, whether it passed or not."""
    STUDENT_FAULT = "student_fault"
    """What was handed in cannot be read, built or run; what ran before that is judged."""
    NEEDS_HUMAN = "needs_human"
    """The machine cannot decide; points stay open until somebody has looked."""
    GRADER_FAULT = "grader_fault"
    """The grader failed; nobody loses points by it."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a submission.

    Attributes:
        file: path within the submission; None when it is not known.
        cell: number of the code cell from 1; None in a module.
        line: line within the cell or module from 1; None when it is not known.
    """

    file: str | None = None
    cell: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Say it as a student would: `cell 3, line 12` or `net.py, line 12`."""
        place = f"cell {self.cell}" if self.cell is not None else (self.file or "")
        return ", ".join(part for part in (place, f"line {self.line}" if self.line else "") if part)


@dataclass(frozen=True, slots=True)
class Repair:
    """Something that the grader did so that the submission could run; it is said in the report.

    Attributes:
        kind: a short word such as `argument`, `device`, `return`, `import`.
        message: one sentence for the student.
    """

    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where the student's own code stopped.

    Attributes:
        stage: `read`, `build` (making the model), `forward` (a batch of pictures through it) or `capture` (it runs, and
            a captured graph cannot hold the line).
        kind: the exception's class name.
        message: its text, bounded and without control characters.
        where: the student's own frame that is deepest; where a layer of an `nn.Sequential` stopped outside of any, the
            line that made it.
        source: the text of that line, stripped.
        layer: the module's name in which forward stopped (`fc1`); None when it is not in one.
        inputs: shapes of the tensors that the failing call received, the batch axis (of 7) included.
        names: what the object has, where the line asks it for a name that it lacks; as many as are likely meant.
    """

    stage: str
    kind: str
    message: str
    where: Where = field(default_factory=Where)
    source: str = ""
    layer: str | None = None
    inputs: tuple[Shape, ...] = ()
    names: tuple[str, ...] = ()
