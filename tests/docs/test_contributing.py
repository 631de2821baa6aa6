"""What a contributor meets: targets that are explained, hooks, forms."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.docs.blocks import ROOT

FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))


def test_every_target_is_explained() -> None:
    """`make help` has a line for each target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    done = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {line.split()[1] for line in done.stdout.splitlines()} == targets


def test_hooks_do_what_ci_does() -> None:
    """Each linter of `make lint` is a hook, with the tools of the same environment."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert {"ruff", "format", "mypy", "imports"} <= {one["id"] for one in hooks}
    assert all(one["entry"].startswith(".venv/bin/") for one in hooks)


@pytest.mark.parametrize("form", FORMS, ids=lambda one: one.stem)
def test_forms_ask_something(form: Path) -> None:
    """A form has a name, says what it is for, and each field has a label."""
    found = yaml.safe_load(form.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= found.keys()
    fields = [one for one in found["body"] if one["type"] != "markdown"]
    assert fields
    assert all(one["attributes"]["label"] for one in fields)
    assert len({one["id"] for one in fields}) == len(fields)
