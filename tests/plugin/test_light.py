"""Where the grader is installed and not asked for, pytest does what it did."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from grader import pytest_plugin

ROOT = Path(__file__).parents[2]

HEAVY = {
    "torch",
    "numpy",
    "pydantic",
    "rich",
    "IPython",
    "typer",
    "grader.criteria",
    "grader.checking",
    "grader.rubric",
}


def modules_after(pytester: pytest.Pytester, *words: str) -> set[str]:
    """Return what a run of pytest in a project of its own has imported at its end."""
    pytester.makeconftest(
        """
        import json, sys

        def pytest_unconfigure(config):
            open("modules.json", "w").write(json.dumps(sorted(sys.modules)))
        """
    )
    command = [sys.executable, "-m", "pytest", "-q", *words]
    done = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return set(json.loads((pytester.path / "modules.json").read_text(encoding="utf-8")))


def test_a_foreign_project_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    """The entry point loads the plugin's own light modules, also where a folder of the project has TOML files."""
    pytester.makepyfile("def test_plain(): pass")
    (pytester.mkdir("rubrics") / "other.toml").write_text("[tool]\nversion = 1\n", encoding="utf-8")
    found = modules_after(pytester)
    assert "grader.pytest_plugin" in found
    assert not found & HEAVY
    assert {one for one in found if one.startswith("grader.")} == {
        "grader.faults",
        "grader.pytest_plugin",
        "grader.pytest_plugin.asked",
        "grader.pytest_plugin.fixtures",
        "grader.pytest_plugin.rubrics",
    }


def test_what_is_looked_for_is_there_when_it_is_asked_for(pytester: pytest.Pytester) -> None:
    """The list of heavy modules has names that a real run imports, but never torch: the parent has none."""
    pytester.makefile(".toml", r='version = 1\ntitle = "R"\n[criteria.built]\npoints = 3\n')
    pytester.makepyfile(net="x = 1")
    found = modules_after(pytester, "--submission", "net.py", "--rubric", "r.toml", "--collect-only")
    assert {"numpy", "pydantic", "grader.criteria", "grader.rubric"} <= found
    assert "torch" not in found


def test_other_toml_files_are_no_tests(pytester: pytest.Pytester) -> None:
    """A rubric counts only where it, or a folder `rubrics` that holds it, is named."""
    rubric = 'version = 1\ntitle = "R"\n[criteria.built]\npoints = 3\n'
    pytester.makepyfile("def test_plain(): pass")
    pytester.makefile(".toml", lonely=rubric)
    (pytester.mkdir("rubrics") / "mine.toml").write_text(rubric, encoding="utf-8")
    (pytester.path / "rubrics" / "other.toml").write_text("version = 1\n", encoding="utf-8")
    everything = pytester.runpytest_inprocess("--collect-only", "-q")
    everything.stdout.fnmatch_lines(["1 test collected*"])
    named = pytester.runpytest_inprocess("--collect-only", "-q", "rubrics", "lonely.toml")
    named.stdout.fnmatch_lines_random(["rubrics/mine.toml::valid", "lonely.toml::valid"])
    named.stdout.no_fnmatch_line("*other.toml*")


def test_fixtures_without_a_submission_skip_and_say_so(pytester: pytest.Pytester) -> None:
    """A test that asks for layers runs in every project, and says what to give it."""
    pytester.makepyfile("def test_own(layers): assert False")
    done = pytester.runpytest_inprocess("-rs")
    done.assert_outcomes(skipped=1)
    done.stdout.fnmatch_lines(["*no submission was given: pytest --submission PATH*"])


def test_a_project_may_have_fixtures_of_these_names(pytester: pytest.Pytester) -> None:
    """A fixture of the project goes before ours, and its test runs once, with submissions as well."""
    pytester.makepyfile(
        net="x = 1",
        test_own="""
        import pytest

        @pytest.fixture
        def layers():
            return [1, 2]

        def test_own(layers):
            assert layers == [1, 2]
        """,
    )
    pytester.runpytest_inprocess("--submission", "net.py", "test_own.py", "-k", "test_own").assert_outcomes(
        passed=1, deselected=19
    )


def test_everything_is_documented(pytester: pytest.Pytester) -> None:
    """`docs/pytest.md` has a row for each option, key and fixture, and for nothing else."""
    text = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")
    options, _, fixtures = text.partition("## Options and keys")[2].partition("## Tests of your own")
    documented = set(re.findall(r"^\| `(--[a-z-]+)", options, re.MULTILINE))
    keys = set(re.findall(r"^\| `--[^|]+\| `(\w+)`", options.partition("## What")[0], re.MULTILINE))
    known = pytester.runpytest_inprocess("--help").outlines
    start = next(number for number, line in enumerate(known) if line.startswith("grade networks (cnn-grader)"))
    stop = next(number for number, line in enumerate(known[start:], start) if not line.strip())
    assert documented == {word for line in known[start:stop] for word in re.findall(r"^  (--[a-z-]+)", line)}
    assert keys == {line.split()[0] for line in known if re.match(r"  submission\w* \(", line)}
    assert set(re.findall(r"^\| `(\w+)` \|", fixtures, re.MULTILINE)) == set(pytest_plugin.__all__)
