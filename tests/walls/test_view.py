"""What a warm process can see: Python and our code, never a folder that holds somebody's own files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import grader
from grader.sandbox.walls import view as views
from grader.sandbox.walls.view import behind, view


def covers(paths: tuple[str, ...], wanted: str | Path) -> bool:
    """Tell whether a path is one of these, or below one."""
    return any(str(wanted) == one or str(wanted).startswith(f"{one}/") for one in paths)


def test_what_is_seen() -> None:
    """The interpreter, the packages and the sandbox's own code are; the home folder and the temporary files are not."""
    seen = view(accelerator=False).read
    assert covers(seen, os.path.realpath(sys.executable))
    assert covers(seen, os.path.realpath(sys.modules["numpy"].__file__ or "") if "numpy" in sys.modules else seen[0])
    assert covers(seen, Path(views.__file__))
    for one in ("/", "/etc/shadow", "/home", "/tmp", "/proc", "/dev", Path.home(), "/var/mail"):
        assert not covers(seen, one), one


def test_the_rubric_of_a_wheel_is_not_seen(tmp_path: Path) -> None:
    """A wheel carries the course's rubric and solution inside the package: these are left out, the code is not."""
    for name in ("bundled_files", "sandbox"):
        (tmp_path / name).mkdir()
    found = {Path(one).name for one in views._code(tmp_path)}
    assert found == {"sandbox"}
    assert (Path(grader.__file__).parent / "sandbox").is_dir()


def test_an_environment_in_the_course_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever makes the environment in the very folder of the course shows its packages, not the labels beside them."""
    for name in ("bin", "lib", "labels"):
        (tmp_path / name).mkdir()
    (tmp_path / "rubric.toml").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    seen = view(accelerator=False).read
    assert covers(seen, tmp_path / "lib")
    assert not covers(seen, tmp_path / "labels")
    assert not covers(seen, tmp_path / "rubric.toml")


def test_a_prefix_that_holds_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No path above the home folder is ever seen as a whole."""
    home = tmp_path / "lib" / "home"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    assert views._outermost([str(tmp_path), str(tmp_path / "lib"), "/usr"]) == ("/usr",)


def test_outermost() -> None:
    """What lies below another path is not named twice."""
    assert views._outermost(["/usr/lib", "/usr", "/opt/x", "/"]) == ("/usr", "/opt/x")


def test_the_command_of_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Root becomes somebody else before anything runs, without a user namespace; anybody else gets one."""
    seen = views.View(("/usr", "/a/b/lib"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    root = behind("bwrap", seen, ["python"])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    user = behind("bwrap", seen, ["python"])
    after = root[root.index("--") + 1 :]
    assert after[0] == "setpriv"
    assert {"--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"} <= set(after)
    assert "--unshare-user" not in root
    assert user[-3:] == ["--unshare-user", "--", "python"]
    made = [user[at + 1] for at, word in enumerate(user) if word == "--dir"]
    assert made[:2] == ["/a", "/a/b"]
    assert "/usr" not in made
