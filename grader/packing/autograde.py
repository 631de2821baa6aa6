"""What runs on Gradescope: `python -m grader.packing.autograde grade /autograder`, started by `run_autograder`.

Structure first, and its results are written; then the training, if there is one, and theirs. Whatever ends this process
in between leaves what was written before.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from grader import allocator, datasets, submissions
from grader.engines.local import LocalSlot
from grader.faults import GraderFault, OperatorFault
from grader.gathering import Work
from grader.orders import Assignment, capture_order, prepare, wants_training
from grader.packing import container, outcome, packed
from grader.pipeline import conclude, with_trainings
from grader.records import Problem, Report, Submission
from grader.reference import memory_of, reference_for, remembered
from grader.report.exports.files import write_atomically
from grader.report.plain import inert_line
from grader.rubric import Rubric
from grader.sandbox import ladder
from grader.sandbox.ladder import RUNGS, Standing
from grader.sandbox.launch import worker
from grader.sandbox.walls.fence import Fence
from grader.versions import versions
from grader.what_if import with_what_if
from grader.work import describe

NO_WALLS = (
    "Nothing was trained: this machine has no walls that would keep a submission from the held-out pictures. Accuracy "
    "is graded elsewhere, and has no points here."
)
NOT_DONE = (
    "The training did not come to its end in the time and memory that there is. Accuracy has no points here; your "
    "course staff can run it again with more."
)
_DEVICE = "cpu"


def main(words: list[str]) -> int:
    """Prepare an unpacked archive, or grade what was handed in; a failure of ours is told to the student."""
    what, root = words[0], Path(words[1])
    allocator.give_back_freed_memory()
    if what == "prepare":
        return prepare_image(root)
    try:
        return grade(root, ladder.standing(), time.monotonic)
    except Exception:  # noqa: BLE001 - whatever it is, the student is told, and the course staff read the trace
        _write(root, outcome.failed())
        sys.stdout.write(traceback.format_exc())
        return 1


def prepare_image(root: Path) -> int:
    """Read the rubric and generate or decode the pictures once, in the image; say what stands here."""
    source = root / "source"
    parts = packed.read(source)
    rubric = parts.load(source, None)
    if parts.trains:
        datasets.stored(rubric, _data(source, parts))
    sys.stdout.write(f"{rubric.title}: ready. Walls while the image is built: {ladder.standing().sentence()}.\n")
    return 0


def grade(root: Path, walls: Standing, clock: Callable[[], float]) -> int:
    """Grade what was handed in and write the results; return 0, or 3 where the training failed.

    Raises:
        GraderError: the grader itself failed.
    """
    began = clock()
    source = root / "source"
    parts = packed.read(source)
    rubric = parts.load(source, container.job_megabytes())
    submission = handed_in(root)

    def write(report: Report, unmeasured: str) -> None:
        _write(root, outcome.results(report, rubric, seconds=clock() - began, unmeasured=unmeasured))

    # On Gradescope that is said to whoever reads the log, never to the student.
    sys.stdout.write(f"{walls.sentence()}; {rubric.title}\n")
    with _slot(walls) as slot:
        return _Grading(submission, rubric, slot, write).run(walls, source, parts)


@dataclass(frozen=True, slots=True)
class _Grading:
    """One grading in one slot."""

    submission: Submission
    rubric: Rubric
    slot: LocalSlot
    write: Callable[[Report, str], None]

    def _run(self, function: Callable[..., dict[str, Any]], order: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.slot.run(function, order, self.submission.id)
        return found

    def run(self, walls: Standing, source: Path, parts: packed.Packed) -> int:
        assignment = Assignment(self.rubric, None, None, _DEVICE, versions(), isolation=_isolation(walls))
        prepared = prepare(self.submission, assignment)
        order = capture_order(prepared, assignment, capture=True, explain=False)
        work = Work()
        if order is not None:
            from grader.work import run_capture

            work = Work(self._run(run_capture, order)["captured"])
        report = with_what_if(conclude(prepared, assignment, work), self.submission, assignment, self._run)
        unmeasured = NOT_DONE if walls.holds else NO_WALLS
        self.write(report, unmeasured if parts.trains else "")
        if not parts.trains or not walls.holds or work.captured is None:
            return 0
        try:
            ready = self._with_data(assignment, source, parts)
            if wants_training(work.captured["examination"], ready):
                work = with_trainings(work, self.submission.id, ready, self._run)
            final = conclude(prepared, ready, work)
        except GraderFault:
            sys.stdout.write(traceback.format_exc())
            return 3
        self.write(replace(final, what_if=report.what_if, notes=(*final.notes, *_hardware(ready))), "")
        return 0

    def _with_data(self, assignment: Assignment, source: Path, parts: packed.Packed) -> Assignment:
        """Add the pictures, this machine, and the reference as it was measured where the archive was made."""
        data = datasets.stored(self.rubric, _data(source, parts))
        ready = replace(assignment, data=data, fingerprint=self._run(describe, {"device": _DEVICE}))
        if parts.remembered is not None and remembered(ready) is None:
            memory_of(ready).write((source / parts.remembered).read_text(encoding="utf-8"))

        def submit(function: Callable[..., Any], order: dict[str, Any]) -> Any:
            from concurrent.futures import Future

            done: Future[Any] = Future()
            done.set_result(self.slot.run(function, order, "reference"))
            return done

        return replace(ready, reference=reference_for(ready, submit, _say))


def handed_in(root: Path) -> Submission:
    """Return what lies in the submission's folder, in the name that Gradescope says."""
    folder = root / "submission"
    try:
        found = submissions.single(folder)
    except OperatorFault:
        fix = "Hand in the notebook itself, which File, Download, Download .ipynb gives you in Colab."
        problem = Problem("rejected", "There is no notebook (.ipynb) and no module (.py) in what you handed in.", fix)
        found = Submission("submission", "submission", (), (), problem=problem)
    try:
        said = json.loads((root / "submission_metadata.json").read_text(encoding="utf-8"))
        people = [one for one in said["users"] if isinstance(one, dict)]
        names = [inert_line(str(one.get("name") or one.get("email") or ""), 80) for one in people]
        email = inert_line(str(people[0].get("email") or ""), 200) if people else ""
    except (OSError, ValueError, KeyError, TypeError):  # it names people and decides nothing
        return found
    name = ", ".join(names) or found.id
    return replace(found, id=name, student=name, group=tuple(names) if len(names) > 1 else (), email=email)


