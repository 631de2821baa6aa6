"""What a batch runs on: this machine, or an engine's with one kind of hardware or several.

With several kinds every network is trained on one of them, whole, and judged by the reference that was trained there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

from grader import hardware, memory
from grader.engines.parcel import Parcel
from grader.engines.remote import Kind, Remote
from grader.folders import cache_folder
from grader.gradebook import Gradebook
from grader.occupancy import Occupancy, of_first_gpu
from grader.orders import Assignment, training_content, training_key
from grader.reference import fingerprint_of, memory_of, reference_for, remembered, speed
from grader.scoring import Standard
from grader.shelf import Shelf
from grader.waiting import Agenda
from grader.work import Plain


@dataclass(frozen=True, slots=True)
class Fleet:
    """The machines of a batch.

    Attributes:
        executor: the engine.
        kinds: of hardware that are used, the first of them the gradebook's own.
        assignments: what a submission is graded by, on each kind.
    """

    executor: Executor
    kinds: tuple[Kind, ...]
    assignments: tuple[Assignment, ...]

    @classmethod
    def of(cls, executor: Executor, assignment: Assignment, gradebook: Gradebook, *, mixed: bool) -> Fleet:
        """Ask the machines what they are; without `mixed` those of one kind alone are used.

        Raises:
            OperatorFault: none of them can grade.
        """
        if isinstance(executor, Remote):
            machines = executor.begin(None if assignment.data is None else Parcel.of(assignment.data))
            assignment = replace(assignment, isolation=machines.isolation)
            kinds = _in_order(machines.kinds, gradebook)[: None if mixed else 1]
            executor.use(kinds)
        else:
            kinds = (Kind(_of_this_machine(executor, assignment.device), 1, "this machine"),)
        several = tuple(replace(assignment, fingerprint=one.fingerprint) for one in kinds)
        return cls(executor, kinds, several)

    @property
    def assignment(self) -> Assignment:
        """Return what a submission is graded by on the gradebook's own hardware."""
        return self.assignments[0]

    @property
    def fingerprint(self) -> dict[str, Any]:
        """Return the gradebook's own hardware."""
        return self.kinds[0].fingerprint

    @property
    def several(self) -> tuple[dict[str, Any], ...]:
        """Return all hardware that is used, where it is of several kinds; else nothing."""
        return tuple(one.fingerprint for one in self.kinds) if len(self.kinds) > 1 else ()

    def beside(self, others: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        """Return all hardware besides the gradebook's own: `others`, of which it holds results, and that of today."""
        today = [one.fingerprint for one in self.kinds[1:] if one.fingerprint not in others]
        return (*others, *today)

    def measured(self, mixture: tuple[str, ...], gradebook: Gradebook, tell: Callable[[str], None]) -> Fleet:
        """Train the reference on each kind; keep what came of it in the gradebook. Reports will say the `mixture`.

        Raises:
            OperatorFault: the reference cannot be graded.
        """
        found = [replace(one, mixed=mixture) for one in self.assignments]
        if self.assignment.data is not None:
            for index, one in enumerate(found):
                if len(found) > 1:
                    tell(f"The reference is held to {hardware.sentence(one.fingerprint)}.")
                standard = reference_for(one, self.executor.submit, tell)
                found[index] = replace(one, reference=standard)
                kept = memory_of(one)
                gradebook.keep_reference(kept.key, kept.text())
            found = list(levelled(found))
        return replace(self, assignments=tuple(found))

    @property
    def slots(self) -> Callable[[], int] | None:
        """Return what tells how many jobs run at a time now; None on this machine, where it never changes."""
        return self.executor.slots if isinstance(self.executor, Remote) else None

    def agenda(self) -> Agenda:
        """Return an empty agenda: memory is reckoned for this machine; a node has room for its slots' limits."""
        if isinstance(self.executor, Remote):
            return Agenda(sys.maxsize)
        gpu = Occupancy(of_first_gpu()) if self.fingerprint["device"] == "cuda" else None
        return Agenda(memory.free_bytes(), gpu)

    def placing(self, shelf: Shelf) -> Callable[[Plain], Assignment] | None:
        """Return what says on which kind a network is trained; None where there is one kind alone."""
        if len(self.kinds) == 1 or self.assignment.data is None:
            return None
        paces = [speed(one) for one in self.assignments]
        seconds = [1.0 if pace is None else pace.seconds(1.0) for pace in paces]
        rates = tuple(one.slots / each for one, each in zip(self.kinds, seconds, strict=True))
        return Placing(self.assignments, rates, shelf).place


@dataclass(slots=True)
class Placing:
    """Which kind of hardware trains which network: that with the least to do, and the same for all of its seeds.

    Attributes:
        assignments: one for each kind.
        rates: how much each kind trains in a second, FLOPs of a picture.
        shelf: trainings that are there; a network goes on where it began.
    """

    assignments: tuple[Assignment, ...]
    rates: tuple[float, ...]
    shelf: Shelf
    _load: list[float] = field(default_factory=list)
    _chosen: dict[str, int] = field(default_factory=dict)

    def place(self, captured: Plain) -> Assignment:
        """Return the assignment of the kind that trains a captured network."""
        graph, cost = captured["graph"], float(captured["examination"]["flops"])
        content = training_content(graph, self.assignments[0])
        if content not in self._chosen:
            self._chosen[content] = self._choose(graph, cost)
        return self.assignments[self._chosen[content]]

    def _choose(self, graph: str, cost: float) -> int:
        self._load = self._load or [0.0] * len(self.rates)
        for index, one in enumerate(self.assignments):
            keys = (training_key(graph, turn) for turn in one.turns)
            if any(self.shelf.gradebook.find_training(key, self.shelf.since) is not None for key in keys):
                return index
        index = min(range(len(self.rates)), key=lambda one: (self._load[one] + cost) / self.rates[one])
        self._load[index] += cost
        return index


def held_to(
    assignment: Assignment, gradebook: Gradebook, kinds: Sequence[dict[str, Any]]
) -> dict[str, Standard | None]:
    """Return what networks are held to that were trained on each of several kinds, as a gradebook remembers it.

    It is by the digests of their fingerprints; a kind whose reference is not known for this assignment is left out.
    """
    known = []
    for one in (replace(assignment, fingerprint=fingerprint) for fingerprint in kinds):
        kept = memory_of(one)
        text = gradebook.find_reference(kept.key)
        if remembered(one) is None and text is not None:
            kept.write(text)
        known.append(replace(one, reference=remembered(one)))
    found = levelled([one for one in known if one.reference is not None])
    return {hardware.digest(one.fingerprint): one.reference for one in found}


def levelled(assignments: Sequence[Assignment]) -> tuple[Assignment, ...]:
    """Return assignments whose references ask for the least that any kind's asks for.

    On other hardware the reference comes out a little otherwise, as with another seed. Nobody earns less for where a
    network was trained, so the lowest target counts for all; each keeps its own mean, deviation and answers.
    """
    standards = [one.reference for one in assignments if one.reference is not None]
    if len(standards) < 2:
        return tuple(assignments)
    least = min(one.reference.target for one in standards)
    return tuple(replace(one, reference=_with_target(one.reference, least)) for one in assignments)


def _with_target(standard: Standard | None, target: float) -> Standard | None:
    if standard is None:
        return None
    return replace(standard, reference=replace(standard.reference, target=target))


def _in_order(kinds: tuple[Kind, ...], gradebook: Gradebook) -> tuple[Kind, ...]:
    """Return the kinds, first the one that the gradebook's latest run had, if it is there; then the largest."""
    runs = gradebook.runs()
    before = runs[-1].invocation.fingerprint if runs else {}
    return tuple(sorted(kinds, key=lambda one: one.fingerprint != before))


def _of_this_machine(executor: Executor, device: str) -> dict[str, Any]:
    known = hardware.remembered(cache_folder(), hardware.stamp(device))
    return known if known is not None else fingerprint_of(device, executor.submit)
