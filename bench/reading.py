"""Reading a notebook of 20 MB: seconds and memory, for everything that makes notebooks large.

    python bench/reading.py [MEGABYTES]

Each kind is written to a file, and read to a `Source` by a process of its own that has read a small notebook before.
`seconds` are those of reading alone; `peak` is the highest resident memory of that process, and `base` what it takes
with nothing read but the bytes of the file.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SECONDS, MEGABYTES = 1.0, 300
"""The bars."""

READ = """
import sys, time
from pathlib import Path
from grader.source.reading.notebook import ReadLimits, read_submission
def megabytes(what):
    return int(Path("/proc/self/status").read_text().split(what)[1].split()[0]) // 1024
read_submission({"net.ipynb": b'{"cells": [{"cell_type": "code", "source": "!ls"}]}'}, ReadLimits())
content = Path(sys.argv[1]).read_bytes()
base = megabytes("VmRSS:")
started = time.perf_counter()
source = read_submission({"net.ipynb": content}, ReadLimits())
seconds = time.perf_counter() - started
assert source.cells[-1].text == "x = 1" and not source.problems, source
print(seconds, megabytes("VmHWM:"), base)
"""


def cell(*outputs: Any) -> dict[str, Any]:
    """Return a code cell with outputs."""
    return {"cell_type": "code", "source": ["x = 1"], "metadata": {}, "execution_count": 1, "outputs": list(outputs)}


def shown(kind: str, data: Any) -> dict[str, Any]:
    """Return an output that shows something."""
    return {"output_type": "display_data", "data": {kind: data}, "metadata": {}}


def said(name: str, lines: list[str]) -> dict[str, Any]:
    """Return an output of text."""
    return {"output_type": "stream", "name": name, "text": lines}


def bars(count: int) -> list[str]:
    """Return lines as a progress bar leaves them."""
    return [f"\\rEpoch {line}: 100%|██████████| 391/391 [00:21<00:00, 18.3it/s]\\n" for line in range(count)]


def widgets(count: int) -> dict[str, Any]:
    """Return the state of so many widgets, as Colab saves it."""
    state = {"_dom_classes": [], "_model_name": "HBoxModel", "children": ["IPY_MODEL_1"], "layout": None, "value": 0.5}
    whole = {"model_module": "@jupyter-widgets/controls", "model_name": "HBoxModel", "state": state}
    return {"widgets": {"application/vnd.jupyter.widget-state+json": {f"{one:032x}": whole for one in range(count)}}}


def kinds(size: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return what makes a notebook about `size` bytes large, with the notebook."""
    note = {"cell_type": "markdown", "source": "![x](attachment:x.png)", "metadata": {}}
    picture, line = "iVBORw0K" * 12 + "\n", "loss 0.1234\n"
    yield "one picture", {"cells": [cell(shown("image/png", "A" * size))]}
    yield (
        "picture and emoji",
        {"cells": [cell(shown("image/png", "A" * size), said("stdout", ["\N{SNOWMAN}\N{ROCKET}"]))]},
    )
    yield "many pictures", {"cells": [cell(shown("image/png", picture * 500)) for _ in range(size // 48_500)]}
    yield "attachments", {"cells": [{**note, "attachments": {"x.png": {"image/png": "A" * size}}}, cell()]}
    yield (
        "picture in a note",
        {
            "cells": [{**note, "source": f"![x](data:image/png;base64,{'A' * size})"}, cell()],
        },
    )
    yield "long stderr", {"cells": [cell(said("stderr", bars(size // 100)))]}
    yield "short lines", {"cells": [cell(said("stdout", [line] * (size // 24)))]}
    yield "small outputs", {"cells": [cell(*[said("stdout", [line]) for _ in range(size // 110)])]}
    many = [cell(said("stdout", [line])) for _ in range(4_000)]
    yield "small cells", {"cells": [*many, cell(said("stdout", [line] * (size // 24)))]}
    yield "widget state", {"cells": [cell()], "metadata": widgets(size // 300)}
    yield "numbers of a plot", {"cells": [cell(shown("application/vnd.plotly.v1+json", [0.123456789] * (size // 20)))]}
    yield "whole numbers", {"cells": [cell(shown("application/vnd.plotly.v1+json", list(range(size // 16))))]}
    yield "pairs of numbers", {"cells": [cell(shown("application/json", [[1.5, 2.5]] * (size // 40)))]}


def measure(notebook: dict[str, Any], folder: Path) -> tuple[float, int, int, float]:
    """Return seconds, peak and base of a reading, and the size of the file in MB."""
    path = folder / "net.ipynb"
    whole = {"metadata": {}, "nbformat": 4, "nbformat_minor": 5, **notebook}
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", READ, str(path)], check=True, capture_output=True, text=True)
    seconds, peak, base = re.split(r"\s+", done.stdout.strip())
    return float(seconds), int(peak), int(base), path.stat().st_size / 1e6


def main() -> int:
    """Measure every kind and print the figures; 1 when a bar is missed."""
    size = int(float(sys.argv[1]) * 1e6) if len(sys.argv) > 1 else 20_000_000
    missed = 0
    print(f"{'what':<20}{'file MB':>8}{'seconds':>9}{'peak MB':>9}{'base MB':>9}   bars {SECONDS} s, {MEGABYTES} MB")
    with tempfile.TemporaryDirectory() as folder:
        for name, notebook in kinds(size):
            seconds, peak, base, large = measure(notebook, Path(folder))
            missed += seconds >= SECONDS or peak >= MEGABYTES
            print(f"{name:<20}{large:8.1f}{seconds:9.2f}{peak:9d}{base:9d}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
