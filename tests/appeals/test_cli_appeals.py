"""The three commands as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from grader import cli_appeals
from grader.faults import OperatorFault

app = typer.Typer()
app.command()(cli_appeals.show)
app.command()(cli_appeals.diff)
app.command()(cli_appeals.history)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test an environment whose changes are undone."""
    monkeypatch.setattr(os, "environ", {**os.environ, "LESS": "-FRX"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "DIR", "cleo"], "34 of 34 automatic points"),
        (["show", "DIR", "Cleo Marsh", "--run", "1", "--no-pager"], "8 of 30 automatic points"),
        (["diff", "DIR", "cl"], "Points   30 of 30 → 34 of 34"),
        (["diff", "DIR", "cleo", "--from", "1", "--to", "2"], "-        self.fc1 = nn.Linear(512, 64)"),
        (["history", "DIR", "marsh"], "the first report"),
    ],
)
def test_a_command_prints_its_page(words: list[str], said: str, folder: Path) -> None:
    """Each command finds the submission by its id, the beginning of it, or the name, and leaves with 0."""
    done = CliRunner().invoke(app, [str(folder) if word == "DIR" else word for word in words])
    assert done.exit_code == 0
    assert said in done.stdout


@pytest.mark.parametrize("command", ["show", "diff", "history"])
def test_json_is_alone(command: str, folder: Path) -> None:
    """With --json there is one line, and it is a document of version 1."""
    done = CliRunner().invoke(app, [command, str(folder), "cleo", "--json"])
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["version"] == 1


def test_an_unknown_id_is_the_operators_mistake(folder: Path) -> None:
    """The fault goes on to the command line, which says it in one line and leaves with 2."""
    done = CliRunner().invoke(app, ["show", str(folder), "chloe"])
    assert isinstance(done.exception, OperatorFault)
    assert "The nearest: cleo" in str(done.exception)


def test_no_torch_is_imported() -> None:
    """Reading a gradebook needs no torch, so the answer is there at once."""
    code = "import sys, grader.appeals, grader.cli_appeals; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
