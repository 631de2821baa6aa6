"""The night itself: capture everything first, then train the longest first, and save each report at once.

After the first phase, which takes about a second a submission, the broken ones are known and so is the cost of every
training; the second phase keeps all slots busy to its end. A slot that finds no capture left does not wait for those
that still run. Whatever ends the process, what was finished stays.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from grader import events, memory
from grader.faults import EngineFault, GraderFault, QuarantineFault, StorageFault
from grader.gathering import Work
from grader.kept import kept
from grader.logs import Logs
from grader.orders import Assignment, Prepared, capture_order, prepare, training_order, wants_training
from grader.pipeline import conclude, failed, stored_training
from grader.records import Report, Submission
from grader.report.remaining import Speed
from grader.report.terminal import BatchProgress
from grader.shelf import Shelf
from grader.stopping import Stop
from grader.waiting import Agenda, Member, Waiting, bare
from grader.wording import counted
from grader.work import Plain, run_capture, run_training

AHEAD = 2
"""Jobs that are ordered and waiting beyond those that run."""

Job = tuple[Callable[..., Plain], Plain, Callable[[Future[Any]], None]]
"""What an engine runs, with what, and who gets its future."""

_POLL = 0.2  # seconds after which Ctrl-C is noticed


@dataclass(slots=True)
class Night:
    """A batch on its way.

    Attributes:
        most: jobs that run at a time.
        speed: how fast trainings are expected to be, until the first is done; None where nobody knows.
        asides: the assignment of single submissions, by id, where other things are to be said beside their grade.
        reused: how many reports, trainings and captures were there already.
        changed: ids of the submissions whose reports are new.
        rendered: ids of those whose notebooks were laid out for the pages.
        trained: how many trainings were run.
        agenda: the trainings that wait.
        slots: tells how many jobs run at a time now, where machines come and go; None where it is always `most`.
        placing: tells by which assignment a captured network is trained and judged, where there are several kinds of
            hardware; None where there is one.
        saved: is told the id of each submission whose report was kept, while others are still graded.
    """

    assignment: Assignment
    shelf: Shelf
    executor: Executor
    progress: BatchProgress
    logs: Logs
    run: int
    most: int
    speed: Speed | None = None
    asides: dict[str, Assignment] = field(default_factory=dict)
    stop: Stop = field(default_factory=Stop)
    reused: Counter[str] = field(default_factory=Counter)
    changed: set[str] = field(default_factory=set)
    rendered: set[str] = field(default_factory=set)
    trained: int = 0
    agenda: Agenda = field(default_factory=lambda: Agenda(memory.free_bytes()))
    slots: Callable[[], int] | None = None
    placing: Callable[[Plain], Assignment] | None = None
    saved: Callable[[str], None] | None = None
    _captures_left: int = 0

    def grade(self, found: Sequence[Submission]) -> None:
        """Grade every submission; each report is saved as soon as it is made.

        Once every capture has begun, slots that are free train what is known by then.
        """
        self.progress.begin()
        self._captures_left = len(found)
        self.each(chain(self._captures(found), self._trainings()))

    def judge_again(self, several: Sequence[Prepared], because: str) -> None:
        """Judge what was captured before; train what is not there, `because` says in half a sentence why."""
        for prepared in several:
            captured = self.shelf.captured(prepared.capture_key) if prepared.captures else None
            explained = self.shelf.explained(prepared.documents_key)
            self._captured(prepared, captured, explained, reused=captured is not None)
        plan = self.agenda.costs()
        if plan and not self.interrupted:
            self.progress.message(f"{counted(len(plan), 'training')} cannot be taken over: {because}.")
            self.progress.plan(plan, self.speed)
            self.each(self._trainings())

    @property
    def interrupted(self) -> bool:
        """Tell whether it was stopped before its end."""
        return self.stop.presses > 0

    def each(self, jobs: Iterator[Job | None]) -> None:
        """Run jobs, few of them ahead; `finish` of each gets its future, in this thread.

        None among them says that the next one has to wait for one that runs.
        """
        running: dict[Future[Any], Callable[[Future[Any]], None]] = {}
        while True:
            most = self.most if self.slots is None else self.slots()
            while len(running) < most + AHEAD and not self.stop.presses:
                job = next(jobs, None)
                if job is None:
                    break
                function, order, finish = job
                running[self.executor.submit(function, order)] = finish
            if not running:
                return
            for future in wait(running, timeout=_POLL, return_when=FIRST_COMPLETED).done:
                running.pop(future)(future)
            if self.stop.presses:
                running = {future: finish for future, finish in running.items() if not future.cancel()}
            if self.stop.presses > 1:
                self.executor.shutdown(wait=False, cancel_futures=True)
                return

    def _captures(self, found: Sequence[Submission]) -> Iterator[Job]:
        for submission in found:
            prepared = prepare(submission, self.assignment)
            captured = self.shelf.captured(prepared.capture_key) if prepared.captures else None
            explained = self.shelf.explained(prepared.documents_key)
            order = capture_order(
                prepared,
                self.assignment,
                capture=captured is None,
                explain=explained is None,
                render=not self.shelf.is_rendered(prepared.capture_key),
            )
            if captured is not None:
                self.reused["capture"] += 1
            if order is None:
                self._captured(prepared, captured, explained, reused=captured is not None)
                self._one_captured()
                continue
            if (reason := self.shelf.quarantined(prepared.capture_key)) is not None:
                self._fail([Member(bare(prepared))], QuarantineFault(*reason))
                self._one_captured()
                continue
            yield run_capture, order, self._capturing(bare(prepared), captured, explained)

    def _one_captured(self) -> None:
        """Count a capture that ended, however it did; after the last one it is known what is to be trained."""
        self._captures_left -= 1
        if not self._captures_left:
            self.progress.plan(self.agenda.costs(), self.speed, self.trained)

    def _capturing(
        self, prepared: Prepared, captured: Plain | None, explained: Plain | None
    ) -> Callable[[Future[Any]], None]:
        def finish(future: Future[Any]) -> None:
            with self._blamed([Member(prepared)], prepared.capture_key):
                found = future.result()
                if "isolation" in found:  # of a node that is not like the others
                    said = replace(self._said_of(prepared), isolation=found["isolation"])
                    self.asides[prepared.submission.id] = said
                if found["captured"] is not None:
                    self.shelf.keep_capture(prepared.capture_key, found["captured"])
                if found["explained"] is not None:
                    self.shelf.keep_explanation(prepared.documents_key, found["explained"])
                rendered = found.get("rendered")
                if rendered is not None and rendered["stopped"] != "infra-error":
                    self.shelf.keep_rendering(prepared.capture_key, rendered)
                    self.rendered.add(prepared.submission.id)
                new = found["captured"] is not None
                self._captured(
                    prepared, found["captured"] if new else captured, found["explained"] or explained, reused=not new
                )
            self._one_captured()

        return finish

    def _captured(self, prepared: Prepared, captured: Plain | None, explained: Plain | None, *, reused: bool) -> None:
        """Go on after a capture: report at once what is not trained or was trained before, let the rest wait."""
        self._log_capture(prepared, captured, reused=reused)
        with self._blamed([Member(prepared)]):
            if captured is None or not wants_training(captured["examination"], self.assignment):
                self._conclude(prepared, Work(captured, explained))
                return
            member = Member(bare(prepared), explained)
            missing = []
            for turn in self._placed(prepared, captured).turns:
                key, stored = self.shelf.trained(captured["graph"], turn)
                member.trainings[key] = stored
                if stored is None:
                    missing.append((key, turn))
            if len(missing) < len(member.trainings):
                self.reused["training"] += 1
                events.tell("reused", submission=prepared.submission.id, stage="training")
                self.logs.write(
                    prepared.submission.id, ["training: reused; graph, recipe, data and hardware are as before"]
                )
            if not missing:
                self._conclude_trained(member, captured)
            cost = float(captured["examination"]["flops"])
            needed = memory.of_training(captured["examination"], self.assignment)
            on_gpu = memory.on_gpu(captured["examination"], self.assignment)
            for key, turn in missing:
                self.agenda.add(Waiting(key, turn, cost, needed, prepared.capture_key, on_gpu), member)

    def _placed(self, prepared: Prepared, captured: Plain) -> Assignment:
        """Return the assignment by which a network is trained, and judge its submission by that one's reference."""
        if self.placing is None:
            return self.assignment
        own = self.placing(captured)
        name = prepared.submission.id
        self.asides[name] = replace(self._said_of(prepared), fingerprint=own.fingerprint, reference=own.reference)
        return own

    def _trainings(self) -> Iterator[Job | None]:
        while True:
            waiting = self.agenda.take()
            if waiting is None:
                if not self.agenda.begun and not self._captures_left:
                    return
                yield None
                continue
            captured, graph = self.shelf.captured(waiting.capture_key), self.shelf.graph(waiting.capture_key)
            if captured is None or graph is None or not graph[0]:
                fault = GraderFault("The captured network is too large to keep.", "It was not trained.")
                self._fail(waiting.members, fault)
            elif (reason := self.shelf.quarantined(waiting.key)) is not None:
                self._fail(waiting.members, QuarantineFault(*reason))
            elif not all(one.failed for one in waiting.members):
                yield run_training, training_order(waiting.id, captured, *graph, waiting.turn), self._training(waiting)
                continue
            self.agenda.done(waiting)

    def _training(self, waiting: Waiting) -> Callable[[Future[Any]], None]:
        def finish(future: Future[Any]) -> None:
            self.agenda.done(waiting)
            with self._blamed(waiting.members, waiting.key):
                trained = future.result()
                captured = self.shelf.captured(waiting.capture_key)
                assert captured is not None
                stored = stored_training(trained, captured["graph"], waiting.turn)
                self.shelf.keep_training(waiting.key, stored)
                self.trained += 1
                self.progress.trained(waiting.id, waiting.cost, stored.training.seconds)
                for member in waiting.members:
                    member.trainings[waiting.key] = stored
                    self._log_training(member.prepared, waiting, trained)
                    if member.done:
                        own = self.shelf.captured(member.prepared.capture_key)
                        assert own is not None
                        self._conclude_trained(member, own)

        return finish

    def _conclude_trained(self, member: Member, captured: Plain) -> None:
        """Report on a submission all of whose trainings are done; the median one counts."""
        first = next(iter(member.trainings))
        done = tuple(one for one in member.trainings.values() if one is not None)
        self._conclude(member.prepared, Work(captured, member.explained, first, done))

    def _blamed(self, several: Sequence[Member], key: str = "") -> AbstractContextManager[None]:
        """Turn a fault of ours inside the block into reports that cost no points; `key` is the job's, if it has one."""

        def blame(fault: GraderFault) -> None:
            if isinstance(fault, QuarantineFault) and key:
                self.shelf.quarantine(key, (fault.what, fault.why, fault.fix))
            self._fail(several, fault)

        return self.faults(blame)

    @contextmanager
    def faults(self, blame: Callable[[GraderFault], None]) -> Iterator[None]:
        """Tell `blame` of a fault of ours inside the block; a cancelled job is none, and a full disk ends the run."""
        try:
            yield
        except CancelledError:
            return
        except (StorageFault, EngineFault):
            raise
        except GraderFault as fault:
            if self.stop.presses <= 1:  # else the job was killed on purpose
                blame(fault)

    def _fail(self, several: Sequence[Member], fault: GraderFault) -> None:
        for member in several:
            if member.failed:
                continue
            member.failed = True
            submission = member.prepared.submission
            self.logs.fault(submission.id, "the grader failed:", fault)
            events.tell("fault", str(fault), submission=submission.id, level=logging.ERROR, fault=fault)
            report = failed(submission, self.assignment, fault)
            if isinstance(fault, QuarantineFault) and self.shelf.is_current(report):
                self.reused["report"] += 1
                self.progress.done(report, reused=True)
                continue
            self._save(report, member.prepared)

    def _conclude(self, prepared: Prepared, work: Work) -> None:
        self._save(conclude(prepared, self._said_of(prepared), work), prepared)

    def _said_of(self, prepared: Prepared) -> Assignment:
        return self.asides.get(prepared.submission.id, self.assignment)

    def _save(self, report: Report, prepared: Prepared) -> None:
        """Keep the report, unless the one that is there was made from the same things."""
        there = self.shelf.unchanged(report)
        if there is None:
            self.shelf.gradebook.save_report(self.run, report, kept(prepared, self._said_of(prepared)))
            self.changed.add(report.submission.id)
            if self.saved is not None:
                self.saved(report.submission.id)
        else:
            self.reused["report"] += 1
        points = f"{report.points:g} of {report.max_points:g} points"
        state = "unchanged" if there is not None else "saved"
        self.logs.write(report.submission.id, [f"report: {state}; {report.status}, {points}", *report.notes])
        events.tell("report", f"{state}; {report.status}, {points}", submission=report.submission.id)
        self.progress.done(there or report, reused=there is not None)

    def _log_capture(self, prepared: Prepared, captured: Plain | None, *, reused: bool) -> None:
        submission = prepared.submission
        if captured is None:
            self.logs.write(submission.id, [f"files: {', '.join(submission.files) or 'none'}"])
        elif reused:
            same = "files, torch and the rubric's input, extract, budget and limits are as before"
            self.logs.write(submission.id, [f"capture: reused; {same}"])
            events.tell("reused", submission=submission.id, stage="capture")
        else:
            ended = captured["stopped"] or captured["claim"].get("outcome", "nothing said")
            self.logs.write(
                submission.id,
                [f"files: {', '.join(submission.files)}", f"capture: {ended}, {captured['seconds']:.2f} s"],
            )
            self.logs.output(submission.id, captured["output"])

    def _log_training(self, prepared: Prepared, waiting: Waiting, trained: Plain) -> None:
        first, own = waiting.members[0].prepared.submission.id, prepared.submission.id
        same = "" if own == first else f", together with {first}, whose network is identical"
        spent = f"{trained['seconds']:.2f} s of steps, {trained['wall']:.2f} s with everything around them"
        seed = trained["recipe"]["seed"]
        self.logs.write(own, [f"training: seed {seed}, {spent}{same}"])
