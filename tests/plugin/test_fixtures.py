"""Tests that an instructor writes: a network's graph, its layers and its training, one test for each submission."""

from __future__ import annotations

import pytest

from grader.pytest_plugin import running  # noqa: F401 - an inline run forgets what it imports first
from tests.pipeline.conftest import SUBMISSIONS, small_rubric
from tests.plugin.samples import QUICK, UNWALLED
from tests.stress import stress

OWN = """
def test_small_kernels(layers):
    assert all(max(one.settings["kernel_size"]) <= 3 for one in layers if one.role == "conv")

def test_layers_are_the_graph_s(model_graph, layers):
    assert model_graph.layers == layers

def test_parameters(model_graph):
    assert model_graph.parameters < 20_000

def test_report(graded_submission):
    assert graded_submission.report.submission.id in ("no_pooling", "wrong_in_features")
"""


def given(*names: str) -> list[str]:
    return [f"--submission={SUBMISSIONS / name}" for name in names]


@pytest.mark.usefixtures("walls_remembered")
def test_one_test_for_each_submission(pytester: pytest.Pytester) -> None:
    """A network that runs is asked; one that breaks is skipped with why; each is captured once, criteria included."""
    pytester.makepyfile(test_own=OWN)
    pytester.makeconftest(
        """
        from grader.pytest_plugin import grading

        captured, real = [], grading.run_capture

        def counted(order, slot):
            captured.append(order["id"])
            return real(order, slot)

        grading.run_capture = counted

        def pytest_sessionfinish():
            print("captured", sorted(captured))
        """
    )
    names = given("no_pooling.py", "wrong_in_features.ipynb")
    done = pytester.runpytest_subprocess(*names, "test_own.py", "-rA", "-s")
    found = {line.split(" - ")[0].strip() for line in done.outlines if line.startswith(("PASSED", "FAILED"))}
    own = {line.replace(f"{SUBMISSIONS}/", "") for line in found if "test_own.py" in line}
    assert own == {
        "PASSED test_own.py::test_small_kernels[no_pooling.py]",
        "PASSED test_own.py::test_layers_are_the_graph_s[no_pooling.py]",
        "FAILED test_own.py::test_parameters[no_pooling.py]",
        "PASSED test_own.py::test_report[no_pooling.py]",
        "PASSED test_own.py::test_report[wrong_in_features.ipynb]",
    }
    done.stdout.fnmatch_lines(["*wrong_in_features.ipynb does not run: *expects 512 numbers*"])
    assert str(done.stdout).count("captured ['no_pooling', 'wrong_in_features']") == 1


def test_a_fault_of_the_grader_is_no_skip(pytester: pytest.Pytester) -> None:
    """Where the grader failed nobody knows whether the network runs: that is an error of the test."""
    pytester.makefile(".toml", rubric=QUICK)
    pytester.makepyfile(net="x = 1", test_own="def test_own(layers): pass\ndef test_other(trained): pass")
    pytester.makeconftest(
        """
        from grader.faults import GraderFault
        from grader.pytest_plugin import grading

        def broken(*_):
            raise GraderFault("The disk of the grader is on fire.")

        grading.prepare = broken
        """
    )
    words = ("--submission", "net.py", "--rubric", "rubric.toml", UNWALLED, "test_own.py", "-k", "test_own")
    done = pytester.runpytest_subprocess(*words)
    done.assert_outcomes(errors=2, deselected=3)
    done.stdout.fnmatch_lines(["The disk of the grader is on fire."])
    assert "grading.py" not in str(done.stdout)


@stress
def test_trained(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network is trained when a test asks for it, and its criteria stay those of a run without training."""
    monkeypatch.setenv("GRADER_CACHE", str(pytester.mkdir("cache")))
    pytester.makepyfile(
        test_own="""
        def test_learns(trained):
            assert trained.training.steps == 60
            assert trained.score.accuracy > 0.15
        """
    )
    rubric = small_rubric(pytester.path)
    names = given("functional.py", "wrong_in_features.ipynb")
    done = pytester.runpytest_inprocess(*names, f"--rubric={rubric}", "test_own.py", "-rs")
    done.stdout.fnmatch_lines_random(
        ["*Here the option is --submission-train.*", "*wrong_in_features.ipynb cannot be trained: *"]
    )
    assert done.parseoutcomes()["passed"] > 1
    trained = pytester.runpytest_inprocess(
        *given("functional.py"), f"--rubric={rubric}", "--submission-train", "test_own.py", "-v"
    )
    trained.stdout.fnmatch_lines_random(["*functional.py::accuracy *ED *", "*test_learns* PASSED *"])
    trained.stdout.no_fnmatch_line("*::accuracy SKIPPED*")
