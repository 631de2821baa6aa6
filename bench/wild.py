"""Extraction on public notebooks and modules: what is built, whether it is the right model, whether its layers are.

    python bench/wild.py MANIFEST FOLDER [--only ID …] [--json FILE]

MANIFEST has one labelled file a line (JSON); FOLDER holds the files themselves as `ID.ipynb` and `ID.py`, fetched by
whoever measures and never part of this repository. Every file goes the way of `grader check`, with the input shape and
the number of classes of its label in place of the rubric's.

Files that cannot run for a reason of their own are counted apart: each has to end as a student fault. So are those
that need a package's ready-made network, which this machine may not have.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from grader import bundled, submissions
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalSlot
from grader.orders import Assignment, capture_order, prepare
from grader.pipeline import Work, conclude
from grader.records import Report, Role
from grader.rubric import Input, Rubric, load
from grader.sandbox import ladder
from grader.sandbox.launch import Done, Worker, worker
from grader.sandbox.protocol import Limits
from grader.versions import versions
from grader.work import run_capture

FLAGS = (Role.CONV, Role.POOL, Role.FLATTEN, Role.DENSE)
APART = {"008": "torchvision's own networks", "182": "torchvision's own networks", "015": "a real Lightning"}
"""Files that need what stand-ins cannot give, with what that is."""
UNDECIDABLE = re.compile(r"undecidable|cannot be decided", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Timed:
    """How long one file took.

    Attributes:
        capture: seconds from its bytes to the captured graph.
        whole: seconds from its bytes to its report, the examination of the graph included.
    """

    capture: float
    whole: float


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one file.

    Attributes:
        id: the file's, in the manifest.
        label: the model that a human took.
        found: the model that was taken; empty when none was.
        built: whether there was a model that could be run.
        right: whether it is the one of the label.
        captured: whether it was captured whole, in both modes.
        wrong: the layer flags that are not those of the label.
        status: of the report.
        stopped: outcome word of the report.
        why: the reason of a miss.
        capture: seconds to the captured graph.
        whole: seconds to the report.
        broken: why it cannot run, by its label; empty when it can.
        apart: what it needs that may not be here; empty for nothing.
    """

    id: str
    label: str
    found: str
    built: bool
    right: bool
    captured: bool
    wrong: tuple[str, ...]
    status: str
    stopped: str
    why: str
    capture: float
    whole: float
    broken: str
    apart: str


class Watched:
    """A worker that notes how long its last capture took."""

    def __init__(self, inner: Worker) -> None:
        """Pass everything on to `inner`."""
        self._inner = inner
        self.seconds = 0.0

    def run(self, kind: str, *rest: Any) -> Done:
        """Run a job and note its time."""
        started = time.perf_counter()
        done = self._inner.run(kind, *rest)
        if kind == "capture":
            self.seconds = time.perf_counter() - started
        return done

    def interrupt(self) -> None:
        """End the job that runs."""
        self._inner.interrupt()

    def stop(self) -> None:
        """Stop the worker."""
        self._inner.stop()


@contextmanager
def warm() -> Iterator[tuple[LocalSlot, Watched]]:
    """Give a slot with a warm worker, behind the best walls of this machine."""
    watched = Watched(worker(ladder.standing(accelerator=False).fence, warm=True))
    slot = LocalSlot(0, lambda: watched, lambda *stage: None)
    try:
        watched.run("describe", {"device": "cpu"}, {}, Limits(memory_megabytes=0))  # waits until it has imported torch
        yield slot, watched
    finally:
        slot.close()
        watched.stop()


def rubric_for(label: Mapping[str, Any], course: Rubric) -> Rubric:
    """Return the course's rubric with the input and the classes of a label; one score tells two classes apart."""
    channels, height, width = label["input"]
    classes = max(2, label["classes"])
    return course.model_copy(update={"input": Input(shape=(channels, height, width), classes=classes)})


def graded(
    path: Path, assignment: Assignment, slot: LocalSlot, watched: Watched
) -> tuple[Report, Mapping[str, Any], Timed]:
    """Return the report of one file, what was captured, and how long it took."""
    started = time.perf_counter()
    prepared = prepare(submissions.single(path), assignment)
    read = time.perf_counter() - started
    watched.seconds = 0.0
    order = capture_order(prepared, assignment, capture=True, explain=False)
    captured = run_capture(order, slot)["captured"] if order is not None else None
    report = conclude(prepared, assignment, Work(captured))
    return report, captured or {}, Timed(read + watched.seconds, time.perf_counter() - started)


