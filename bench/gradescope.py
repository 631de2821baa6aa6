"""An autograder's archive in a container like Gradescope's own: 768 MB of memory and half a core for the whole tree.

python bench/gradescope.py [--course] [--megabytes 768] [--cores 0.5]

Bars: a structure-only rubric and a small training both finish. As root, with bubblewrap and control groups (v1 or v2).
The container's packages are a copy that was dropped from the page cache, so that reading torch is charged to the
container, as in a fresh one; what is read can be dropped again, so the peak of the group touches its limit. Beside it
stands the peak of memory that cannot be dropped. `--course` trains by the course's whole rubric as well.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402 - the checkout, after it is on the path

from grader.packing.gradescope import GradescopeOptions, run_gradescope  # noqa: E402
from tests.packs.container import Container, can_run, own_packages  # noqa: E402

SMALL = {"steps = 500": "steps = 100", "train = 4000": "train = 1000", "held_out = 1000": "held_out = 300"}
SMALL |= {"seeds = 5": "seeds = 3", "held_out_seed = 2 ": "held_out_seed = 77 "}
FILES = ("house_style.ipynb", "residual_modulelist.ipynb", "endless_loop.py")

GREEDY = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.kept = [torch.ones(10**7) for _ in range(200)]
        self.conv = nn.Conv2d(3, 8, 3)
        self.dense = nn.Linear(7200, 10)

    def forward(self, x):
        return self.dense(self.conv(x).flatten(1))


net = Net()
"""
"""Keeps 8 GB."""


@dataclass(frozen=True, slots=True)
class Group:
    """A control group: its folders, and the names of its files.

    Attributes:
        memory: of the memory controller.
        processor: of the processor's; the same in version 2.
        version: 1 or 2.
    """

    memory: Path
    processor: Path
    version: int

    def limit(self, megabytes: int, cores: float) -> None:
        """Bound the whole tree."""
        bytes_ = str(megabytes * 2**20)
        if self.version == 2:
            (self.memory / "memory.max").write_text(bytes_)
            (self.memory / "memory.swap.max").write_text("0")
            (self.memory / "cpu.max").write_text(f"{int(cores * 100_000)} 100000")
            return
        (self.memory / "memory.limit_in_bytes").write_text(bytes_)
        (self.processor / "cpu.cfs_period_us").write_text("100000")
        (self.processor / "cpu.cfs_quota_us").write_text(str(int(cores * 100_000)))

    def entering(self) -> tuple[str, ...]:
        """Return words that start a program inside the group."""
        joins = " ".join(f"echo $$ > {one / 'cgroup.procs'};" for one in dict.fromkeys((self.memory, self.processor)))
        return ("sh", "-c", f'{joins} exec "$@"', "sh")

    def shown(self) -> tuple[str, str]:
        """Return its folder, and where a container of its own would see it."""
        return str(self.memory), "/sys/fs/cgroup" if self.version == 2 else "/sys/fs/cgroup/memory"

    def peak(self) -> int:
        """Return the most bytes that were charged to it, page cache included."""
        name = "memory.peak" if self.version == 2 else "memory.max_usage_in_bytes"
        return int((self.memory / name).read_text())

    def held(self) -> int:
        """Return how many bytes it holds now that cannot be dropped."""
        stat = dict(line.split() for line in (self.memory / "memory.stat").read_text().splitlines())
        keys = ("anon", "shmem", "kernel_stack", "pagetables") if self.version == 2 else ("total_rss", "total_shmem")
        return sum(int(stat.get(key, 0)) for key in keys)

    def kills(self) -> int:
        """Return how many processes were killed for want of memory."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        return int(dict(line.split() for line in (self.memory / name).read_text().splitlines())["oom_kill"])


@contextmanager
def group(name: str) -> Iterator[Group]:
    """Make a group below this process's own; it goes when the block ends."""
    own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    base = Path("/sys/fs/cgroup")
    if (base / "cgroup.controllers").exists():
        folder = base / name
        found = Group(folder, folder, 2)
    else:
        memory, processor = (base / one / own[one].lstrip("/") / name for one in ("memory", "cpu"))
        found = Group(memory, processor, 1)
    folders = list(dict.fromkeys((found.memory, found.processor)))
    for one in folders:
        one.mkdir()
    try:
        yield found
    finally:
        for one in folders:
            _removed(one)


