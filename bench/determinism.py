"""Grade the examples four times and compare everything that decides a grade, to the last bit.

python bench/determinism.py [--quick]

By 2 workers, by 2 again, by 1, and by 2 with a kill -9 in the middle of the trainings and the same command again. Each
grading has a folder and a cache of its own, so that nothing is taken over and the reference is measured anew. Then a
few examples with several seeds for each network. `--quick` takes few steps, pictures and examples: it tries this
program, and its figures say nothing about the recipe.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "submissions"

FEW = ("functional.py", "norm_dropout.ipynb", "residual_modulelist.ipynb")
"""Examples that are trained several times: plain, with dropout and batch normalisation, and with sums."""

QUICK = (*FEW, "house_style.ipynb", "two_files", "lenet.ipynb", "no_pooling.py", "nn_dense.ipynb")

QUICKLY = {"steps": 20, "train": 640, "held_out": 200, "seeds": 2}
"""What a quick rubric has in place of the recipe's; the seeds are the reference's."""

TIMES = frozenset({"seconds", "run"})
"""Keys of a report that may differ between two gradings of the same files."""

ENOUGH = 3
"""Trainings that must be in the gradebook before the main process is killed."""


@dataclass(frozen=True, slots=True)
class Job:
    """A class, its rubric, and a folder that its gradebook and its cache are made in."""

    submissions: Path
    rubric: Path
    place: Path
    workers: int

    @property
    def out(self) -> Path:
        """Return where the gradebook goes."""
        return self.place / "out"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the batch."""
        words = ["batch", str(self.submissions), "--rubric", str(self.rubric), "--out", str(self.out)]
        return subprocess.Popen(
            [sys.executable, "-m", "grader.cli", *words, "--workers", str(self.workers)],
            cwd=ROOT,
            env={**os.environ, "GRADER_CACHE": str(self.place / "cache")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self) -> float:
        """Run the batch to its end; return its seconds."""
        started = time.perf_counter()
        process = self.start()
        if process.wait() != 0:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        return time.perf_counter() - started

    def killed(self, trainings: int) -> tuple[float, int]:
        """Kill the main process when a few of so many trainings are done; return seconds, and how many were."""
        started = time.perf_counter()
        process = self.start()
        while self.trained() < ENOUGH:
            if process.poll() is not None:
                raise RuntimeError("the batch ended before it could be killed")
            time.sleep(0.02)
        process.kill()
        process.wait()
        done = self.trained()
        if done >= trainings:
            raise RuntimeError(f"all {trainings} trainings were done before the batch was killed")
        return time.perf_counter() - started, done

    def trained(self) -> int:
        """Return how many trainings the gradebook holds by now."""
        try:
            with sqlite3.connect(f"file:{self.out / 'gradebook.sqlite'}?mode=ro", uri=True) as book:
                return int(book.execute("SELECT count(*) FROM trainings").fetchone()[0])
        except sqlite3.OperationalError:  # the file or its tables are not there yet
            return 0


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that decides a grade.

    Attributes:
        reports: by id, without times and numbers of runs.
        table: `grades.csv`.
        answers: shape and logits for the held-out pictures, by training key.
        references: what was remembered of the reference, without times: the answers of its seeds and its curve.
    """

    reports: dict[str, Any]
    table: str
    answers: dict[str, tuple[str, bytes]]
    references: list[Any]

    @classmethod
    def of(cls, job: Job) -> Content:
        """Read it from where the job left it."""
        plain = json.loads((job.out / "report.json").read_text(encoding="utf-8"))["reports"]
        with sqlite3.connect(job.out / "gradebook.sqlite") as book:
            rows = book.execute("SELECT key, shape, logits FROM trainings").fetchall()
        remembered = sorted((job.place / "cache" / "references").glob("*.json"))
        return cls(
            {one["submission"]["id"]: timeless(one) for one in plain},
            (job.out / "grades.csv").read_text(encoding="utf-8"),
            {key: (shape, bytes(logits)) for key, shape, logits in rows},
            [(one.name, timeless(json.loads(one.read_text(encoding="utf-8")))) for one in remembered],
        )

    def differences(self, other: Content) -> list[str]:
        """Say what is not equal; nothing where all is."""
        found = [f"report of {name}" for name in _unequal(self.reports, other.reports)]
        found += [f"answers of training {key[:12]}" for key in _unequal(self.answers, other.answers)]
        if self.table != other.table:
            found.append("grades.csv")
        if not self.references or self.references != other.references:
            found.append("the reference's answers")
        return found


def _unequal(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    # Written out, so that a number that is none equals itself and 0 is not -0.
    return sorted(key for key in {*one, *other} if repr(one.get(key)) != repr(other.get(key)))


def timeless(plain: Any) -> Any:
    """Return plain values without whatever is a time or a run's number."""
    if isinstance(plain, dict):
        return {key: timeless(value) for key, value in plain.items() if key not in TIMES}
    return [timeless(one) for one in plain] if isinstance(plain, list) else plain


def rubric(place: Path, *, quick: bool, seeds: int) -> Path:
    """Write the course's rubric, with so many trainings for each network; return its path."""
    text = (ROOT / "rubrics" / "first_cnn.toml").read_text(encoding="utf-8")
    text = text.replace('"../reference', f'"{ROOT / "reference"}')
    for key, value in QUICKLY.items() if quick else ():
        text = re.sub(rf"^{key} = .*$", f"{key} = {value}", text, count=1, flags=re.MULTILINE)
    text = re.sub(
        r"^seeds = 1\b", f"seeds = {seeds}", text, count=1, flags=re.MULTILINE
    )  # the recipe's, not the reference's
    path = place / f"rubric{seeds}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def some(place: Path, names: Sequence[str]) -> Path:
    """Copy some of the examples into a folder; return it."""
    place.mkdir()
    for name in names:
        source = EXAMPLES / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, place / name)
    return place


