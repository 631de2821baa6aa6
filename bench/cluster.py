"""The cluster engine: what its seam costs, and what it makes of workers and heads that die.

python bench/cluster.py noop [--jobs 10000]     # jobs that do nothing, through the whole seam
python bench/cluster.py poison [--size 50]      # one submission whose worker is killed whenever it runs
python bench/cluster.py kills [--size 60] [--every 20]   # a worker killed again and again, and the head twice
python bench/cluster.py same [--size 180]       # the examples and the class of 180, on both engines

Each uses a cluster of this machine with two workers, and the course's rubric with few pictures and 60 steps.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(Path(__file__).parent), str(ROOT)]

from classroom import build  # noqa: E402

from grader.allocator import give_back_freed_memory  # noqa: E402
from grader.engines import dask  # noqa: E402
from grader.engines.remote import Nothing, Remote  # noqa: E402
from grader.engines.seam import Address, Asked  # noqa: E402
from grader.phases import Job, Night  # noqa: E402
from tests.pipeline.conftest import small_rubric  # noqa: E402
from tests.pipeline.contents import contents  # noqa: E402

WORKERS = 2
POISON = "poison"
_STEP = 1000  # jobs between two looks at the memory


def resident() -> float:
    """Return the resident memory of this process, in MiB."""
    text = Path("/proc/self/statm").read_text(encoding="ascii")
    return int(text.split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def noop(count: int) -> str:
    """Hand out jobs that do nothing as a batch hands out its own; return figures."""
    give_back_freed_memory()  # as a batch does
    engine = Remote(
        dask.executor(Asked(WORKERS, "cpu", "auto", Address(), print)),
        Asked(WORKERS, "cpu", "auto", Address(), print),
        _deaf,
    )
    engine.use(engine.begin(None).kinds)
    nothing: Any = None
    night = Night(nothing, nothing, engine, nothing, nothing, 1, WORKERS, slots=engine.slots)
    done, sizes, moments = 0, [], [time.perf_counter()]

    def finish(future: Future[Any]) -> None:
        nonlocal done
        assert future.result() == {}
        done += 1
        if done % _STEP == 0:
            sizes.append(resident())
            moments.append(time.perf_counter())

    def jobs() -> Iterator[Job]:
        for number in range(count):
            yield Nothing, {"id": str(number), "files": {"a.py": b"x" * 20_000}}, finish

    before = time.process_time()
    night.each(jobs())
    spent = time.process_time() - before
    engine.shutdown()
    assert done == count
    if "GRADER_BENCH_SIZES" in os.environ:
        print([round(one, 1) for one in sizes])
    growth = 100 * (max(sizes[1:]) / sizes[0] - 1)
    each = [1000 * (after - moment) / _STEP for moment, after in itertools.pairwise(moments)]
    return (
        f"{count:,} jobs of 20 kB that do nothing, {WORKERS} workers: {statistics.median(each):.1f} ms of wall clock "
        f"and {1000 * spent / count:.1f} ms of processor for each on the head, its scheduler included. Memory of the "
        f"head {sizes[0]:.0f} MiB after {_STEP:,} jobs, {sizes[-1]:.0f} MiB at the end, at most {growth:.1f} % more."
    )


def _deaf(*_: object) -> None:
    """Show nothing."""


def poisoned(asked: Asked) -> Executor:
    """Return the engine `dask` with somebody who kills whatever worker begins on the poisoned submission."""
    inner: Any = dask.executor(asked)

    def watch() -> None:
        while not inner._closing:
            for seat in list(inner._seats.values()):
                job = seat.running
                if job is not None and job.job["order"]["id"] == POISON:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(seat.greeting["node"].rsplit(" ", 1)[1]), signal.SIGKILL)
            time.sleep(0.02)

    threading.Thread(target=watch, daemon=True).start()
    return inner


def command(folder: Path, rubric: Path, out: Path, *more: str) -> list[str]:
    """Return the words of a batch."""
    words = ["batch", str(folder), "--rubric", str(rubric), "--out", str(out), "--workers", str(WORKERS), *more]
    return [sys.executable, "-m", "grader.cli", *words]


OWN: dict[str, float] = {}
"""Processor seconds of a head itself, by the folder of its results."""


def run(words: list[str], *codes: int) -> float:
    """Run a batch to its end; return the seconds that it took."""
    started, own = time.monotonic(), 0.0
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'bench'}"}
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(words, cwd=ROOT, env=os.environ | paths, stdout=log, stderr=log)
        while process.poll() is None:
            with contextlib.suppress(OSError, IndexError):
                fields = Path(f"/proc/{process.pid}/stat").read_text(errors="replace").rsplit(")", 1)[1].split()
                own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            time.sleep(0.05)
        if process.returncode not in (codes or (0,)):
            log.seek(0)
            raise RuntimeError(f"exit code {process.returncode}: {log.read()[-2000:]}")
    OWN[words[words.index("--out") + 1]] = own
    return time.monotonic() - started


def a_class(folder: Path, size: int, *, sound: bool) -> Path:
    """Write a class of this size; return the zip."""
    path = folder / "class.zip"
    path.write_bytes(build(1, size, only_sound=sound).archive())
    return path


def poison(folder: Path, size: int) -> str:
    """Grade a class with one submission that takes its workers with it, and the class without; return figures."""
    rubric, place = small_rubric(folder), folder / "class"
    place.mkdir()
    for number, one in enumerate(build(1, size - 1, only_sound=True).submissions):
        name, content = one.uploads[0]
        (place / f"s{number:02}{Path(name).suffix}").write_bytes(content)
    only = folder / "only"
    only.mkdir()
    shutil.copy(ROOT / "submissions" / "functional.py", only)
    run(command(only, rubric, folder / "first"))  # trains the reference
    alone = run(command(place, rubric, folder / "alone", "--engine", "dask"))
    busy = OWN[str(folder / "alone")]
    run(command(place, rubric, folder / "alone", "--engine", "dask"))
    each = 1000 * (busy - OWN[str(folder / "alone")]) / (size - 1)
    shutil.copy(ROOT / "submissions" / "functional.py", place / f"{POISON}.py")
    beside = run(command(place, rubric, folder / "beside", "--engine", "cluster:poisoned"), 3)
    again = run(command(place, rubric, folder / "beside", "--engine", "dask"), 3)
    left, right = contents(folder / "alone")["reports"], contents(folder / "beside")["reports"]
    _, report = right.pop(POISON)
    assert left == right
    return (
        f"Of {size} submissions {len(right)} were graded as without the other one, which is {report['status']}: "
        f'"{report["notes"][0]}" Without it {alone:.0f} s, with it {beside:.0f} s: {beside - alone:+.0f} s. '
        f"The same command again takes {again:.0f} s and does not run it. The head spends {each:.0f} ms of processor "
        "for each submission, its scheduler included, beyond what a run costs in which nothing has changed."
    )


def workers_of(head: int) -> list[int]:
    """Return the worker processes of a head's own cluster."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError):
            parent = int((entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split()[1])
            if parent == head and b"spawn_main" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
    return found


def kills(folder: Path, size: int, every: float) -> str:
    """Kill a worker again and again, and the head twice; return figures."""
    rubric, archive = small_rubric(folder), a_class(folder, size, sound=size < 40)
    run(command(archive, rubric, folder / "first"))
    undisturbed = run(command(archive, rubric, folder / "undisturbed"))
    words, chance = command(archive, rubric, folder / "killed", "--engine", "dask"), random.Random(1)
    killed, heads, began = 0, 0, time.monotonic()
    while True:
        log = (folder / f"log{heads}").open("w")
        process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log)
        started = time.monotonic()
        while process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(every)
            if process.poll() is None and (several := workers_of(process.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(several), signal.SIGKILL)
                    killed += 1
            if process.poll() is None and heads < 2 and time.monotonic() - started > undisturbed / 4:
                process.kill()
                process.wait()
                heads += 1
        if process.returncode == 0:
            break
        if process.returncode != -signal.SIGKILL:
            raise RuntimeError((folder / f"log{heads}").read_text()[-2000:])
    took = time.monotonic() - began
    expected, found = contents(folder / "undisturbed"), contents(folder / "killed")
    twice = [name for name, (count, _) in found["reports"].items() if count != 1]
    return (
        f"{len(found['reports'])} submissions: {killed} workers killed, one every {every:.0f} s, and the head {heads} "
        f"times. Reported twice: {len(twice)}. Reports, captures, trainings and answers as on the local engine "
        f"undisturbed: {'all' if found == expected else 'NOT ALL'}. {took:.0f} s in place of {undisturbed:.0f} s."
    )


def same(folder: Path, size: int) -> str:
    """Grade the examples and a class on both engines; return figures."""
    rubric, said = small_rubric(folder), []
    run(command(ROOT / "submissions", rubric, folder / "first"))
    several = {"the examples": ROOT / "submissions", f"a class of {size}": a_class(folder, size, sound=False)}
    for number, (name, place) in enumerate(several.items()):
        outs = {one: folder / f"{one}{number}" for one in ("local", "dask")}
        seconds = {one: run(command(place, rubric, out, "--engine", one)) for one, out in outs.items()}
        found = {one: contents(out) for one, out in outs.items()}
        parts = [key for key in found["local"] if found["local"][key] != found["dask"][key]]
        equal = f"NOT the same: {', '.join(parts)}" if parts else "the same to the last bit"
        count, networks = len(found["dask"]["reports"]), len(found["dask"]["trainings"])
        said.append(
            f"- {name}: {count} reports and the answers of {networks} trainings, {equal}; "
            f"{seconds['local']:.0f} s local, {seconds['dask']:.0f} s on dask."
        )
    return "\n".join(said)


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("noop", "poison", "kills", "same"))
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--size", type=int)
    parser.add_argument("--every", type=float, default=20.0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grader-bench-") as name:
        folder = Path(name)
        os.environ["GRADER_CACHE"] = str(folder / "cache")
        os.environ["OMP_NUM_THREADS"] = "1"
        if asked.what == "noop":
            print(noop(asked.jobs))
        elif asked.what == "poison":
            print(poison(folder, asked.size or 50))
        elif asked.what == "kills":
            print(kills(folder, asked.size or 60, asked.every))
        else:
            print(same(folder, asked.size or 180))


if __name__ == "__main__":
    main()
