"""Train the reference and two networks without convolutions under a rubric: what `grader rubric calibrate` does."""

from __future__ import annotations

import contextlib
import json
import math
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from grader import datasets, events, scoring, submissions
from grader.calibration import Calibration, Setting, Trial, Untrained
from grader.criteria import DEFINITIONS
from grader.engines.local import LocalExecutor, supervised
from grader.faults import MissingPackageFault, OperatorFault
from grader.measuring import held_out_labels, logits_of
from grader.orders import Assignment
from grader.records import Submission
from grader.reference import Submit, fingerprint_of, measure, solution
from grader.report.calibration_plot import draw
from grader.report.exports.calibration_json import calibration_json
from grader.report.plain import inert_line
from grader.report.terminal_calibration import network_line, show_calibration
from grader.rubric import Rubric, Rule, load
from grader.sandbox import ladder
from grader.sandbox.ladder import Standing
from grader.sandbox.launch import worker
from grader.versions import versions
from grader.work import run_training

if TYPE_CHECKING:
    from rich.status import Status

PLOT = "calibration.png"
"""The plot's name in --out."""

_USUAL_POINTS = 6  # where the rubric has no criterion for the accuracy; as in the course's rubric
_HIDDEN = 128  # numbers in the middle of the dense-only network
_MODULE = "from torch import nn\n\nmodel = nn.Sequential({layers})\n"


@dataclass(frozen=True, slots=True)
class CalibrateOptions:
    """What `grader rubric calibrate` was asked to do.

    Attributes:
        rubric: the rubric file.
        data: pictures instead of the rubric's.
        seeds: trainings of each network; as many as the rubric trains the reference when None.
        workers: trainings at a time.
        students: how large the class is.
        out: where the plot goes.
        device: `auto`, `cpu`, `cuda` or `mps`.
        isolation: `auto`, `none`, or the rung of the ladder that has to hold.
        as_json: print what was found as JSON and nothing else on standard output.
    """

    rubric: Path
    data: Path | None = None
    seeds: int | None = None
    workers: int = 1
    students: int = 30
    out: Path = Path()
    device: str = "auto"
    isolation: str = "auto"
    as_json: bool = False


def run_calibrate(options: CalibrateOptions, console: Console, notices: Console) -> int:
    """Calibrate as `options` say; return the exit code.

    `console` gets what was found, `notices` the progress.

    Raises:
        OperatorFault: the rubric, the data or the reference is wrong, or the plot cannot be written.
    """
    rubric = load(options.rubric, DEFINITIONS)
    _make(options.out)
    with notices.status("trying the walls of this machine"):
        walls = ladder.for_own(options.isolation, options.device)
    events.tell("walls", walls.sentence())
    assignment = Assignment(rubric, None, None, options.device, versions(), isolation=walls.isolation())
    source = options.data if options.data is not None else rubric.data.source
    origin = inert_line(f"{options.rubric} on {source}")
    found = _trained(options, assignment, walls, notices)
    plot = _plotted(found, origin, options.out / PLOT, notices)
    if options.as_json:
        plain = {**calibration_json(found), "rubric": str(options.rubric), "plot": None if plot is None else str(plot)}
        console.file.write(json.dumps(plain, allow_nan=False) + "\n")
        return 0
    own = {name: value for name, value in _rule(rubric).parameters.items() if name != "chance"}
    kept = {name: value for name, value in own.items() if value != DEFINITIONS["accuracy"].parameters[name].default}
    show_calibration(console, found, origin, kept)
    if plot is not None:
        console.print(Text(f"\nThe plot is {inert_line(str(plot))}."), soft_wrap=True)
    return 0


