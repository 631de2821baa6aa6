"""`--deterministic`: a sample is graded a second time from the first byte, and held to the gradebook."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing
from dataclasses import dataclass, field, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from grader import datasets, submissions
from grader.criteria import DEFINITIONS
from grader.faults import GraderFault
from grader.gradebook import Gradebook
from grader.logs import Logs
from grader.orders import Assignment
from grader.phases import Night
from grader.records import Submission
from grader.repeating import repeat
from grader.repeats import Repeats
from grader.report.terminal import BatchProgress
from grader.rubric import load
from grader.shelf import Shelf
from grader.versions import versions
from grader.work import Plain, run_capture
from tests.pipeline.conftest import ROOT, SUBMISSIONS, small_rubric
from tests.pipeline.contents import contents
from tests.pipeline.runs import grader
from tests.stress import stress

pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Class:
    """A class of four that was graded: two networks, one of them handed in twice, and a broken one."""

    folder: Path
    rubric: Path
    out: Path

    def words(self, *more: str) -> list[str]:
        """Return the command that graded it, with more words."""
        return [
            *("batch", str(self.folder), "--rubric", str(self.rubric), "--out", str(self.out)),
            *("--workers", "2", *more),
        ]

    def copied(self, place: Path) -> Class:
        """Return the same class with a gradebook of its own."""
        shutil.copytree(self.out, place / "out")
        return replace(self, out=place / "out")

    def book(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask or change the gradebook behind the grader's back."""
        with closing(sqlite3.connect(self.out / "gradebook.sqlite")) as book, book:
            return book.execute(statement, values).fetchall()

    def training(self, name: str) -> str:
        """Return the key of a submission's training."""
        rows = self.book("SELECT training_key FROM reports WHERE submission = ? ORDER BY id DESC", name)
        return str(rows[0][0])

    def logged(self) -> set[str]:
        """Return which submissions' logs speak of a repeat that came out alike."""
        logs = (self.out / "logs").glob("*.log")
        return {one.stem for one in logs if "repeat: equal to the last bit" in one.read_text(encoding="utf-8")}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Class:
    """Return the class after an undisturbed batch."""
    place = tmp_path_factory.mktemp("repeats")
    folder = place / "class"
    folder.mkdir()
    for name in ("functional.py", "house_style.ipynb", "nn_dense.ipynb"):
        shutil.copy(SUBMISSIONS / name, folder)
    shutil.copy(SUBMISSIONS / "functional.py", folder / "alike.py")
    found = Class(folder, small_rubric(place), place / "out")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADER_CACHE", str(cache))
        grader(*found.words())
    return found


ALIKE = (
    "Repeated 1 of 2 trainings from the first byte: equal to the last bit. Not repeated: the other 1, the reference, the "
    "pictures and the reading of documents. 1 submission was not trained."
)


def test_a_sample_comes_out_alike(graded: Class, tmp_path: Path) -> None:
    """One of two networks is trained anew, the one with the lowest content; one line says so, and nothing is stored."""
    mine = graded.copied(tmp_path)
    before = contents(mine.out)
    done = grader(*mine.words("--deterministic", "--sample", "1"))
    assert done.stdout.splitlines()[1:] == [ALIKE]
    assert contents(mine.out) == before
    ((lowest,),) = mine.book("SELECT key FROM trainings ORDER BY content LIMIT 1")
    names = {"alike" if lowest == mine.training("alike") else "house_style"}
    assert mine.logged() == names


