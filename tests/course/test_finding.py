"""Which course file holds, by where it lies and by who named it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs
import pytest

from grader.course import Surroundings
from grader.course.finding import FILE, Found, Way, find, forget, remember, remembered
from grader.faults import CourseFault
from grader.folders import configuration_folder

URL = "https://example.edu/grader.toml"


def put(folder: Path) -> str:
    """Put a course file into a folder; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text('rubric = "a.toml"\n')
    return str(folder / FILE)


def test_the_nearest_above_counts(home: Path, around: Surroundings) -> None:
    """A file beside the work goes before one above it, and both before none."""
    work = home / "a" / "b" / "mine.ipynb"
    work.parent.mkdir(parents=True)
    assert find(work, None, around) == Found()
    above = put(home)
    assert find(work, None, around) == Found(above, Way.BESIDE)
    beside = put(work.parent)
    assert find(work, None, around) == Found(beside, Way.BESIDE)


def test_nothing_is_looked_for_above_the_own_folder(home: Path, around: Surroundings) -> None:
    """Who else can write above a user's own folder does not choose their rubric."""
    put(home.parent)
    assert find(home / "a.py", None, around).source == ""
    assert find(home / "deep" / "a.py", None, around).source == ""


def test_a_repository_ends_the_search(home: Path, around: Surroundings) -> None:
    """A file at the root of a repository counts, one above it does not; `.git` may be a file, as in a submodule."""
    put(home)
    (home / "repository" / "inside").mkdir(parents=True)
    (home / "repository" / ".git").write_text("gitdir: elsewhere\n")
    assert find(home / "repository" / "inside" / "a.py", None, around).source == ""
    root = put(home / "repository")
    assert find(home / "repository" / "inside" / "a.py", None, around).source == root


def test_a_folder_does_not_choose_its_own_rubric(home: Path, around: Surroundings) -> None:
    """A course file inside a folder that is checked as one submission is passed over, and that is said."""
    put(home / "eve")
    found = find(home / "eve", None, around)
    assert found.source == ""
    assert found.passed_over.startswith(f"The grader.toml inside {home / 'eve'} does not count")
    above = put(home)
    assert find(home / "eve", None, around).source == above
    assert find(home / "eve", str(home / "eve"), around).source == str(home / "eve" / FILE)


def test_the_current_folder_as_a_submission(home: Path, around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    """`grader check .` is a folder like any other, and the hint names a path that works there."""
    put(home / "own")
    monkeypatch.chdir(home / "own")
    found = find(Path(), None, around)
    assert (found.source, "--course grader.toml takes it" in found.passed_over) == ("", True)


def test_only_a_file_counts(home: Path, around: Surroundings) -> None:
    """A folder of that name is none."""
    (home / FILE).mkdir()
    assert find(home / "a.py", None, around) == Found()


def test_a_strangers_file_does_not_count(home: Path, around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another user owns is passed over where it merely lies there, and taken where it is named."""
    file = put(home)
    if os.geteuid() == 0:
        os.chown(file, 1234, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 1234)
    found = find(home / "a.py", None, around)
    assert found.source == ""
    assert found.passed_over == (
        f"{file} belongs to another user and does not count; if it is your course's: grader course use {file}"
    )
    assert find(home / "a.py", file, around) == Found(file, Way.ASKED, chosen=True)


def test_precedence(home: Path, around: Surroundings) -> None:
    """Asked for, then beside, then in the environment, then remembered; `none` is none of them."""
    work = home / "a.py"
    remember(around.configuration, URL)
    assert find(work, None, around) == Found(URL, Way.REMEMBERED, chosen=True)
    named = around._replace(environment={**around.environment, "GRADER_COURSE": f"{URL}?2"})
    assert find(work, None, named) == Found(f"{URL}?2", Way.ENVIRONMENT, chosen=True)
    beside = put(home)
    assert find(work, None, named) == Found(beside, Way.BESIDE, chosen=False)
    assert find(work, f"{URL}?3", named) == Found(f"{URL}?3", Way.ASKED, chosen=True)
    assert find(work, "none", named) == Found()
    nobody = around._replace(environment={**around.environment, "GRADER_COURSE": "none"})
    assert find(work, None, nobody) == Found()


def test_a_file_that_was_named_before_is_chosen(home: Path, around: Surroundings) -> None:
    """A file beside the work is trusted where `use` or the environment names the same one."""
    file = put(home)
    assert not find(home / "a.py", None, around).chosen
    named = around._replace(environment={**around.environment, "GRADER_COURSE": str(home)})
    assert find(home / "a.py", None, named) == Found(file, Way.BESIDE, chosen=True)
    remember(around.configuration, file)
    assert find(home / "a.py", None, around).chosen


def test_remember_and_forget(around: Surroundings) -> None:
    """What is remembered is forgotten once; what cannot be read is a fault that says the way out."""
    assert not forget(around.configuration)
    path = remember(around.configuration, URL)
    assert remembered(around.configuration) == URL
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert forget(around.configuration)
    assert remembered(around.configuration) == ""
    for text in ("{", "[]", '{"version": 2, "course": "x"}', '{"version": 1}'):
        path.write_text(text)
        with pytest.raises(CourseFault, match=r"cannot be read: .* Write grader course forget"):
            remembered(around.configuration)


def test_a_folder_that_is_gone(tmp_path: Path, around: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that was removed nothing lies beside the work."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert find(Path("a.py"), None, around) == Found()


@pytest.mark.parametrize("named", [{}, {"XDG_CONFIG_HOME": "/elsewhere"}, {"XDG_CONFIG_HOME": ""}])
def test_the_folder_is_that_of_platformdirs(named: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On Linux the folder of what is remembered is found without platformdirs, and is the one that it names."""
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert configuration_folder(named) == Path(platformdirs.user_config_dir("cnn-grader"))


def test_little_is_imported() -> None:
    """A check without a course file imports nothing that reads, fetches or unpacks."""
    import subprocess

    code = (
        "import sys; from pathlib import Path; from grader import course\n"
        "assert course.guidance(course.Wish(Path('a.py'))) is None\n"
        "heavy = {'tomllib', 'urllib.request', 'dataclasses', 'zipfile', 'platformdirs', 'pydantic', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
