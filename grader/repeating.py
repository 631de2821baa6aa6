"""Grade a sample of a batch a second time, from the first byte, and hold it to the gradebook.

Nothing that is stored is used in place of work, and nothing is stored: the files are read, captured, examined and
trained anew by the engine of the night.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from grader.faults import GraderFault
from grader.orders import Assignment, capture_order, prepare, training_content, training_key, training_order
from grader.phases import Job, Night
from grader.pipeline import stored_training
from grader.records import Submission
from grader.repeats import Difference, Repeats, capture_difference, training_difference
from grader.wording import counted
from grader.work import Plain, run_capture, run_training

_AT_ONCE = 8  # networks whose graphs are held in memory


@dataclass(frozen=True, slots=True)
class _Network:
    """A network that was trained here, and the submission that stands for all that handed it in.

    Attributes:
        content: what decides its training besides the hardware, a SHA-256.
        capture_key: what the submission's capture is kept under.
        keys: what its trainings are kept under, in the order of their seeds.
    """

    submission: Submission
    content: str
    capture_key: str
    keys: tuple[str, ...]

    @property
    def again(self) -> str:
        """Return what the display calls it."""
        return f"{self.submission.id}, again"


def repeat(night: Night, found: Sequence[Submission], count: int) -> Repeats:
    """Grade at most `count` of the networks of `found` anew, and say where one parts from the gradebook.

    Which ones is decided by what was trained, so that every machine with this batch chooses the same: the `count`
    lowest contents, each a SHA-256. Of submissions with the same network the first by id stands for all.

    Raises:
        StorageFault: a log cannot be written.
    """
    networks, elsewhere, untrained = _trained_here(night, found)
    sample = sorted(networks, key=lambda one: one.content)[:count]
    if sample:
        night.progress.message(f"Repeating {len(sample):,} of {counted(len(networks), 'network')} from the first byte.")
    again = _Again(night)
    for start in range(0, len(sample), _AT_ONCE):
        night.each(again.captures(sample[start : start + _AT_ONCE]))
        night.each(again.trainings())
    again.log_equal(sample)
    turns = len(night.assignment.turns)
    return Repeats(
        len(again.settled(sample)),
        len(networks),
        again.done.total(),
        len(networks) * turns,
        tuple(Difference(name, again.parted[name][1]) for name in sorted(again.parted)),
        elsewhere,
        untrained,
        night.interrupted,
    )


def _trained_here(night: Night, found: Sequence[Submission]) -> tuple[list[_Network], int, int]:
    """Return the different networks; how many submissions other hardware trained, and how many nobody trained."""
    gradebook, turns = night.shelf.gradebook, night.assignment.turns
    reports = {one.submission.id: one for one in gradebook.current_reports()}
    networks: dict[str, _Network] = {}
    elsewhere = untrained = 0
    for submission in sorted(found, key=lambda one: one.id):
        keys = reports[submission.id].keys if submission.id in reports else None
        captured = gradebook.find_capture(keys.capture) if keys is not None and keys.training else None
        if keys is None or captured is None:
            untrained += 1
            continue
        own = tuple(training_key(captured.graph, turn) for turn in turns)
        if own[0] != keys.training or any(gradebook.find_training(key) is None for key in own):
            elsewhere += 1
            continue
        content = training_content(captured.graph, turns[0])
        networks.setdefault(content, _Network(submission, content, keys.capture, own))
    return list(networks.values()), elsewhere, untrained


@dataclass(slots=True)
class _Again:
    """The second grading on its way.

    Attributes:
        done: trainings that were compared, by submission.
        parted: by submission, the earliest training that parts (-1 is the capture) and where.
    """

    night: Night
    done: Counter[str] = field(default_factory=Counter)
    parted: dict[str, tuple[int, str]] = field(default_factory=dict)
    _ready: list[tuple[_Network, Plain]] = field(default_factory=list)

    def captures(self, sample: Sequence[_Network]) -> Iterator[Job]:
        """Read each submission again and order its capture."""
        for one in sample:
            prepared = prepare(one.submission, self.night.assignment)
            order = capture_order(prepared, self.night.assignment, capture=True, explain=False)
            if order is None or prepared.capture_key != one.capture_key:
                self._part(one, -1, "its files are no longer those that were graded")
                continue
            yield run_capture, {**order, "id": one.again}, self._capturing(one)

    def trainings(self) -> Iterator[Job]:
        """Order every training of the graphs that were captured, the longest first; their bytes are let go of."""
        ready, self._ready = self._ready, []
        for one, captured in sorted(ready, key=lambda pair: -pair[1]["examination"]["flops"]):
            for turn in self.night.assignment.turns:
                order = training_order(one.again, captured, captured["document"], captured["tensors"], turn)
                yield run_training, order, self._training(one, captured, turn)

    def settled(self, sample: Sequence[_Network]) -> list[_Network]:
        """Return those of which is known whether they come out alike."""
        return [one for one in sample if self.done[one.submission.id] == len(one.keys) or self._parted(one)]

    def log_equal(self, sample: Sequence[_Network]) -> None:
        """Write into their logs which came out alike; `_part` has written the others."""
        for one in self.settled(sample):
            if not self._parted(one):
                self.night.logs.write(one.submission.id, ["repeat: equal to the last bit"])

    def _capturing(self, one: _Network) -> Callable[[Future[Any]], None]:
        def finish(future: Future[Any]) -> None:
            with self._blamed(one, -1):
                captured = future.result()["captured"]
                stored = self.night.shelf.gradebook.find_capture(one.capture_key)
                assert stored is not None
                difference = capture_difference({**stored.meta, "graph": stored.graph}, captured)
                if difference is not None:
                    self._part(one, -1, difference)
                else:
                    self._ready.append((one, captured))

        return finish

    def _training(self, one: _Network, captured: Plain, turn: Assignment) -> Callable[[Future[Any]], None]:
        graph, flops = captured["graph"], float(captured["examination"]["flops"])

        def finish(future: Future[Any]) -> None:
            with self._blamed(one, turn.turn):
                now = stored_training(future.result(), graph, turn)
                before = self.night.shelf.gradebook.find_training(one.keys[turn.turn])
                assert before is not None
                self.done[one.submission.id] += 1
                self.night.progress.trained(one.again, flops, now.training.seconds)
                difference = training_difference(before, now)
                if difference is not None:
                    several = f"in its training with seed {now.training.seed}, " if len(one.keys) > 1 else ""
                    self._part(one, turn.turn, several + difference)

        return finish

    def _blamed(self, one: _Network, turn: int) -> AbstractContextManager[None]:
        """Note a fault of ours inside the block as what came out otherwise."""

        def blame(fault: GraderFault) -> None:
            self.night.logs.fault(one.submission.id, "repeat: the grader failed:", fault)
            self._part(one, turn, f"it could not be repeated: {str(fault).rstrip('.')}")

        return self.night.faults(blame)

    def _parted(self, one: _Network) -> bool:
        return one.submission.id in self.parted

    def _part(self, one: _Network, turn: int, what: str) -> None:
        """Note where a submission parts; of several trainings the earliest seed counts, whichever ended first."""
        name = one.submission.id
        self.night.logs.write(name, [f"repeat: {what}"])
        self.parted[name] = min(self.parted.get(name, (turn, what)), (turn, what))