@stress
def test_one_bit_and_one_loss_are_found(graded: Class, tmp_path: Path) -> None:
    """A changed bit of one stored answer, and a changed loss of another's curve, are named; exit code 3 comes last."""
    mine = graded.copied(tmp_path)
    key = mine.training("functional")
    ((logits,),) = mine.book("SELECT logits FROM trainings WHERE key = ?", key)
    changed = bytearray(logits)
    changed[4 * 10 * 17] ^= 1  # the last bit of the first score for picture 17
    mine.book("UPDATE trainings SET logits = ? WHERE key = ?", bytes(changed), key)
    path, loss = "$.curve[1].loss", "json_extract(training, '$.curve[1].loss')"
    key = mine.training("house_style")
    ((step,),) = mine.book("SELECT json_extract(training, '$.curve[1].step') FROM trainings WHERE key = ?", key)
    mine.book(f"UPDATE trainings SET training = json_set(training, '{path}', {loss} + 1e-9) WHERE key = ?", key)
    grader(*mine.words())  # what is scored from answers is scored anew from these
    before = contents(mine.out)
    done = grader(*mine.words("--deterministic"), check=False)
    assert done.returncode == 3
    unchanged, verdict, first, second, step_on = done.stdout.splitlines()
    assert unchanged.startswith("Nothing changed")
    assert verdict.startswith("Repeated 2 of 2 trainings from the first byte: 2 submissions came out otherwise.")
    assert first == (
        "  alike: its answers to 1 of 200 held-out pictures have other bits, and none of them names another class."
    )
    assert re.fullmatch(rf"  house_style: its learning curve parts at step {step}: loss [\d.]+ before, .*now\.", second)
    assert "--fresh --deterministic" in step_on
    assert mine.logged() == set()
    assert contents(mine.out) == before


def test_nothing_trained_is_said(graded: Class, tmp_path: Path) -> None:
    """Where no network was trained there is nothing to repeat, which is no fault."""
    mine = replace(graded, out=tmp_path / "out")
    done = grader(*mine.words("--only", "nn_dense", "--deterministic"))
    last = "Nothing was repeated: no network was trained on this machine. 1 submission was not trained."
    assert done.stdout.splitlines()[-1] == last


def test_a_sample_of_nothing_is_refused(graded: Class) -> None:
    """`--sample` without `--deterministic` would do nothing, so it is wrong, in one line and before any work."""
    done = grader(*graded.words("--sample", "5"), check=False)
    assert done.returncode == 2
    assert done.stderr == "grader: --sample 5 says how many networks --deterministic repeats; give both or neither.\n"


CLOCK = """
import time
from torch import nn
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 15 * 15, 10))
nn.init.constant_(net[4].bias, time.time_ns() % 10**9 / 10**9)
"""
"""A network that is another one every time."""


@stress
def test_weights_from_the_clock_are_another_network(graded: Class, tmp_path: Path) -> None:
    """A submission whose code asks the time is captured as another graph, and is named with both digests."""
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "clock.py").write_text(CLOCK)
    mine = Class(folder, graded.rubric, tmp_path / "out")
    done = grader(*mine.words("--deterministic"), check=False)
    assert done.returncode == 3
    assert "Repeated 0 of 1 training from the first byte: 1 submission came out otherwise." in done.stdout
    assert re.search(
        r"  clock: another graph was captured: (?!(\w{12}) before, \1)\w{12} before, \w{12} now", done.stdout
    )


