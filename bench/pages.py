"""Pages of a class of 300: how long they take to write, how large they are, and when a browser can be used.

python bench/pages.py [STUDENTS]
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from grader.gradebook import Gradebook  # noqa: E402
from grader.gradebook.records import Invocation, StoredCapture  # noqa: E402
from grader.orders import rendering_key  # noqa: E402
from grader.publishing import publish  # noqa: E402
from grader.records import Keys  # noqa: E402
from grader.rendering import exporting, slimming  # noqa: E402
from tests.pages.made import EVIL, many  # noqa: E402

CELLS = 30
TIMER = "<script>addEventListener('load',()=>{document.title='ready '+Math.round(performance.now())})</script></body>"


def fill(gradebook: Gradebook, count: int) -> None:
    """Save so many reports, each with a notebook of thirty cells as it was read and as it was laid out."""
    run = gradebook.start_run(Invocation(("batch",), {}, "", {}, {"device": "cpu"}))
    reports = [replace(one, keys=Keys(f"capture {index}")) for index, one in enumerate(many(count))]
    text = "\n".join(f"x = {line}  # {EVIL[:40]}" for line in range(40))
    source = [{"file": "a.ipynb", "cell": cell, "text": text} for cell in range(1, CELLS + 1)]
    passages = [{"where": "text cell 1", "words": 500, "text": "why " * 500}]
    cells = [{"cell_type": "code", "source": text, "outputs": []} for _ in range(CELLS)]
    written = exporting.cells(slimming.slim(json.dumps({"cells": cells}), slimming.Room()).notebook)
    html = [{"cell": number, "html": one} for number, one in enumerate(written, 1)]
    notebook = {"file": "a.ipynb", "cells": html, "left_out": 0}
    answer = {"outcome": "rendered", "notebooks": [notebook], "problems": []}
    for report in reports:
        gradebook.save_rendering(rendering_key(report.keys.capture), {"stopped": None, "answer": answer})
        facts = {"source": source, "explanation": passages}
        gradebook.save_capture(report.keys.capture, StoredCapture("none", {"facts": facts}))
        gradebook.save_report(run, report)


def interactive(page: Path) -> str:
    """Return after how many milliseconds the page had run its script, as the browser's own clock says."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return "no chromium here"
    timed = page.with_name("timed.html")
    # Its own policy would stop the clock; the rest of the page is as it is.
    markup = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text(encoding="utf-8"))
    timed.write_text(markup.replace("</body>", TIMER), encoding="utf-8")
    words = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={page.parent / 'profile'}"]
    found = []
    for _ in range(5):
        address = f"{timed.as_uri()}#sort=points,down"
        done = subprocess.run([*words, "--dump-dom", address], capture_output=True, text=True, check=True)
        found.append(int(done.stdout.partition("<title>ready ")[2].partition("<")[0]))
    return f"{sorted(found)[2]} ms (median of 5, from {min(found)} to {max(found)})"


def main(count: int) -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results"
        with Gradebook.open(out / "gradebook.sqlite", time.time) as gradebook:
            fill(gradebook, count)
            started = time.perf_counter()
            publish(gradebook, out)
            all_of_it = time.perf_counter() - started
            started = time.perf_counter()
            publish(gradebook, out, set())
            class_alone = time.perf_counter() - started
        sizes = sorted(one.stat().st_size for one in (out / "students").glob("*.html"))
        print(f"{count} students: all pages {all_of_it:.2f} s, {1000 * all_of_it / count:.1f} ms a student")
        print(f"class page alone {class_alone:.2f} s, {(out / 'index.html').stat().st_size / 2**20:.2f} MB")
        print(f"largest page of a student {sizes[-1] / 2**20:.2f} MB")
        print(f"class page interactive after {interactive(out / 'index.html')}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
