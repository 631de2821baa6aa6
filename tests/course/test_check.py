"""`grader check` by a course file: on the command line, through the helper, in a notebook, and never in a batch."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import grader
from grader import cli, cli_course
from grader.course.finding import FILE, VARIABLE
from grader.course.reading import KEYS
from grader.faults import CourseFault
from grader.notebook import Request
from tests.course.conftest import Site
from tests.course.test_settling import RUBRIC, course_file
from tests.warm.conftest import GOOD, ROOT, Desk, desk_in

COURSE = 'title = "DL 1"\nmessage = "Hand in by Friday."\nrubric = "own.toml"\n'


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """Return a desk with a helper."""
    with tempfile.TemporaryDirectory(prefix="desk-") as name, desk_in(Path(name)) as found:
        found.leave()
        yield found


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Return a folder with a submission and what the instructor handed out beside it."""
    folder = tmp_path / "work"
    course_file(folder, COURSE)
    (folder / "own.toml").write_bytes(RUBRIC)
    shutil.copy(GOOD, folder / "mine.py")
    return folder


def test_beside_the_work_with_and_without_a_helper(desk: Desk, work: Path) -> None:
    """The rubric of the course judges, the page says which, and the helper says the same to the last byte."""
    before = (desk.said() or {})["checks"]
    warm = desk.grader("check", "mine.py", "--json", cwd=work)
    assert (desk.said() or {})["checks"] == before + 1
    cold = desk.grader("check", "mine.py", "--json", "--no-warm", cwd=work)
    assert (warm.stdout, warm.stderr, warm.returncode) == (cold.stdout, cold.stderr, cold.returncode)
    report = json.loads(warm.stdout)
    assert [one["criterion"] for one in report["findings"]] == ["built"]
    assert report["notes"][-2:] == [
        f"By the rubric own.toml, as {work / FILE} says (found beside your work or above it).",
        "DL 1: Hand in by Friday.",
    ]
    (work / "own.toml").write_bytes(RUBRIC.replace(b"3", b"4"))
    assert json.loads(desk.grader("check", "mine.py", "--json", cwd=work).stdout)["max_points"] == 4


def test_a_rubric_that_is_named_goes_first(desk: Desk, work: Path) -> None:
    """`--rubric` is the rubric whatever lies around, and the page says so; the packaged one needs no word."""
    named = desk.grader("check", "mine.py", "--json", "--rubric", "own.toml", cwd=work)
    assert json.loads(named.stdout)["notes"][-1:] == ["By the rubric own.toml."]
    none = json.loads(desk.grader("check", "mine.py", "--json", "--course", "none", cwd=work).stdout)
    assert len(none["findings"]) > 5
    assert not [one for one in none["notes"] if "rubric" in one]


def test_an_address_in_the_environment(desk: Desk, site: Site) -> None:
    """`GRADER_COURSE` with a URL is enough, and within the hour nobody is asked again."""
    site.files |= {"/grader.toml": COURSE.encode(), "/own.toml": RUBRIC}
    environment = {VARIABLE: site.url("/grader.toml")}
    for _ in range(2):
        done = desk.grader("check", str(GOOD), "--json", environment=environment)
        assert json.loads(done.stdout)["max_points"] == 3
    assert [path for path, _ in site.asked] == ["/grader.toml", "/own.toml"]
    desk.grader("check", str(GOOD), "--json", "--refresh", "--course", environment[VARIABLE])
    assert len(site.asked) == 4


def test_a_fault_is_one_line_and_nothing_is_asked_twice(desk: Desk, site: Site) -> None:
    """What cannot be had leaves with 2, after one request."""
    done = desk.grader("check", str(GOOD), environment={VARIABLE: site.url("/gone.toml")})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"grader: The course file {site.url('/gone.toml')} is not there: the server answered 404 Not?[2J here. "
        "Nothing of it is kept on this machine.\n"
    )
    assert len(site.asked) == 1