@stress
def test_ctrl_c_ends_the_repeats_and_keeps_the_batch(graded: Class, tmp_path: Path) -> None:
    """Ctrl-C in the repeats is said, with exit code 130; the gradebook and the tables are those of the batch."""
    mine = graded.copied(tmp_path)
    before = contents(mine.out)
    process = subprocess.Popen(
        [sys.executable, "-m", "grader.cli", *mine.words("--workers", "1", "--deterministic")],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Repeating"):
            break
    process.send_signal(signal.SIGINT)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped before the sample was through. Repeated " in printed
    assert "otherwise" not in printed
    assert "the same command goes on" in errors
    assert contents(mine.out) == before


@dataclass(slots=True)
class Scripted(Executor):
    """An engine that answers from the gradebook: every repeat comes out alike, but for those that it is to spoil."""

    shelf: Shelf
    spoil: Callable[[str], None]
    jobs: list[str] = field(default_factory=list)

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Answer at once."""
        (order,) = args
        self.jobs.append(f"{function.__name__} {order['id']}")
        future: Future[Any] = Future()
        try:
            self.spoil(self.jobs[-1])
            future.set_result(self._captured(order) if function is run_capture else self._trained(order))
        except GraderFault as fault:
            future.set_exception(fault)
        return future

    def _captured(self, order: Plain) -> Plain:
        name = order["id"].removesuffix(", again")
        report = next(one for one in self.shelf.gradebook.current_reports() if one.submission.id == name)
        captured, graph = self.shelf.captured(report.keys.capture), self.shelf.graph(report.keys.capture)
        assert captured is not None
        assert graph is not None
        return {"captured": {**captured, "document": graph[0], "tensors": graph[1]}, "explained": None}

    def _trained(self, order: Plain) -> Plain:
        stored = self.shelf.gradebook.find_training(order["key"])
        assert stored is not None
        plain = stored.training
        return {
            "curve": [{"step": one.step, "loss": one.loss} for one in plain.curve],
            "start": {
                "accuracy_handed_in": plain.accuracy_handed_in,
                "accuracy_at_start": plain.accuracy_at_start,
                "asked_at_start": plain.asked_at_start,
                "chance_at_start": plain.chance_at_start,
            },
            "recipe": plain.recipe,
            "seconds": 1.0,
            "memorised": plain.memorised,
            "fingerprint": plain.hardware,
            "shape": list(stored.shape),
            "logits": stored.logits,
        }


@pytest.fixture
def gradebook(graded: Class, tmp_path: Path) -> Iterator[Gradebook]:
    """Return the gradebook of the class, a copy."""
    with Gradebook.open(graded.copied(tmp_path).out / "gradebook.sqlite", time.time, create=False) as found:
        yield found


def repeated(
    graded: Class,
    gradebook: Gradebook,
    place: Path,
    spoil: Callable[[str], None] = lambda job: None,
    answers: Gradebook | None = None,
) -> tuple[Repeats, list[str]]:
    """Repeat with the scripted engine, which answers from `answers`; return what came of it, and the jobs."""
    rubric = load(graded.rubric, DEFINITIONS)
    (hardware,) = {json.dumps(one, sort_keys=True) for one in gradebook.hardware().values()}
    assignment = Assignment(rubric, datasets.stored(rubric, None), None, "auto", versions(), json.loads(hardware))
    engine = Scripted(Shelf(answers or gradebook), spoil)
    progress = BatchProgress(Console(file=StringIO()), 4, time.monotonic)
    night = Night(assignment, Shelf(gradebook), engine, progress, Logs(place / "logs", 9), 9, 2)
    return repeat(night, handed_in(graded), 3), engine.jobs


def handed_in(graded: Class) -> tuple[Submission, ...]:
    """Return the submissions of the class."""
    return submissions.discover(graded.folder, roster=None, mapping=None).submissions


@stress
def test_each_network_once_and_the_longest_first(graded: Class, gradebook: Gradebook, tmp_path: Path) -> None:
    """Two submissions with one network are one repeat, in the name of the first; a sample is never too large."""
    found, jobs = repeated(graded, gradebook, tmp_path)
    assert (found.networks, found.of_networks, found.trainings, found.of_trainings) == (2, 2, 2, 2)
    assert (found.differences, found.untrained, found.elsewhere, found.stopped) == ((), 1, 0, False)
    assert sorted(jobs) == [
        f"run_{kind} {one}, again" for kind in ("capture", "training") for one in ("alike", "house_style")
    ]
    flops = {one.submission.id: one.model.flops for one in gradebook.current_reports() if one.model}
    longest = max(("alike", "house_style"), key=lambda one: flops[one] or 0)
    assert jobs[2] == f"run_training {longest}, again"


@pytest.mark.parametrize(("job", "trainings"), [("run_capture alike, again", 1), ("run_training alike, again", 1)])
@stress
def test_a_fault_of_ours_is_named(
    graded: Class, gradebook: Gradebook, tmp_path: Path, job: str, trainings: int
) -> None:
    """A repeat on which the grader fails is named with the fault, the others go on, and the log has the traceback."""

    def spoil(other: str) -> None:
        if other == job:
            raise GraderFault("The walls fell down.")

    found, _ = repeated(graded, gradebook, tmp_path, spoil=spoil)
    assert [(one.submission, one.what) for one in found.differences] == [
        ("alike", "it could not be repeated: The walls fell down")
    ]
    assert (found.networks, found.trainings) == (2, trainings)
    assert "Traceback" in (tmp_path / "logs" / "alike.log").read_text(encoding="utf-8")
    assert "repeat: equal" in (tmp_path / "logs" / "house_style.log").read_text(encoding="utf-8")


@stress
def test_files_that_changed_meanwhile_are_named(graded: Class, gradebook: Gradebook, tmp_path: Path) -> None:
    """A submission that is edited while the class is graded is not held to what was graded before."""
    folder = tmp_path / "edited"
    shutil.copytree(graded.folder, folder)
    with (folder / "alike.py").open("a", encoding="utf-8") as file:
        file.write("# later\n")
    found, jobs = repeated(replace(graded, folder=folder), gradebook, tmp_path)
    assert [(one.submission, one.what) for one in found.differences] == [
        ("alike", "its files are no longer those that were graded")
    ]
    assert sorted(jobs) == ["run_capture house_style, again", "run_training house_style, again"]


@pytest.mark.parametrize("here_as_well", [False, True])
@stress
def test_trainings_of_other_hardware_are_no_part(graded: Class, tmp_path: Path, *, here_as_well: bool) -> None:
    """A report that rests on another machine's training cannot be held to the bit here, and is counted apart."""
    mine = graded.copied(tmp_path)
    key = mine.training("house_style")
    there = "training_key = ?1, report = json_set(report, '$.keys.training', ?1)"
    mine.book(f"UPDATE reports SET {there} WHERE training_key = ?2", f"there{key}", key)
    if not here_as_well:
        mine.book("UPDATE trainings SET key = 'there' || key WHERE key = ?", key)
    with Gradebook.open(mine.out / "gradebook.sqlite", time.time, create=False) as gradebook:
        found, jobs = repeated(graded, gradebook, tmp_path)
    assert (found.of_networks, found.elsewhere, found.untrained) == (1, 1, 1)
    assert {job.split()[1] for job in jobs} == {"alike,"}


@stress
def test_of_several_trainings_the_earliest_that_parts_is_named(graded: Class, tmp_path: Path) -> None:
    """With two seeds a network is trained twice, and twice again; where both part, the first seed's is said."""
    rubric = small_rubric(tmp_path, {"seeds = 1 ": "seeds = 2 "})
    mine = replace(graded, rubric=rubric, out=tmp_path / "out")
    grader(*mine.words("--only", "functional"))
    changed = mine.copied(tmp_path / "changed")
    first = mine.training("functional")
    changed.book("UPDATE trainings SET training = json_set(training, '$.curve[0].loss', 0.5) WHERE key != ?", first)
    place, found = tmp_path / "logs", []
    for statement in (
        "SELECT ?",
        "UPDATE trainings SET training = json_set(training, '$.memorised', 0.5) WHERE key = ?",
    ):
        changed.book(statement, first)
        with (
            Gradebook.open(changed.out / "gradebook.sqlite", time.time) as gradebook,
            Gradebook.open(mine.out / "gradebook.sqlite", time.time) as answers,
        ):
            one, jobs = repeated(changed, gradebook, place, answers=answers)
        assert (one.networks, one.trainings, one.of_trainings) == (1, 2, 2)
        assert jobs == ["run_capture functional, again", *["run_training functional, again"] * 2]
        found += [difference.what for difference in one.differences]
    assert [what.partition(" parts at")[0].partition(" of its few")[0] for what in found] == [
        "in its training with seed 2, its learning curve",
        "in its training with seed 1, it learnt 0.5",
    ]
