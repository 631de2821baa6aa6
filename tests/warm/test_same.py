"""What a helper answers is what a cold check prints."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from grader import asking, cli, serving, start
from grader.checking import CheckOptions, checked, show_report
from grader.records import Report
from grader.warm import client
from tests.stress import stress
from tests.warm.conftest import BROKEN, GOOD, ROOT, Desk


@pytest.fixture(scope="module")
def report() -> Report:
    """Return a report with something of everything."""
    return checked(CheckOptions(BROKEN, isolation="none"), Console(file=io.StringIO()))


def checks(desk: Desk) -> int:
    """Return how many checks the helper has made."""
    found = desk.said()
    assert found is not None
    return int(found["checks"])


@pytest.mark.parametrize(
    "words", [(str(GOOD),), (str(BROKEN),), (str(BROKEN), "--json"), (str(GOOD), "--classes", "7")]
)
def test_the_same_words(shared: Desk, words: tuple[str, ...]) -> None:
    """Text, JSON and exit code are those of a cold check to the last byte, and the helper made it."""
    before = checks(shared)
    warm = shared.grader("check", *words)
    assert checks(shared) == before + 1
    cold = shared.grader("check", "--no-warm", *words)
    assert checks(shared) == before + 1
    assert (warm.stdout, warm.stderr, warm.returncode) == (cold.stdout, cold.stderr, cold.returncode)
    assert warm.returncode == (1 if "functional" not in words[0] or len(words) > 1 else 0)


def test_paths_are_those_of_whoever_asks(shared: Desk, tmp_path: Path) -> None:
    """A submission and a rubric are found from the folder of the command, and named as they were typed."""
    shutil.copy(GOOD, tmp_path / "mine.py")
    shutil.copy(ROOT / "rubrics" / "first_cnn.toml", tmp_path / "own.toml")
    before = checks(shared)
    done = shared.grader("check", "mine.py", "--rubric", "own.toml", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["submission"]["id"] == "mine"
    assert done.returncode == 0
    (tmp_path / "own.toml").write_text("version = 1\nnonsense = 1\n", encoding="utf-8")
    wrong = shared.grader("check", "mine.py", "--rubric", "own.toml", cwd=tmp_path)
    assert checks(shared) == before + 2
    assert wrong.returncode == 2
    assert wrong.stderr == shared.grader("check", "--no-warm", "mine.py", "--rubric", "own.toml", cwd=tmp_path).stderr
    assert wrong.stderr.startswith("grader: own.toml")


def test_what_is_not_there(shared: Desk) -> None:
    """A file that does not exist is one line and exit code 2, helper or not."""
    before = checks(shared)
    done = shared.grader("check", "nowhere.ipynb")
    assert checks(shared) > before
    assert done.returncode == 2
    assert done.stderr.startswith("grader: nowhere.ipynb does not exist")
    assert done.stdout == ""


def test_what_was_done_is_told_by_the_helper(shared: Desk) -> None:
    """`-v` asks the helper as well, and says which stages ran there, for how long."""
    before = checks(shared)
    done = shared.grader("check", "-v", str(GOOD))
    assert checks(shared) == before + 1
    told = [line[9:] for line in done.stderr.splitlines()]
    assert [line.partition(",")[0] for line in told] == [
        "walls",
        "functional: ran capture",
        "functional: ran examine",
        "functional: report",
        "helper",
    ]
    assert "the warm one answered" in told[-1]


@stress
def test_two_at_once(shared: Desk) -> None:
    """Of two commands at the same time one waits for the other, and both get their own report."""
    first, second = shared.start("check", str(GOOD), "--json"), shared.start("check", str(BROKEN), "--json")
    with first, second:
        found = [json.loads(one.communicate(timeout=120)[0])["submission"]["id"] for one in (first, second)]
    assert found == [GOOD.stem, BROKEN.stem]


def test_the_client_imports_little(shared: Desk) -> None:
    """A check that the helper makes imports neither torch, nor what reports are judged and printed with."""
    code = (
        "import sys; sys.argv = ['grader', 'check', sys.argv[1]]\n"
        "from grader.start import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'numpy', 'pydantic', 'rich', 'typer'} & set(sys.modules)), file=sys.stderr)"
    )
    words = [sys.executable, "-c", code, str(GOOD)]
    done = subprocess.run(words, capture_output=True, text=True, env=shared.environment, cwd=ROOT, check=True)
    assert done.stderr == "[]\n"
    assert "functional" in done.stdout


@pytest.mark.parametrize(
    ("words", "plain"),
    [
        (["check", "a.py"], True),
        (["check", "--json", "./b/../a.ipynb"], True),
        (["check", "a.py", "--json"], True),
        (["check", "a.py", "b.py"], False),
        (["check", "-"], False),
        (["check"], False),
        (["check", "--help"], False),
        (["check", "a.py", "--classes", "7"], False),
        (["doctor"], False),
        ([], False),
    ],
)
def test_plain_words(words: list[str], plain: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that go straight to the helper ask what the command line would make of them; any others go there."""
    found = start.plain_check(words)
    assert (found is not None) == plain
    if found is None:
        return
    heard: list[object] = []

    def check_once(asked: object, _consoles: object, **_more: object) -> int:
        heard.append(asked)
        return 0

    monkeypatch.setattr(asking, "check_once", check_once)
    assert CliRunner().invoke(cli.app, words).exit_code == 0
    assert heard == [found]


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
@pytest.mark.parametrize(
    "environment", [{"TERM": "xterm-256color"}, {"TERM": "dumb"}, {"TERM": "xterm", "COLUMNS": "50"}]
)
def test_a_screen_elsewhere(report: Report, terminal: bool, encoding: str, environment: dict[str, str]) -> None:
    """What is written for a screen is what rich would write on it, with its colours, width and characters."""

    class Stream(io.TextIOWrapper):
        def isatty(self) -> bool:
            return terminal

    options = CheckOptions(BROKEN)
    stream = Stream(io.BytesIO(), encoding=encoding, newline="\n")
    patched = {**environment, **({} if "COLUMNS" in environment else {"COLUMNS": "70"})}
    console = Console(file=stream, _environ=patched)
    show_report(report, options, console)
    stream.flush()
    there = {"terminal": terminal, "encoding": encoding, "size": [70, 20], "environment": environment}
    text = serving.written(report, options, there)
    if environment["TERM"] == "dumb":
        assert max(map(len, text.splitlines())) <= 80
    else:
        assert text.encode(encoding) == stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_a_training_is_no_wish(tmp_path: Path) -> None:
    """A request to train, or one with pictures, is never followed: labels do not come into a helper."""
    here = tmp_path.stat()
    asked: dict[str, object] = {"submission": str(GOOD), "rubric": None, "data": None, "train": True, "shape": None}
    request: dict[str, object] = {"asked": asked, "screen": {}, "folder": [str(tmp_path), here.st_dev, here.st_ino]}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        assert serving.answer(None, request) == {"answer": "cold"}  # type: ignore[arg-type]
        request["asked"] = {**asked, "train": False, "data": "pictures"}
        assert serving.answer(None, request) == {"answer": "cold"}  # type: ignore[arg-type]
        request["folder"] = [str(tmp_path), here.st_dev, here.st_ino + 1]
        assert serving.answer(None, request) == {"answer": "cold"}  # type: ignore[arg-type]


@stress
def test_where_nothing_can_be_forked() -> None:
    """With a spare process in the place of a fork, checks are made one after the other all the same."""
    options = CheckOptions(GOOD, isolation="none")
    place = serving.WarmPlace(options, lambda _stage: None, fork=False)
    try:
        first, second = place.check(options), place.check(options)
        assert first is not None
        assert first == second
        assert serving.problem_of(first) == ""
    finally:
        place.close()


def test_nothing_is_sent_where_no_helper_is(desk: Desk) -> None:
    """Without a helper the answer is none at once, and nothing is started."""
    asked = {"isolation": "auto", "device": "auto"}
    with desk.entered():
        assert client.ask(asked, {}) is None
        assert client.say() is None
        assert client.end() is None
    assert sorted(one.name for one in desk.folder.iterdir()) == []