def _make(folder: Path) -> None:
    """Make the folder of the plot before anything is trained for it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorFault(f"--out {folder} cannot be made: {error.strerror or error}.") from error


def _trained(options: CalibrateOptions, assignment: Assignment, walls: Standing, notices: Console) -> Calibration:
    rubric = assignment.rubric
    seeds = range(options.seeds if options.seeds is not None else rubric.reference.seeds)
    path = solution(assignment)
    with (
        Progress.on(notices, 3 * len(seeds)) as progress,
        supervised(LocalExecutor(options.workers, partial(worker, walls.fence), progress.tell)) as executor,
        tempfile.TemporaryDirectory() as folder,
    ):
        data = datasets.stored(rubric, options.data)
        fingerprint = fingerprint_of(options.device, executor.submit)
        ready = replace(assignment, data=data, fingerprint=fingerprint)
        train = partial(_trial, assignment=ready, seeds=seeds, submit=progress.counting(executor.submit))
        reference = train(replace(submissions.single(path), id="reference"), str(path))
        progress.say(network_line(reference))
        others: list[Trial | Untrained] = []
        for name, layers in baselines(rubric).items():
            handed = _handed(Path(folder), name, layers)
            try:
                trial = train(handed, layers)
            except OperatorFault as fault:  # over the rubric's budget, or the like; the rest is worth knowing
                others.append(Untrained(name, str(fault)))
                progress.say(f"{name}: {fault}")
            else:
                others.append(trial)
                progress.say(network_line(trial))
    setting = _setting(options, rubric, data.train_count, data.held_out_count)
    return Calibration(setting, reference, *others)


def baselines(rubric: Rubric) -> dict[str, str]:
    """Return the networks without convolutions, as layers of a Sequential, by name."""
    numbers, classes = math.prod(rubric.input.shape), rubric.input.classes
    return {
        "dense-only": f"nn.Flatten(), nn.Linear({numbers}, {_HIDDEN}), nn.ReLU(), nn.Linear({_HIDDEN}, {classes})",
        "linear": f"nn.Flatten(), nn.Linear({numbers}, {classes})",
    }


def _handed(folder: Path, name: str, layers: str) -> Submission:
    """Write a network as a student would hand it in."""
    path = folder / f"{name.replace('-', '_')}.py"
    path.write_text(_MODULE.format(layers=layers), encoding="utf-8")
    return replace(submissions.single(path), id=name)


def _trial(submission: Submission, layers: str, assignment: Assignment, seeds: Sequence[int], submit: Submit) -> Trial:
    trained = measure(submission, assignment, seeds, submit).trainings
    labels = held_out_labels(assignment)
    accuracies = tuple(scoring.accuracy(logits_of(one), labels).share for one in trained)
    return Trial(submission.id, layers, accuracies, tuple(one.training for one in trained))


def _rule(rubric: Rubric) -> Rule:
    return DEFINITIONS["accuracy"].complete(rubric.criteria.get("accuracy", Rule(points=_USUAL_POINTS)))


def _setting(options: CalibrateOptions, rubric: Rubric, train: int, held_out: int) -> Setting:
    rule = _rule(rubric)
    return Setting(
        classes=rubric.input.classes,
        train=train,
        held_out=held_out,
        steps=rubric.recipe.steps,
        repeats=rubric.recipe.seeds,
        points=rule.points,
        pass_at=rule.pass_at or 0,
        chance=rule.number("chance"),
        students=options.students,
        workers=options.workers,
    )


def _plotted(found: Calibration, title: str, path: Path, notices: Console) -> Path | None:
    """Draw the plot; return its path, or None where nothing can draw here."""
    try:
        draw(found, title, path)
    except MissingPackageFault as fault:
        notices.print(Text(f"No plot: {fault}"), soft_wrap=True)
        return None
    return path


class Progress:
    """Say how far the trainings are: a moving line and a line for each network on a terminal, else one a training."""

    def __init__(self, notices: Console, status: Status, total: int) -> None:
        """Take where to say it, and how many trainings there are to be."""
        self._notices, self._status, self._total = notices, status, total
        self._finished = 0
        self._lock = threading.Lock()

    @classmethod
    @contextlib.contextmanager
    def on(cls, notices: Console, total: int) -> Iterator[Progress]:
        """Give one whose line stands on `notices` and is taken away at the end."""
        with notices.status("making the pictures") as status:
            yield cls(notices, status, total)

    def tell(self, _slot: int, submission: str, stage: str, done: int, total: int) -> None:
        """Show what a worker does now."""
        step = f", step {done} of {total}" if total else ""
        with self._lock:
            count = f"{self._finished} of {self._total} trainings finished"
            self._status.update(f"{inert_line(submission)}: {stage}{step} · {count}")

    def counting(self, submit: Submit) -> Submit:
        """Return `submit`, with trainings counted as they end."""

        def counted(function: Callable[..., Any], order: dict[str, Any]) -> Future[Any]:
            future = submit(function, order)
            if function is run_training:
                future.add_done_callback(lambda done: self._count(str(order["id"]), done))
            return future

        return counted

    def _count(self, name: str, done: Future[Any]) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        with self._lock:
            self._finished += 1
            if not self._notices.is_terminal:
                self._print(f"{self._finished} of {self._total}: {name} is trained.")

    def say(self, line: str) -> None:
        """Print what became of a network, where not every training has its line."""
        if self._notices.is_terminal:
            self._print(line)

    def _print(self, line: str) -> None:
        self._notices.print(Text(inert_line(line, 600)), soft_wrap=True)
