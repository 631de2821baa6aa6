"""Measure, and write what was found into `bench/RESULTS.md`: the sections that are measured, the others as they are.

python bench/run.py [SECTION …] [--pictures FOLDER]    # `make bench` measures all, in about two hours on two cores

`--help` names the sections. FOLDER has real pictures in the course's layout, for one of them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import baselines
import batch
import cold_check
import determinism
import executing
import night
import rescore
import walls

from grader.versions import versions

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
WORKERS = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, what is to be reached, the command that measures it alone, and the measuring itself."""

    title: str
    bar: str
    command: str
    measure: Callable[[], str]


def printed(program: str, *words: str) -> str:
    """Return what a program of this folder prints."""
    command = [sys.executable, str(HERE / program), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def in_folder(measure: Callable[[Path], str]) -> str:
    """Measure in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as name:
        return measure(Path(name))


SECTIONS = {
    "cold": Section(
        "`grader check` from cold",
        "at most 3 times `import torch` in the same run",
        "python bench/cold_check.py 7",
        lambda: cold_check.summary(cold_check.measure(7)),
    ),
    "warm": Section(
        "A warm helper",
        "`check` again at most 0.6 s, `--watch` at most 0.5 s from save to verdict",
        "python bench/warm_check.py 7",
        lambda: printed("warm_check.py", "7"),
    ),
    "help": Section(
        "`grader --help`",
        "at most 0.25 s over `python -c pass`",
        "python bench/help.py 15",
        lambda: printed("help.py", "15"),
    ),
    "walls": Section(
        "Walls",
        "at most 60 ms more in the median of a warm capture, with and without in one run",
        "python bench/walls.py",
        lambda: walls.measure(walls.SUBMISSION, 40),
    ),
    "steps": Section(
        "Training steps",
        "on two convolutions at least 2.2 times the plain DataLoader loop over PNGs, 1.35 times preloaded contiguous"
        " tensors, 38 % of the sgemm peak of one core",
        "python bench/steps.py",
        lambda: printed("steps.py"),
    ),
    "batch20": Section(
        "A batch of 20",
        "none of its own",
        "python bench/batch.py --size 20",
        lambda: batch.measure(20, 500, WORKERS, "typical"),
    ),
    "batch": Section(
        "A batch of 100",
        "wall clock at most 1.10 times bare loops over the same networks; besides them 0.6 s of processor each",
        "python bench/batch.py",
        lambda: batch.measure(100, 500, WORKERS, "typical"),
    ),
    "growth": Section(
        "A batch of 1,000",
        "main process under 500 MB, no growth over 5 % from submission 100 on, time linear within 5 %",
        "python bench/batch.py --size 1000 --growth",
        lambda: batch.growth(1000, WORKERS, "typical"),
    ),
    "executing": Section(
        "Against executing notebooks",
        "at least 8 times less processor for each submission at equal training",
        "python bench/executing.py",
        executing.measure,
    ),
    "rescore": Section(
        "Rescoring", "under 3 s for 200", "python bench/rescore.py FOLDER", lambda: in_folder(rescore.measure)
    ),
    "pages": Section(
        "Pages",
        "class page of 300 interactive within 2 s and under 3 MB; a student's pages under 0.3 s each",
        "python bench/pages.py",
        lambda: printed("pages.py"),
    ),
    "patterns": Section(
        "Patterns under the recipe",
        "reference 0.90 to 0.98, five seeds within 0.03; best dense-only network at most 0.60; one convolution between",
        "python bench/baselines.py",
        lambda: baselines.table(baselines.measure()),
    ),
    "determinism": Section(
        "The examples, four times",
        "expected verdicts; points, accuracies and answers equal to the last bit",
        "python bench/determinism.py",
        determinism.measure,
    ),
    "cluster": Section(
        "Cluster",
        "the same to the last bit as the local engine; a worker killed every 20 s and the head twice: all graded, none"
        " twice, the same; memory of the head flat within 5 % after 1,000 of 10,000 jobs; of 50 submissions"
        " 49 graded and the poisoned one put aside",
        "python bench/cluster.py noop|same|kills|poison",
        lambda: "\n\n".join(printed("cluster.py", what) for what in ("noop", "same", "kills", "poison")),
    ),
    "night": Section(
        "The main job, whole",
        "every identity right; other points under 5 s without a training; one edited explanation touches one row",
        "python bench/night.py FOLDER",
        lambda: in_folder(night.measure),
    ),
}


def pictures(folder: Path) -> Section:
    """Return the section on real pictures."""
    return Section(
        "Real pictures",
        "the reference ahead of dense layers alone",
        "python bench/baselines.py FOLDER",
        lambda: baselines.table(baselines.measure(folder)),
    )


def processor() -> str:
    """Return the processor's model."""
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def written(section: Section, found: str) -> str:
    """Return a section of the page."""
    said = ", ".join(f"{name} {version}" for name, version in versions().items())
    load = os.getloadavg()[0]
    conditions = (
        f"`{section.command}`, on {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}: {processor()}, {os.cpu_count()} cores (load"
        f" {load:.1f} at its end), {said}."
    )
    return f"## {section.title}\n\nBar: {section.bar}. {conditions}\n\n{found}\n"


def replaced(page: str, title: str, section: str) -> str:
    """Return the page with a section in the place of the one of that title, or at its end."""
    there = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if there.search(page):
        return there.sub(lambda _: section + "\n", page, count=1).rstrip("\n") + "\n"
    return f"{page.rstrip()}\n\n{section}"


def main(chosen: Iterable[Section]) -> None:
    """Measure, and write each section as soon as it is there."""
    for one in chosen:
        text = written(one, one.measure())
        RESULTS.write_text(replaced(RESULTS.read_text(encoding="utf-8"), one.title, text), encoding="utf-8")
        print(text, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []], metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    several = [SECTIONS[name] for name in asked.sections or SECTIONS]
    main([*several, *([pictures(asked.pictures)] if asked.pictures is not None else [])])
