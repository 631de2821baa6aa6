"""Run the quick tests under other versions of Python and torch, each in a virtual environment of its own.

python bench/versions.py FOLDER PYTHON:TORCH [PYTHON:TORCH …] [-- TESTS]

    python bench/versions.py /var/tmp/versions python3.11:2.13.0 python3.13:2.14.1

PYTHON is a program, TORCH an exact version. The environments stay in FOLDER, so that a second run only tests. Each
takes up to 8 GB, as packages for Linux bring CUDA. What failed stands in FOLDER/….log.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = (
    "tests/test_zoo.py tests/test_work.py tests/test_rubric.py tests/test_gradebook.py tests/graph tests/source".split()
)
"""Every network of the zoo is captured, replayed and trained a step; then what reads source, graphs and records."""

TORCH = """import platform, torch; print(f"{platform.python_version()} {torch.__version__}")"""


def installed(folder: Path, python: str, torch: str) -> Path:
    """Return the interpreter of an environment that has this torch and the package with its tests' packages."""
    place = folder / f"{Path(python).name}-torch{torch}"
    if "/" in python:
        place = folder / f"{'-'.join(Path(python).parts[-3:-2])}-torch{torch}"
    own = place / "bin" / "python"
    if not (place / "installed").is_file():
        subprocess.run([python, "-m", "venv", str(place)], check=True)
        words = ["--quiet", "--disable-pip-version-check", f"torch=={torch}", "--editable", f"{ROOT}[test]"]
        subprocess.run([own, "-m", "pip", "install", *words], check=True)
        (place / "installed").touch()
    return own


def tested(own: Path, tests: list[str], log: Path) -> str:
    """Return one row: the versions, pytest's closing line, and the tests that failed."""
    said = subprocess.run([own, "-c", TORCH], check=True, capture_output=True, text=True).stdout.split()
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([own, *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    closing = done.stdout.strip().splitlines()[-1].strip("= ")
    failed = re.findall(r"^(?:FAILED|ERROR) \S*?([^/\s]+::\S+|\S+)", done.stdout, re.MULTILINE)
    return f"| {said[0]} | {said[1]} | {closing} | {', '.join(failed) or '–'} |"


def main(words: list[str]) -> None:
    """Print a table for RESULTS.md, row by row."""
    tests = words[words.index("--") + 1 :] if "--" in words else TESTS
    folder, *pairs = words[: words.index("--")] if "--" in words else words
    place = Path(folder).resolve()
    place.mkdir(parents=True, exist_ok=True)
    print("| Python | torch | tests | failed |\n| --- | --- | --- | --- |")
    for pair in pairs:
        python, _, torch = pair.rpartition(":")
        own = installed(place, python, torch)
        print(tested(own, tests, place / f"{own.parents[1].name}.log"), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