def names_of(label: Mapping[str, Any]) -> set[str]:
    """Return the names under which the labelled model may be reported: its own, and that of what builds it."""
    maker = re.match(r"[\w.]+", label["ctor"] or "")
    names = {label["main_model"], *([maker[0]] if maker and maker[0] != "nn.Sequential" else [])}
    if UNDECIDABLE.search(label["notes"] or ""):
        names |= {re.match(r"[\w.]*", one)[0] for one in label["others"]}  # type: ignore[index]
    return names


def row_of(label: Mapping[str, Any], report: Report, captured: Mapping[str, Any], seconds: Timed) -> Row:
    """Compare a report with its label."""
    found = report.model.name if report.model is not None else ""
    examination = captured.get("examination") or {}
    whole = bool(examination.get("complete"))
    on_path = {one.role for one in report.layers if one.on_path}
    wrong = tuple(str(role) for role in FLAGS if (role in on_path) != label["has"][str(role)])
    why = ""
    if report.broke is not None:
        said = (report.broke.message.splitlines() or [""])[0]
        why = f"{report.broke.kind}: {said} ({report.broke.where})"
    elif not whole:
        why = captured.get("rejected") or "; ".join(report.notes[:2])
    return Row(
        id=label["id"],
        label=label["main_model"],
        found=found,
        built=whole or bool(report.layers),
        right=bool(names_of(label) & {found, found.rpartition(".")[2]}),
        captured=whole,
        wrong=wrong,
        status=str(report.status),
        stopped=report.stopped or "",
        why=why[:400],
        capture=seconds.capture,
        whole=seconds.whole,
        broken=label["broken"] or "",
        apart=APART.get(label["id"], "a ready-made network" if label["how"] == "pretrained" else ""),
    )


def measure(manifest: Path, folder: Path, only: Sequence[str] = ()) -> list[Row]:
    """Return a row for every file of the manifest that is in the folder."""
    labels = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines() if line.strip()]
    course = load(bundled.course_rubric(), DEFINITIONS)
    plain = Assignment(course, None, None, "cpu", versions())
    rows = []
    with warm() as (slot, watched):
        for label in labels:
            path = folder / f"{label['id']}.{label['kind']}"
            if (only and label["id"] not in only) or not path.exists():
                continue
            assignment = replace(plain, rubric=rubric_for(label, course))
            rows.append(row_of(label, *graded(path, assignment, slot, watched)))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return a line for each file."""
    lines = [f"{'id':<5}{'label':<22}{'found':<22}built right captured layers  seconds  status / why"]
    for one in rows:
        marks = ("yes" if mark else "NO" for mark in (one.built, one.right, one.captured))
        built, right, captured = marks
        layers = ",".join(one.wrong) or "right"
        said = " | ".join(part for part in (one.status, one.why, one.apart and f"needs {one.apart}") if part)
        lines.append(
            f"{one.id:<5}{one.label[:20]:<22}{one.found[:20]:<22}{built:<6}{right:<6}{captured:<9}{layers:<8}"
            f"{one.capture:7.2f}  {said}"
        )
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """Return the figures that the bars are about."""
    sound = [one for one in rows if not one.broken and not one.apart]
    broken = [one for one in rows if one.broken and not one.apart]
    if not sound:
        return "No sound file."
    both = sum(one.right and one.captured for one in sound)
    flags = len(FLAGS) * len(sound)
    equal = flags - sum(len(one.wrong) for one in sound)
    seconds = sorted(one.capture for one in sound)
    late = seconds[min(len(seconds) - 1, round(0.95 * (len(seconds) - 1)))]
    median = statistics.median(seconds)
    times = f"median {median:.2f} (bar 0.6), 95th percentile {late:.2f} (bar 2.5), most {seconds[-1]:.2f} (bar 10)"
    faults = sum(one.status == "student_fault" for one in broken)

    def count(mark: str) -> int:
        return sum(getattr(one, mark) for one in sound)

    return "\n".join(
        [
            f"sound files: {len(sound)}; captured with the right model: {both} ({both / len(sound):.1%}, bar 97 %)",
            f"  built {count('built')}, right model {count('right')}, captured {count('captured')}",
            f"layer flags equal: {equal} of {flags} ({equal / flags:.1%}, bar 99 %)",
            f"broken files: {len(broken)}; reported as a student fault: {faults}",
            f"seconds to the captured graph: {times}",
        ]
    )


def main() -> int:
    """Measure and print; 1 when a file was missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", default=(), help="ids; all when left out")
    parser.add_argument("--json", type=Path, help="write the rows to this file as well")
    options = parser.parse_args()
    rows = measure(options.manifest, options.folder, options.only)
    print(table(rows), summary(rows), sep="\n\n")
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(one) for one in rows], indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
