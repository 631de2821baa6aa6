"""Both families of the JUnit file say title and points, each where its schema has room."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from grader.pytest_plugin import running  # noqa: F401 - an inline run forgets what it imports first
from tests.plugin.samples import QUICK, UNWALLED, cases
from tests.plugin.schema import problems


@pytest.mark.parametrize("family", ["xunit1", "xunit2"])
def test_families(pytester: pytest.Pytester, family: str) -> None:
    """`xunit1` has properties; `xunit2` forbids them in a test case, so there they are lines that are printed."""
    pytester.makefile(".toml", rubric=QUICK)
    pytester.makepyfile(net="x = 1", test_mine="def test_mine(record_property): record_property('mine', 1)")
    words = ("--submission", "net.py", "--rubric", "rubric.toml", UNWALLED, "test_mine.py", "--junitxml=out.xml")
    pytester.runpytest_inprocess(*words, "-o", f"junit_family={family}", "-W", "ignore")
    mine, built, pooling, choices = cases(pytester.path / "out.xml")
    assert [one.name for one in (mine, built)] == ["test_mine", "The model can be built"]
    assert mine.properties == {"mine": "1"}
    assert built.properties == {
        "submission": "net.py",
        "criterion": "built",
        "title": "The model can be built",
        "outcome": "failed",
        "points": "0.0",
        "max_points": "3.0",
    }
    assert (pooling.outcome, pooling.properties["points"]) == ("skipped", "0.0")
    assert (choices.outcome, choices.properties.get("points")) == ("pending", None)
    root = ET.parse(pytester.path / "out.xml").getroot()
    inside = [one for one in root.iter("testcase") if one.find("properties") is not None]
    assert len(inside) == (4 if family == "xunit1" else 1)  # of the test that is not ours pytest decides
    wrong = problems(root)
    assert wrong == ["<properties> may not stand in <testcase>"] if family == "xunit2" else wrong