def _data(source: Path, parts: packed.Packed) -> Path | None:
    return None if parts.data is None else source / parts.data


def _isolation(walls: Standing) -> dict[str, Any]:
    if walls.holds:
        return walls.isolation()
    return {**walls.isolation(), "active": [*walls.active, "another user than the grader's"]}


def _hardware(ready: Assignment) -> tuple[str, ...]:
    """Say that the reference was trained on another machine, where it was."""
    reference = ready.reference.reference if ready.reference is not None else None
    if reference is None or dict(reference.hardware) == dict(ready.fingerprint):
        return ()
    return ("The reference was trained on the machine on which this autograder was packed.",)


@contextmanager
def _slot(walls: Standing) -> Iterator[LocalSlot]:
    """Give a slot whose worker is another user than the grader, with walls or without.

    Raises:
        GraderFault: there are no walls, and nobody else to become.
    """
    if not walls.holds and os.geteuid() != 0:
        raise GraderFault(f"{RUNGS['E'].title.capitalize()}, and the grader is not root, so nothing was run.")
    fence = walls.fence if walls.holds else Fence(other_user=True)
    slot = LocalSlot(0, lambda: worker(fence, warm=False), lambda *_stage: None)
    try:
        slot.worker  # noqa: B018 - it imports torch while the parent reads
        yield slot
    finally:
        slot.close()


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")


def _write(root: Path, found: dict[str, Any]) -> None:
    write_atomically(root / "results" / "results.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
