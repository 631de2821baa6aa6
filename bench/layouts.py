"""Notebooks laid out for the pages: how many can be, in which time, and how large they become.

python bench/layouts.py FOLDER

Every notebook below FOLDER goes into the real job, a fork of a warm process behind the walls of this machine. The
notebooks of others are fetched by whoever measures and are never part of this repository.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from grader.claims import read_rendered  # noqa: E402
from grader.sandbox import ladder  # noqa: E402
from grader.sandbox.launch import worker  # noqa: E402
from grader.sandbox.protocol import Limits  # noqa: E402


def main(folder: Path) -> None:
    """Print the figures."""
    walls = ladder.demanded("auto", "cpu")
    started = worker(walls.fence, pages=True)
    seconds: list[float] = []
    sizes: list[tuple[int, int]] = []
    try:
        for path in sorted(folder.rglob("*.ipynb")):
            blob = path.read_bytes()
            done = started.run("render", {}, {path.name: blob}, Limits())
            found = read_rendered(done.result())
            if done.stopped or not found.notebooks:
                print(f"{path.relative_to(folder)}: not laid out ({done.stopped or ' '.join(found.problems)})")
                continue
            seconds.append(done.cpu_seconds)
            sizes.append((sum(len(one.html.encode()) for one in found.notebooks[0].cells), len(blob)))
            if found.notebooks[0].left_out:
                print(f"{path.relative_to(folder)}: {found.notebooks[0].left_out} cells left out")
    finally:
        started.stop()
    print(f"{len(seconds)} notebooks laid out, {walls.sentence()}")
    print(f"processor time: median {1000 * statistics.median(seconds):.0f} ms, most {1000 * max(seconds):.0f} ms")
    shown, handed_in = zip(*sizes, strict=True)
    print(f"as HTML: median {statistics.median(shown) / 1000:.0f} kB, most {max(shown) / 1000:.0f} kB")
    print(f"as handed in: median {statistics.median(handed_in) / 1000:.0f} kB, most {max(handed_in) / 1e6:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