def unexpected(reports: dict[str, Any]) -> list[str]:
    """Return the examples whose verdict is not the one that EXPECTED.toml states."""
    expected = tomllib.loads((EXAMPLES / "EXPECTED.toml").read_text(encoding="utf-8"))
    found = []
    for name, one in reports.items():
        failed = {finding["criterion"] for finding in one["findings"] if finding["outcome"] == "failed"}
        if one["status"] != expected[name]["status"] or failed != set(expected[name]["failed"]):
            found.append(f"{name} ({one['status']}, failed {sorted(failed)})")
    return found


def four_times(folder: Path, *, quick: bool) -> str:
    """Grade the examples four times; return what was equal, in words."""
    taken = some(folder / "class", QUICK) if quick else EXAMPLES
    asked = rubric(folder, quick=quick, seeds=1)
    jobs = [Job(taken, asked, folder / name, 1 if name == "one" else 2) for name in ("two", "again", "one", "killed")]
    times = [job.run() for job in jobs[:3]]
    first = Content.of(jobs[0])
    until, done = jobs[3].killed(len(first.answers))
    rest = jobs[3].run()
    found = {job.place.name: first.differences(Content.of(job)) for job in jobs[1:]}
    differing = "; ".join(f"{name}: {', '.join(one)}" for name, one in found.items() if one)
    said = (
        f"{len(first.reports)} examples, each time in a folder and with a cache of its own, so that the reference is "
        f"measured anew: by 2 workers ({times[0]:.0f} s), by 2 again ({times[1]:.0f} s), by 1 ({times[2]:.0f} s), and "
        f"by 2 with kill -9 of the main process once {done} of {len(first.answers)} trainings were kept "
        f"({until:.0f} s), then the same command ({rest:.0f} s). Compared to the last bit: reports without times and "
        "numbers of runs, `grades.csv`, the answers to the held-out pictures of all these trainings by their keys, the "
        f"answers and the curve of the reference's seeds. Different: {differing or 'nothing'}."
    )
    if quick:
        return said
    return f"{said} Verdicts other than EXPECTED.toml's: {', '.join(unexpected(first.reports)) or 'none'}."


def several_seeds(folder: Path, *, quick: bool) -> str:
    """Grade a few examples with three trainings each, by 1 and by 2 workers; return what was equal, in words."""
    taken, asked = some(folder / "few", FEW), rubric(folder, quick=quick, seeds=3)
    jobs = [Job(taken, asked, folder / f"seeds{workers}", workers) for workers in (1, 2)]
    times = [job.run() for job in jobs]
    first, second = map(Content.of, jobs)
    differing = ", ".join(first.differences(second))
    return (
        f"With `seeds = 3`, {len(first.reports)} of the examples ({len(first.answers)} trainings) by 1 worker "
        f"({times[0]:.0f} s) and by 2 ({times[1]:.0f} s), compared alike: different: {differing or 'nothing'}."
    )


def measure(*, quick: bool = False) -> str:
    """Return a paragraph with what was equal and how long it took."""
    with tempfile.TemporaryDirectory() as folder:
        found = [four_times(Path(folder), quick=quick), several_seeds(Path(folder), quick=quick)]
    return "\n\n".join(["QUICK: few steps, pictures and examples.", *found] if quick else found)


def main() -> None:
    """Measure, and print the paragraph."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="try the program with few steps, pictures and examples")
    print(measure(quick=parser.parse_args().quick))


if __name__ == "__main__":
    main()