def test_in_a_notebook(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`check()` finds the file in the kernel's folder, and `check(course=…)` takes another one."""
    monkeypatch.chdir(work)
    found = Request().guided().guidance
    assert found is not None
    assert found.rubric == str(work / "own.toml")
    assert Request(course="none").guided().guidance is None
    report = grader.check(GOOD, course=work).report
    assert [one.criterion for one in report.findings] == ["built"]
    assert report.notes[-2].endswith(f"{work / FILE} says (named for this check).")


def test_in_a_notebook_a_fault_is_one_line(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in the course file is refused without a traceback of ours."""
    from grader.notebook import Refused

    monkeypatch.setenv(VARIABLE, str(work / FILE))
    (work / FILE).write_text("rubrik = 1\n")
    with pytest.raises(Refused, match="line 1: rubrik is not a known key; did you mean rubric"):
        grader.check(GOOD)


def test_a_batch_knows_no_course_file() -> None:
    """What `grader batch` imports cannot read one, so no submission brings its own rubric."""
    code = "import sys, grader.batch, grader.rescoring; print([one for one in sys.modules if 'grader.course' in one])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_use_show_forget(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A course file is remembered, said with its reason, and forgotten."""
    monkeypatch.setenv("GRADER_CONFIG", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> str:
        done = CliRunner().invoke(cli_course.course, words)
        assert done.exit_code == 0, done.output
        return done.stdout

    assert run("show").startswith("No course file holds here")
    assert json.loads(run("show", "--json")) == {"version": 1, "course": None, "passed_over": ""}
    assert "(Own)" in run("use", "work")
    assert json.loads(run("use", "work", "--json"))["rubric_title"] == "Own"
    assert "remembered by grader course use" in run("show")
    assert "found beside your work or above it" in run("show", "work/mine.py")
    plain = json.loads(run("show", "--json"))
    assert (plain["way"], plain["says"]["title"], plain["kept"]) == ("remembered", "DL 1", [])
    assert run("forget") == "It is forgotten.\n"
    assert json.loads(run("forget", "--json")) == {"version": 1, "forgotten": False}


def test_use_refuses_what_does_not_work(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A course file with a mistake is not remembered."""
    monkeypatch.setenv("GRADER_CONFIG", str(tmp_path / "config"))
    (work / FILE).write_text("rubrik = 1\n")
    assert isinstance(CliRunner().invoke(cli_course.course, ["use", str(work)]).exception, CourseFault)
    assert not (tmp_path / "config").exists()


def test_show_says_what_is_kept(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies are listed with their age, and with why the server was not heard."""
    monkeypatch.setenv("GRADER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("GRADER_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    site.files |= {"/grader.toml": b'rubric = "own.toml"', "/own.toml": RUBRIC}
    CliRunner().invoke(cli_course.course, ["use", site.url("/grader.toml")])
    shown = " ".join(CliRunner().invoke(cli_course.course, ["show"]).stdout.split())
    assert f"{site.url('/own.toml')}: kept, which the server confirmed less than a minute ago" in shown
    site.files.clear()
    shown = " ".join(CliRunner().invoke(cli_course.course, ["show", "--refresh"]).stdout.split())
    assert "answered 404 Not?[2J here; a copy is kept, which the server confirmed less than a minute ago" in shown


def test_the_documentation_has_everything() -> None:
    """Every key, command and option is written down, and the map has the commands with all of their options."""
    page = (ROOT / "docs" / "course_file.md").read_text(encoding="utf-8")
    for key in KEYS:
        assert f"`{key}`" in page, key
    for word in (FILE, VARIABLE, "--course", "--refresh", "course="):
        assert word in page, word
    section = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## Interface")[2]
    lines = re.split(r"\n(?=grader )", section.split("```")[1])
    commands = get_command(cli_course.course).commands  # type: ignore[attr-defined]
    assert set(commands) == {"use", "show", "forget"}
    for name, one in commands.items():
        assert f"grader course {name}" in page
        text = next((line for line in lines if re.match(rf"grader course\s+{name}\b", line)), "")
        for option in (option for parameter in one.params for option in parameter.opts if option.startswith("--")):
            assert option == "--help" or option in text, f"grader course {name} {option} is not in the map"
    check = next(line for line in lines if line.startswith("grader check"))
    assert "--course" in check
    assert "--refresh" in check
    assert get_command(cli.app).commands["course"]  # type: ignore[attr-defined]
