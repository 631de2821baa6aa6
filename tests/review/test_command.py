"""The command: what it prints, who can reach it, how it ends, and what it says where a package is missing."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest
from typer.testing import CliRunner

from grader.cli import app
from grader.faults import MissingPackageFault, OperatorFault
from grader.gradebook import Gradebook

from . import made

ROOT = Path(__file__).parents[2]


def test_from_the_address_to_the_last_sentence(tmp_path: Path) -> None:
    """The printed address opens it, without the token nothing does, and Ctrl-C writes table and pages anew."""
    folder = made.folder_of(tmp_path)
    words = ["review", str(folder), "--who", "Ben\x1b[2J", "--no-browser"]
    with subprocess.Popen(
        [sys.executable, "-m", "grader.start", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        first = server.stdout.readline()
        address = re.findall(r"http://127\.0\.0\.1:\d+/\?token=\S{32}", first)[0]
        origin = address.partition("/?")[0]
        assert first.startswith(r"6 submissions to mark, as Ben\x1b[2J. Open ")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{origin}/", timeout=10)
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        browser = urllib.request.build_opener(jar)
        page = browser.open(address, timeout=10).read().decode()
        path = re.findall(r'href="(/s/\d+)\?show=unmarked"[^>]*><span class="name">Ada Lovelace', page)[0]
        form = urlencode({"criterion": "architecture", "points": "4", "comment": "", "seen": ""}).encode()
        request = urllib.request.Request(f"{origin}{path}/mark", form, {"Origin": origin})
        assert "0 of 6 marked" in browser.open(request, timeout=10).read().decode()
        server.send_signal(signal.SIGINT)
        rest = server.stdout.read()
        assert server.wait(20) == 0
    assert "1 entry added; 0 of 6 submissions are marked." in " ".join(rest.split())
    with Gradebook.of(folder) as book:
        assert [one.who for one in book.marks()] == [r"Ben\x1b[2J"]
    assert (folder / "students/10001.student.html").is_file()
    assert "10001,Ada Lovelace" in (folder / "grades.csv").read_text(encoding="utf-8")


def test_it_listens_on_this_machine_alone() -> None:
    """The socket is of the loopback address, and a port that is taken is said in a line."""
    from grader.review.serving import listening

    with listening(0) as one:
        host, port = one.getsockname()
        assert host == "127.0.0.1"
        with pytest.raises(OperatorFault, match="Give another --port"):
            listening(port)
    assert one.family is socket.AF_INET


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "jinja2"])
def test_without_its_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """One line says what to install, before anything is opened."""
    monkeypatch.setitem(sys.modules, package, None)
    done = CliRunner().invoke(app, ["review", str(tmp_path)])
    assert isinstance(done.exception, MissingPackageFault)
    assert str(done.exception) == f"{package} is not installed. Run pip install 'cnn-grader[review]'"


def test_without_a_gradebook_or_a_name(tmp_path: Path) -> None:
    """Each is said."""
    done = CliRunner().invoke(app, ["review", str(tmp_path), "--no-browser"])
    assert "There is no gradebook at" in str(done.exception)
    done = CliRunner().invoke(app, ["review", str(tmp_path), "--who", " "])
    assert "Nobody is named" in str(done.exception)


def test_every_option_is_documented() -> None:
    """`docs/review.md` has a row for each option, and each key that the page lists."""
    text = (ROOT / "docs/review.md").read_text(encoding="utf-8")
    shown = CliRunner().invoke(app, ["review", "--help"]).output
    assert [
        one for one in re.findall(r"--[a-z-]+", shown) if one not in ("--help", "--out") and f"`{one}" not in text
    ] == []
    page = (ROOT / "grader/review/templates/base.html").read_text(encoding="utf-8")
    keys = re.findall(r"<kbd>([a-z?])</kbd>", page)
    assert [one for one in keys if f"`{one}`" not in text] == []


def test_help_imports_no_server() -> None:
    """`grader review --help` comes without starlette, and so does every other command."""
    code = "import sys; from grader import cli; print(*{'starlette', 'uvicorn', 'jinja2', 'rich'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_marks_are_never_changed(tmp_path: Path) -> None:
    """The file itself refuses to change or delete one, whoever asks."""
    import sqlite3

    from grader.review.desk import Desk

    folder = made.folder_of(tmp_path)
    with Gradebook.of(folder) as book:
        desk = Desk(book, "Anna")
        desk.give(desk.queue()[0].code, "architecture", "4", "", "")
        assert book.undo_mark(1, "Anna")
        assert not book.undo_mark(1, "Anna")
        assert not book.undo_mark(99, "Anna")
    connection = sqlite3.connect(folder / "gradebook.sqlite")
    for statement in ("UPDATE marks SET points = 5", "DELETE FROM marks"):
        with pytest.raises(sqlite3.IntegrityError, match="a mark is never"):
            connection.execute(statement)
    connection.close()
