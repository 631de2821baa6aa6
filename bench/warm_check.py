"""`grader check` again, with a warm helper, and `--watch` from save to verdict; beside them cold, and `import torch`.

python bench/warm_check.py [ROUNDS]

Everything happens in folders of its own; the helper is ended afterwards. Cold checks and `import torch` alternate, pair
by pair, with one thread for torch.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOTEBOOKS = [ROOT / "submissions" / f"{one}.ipynb" for one in ("house_style", "lenet", "norm_dropout", "sequential")]
PROGRAM = [sys.executable, "-m", "grader.start"]


def seconds(words: list[str], environment: dict[str, str]) -> float:
    """Return how long a command takes."""
    started = time.perf_counter()
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return time.perf_counter() - started


def helper(environment: dict[str, str]) -> dict[str, object]:
    """Return what the helper says of itself, once it answers."""
    code = "import json; from grader import doctor; print(json.dumps(doctor._helper()))"
    while True:
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, cwd=ROOT)
        found: dict[str, object] | None = json.loads(done.stdout)
        if found is not None and found["answers"]:
            return found
        time.sleep(0.2)


def watched(environment: dict[str, str], rounds: int, folder: Path) -> list[float]:
    """Return the seconds from saves to verdicts of one `--watch`, an edit of one byte each."""
    file = folder / "mine.ipynb"
    text = NOTEBOOKS[0].read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    words = [*PROGRAM, "check", str(file), "--watch", "--no-warm", "--json"]
    found = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for turn in range(rounds + 2):
            time.sleep(0.7)
            started = time.perf_counter()
            file.write_text(text.replace('"cells"', f'"turn": {turn},\n "cells"', 1), encoding="utf-8")
            process.stdout.readline()
            found.append(time.perf_counter() - started)
        process.terminate()
    return found[2:]


def line(name: str, found: list[float]) -> str:
    """Return the median and the extremes of some times."""
    return f"{name} {statistics.median(found):.2f} s (from {min(found):.2f} to {max(found):.2f}, {len(found)} times)"


def main(rounds: int) -> None:
    """Measure, and print a paragraph for RESULTS.md."""
    loads: list[float] = []
    over = threading.Event()

    def listen() -> None:
        while not over.wait(2):
            loads.append(os.getloadavg()[0])

    threading.Thread(target=listen, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o700)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "GRADER_WARM": name}
        torch = [sys.executable, "-c", "import torch"]
        cold = [*PROGRAM, "check", "--no-warm", str(NOTEBOOKS[0])]
        pairs = [(seconds(torch, environment), seconds(cold, environment)) for _ in range(rounds + 1)][1:]
        seconds([*PROGRAM, "check", str(NOTEBOOKS[0])], environment)
        try:
            said = helper(environment)
            seconds([*PROGRAM, "check", str(NOTEBOOKS[0])], environment)
            warm = [seconds([*PROGRAM, "check", str(one)], environment) for _ in range(2 * rounds) for one in NOTEBOOKS]
            idle = helper(environment)
            assert idle["checks"] == int(str(said["checks"])) + len(warm) + 1, "some of them were made from cold"
        finally:
            subprocess.run([*PROGRAM, "doctor", "--stop-helper"], env=environment, check=True, capture_output=True)
        saves = watched(environment, 4 * rounds, folder)
    over.set()
    ratios = sorted(check / imported for imported, check in pairs)
    print(
        f"{line('Cold', [check for _, check in pairs])}, {line('`import torch`', [one for one, _ in pairs])};"
        f" ratio pair by pair: median {statistics.median(ratios):.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})."
        f" {line('Again, over four notebooks,', warm)}. {line('`--watch`, from save to verdict,', saves)}."
        f" The idle helper holds {int(str(idle['memory'])) / 2**20:.0f} MB."
        f" Load while measuring: {min(loads):.1f} to {max(loads):.1f} on {os.cpu_count()} cores."
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
