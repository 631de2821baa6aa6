"""A runner of GitHub Actions as far as our files need one: steps in order, each `run` as it is written, by its own rules.

`uses` is carried out for two actions alone: checkout (the pushed files are there already) and setup-python (a virtual
environment goes to the front of the path). Of expressions `inputs.NAME` and `steps.ID.outputs.NAME` are known.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_ACTIONS = re.compile(r"actions/(checkout|setup-python)@[0-9a-f]{40}")
_EXPRESSION = re.compile(r"\$\{\{\s*(inputs|steps)\.([\w.-]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Said:
    """A command that the runner obeyed."""

    name: str
    properties: Mapping[str, str]
    message: str


@dataclass(slots=True)
class Ended:
    """How a job ended.

    Attributes:
        codes: exit code of each step that ran a program, by its name.
        said: the commands that were obeyed, in order.
        log: everything that was printed.
        summary: of all steps.
        outputs: by the id of a step.
        changed: what steps wrote for the environment of later ones.
    """

    codes: dict[str, int] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    log: str = ""
    summary: str = ""
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    changed: str = ""

    def marks(self, level: str) -> list[Said]:
        """Return the annotations of one level."""
        return [one for one in self.said if one.name == level]


@dataclass(frozen=True, slots=True)
class Runner:
    """A machine: a Python to set up, and the environment of its programs."""

    python: Path
    environment: Mapping[str, str]

    def workflow(self, repository: Path) -> Ended:
        """Run the only job of the only workflow in a repository."""
        (file,) = (repository / ".github" / "workflows").iterdir()
        whole = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert whole["permissions"] == {"contents": "read"}
        (job,) = whole["jobs"].values()
        return self.steps(job["steps"], repository, {}, {})

    def action(self, file: Path, repository: Path, given: Mapping[str, str]) -> Ended:
        """Run a composite action in a repository that was checked out."""
        whole = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert whole["runs"]["using"] == "composite"
        inputs = {name: given.get(name, one.get("default", "")) for name, one in whole["inputs"].items()}
        own = {"GITHUB_ACTION_PATH": str(file.parent)}
        ended = self.steps(whole["runs"]["steps"], repository, inputs, own)
        for name, one in whole["outputs"].items():
            ended.outputs.setdefault("", {})[name] = self._filled(one["value"], inputs, ended)
        return ended

    def steps(
        self, steps: list[dict[str, Any]], folder: Path, inputs: Mapping[str, str], own: Mapping[str, str]
    ) -> Ended:
        """Run steps until one fails."""
        ended = Ended()
        path = os.environ["PATH"]
        for step in steps:
            if "uses" in step:
                match = _ACTIONS.fullmatch(step["uses"])
                assert match is not None, f"not pinned, or not known: {step['uses']}"
                path = f"{self.python.parent}:{path}" if match[1] == "setup-python" else path
                continue
            environment = {**self.environment, **own, "PATH": path}
            environment |= {name: self._filled(str(text), inputs, ended) for name, text in step.get("env", {}).items()}
            if self._run(step, folder, environment, ended):
                break
        return ended

    @staticmethod
    def _filled(text: str, inputs: Mapping[str, str], ended: Ended) -> str:
        def value(match: re.Match[str]) -> str:
            if match[1] == "inputs":
                return inputs[match[2]]
            step, _, name = match[2].partition(".outputs.")
            return ended.outputs.get(step, {}).get(name, "")

        return _EXPRESSION.sub(value, text)

    def _run(self, step: Mapping[str, Any], folder: Path, environment: Mapping[str, str], ended: Ended) -> int:
        shell = {"bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail"], "": ["bash", "-e"]}[
            step.get("shell", "")
        ]
        assert "${{" not in step["run"], "an expression in a script is an injection that waits"
        beside = folder.parent / f"{folder.name}-runner"
        beside.mkdir(exist_ok=True)
        names = {
            "GITHUB_OUTPUT": "output",
            "GITHUB_STEP_SUMMARY": "summary",
            "GITHUB_ENV": "env",
            "GITHUB_PATH": "path",
        }
        files = {name: beside / file for name, file in names.items()}
        for one in files.values():
            one.write_text("")
        script = beside / "script.sh"
        script.write_text(step["run"])
        known = {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder)}
        done = subprocess.run(
            [*shell, str(script)],
            cwd=folder,
            env={**known, **environment, **{name: str(file) for name, file in files.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        ended.codes[step["name"]] = done.returncode
        ended.log += done.stdout
        ended.said += commands(done.stdout)
        ended.summary += files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        ended.changed += files["GITHUB_ENV"].read_text() + files["GITHUB_PATH"].read_text()
        if "id" in step:
            lines = files["GITHUB_OUTPUT"].read_text().splitlines()
            assert all("=" in one and "<<" not in one for one in lines)
            ended.outputs[step["id"]] = dict(one.split("=", 1) for one in lines)
        return done.returncode


def commands(log: str) -> list[Said]:
    """Return what a runner obeys in a log: `::name key=value::text` at the start of a line, `##[name]text` anywhere."""
    found: list[Said] = []
    token = ""
    for line in log.splitlines():
        said = _new_form(line) or _old_form(line)
        if said is None:
            continue
        if token:
            token = "" if said.name == token else token
            continue
        if said.name == "stop-commands":
            token = said.message
            continue
        found.append(said)
    assert not token, "commands were stopped and never resumed"
    return found


def _new_form(line: str) -> Said | None:
    text = line.lstrip()
    end = text.find("::", 2)
    if not text.startswith("::") or end < 0:
        return None
    name, _, rest = text[2:end].strip().partition(" ")
    pairs = (one.partition("=") for one in rest.split(",") if "=" in one)
    return Said(name, {key.strip(): _plain(value) for key, _, value in pairs}, _plain(text[end + 2 :]))


def _old_form(line: str) -> Said | None:
    match = re.search(r"##\[([^\]\s;]+)[^\]]*\](.*)", line)
    return Said(match[1], {}, match[2]) if match else None


def _plain(text: str) -> str:
    for escaped, letter in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, letter)
    return text
