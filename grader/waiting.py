"""What a batch waits for: trainings, each with the submissions that it is for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from grader.gradebook.records import StoredTraining
from grader.orders import Assignment, Prepared
from grader.work import Plain


@dataclass(slots=True)
class Member:
    """A submission whose network is to be trained.

    Attributes:
        prepared: the submission, its bytes left out.
        explained: what was read from its documents.
        trainings: those that it needs, by key, in the order of their seeds; None while one is not done.
        failed: whether its report is written already, as a training failed.
    """

    prepared: Prepared
    explained: Plain | None = None
    trainings: dict[str, StoredTraining | None] = field(default_factory=dict)
    failed: bool = False

    @property
    def done(self) -> bool:
        """Tell whether nothing is missing and no report is written yet."""
        return not self.failed and all(one is not None for one in self.trainings.values())


@dataclass(slots=True)
class Waiting:
    """One training, and the submissions that it is for (identical networks are trained once).

    Attributes:
        key: what it is kept under.
        turn: the assignment with the seed of this training.
        cost: FLOPs of the network, for one picture.
        capture_key: where the captured graph is.
        members: the submissions.
    """

    key: str
    turn: Assignment
    cost: float
    capture_key: str
    members: list[Member] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return what the display and the log call it: the first submission, and which of several trainings it is."""
        name = self.members[0].prepared.submission.id
        return f"{name}, seed {self.turn.turn + 1}" if self.turn.turn else name


def bare(prepared: Prepared) -> Prepared:
    """Let go of the bytes, so that a large class does not fill the memory."""
    return replace(prepared, files={}, documents={})
