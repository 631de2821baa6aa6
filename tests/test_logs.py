"""A log for each submission: safe names, inert lines, a clear word when the disk is full."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.faults import StorageFault
from grader.logs import Logs


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "\udce9", "x" * 300, "..", "con:aux", "名前"])
def test_any_id_is_one_file_in_the_folder(tmp_path: Path, name: str) -> None:
    """Whatever a student's id is, its log lies in the folder and nowhere else."""
    logs = Logs(tmp_path / "logs", 1)
    logs.write(name, ["one"])
    assert [path.parent for path in tmp_path.rglob("*.log")] == [tmp_path / "logs"]
    assert logs.path(name).read_text(encoding="utf-8").endswith("run 1  one\n")


def test_runs_follow_each_other(tmp_path: Path) -> None:
    """Every run adds its lines to those before."""
    for run in (1, 2):
        Logs(tmp_path, run).write("ada", ["captured"])
    assert [line[20:] for line in (tmp_path / "ada.log").read_text(encoding="utf-8").splitlines()] == [
        "run 1  captured",
        "run 2  captured",
    ]


def test_what_was_printed_is_inert(tmp_path: Path) -> None:
    """Lines of the student's program are marked, and no escape sequence of theirs survives."""
    Logs(tmp_path, 1).output("ada", "hello\n\x1b[2Jgone\n")
    text = (tmp_path / "ada.log").read_text(encoding="utf-8")
    assert "printed | hello\n" in text
    assert "\x1b" not in text


def test_a_log_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The fault says what to do; it is not the submission's."""
    (tmp_path / "logs").write_text("a file stands here")
    with pytest.raises(StorageFault, match="the same command"):
        Logs(tmp_path / "logs", 1).write("ada", ["one"])
