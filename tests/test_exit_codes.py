"""The exit codes: those that are documented are those that the program leaves with."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader import cli
from grader.faults import GraderFault, OperatorFault, RubricFault, StorageFault

ROOT = Path(__file__).parents[1]
CODES = ("0", "1", "2", "3", "130")
PROGRAM = [sys.executable, "-m", "grader.start"]


def left_with(*words: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program to its end."""
    known = {**os.environ, **(environment or {})}
    return subprocess.run([*PROGRAM, *words], cwd=ROOT, env=known, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("document", ["README.md", "--help"])
def test_every_code_is_documented(document: str) -> None:
    """README and `grader --help` have one row for each code, in order, and no other."""
    text = left_with("--help").stdout if document == "--help" else (ROOT / document).read_text(encoding="utf-8")
    _, _, section = text.partition("## Exit codes\n" if document == "README.md" else "Exit codes:\n")
    found = re.findall(r"^(?:\||  ) *(\d+) +", section.split("\n## ")[0], re.MULTILINE)
    assert tuple(found) == CODES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("check", "submissions/functional.py"), 0),
        (("check", "submissions/no_pooling.py"), 1),
        (("check", "submissions/functional.py", "--classes", "many"), 2),
        (("check", "nowhere.py"), 2),
        (("nonsense",), 2),
        ((), 2),
    ],
)
def test_what_a_command_leaves_with(words: tuple[str, ...], code: int) -> None:
    """A sound submission, a broken one, and what is wrong with the command."""
    assert left_with(*words).returncode == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperatorFault("The command is wrong."), 2),
        (RubricFault("The rubric is wrong."), 2),
        (GraderFault("The grader failed."), 3),
        (StorageFault("The disk is full."), 3),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_what_an_error_leaves_with(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose fault it is decides the code, and it is said in one line."""

    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(cli, "app", fails)
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert left.value.code == code
    assert capsys.readouterr().err.splitlines() == ([f"grader: {error}"] if str(error) else [])


@pytest.mark.slow
def test_control_c_ends_a_check(tmp_path: Path) -> None:
    """A check that is interrupted while student code runs leaves with 130 and without a traceback."""
    log = tmp_path / "log"
    words = [*PROGRAM, "-vv", "--log-json", str(log), "check", "submissions/endless_loop.py"]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until and not (log.is_file() and '"begins"' in log.read_text(encoding="utf-8")):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in told
