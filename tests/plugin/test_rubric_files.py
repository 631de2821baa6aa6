"""`pytest rubrics/` checks rubrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader import bundled, rubric_commands  # noqa: F401 - an inline run forgets what it imports first
from tests.plugin.samples import Case, cases

GOOD = """\
version = 1
title = "Mine"
[reference]
solution = "net.py"
[criteria.built]
points = 3
[criteria.accuracy]
points = 3
"""


@pytest.fixture
def rubrics(pytester: pytest.Pytester) -> Path:
    """Return a folder `rubrics` with a good rubric and its reference solution."""
    found = pytester.mkdir("rubrics")
    (found / "mine.toml").write_text(GOOD, encoding="utf-8")
    (found / "net.py").write_text("", encoding="utf-8")
    return found


def checked(pytester: pytest.Pytester, *words: str) -> tuple[pytest.RunResult, list[Case]]:
    done = pytester.runpytest_inprocess("rubrics", "--junitxml=out.xml", "-o", "junit_family=xunit1", *words)
    return done, cases(pytester.path / "out.xml")


def test_a_good_rubric(pytester: pytest.Pytester, rubrics: Path) -> None:
    """It passes, and says what it holds."""
    done, [valid, files, doubts] = checked(pytester)
    done.assert_outcomes(passed=3)
    assert [one.name for one in (valid, files, doubts)] == ["valid", "files", "doubts"]
    assert valid.properties == {"criteria": "2", "automatic_points": "6.0", "human_points": "0"}


def test_the_rubrics_of_this_repository(pytester: pytest.Pytester) -> None:
    """All that is shipped can be read, finds its files, and leaves nothing in doubt."""
    folder = bundled.course_rubric().parent
    count = len(list(folder.glob("*.toml")))
    done = pytester.runpytest_inprocess(
        str(folder), "-W", "error", f"--rootdir={folder.parent}", "-p", "no:cacheprovider"
    )
    done.assert_outcomes(passed=3 * count)


def test_every_mistake_is_told_with_its_line(pytester: pytest.Pytester, rubrics: Path) -> None:
    """All mistakes in one text, each with line and key, and no traceback; the other tests are skipped."""
    wrong = GOOD.replace("points = 3", "pionts = 3", 1) + "[recipe]\nsteps = -1\n"
    (rubrics / "mine.toml").write_text(wrong, encoding="utf-8")
    done, _ = checked(pytester)
    done.assert_outcomes(failed=1, skipped=2)
    done.stdout.fnmatch_lines(
        ["mine.toml, line 5: criteria.built.points is missing.", "mine.toml, line 10: recipe.steps *"]
    )
    assert "Traceback" not in str(done.stdout)
    assert "rubrics.py" not in str(done.stdout)


def test_a_rubric_that_is_no_toml_is_collected_all_the_same(pytester: pytest.Pytester, rubrics: Path) -> None:
    """A bracket too few must not make a rubric disappear from the run."""
    (rubrics / "mine.toml").write_text(GOOD.replace("[reference]", "[reference"), encoding="utf-8")
    done, _ = checked(pytester)
    done.assert_outcomes(failed=1, skipped=2)
    done.stdout.fnmatch_lines(["mine.toml, line 3*this is not TOML*"])


def test_missing_files_fail_with_their_lines(pytester: pytest.Pytester, rubrics: Path) -> None:
    """Reference and pictures that are not there are named, and are no doubt besides."""
    (rubrics / "net.py").unlink()
    (rubrics / "mine.toml").write_text(GOOD + '[data]\nsource = "nowhere"\n', encoding="utf-8")
    done, [_, _, doubts] = checked(pytester)
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(
        [
            "mine.toml, line 4: reference.solution names *net.py, which does not exist.",
            "mine.toml, line 10: data.source *",
        ]
    )
    assert doubts.properties == {}


def test_doubts_are_warnings_and_properties(pytester: pytest.Pytester, rubrics: Path) -> None:
    """What is probably not meant is told and fails nothing, unless warnings are errors."""
    (rubrics / "mine.toml").write_text(GOOD + "[data]\nheld_out = 50\n", encoding="utf-8")
    done, [_, _, doubts] = checked(pytester, "-W", "default")
    done.assert_outcomes(passed=3, warnings=1)
    done.stdout.fnmatch_lines(["*mine.toml:10: RubricDoubtWarning: data.held_out: with 50 pictures*"])
    assert doubts.properties["doubt"].startswith("data.held_out: with 50 pictures")
    strict, _ = checked(pytester, "-W", "error")
    strict.assert_outcomes(passed=2, failed=1)
    strict.stdout.fnmatch_lines(["data.held_out: with 50 pictures *"])
    assert "rubrics.py" not in str(strict.stdout)
