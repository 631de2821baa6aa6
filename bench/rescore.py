"""How long judging a stored class again takes: other points, and ten corrected labels.

python bench/rescore.py FOLDER [--size 200]

Grades so many seeded variations of sound designs with a short recipe into FOLDER/out (once; it is found again there),
then times `grader rescore` from the shell: the interpreter's start counts as well.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import sound_designs
from sound_notebooks import IMPORTS

ROOT = Path(__file__).parents[1]
ROUNDS = 5
STEPS = 20


def graded(folder: Path, size: int) -> Path:
    """Grade `size` sound designs with few steps; return the gradebook's folder."""
    out, found = folder / "out", folder / "class"
    rubric = (ROOT / "rubrics" / "first_cnn.toml").read_text(encoding="utf-8")
    lines = [f"steps = {STEPS}" if line.startswith("steps = ") else line for line in rubric.splitlines()]
    text = "\n".join(lines).replace('"../reference/solution.py"', f'"{ROOT / "reference" / "solution.py"}"')
    text = text.replace("train = 4000", "train = 640")
    # With so few steps the reference hardly learns, and these networks less: points begin at a plain guess.
    text = text.replace("chance = 1.5", "chance = 1")
    found.mkdir(parents=True, exist_ok=True)
    (folder / "short.toml").write_text(text, encoding="utf-8")
    (folder / "other.toml").write_text(
        text.replace("[criteria.accuracy]\npoints = 6", "[criteria.accuracy]\npoints = 10"), encoding="utf-8"
    )
    for number in range(size):
        design = sound_designs.draw(Random(number))
        source = f"{IMPORTS}{sound_designs.written(design, 'Net')}\n\nmodel = {sound_designs.make(design, 'Net')}\n"
        (found / f"student{number:03}.py").write_text(source, encoding="utf-8")
    if not (out / "report.json").is_file():
        words = ["batch", str(found), "--rubric", str(folder / "short.toml"), "--out", str(out)]
        subprocess.run([sys.executable, "-m", "grader.cli", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return out


def timed(out: Path, *words: str) -> tuple[float, dict[str, Any]]:
    """Rescore; return the wall seconds and what it said."""
    command = [sys.executable, "-m", "grader.cli", "rescore", str(out), *words, "--json"]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, json.loads(done.stdout)


def relabelled(out: Path, path: Path, count: int) -> None:
    """Write a table in which `count` held-out pictures have the next class as their label."""
    with sqlite3.connect(out / "gradebook.sqlite") as book:
        split = json.loads(book.execute("SELECT options FROM runs").fetchone()[0])["split"]
    labels, names = np.load(Path(split["folder"]) / "held_out_labels.npy"), split["classes"]
    rows = [f"{at + 1},{names[(labels[at] + 1) % len(names)]}" for at in range(0, 37 * count, 37)]
    path.write_text("\n".join(["index,label", *rows, ""]), encoding="utf-8")


def measure(folder: Path, size: int = 200) -> str:
    """Return a paragraph with the times of both."""
    out = graded(folder, size)
    rubrics = [folder / "other.toml", folder / "short.toml"]
    points = [timed(out, "--rubric", str(rubrics[number % 2])) for number in range(2 * ROUNDS)]
    relabelled(out, folder / "y.csv", 10)
    labels, said = timed(out, "--labels", str(folder / "y.csv"))
    seconds = [one for one, _ in points]
    trained = sum(one["trained"] for _, one in points) + said["trained"]
    changed, relabelled_reports = len(points[0][1]["changed"]), len(said["changed"])
    return (
        f"{size} stored submissions. Other points for one criterion, {len(seconds)} times: median "
        f"{statistics.median(seconds):.2f} s, most {max(seconds):.2f} s ({changed} reports changed). Ten corrected "
        f"labels: {labels:.2f} s ({relabelled_reports} reports changed, {len(said['labels']['changed'])} pictures "
        f"named). Trained again: {trained}."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=200)
    arguments = parser.parse_args()
    print(measure(arguments.folder, arguments.size))
