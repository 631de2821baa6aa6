"""What pytest says of the examples is what `grader check --json` says of them, and its XML is valid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from grader import bundled
from grader.checking import CheckOptions
from grader.pytest_plugin import running  # noqa: F401 - an inline run forgets what it imports first
from grader.report.exports.report_json import as_json
from grader.serving import WarmPlace
from tests.pipeline.conftest import SUBMISSIONS
from tests.plugin.samples import Case, cases
from tests.plugin.schema import problems
from tests.stress import stress

pytestmark = pytest.mark.usefixtures("walls_remembered")

ALL = sorted(one.name for one in SUBMISSIONS.iterdir() if not one.name.startswith((".", "EXPECTED")))
SAMPLE = ["no_pooling.py", "wrong_in_features.ipynb", "two_files"]


def options(name: str) -> CheckOptions:
    return CheckOptions(SUBMISSIONS / name, rubric=bundled.course_rubric())


@pytest.fixture(scope="module")
def place() -> Iterator[WarmPlace]:
    """Return the place in which `grader check` is asked."""
    found = WarmPlace(options(SAMPLE[0]), lambda stage: None)
    yield found
    found.close()


def said(place: WarmPlace, name: str) -> list[dict[str, Any]]:
    """Return the findings that `grader check NAME --json` prints."""
    report = place.check(options(name))
    assert report is not None
    found: list[dict[str, Any]] = json.loads(json.dumps(as_json(report)))["findings"]
    return found


def ran(pytester: pytest.Pytester, names: Sequence[str], *words: str) -> tuple[pytest.RunResult, Path]:
    """Run pytest as the documentation writes it; return what came of it, and the XML file."""
    given = [f"--submission={SUBMISSIONS / name}" for name in names]
    file = pytester.path / "out.xml"
    done = pytester.runpytest_inprocess(*given, f"--rubric={bundled.course_rubric()}", f"--junitxml={file}", *words)
    return done, file


def as_said(one: dict[str, Any]) -> tuple[str, str, str | None, str]:
    points = None if one["points"] is None else str(one["points"])
    return one["title"], one["outcome"], points, str(one["max_points"])


def as_written(case: Case) -> tuple[str, str, str | None, str]:
    assert case.outcome == case.properties["outcome"]
    return case.name, case.outcome, case.properties.get("points"), case.properties["max_points"]


def compare(place: WarmPlace, names: Sequence[str], file: Path) -> None:
    """Hold names, outcomes and points of every criterion to those of `grader check`, and the file to its schema."""
    assert problems(ET.parse(file).getroot()) == []
    of: dict[str, list[Case]] = {}
    for case in cases(file):
        of.setdefault(case.properties["submission"], []).append(case)
    assert sorted(of) == sorted(str(SUBMISSIONS / name) for name in names)
    for name in names:
        findings = said(place, name)
        assert [as_written(one) for one in of[str(SUBMISSIONS / name)]] == [as_said(one) for one in findings], name
        for case, finding in zip(of[str(SUBMISSIONS / name)], findings, strict=True):
            if finding["outcome"] == "failed":
                assert finding["rationale"] in case.text
                assert finding["help"] in case.text
                assert "Traceback" not in case.text
            if finding["outcome"] in ("skipped", "pending"):
                assert finding["rationale"] in case.message


def test_the_sample(pytester: pytest.Pytester, place: WarmPlace) -> None:
    """Names, outcomes and points are equal, one by one."""
    done, file = ran(pytester, SAMPLE)
    compare(place, SAMPLE, file)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(["→ Put nn.MaxPool2d(2) after conv3*", "StrideNet is in no_pooling.py, line *"])


@stress
def test_all_examples(pytester: pytest.Pytester, place: WarmPlace) -> None:
    """The same for every example, each given as `grader check` takes it."""
    compare(place, ALL, ran(pytester, ALL)[1])


@stress
def test_all_examples_over_two_workers(pytester: pytest.Pytester, place: WarmPlace) -> None:
    """With xdist the XML says the same."""
    compare(place, ALL, ran(pytester, ALL, "-n", "2")[1])


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda root: root[0].append(ET.Element("case")), "<case> is no element"),
        (lambda root: root[0][0].append(ET.Element("properties")), "<properties> may not stand in <testcase>"),
        (lambda root: root[0][0].set("line", "3"), "<testcase> may not have line"),
        (lambda root: root[0][0].attrib.pop("name"), "<testcase> has no name"),
        (lambda root: root[0].set("time", "1e3"), "<testsuite> has the time '1e3'"),
        (lambda root: setattr(root[0], "text", "words"), "<testsuite> may not have text"),
    ],
)
def test_the_schema_finds_what_is_wrong(spoil: Any, problem: str) -> None:
    """The validator of these tests refuses each kind of mistake, and lets a right file through."""
    root = ET.fromstring(
        '<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="1" '
        'time="0.1"><testcase classname="a" name="b" time="0.0"/></testsuite></testsuites>'
    )
    assert problems(root) == []
    spoil(root)
    assert problem in problems(root)
