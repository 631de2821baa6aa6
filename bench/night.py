"""The main job, whole: 27 examples and 156 sound variations in a Canvas zip, graded in one command, and the days after.

python bench/night.py FOLDER [--size 183] [--workers N]

Measures wall clock, processor time and peak memory of the whole process tree, and where the time went; holds every
identity to what the generator knows; then the same command again, other points, one edited explanation.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

ROOT = Path(__file__).parents[1]
RUBRIC = ROOT / "rubrics" / "first_cnn.toml"


@dataclass(frozen=True, slots=True)
class Measured:
    """One command: wall and processor seconds, peak memory of the tree in MiB, and what it printed."""

    wall: float
    cpu: float
    peak: float
    printed: str


def measured(words: list[str]) -> Measured:
    """Run `grader WORDS`, watching its process tree; raise CalledProcessError when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    command = [sys.executable, "-m", "grader.cli", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak = 0.0

    def watch() -> None:
        nonlocal peak
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(0.5)

    watcher = threading.Thread(target=watch)
    watcher.start()
    printed, _ = process.communicate()
    watcher.join()
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command, printed)
    return Measured(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak, printed)


def tree_memory(root: int) -> float:
    """Return the proportional set size of a process and everything below it, in MiB."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    total, todo = 0, [root]
    while todo:
        parent = todo.pop()
        todo += [child for child, above in parents.items() if above == parent]
        try:
            rollup = Path(f"/proc/{parent}/smaps_rollup").read_text()
        except OSError:
            continue
        found = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
        total += int(found.group(1)) if found else 0
    return total / 1024


def reports(out: Path) -> dict[str, dict[str, Any]]:
    """Return the reports of a batch by id."""
    plain = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return {one["submission"]["id"]: one for one in plain["reports"]}


def shares(out: Path, workers: int, wall: float) -> list[tuple[str, float]]:
    """Return where the slots' time went, in seconds of slots, from the logs."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((out / "logs").glob("*.log")))
    captures = sum(float(one) for one in re.findall(r"  capture: .*, ([\d.]+) s$", text, re.MULTILINE))
    trainings = re.findall(
        r"  training: ([\d.]+) s of steps, ([\d.]+) s with everything around them$", text, re.MULTILINE
    )
    steps, whole = (sum(float(one[index]) for one in trainings) for index in (0, 1))
    return [
        ("training steps of the recipe", steps),
        ("learning by heart, evaluation, loading", whole - steps),
        ("capture and examination", captures),
        ("everything else (start, reference, waiting, gradebook)", workers * wall - whole - captures),
    ]


def identities(out: Path, expected: dict[str, Any]) -> list[str]:
    """Return what differs between the identities that were graded and those that the generator knows."""
    found = reports(out)
    wrong = [f"{one} is missing" for one in expected if one not in found]
    wrong += [f"{one} was not handed in by anybody" for one in found if one not in expected]
    for one, known in expected.items():
        if one not in found:
            continue
        submission = found[one]["submission"]
        for key in ("files", "late", "superseded"):
            if sorted(map(str, _listed(submission[key]))) != sorted(map(str, _listed(known[key]))):
                wrong.append(f"{one}: {key} is {submission[key]}, not {known[key]}")
    return wrong


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def dearer(folder: Path) -> Path:
    """Return a rubric with other points."""
    text = RUBRIC.read_text(encoding="utf-8").replace("../reference", str(ROOT / "reference"))
    changed = re.sub(r"(\[criteria\.pooling\][^\n]*\npoints = )3", r"\g<1>5", text)
    assert changed != text
    path = folder / "dearer.toml"
    path.write_text(changed, encoding="utf-8")
    return path


def edited(archive: Path, folder: Path) -> tuple[Path, str]:
    """Return the class with one word more in one notebook's first Markdown cell, and that file's name."""
    path = folder / "edited.zip"
    touched = ""
    with zipfile.ZipFile(archive) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
        for member in before.infolist():
            blob = before.read(member)
            if not touched and member.filename.endswith(".ipynb") and "_LATE_" not in member.filename:
                try:
                    plain = json.loads(blob)
                except ValueError:
                    plain = {}
                text = next((one for one in plain.get("cells", []) if one["cell_type"] == "markdown"), None)
                if text is not None:
                    text["source"] = ["".join(text["source"]) + " Indeed."]
                    blob, touched = json.dumps(plain).encode(), member.filename
            after.writestr(member, blob)
    return path, touched


def measure(folder: Path, size: int = 183, workers: int = os.cpu_count() or 1) -> str:
    """Grade the class in `folder` and do what comes after; return the figures in Markdown."""
    import classroom

    folder.mkdir(parents=True, exist_ok=True)
    archive, out = folder / "submissions.zip", folder / "out"
    built = classroom.build(1, size)
    archive.write_bytes(built.archive())
    expected = built.expected()
    words = ["batch", str(archive), "--rubric", str(RUBRIC), "--out", str(out), "--workers", str(workers)]
    first = measured(words)
    lines = [
        (
            f"{len(expected)} submissions, {workers} workers, the reference's seeds included: {first.wall:.0f} s wall, "
            f"{first.cpu:.0f} s of processor, {first.peak:.0f} MiB of memory at most (proportional set size of the "
            "whole process tree, looked at every 0.5 s)."
        ),
        "",
        "| where the slots' time went | seconds | share |",
        "| --- | --- | --- |",
    ]
    for name, seconds in shares(out, workers, first.wall):
        lines.append(f"| {name} | {seconds:.0f} | {100 * seconds / (workers * first.wall):.1f} % |")
    wrong = identities(out, expected)
    lines += ["", f"Identities: {len(expected)} expected, {len(wrong)} wrong. {' '.join(wrong[:5])}".rstrip(), ""]
    before = reports(out)
    again = measured(words)
    lines += [f"The same command again: {again.wall:.1f} s; it ends with: {again.printed.strip().splitlines()[-1]}", ""]
    path, touched = edited(archive, folder)
    edit = measured(["batch", str(path), *words[2:]])
    after = reports(out)
    rows = [one for one in after if after[one]["keys"] != before[one]["keys"]]
    trained = [one for one in rows if after[one]["keys"]["training"] != before[one]["keys"]["training"]]
    lines.append(
        f"One explanation edited ({touched}): {edit.wall:.1f} s, rows touched: {rows}, trained again: {trained}"
    )
    points = measured([*words[:3], str(dearer(folder)), *words[4:]])
    trained = [
        one for one, plain in reports(out).items() if plain["keys"]["training"] != after[one]["keys"]["training"]
    ]
    lines += ["", f"Other points for one criterion: {points.wall:.1f} s, trained again: {trained}"]
    return "\n".join(lines)


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=183)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    print(measure(asked.folder, asked.size, asked.workers))


if __name__ == "__main__":
    main()
