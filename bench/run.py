"""Measure everything and write `bench/RESULTS.md`; about half an hour on two cores.

python bench/run.py [FOLDER_OF_REAL_PICTURES]
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import baselines
import cold_check
import determinism
import night
import walls

from grader.versions import versions

CONDITIONS = """Measured on {day} with `make bench`: {processor}, {cores} cores, {said}. One run on a machine that
others use too; ratios say more than seconds."""

PATTERNS = """Bars: reference 0.90 to 0.98, its five seeds within 0.03; best dense-only network at most 0.60; one
convolution in between."""

NIGHT = """A synthetic class in a Canvas zip: every example and 156 seeded variations of sound designs, late, anonymous
and duplicate names among them. Bars: every identity right; other points for all under 5 s without a training; one
edited explanation touches one row. `python bench/night.py FOLDER`"""

RESULTS = Path(__file__).parent / "RESULTS.md"


def processor() -> str:
    """Return the processor's model."""
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def main(pictures: Path | None) -> None:
    """Measure, and write the page."""
    said = ", ".join(f"{name} {version}" for name, version in versions().items())
    parts = [
        "# Results",
        CONDITIONS.format(
            day=f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}", processor=processor(), cores=os.cpu_count(), said=said
        ),
        "## `grader check` from cold",
        "Bar: at most 3.2 times `import torch` in the same run.",
        cold_check.summary(cold_check.measure(7)),
        "## What the walls cost",
        "Bar: at most 60 ms more in the median of a warm capture, with and without in one run.",
        walls.measure(walls.SUBMISSION, 40),
        "## Patterns under the recipe",
        PATTERNS,
        baselines.table(baselines.measure()),
        "## The examples, twice",
        "Bar: expected verdicts; points, accuracies and predictions equal to the last bit.",
        determinism.measure(),
        "## The main job, whole",
        NIGHT,
    ]
    with tempfile.TemporaryDirectory() as folder:
        parts.append(night.measure(Path(folder)))
    if pictures is not None:
        parts += ["## Real pictures", f"{pictures.name}, split 80/20.", baselines.table(baselines.measure(pictures))]
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
