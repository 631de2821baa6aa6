"""What `docs/editors.md` says is what works: the cell in a kernel, the task's pattern on the lines that are printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from grader.report.annotations import Annotation, Level, as_lines
from tests.notebook.programs import BROKEN, IMPORTS, MAKE
from tests.notebook.test_kernel import outputs
from tests.packs.conftest import ROOT
from tests.stress import stress

TEXT = (ROOT / "docs" / "editors.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """Return the only block of a language in the document."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


@stress
@pytest.mark.slow
def test_the_cell_for_colab(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands there, in a real kernel whose pip finds the grader installed: the break and its number."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    shown = outputs(IMPORTS, BROKEN, MAKE, block("python"))[3]
    assert "Set in_features of fc1 to 4096." in shown[-1].data["text/plain"]


def test_the_pattern_of_the_task() -> None:
    """It finds its parts in a remark's line, whatever colons there are in it."""
    pattern = json.loads(block("json"))["tasks"][0]["problemMatcher"]["pattern"]
    (line,) = as_lines([Annotation(Level.WARNING, "a b/net.py", 33, "Title: one", "x:1:2: error: y")])
    match = re.fullmatch(pattern["regexp"], line)
    assert match is not None
    parts = [match[pattern[part]] for part in ("file", "line", "column", "severity", "message")]
    assert parts == ["a b/net.py", "33", "1", "warning", "Title: one: x:1:2: error: y"]


@stress
@pytest.mark.slow
def test_the_task_for_vs_code() -> None:
    """Its command runs with a file in the place of `${file}`, and its pattern finds file, line, severity and message."""
    task = json.loads(block("json"))["tasks"][0]
    assert task["command"] == "${command:python.interpreterPath}"
    file = str(ROOT / "submissions" / "no_pooling.py")
    words = [sys.executable, *(file if one == "${file}" else one for one in task["args"])]
    environment = {**os.environ, "GRADER_WARM": "off"}
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert done.returncode == 1, done.stderr
    pattern = task["problemMatcher"]["pattern"]
    found = [match for line in done.stdout.splitlines() if (match := re.fullmatch(pattern["regexp"], line))]
    assert {(match[pattern["file"]], match[pattern["severity"]]) for match in found} == {
        ("submissions/no_pooling.py", "error"),
        ("submissions/no_pooling.py", "warning"),
    }
    assert found[0][pattern["line"]] == "33"
    assert "A pooling layer makes the maps smaller" in found[0][pattern["message"]]
