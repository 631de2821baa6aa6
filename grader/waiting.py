"""What a batch waits for: trainings, each with the submissions that it is for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from grader.gradebook.records import StoredTraining
from grader.occupancy import Occupancy
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
        memory: bytes that the training takes, about.
        capture_key: where the captured graph is.
        device_memory: bytes that it takes on a GPU; 0 where it is trained on the processor.
        members: the submissions.
    """

    key: str
    turn: Assignment
    cost: float
    memory: int
    capture_key: str
    device_memory: int = 0
    members: list[Member] = field(default_factory=list)

    @property
    def id(self) -> str:
        """Return what the display and the log call it: the first submission, and which of several trainings it is."""
        name = self.members[0].prepared.submission.id
        return f"{name}, seed {self.turn.turn + 1}" if self.turn.turn else name


class Agenda:
    """Trainings in the order in which they are best begun: the longest first, and no two that memory does not hold.

    What is known of them may still grow while the first ones run.
    """

    def __init__(self, room: int, gpu: Occupancy | None = None) -> None:
        """Take the bytes that all trainings at a time may have, and the GPU that they share."""
        self._room, self._gpu = room, gpu
        self._waiting: dict[str, Waiting] = {}
        self._begun: dict[str, Waiting] = {}

    def add(self, waiting: Waiting, member: Member) -> None:
        """Let a submission wait for a training, together with those whose network is identical."""
        there = self._waiting.get(waiting.key) or self._begun.get(waiting.key)
        if there is None:
            there = self._waiting[waiting.key] = waiting
        there.members.append(member)

    def take(self) -> Waiting | None:
        """Return the longest training that fits beside those that run; None where none does, or the GPU is busy.

        Where nothing runs the longest is begun, however large it is.
        """
        used = sum(one.memory for one in self._begun.values())
        several = sorted(self._waiting.values(), key=lambda one: -one.cost)
        found = next((one for one in several if not self._begun or used + one.memory <= self._room), None)
        if found is not None and self._gpu is not None and not self._gpu.admits(found.device_memory, len(self._begun)):
            return None
        if found is not None:
            self._begun[found.key] = self._waiting.pop(found.key)
        return found

    def done(self, waiting: Waiting) -> None:
        """Make room again; who comes later with the same network waits for another training."""
        self._begun.pop(waiting.key, None)

    @property
    def begun(self) -> bool:
        """Tell whether a training runs."""
        return bool(self._begun)

    def costs(self) -> dict[str, float]:
        """Return the FLOPs of every training that is not done, by what it is called."""
        return {one.id: one.cost for one in (*self._waiting.values(), *self._begun.values())}


def bare(prepared: Prepared) -> Prepared:
    """Let go of the bytes, so that a large class does not fill the memory."""
    return replace(prepared, files={}, documents={})