def _removed(folder: Path) -> None:
    """Remove a group; the last process in it may need a moment to go."""
    for _ in range(100):
        try:
            folder.rmdir()
        except OSError:
            time.sleep(0.05)
        else:
            return


class Sampler(threading.Thread):
    """Asks a group 20 times a second what it holds."""

    def __init__(self, watched: Group) -> None:
        """Take the group."""
        super().__init__(daemon=True)
        self.most = 0
        self._watched, self._over = watched, threading.Event()

    def run(self) -> None:
        """Ask until the end."""
        while not self._over.wait(0.05):
            self.most = max(self.most, self._watched.held())

    def end(self) -> int:
        """Stop asking; return the most."""
        self._over.set()
        self.join()
        return self.most


def copied(place: Path) -> tuple[str, ...]:
    """Copy this environment's packages, and drop the copy from the page cache."""
    found = []
    for number, one in enumerate(own_packages()):
        # Ends as such folders end, which is how the walls' view knows them.
        target = place / str(number) / "site-packages"
        shutil.copytree(one, target, symlinks=True)
        found.append(str(target))
    os.sync()
    for file in place.rglob("*"):
        if file.is_file() and not file.is_symlink():
            with file.open("rb") as stream:
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return tuple(found)


def measure(name: str, rubric: Path, place: Path, packages: tuple[str, ...], asked: argparse.Namespace) -> None:
    """Pack a rubric, set the archive up without limits, and hand files in within them."""
    out = place / f"{name}.zip"
    quiet = Console(quiet=True)
    run_gradescope(GradescopeOptions(rubric, out), quiet, quiet)
    folder = place / name
    folder.mkdir(mode=0o755)
    image = Container(folder, packages)
    image.unpack(out)
    done = image.setup()
    assert done.returncode == 0, done.stdout
    greedy = place / "greedy.py"
    greedy.write_text(GREEDY, encoding="utf-8")
    for file in (*FILES, greedy.name):
        with group(f"grader-bench-{os.getpid()}") as bounded:
            bounded.limit(asked.megabytes, asked.cores)
            limited = Container(folder, packages, bounded.entering(), (bounded.shown(),))
            sampler = Sampler(bounded)
            sampler.start()
            started = time.monotonic()
            found = limited.submit(greedy if file == greedy.name else ROOT / "submissions" / file)
            took = time.monotonic() - started
            held = sampler.end()
            accuracy = next((one.get("score", "blank") for one in found["tests"] if "accuracy" in one["tags"]), "–")
            print(
                f"| {name} | {file} | {took:.1f} s | {held / 2**20:.0f} MB | {bounded.peak() / 2**20:.0f} MB | "
                f"{bounded.kills()} | {found.get('score', 'blank')} | {accuracy} |",
                flush=True,
            )


def main() -> None:
    """Measure structure, a small training, and with --course the course's own rubric."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--course", action="store_true")
    parser.add_argument("--megabytes", type=int, default=768)
    parser.add_argument("--cores", type=float, default=0.5)
    asked = parser.parse_args()
    if why := can_run():
        sys.exit(why)
    with tempfile.TemporaryDirectory(prefix="gradescope-", dir="/var/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        text = (ROOT / "rubrics" / "first_cnn.toml").read_text(encoding="utf-8")
        text = text.replace('"../reference/solution.py"', f'"{ROOT / "reference" / "solution.py"}"')
        whole, small = place / "course.toml", place / "small.toml"
        whole.write_text(text, encoding="utf-8")
        for old, new in SMALL.items():
            assert old in text, old
            text = text.replace(old, new)
        small.write_text(text, encoding="utf-8")
        (place / "packages").mkdir()
        packages = copied(place / "packages")
        print("| rubric | handed in | wall clock | held at most | with page cache | killed | points | accuracy |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        measure("structure", ROOT / "rubrics" / "structure_only.toml", place, packages, asked)
        measure("small", small, place, packages, asked)
        if asked.course:
            measure("course", whole, place, packages, asked)


if __name__ == "__main__":
    main()
