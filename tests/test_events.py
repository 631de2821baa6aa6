"""What `-v` and `--log-json` say: one inert line an event, the same in both forms, and never a harm to the grading."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from rich.live import Live

from grader import events
from grader.engines.local import LocalExecutor, LocalSlot
from grader.faults import GraderFault, OperatorFault


@pytest.fixture(autouse=True)
def _silent_again() -> Iterator[None]:
    """Let no test leave a listener behind."""
    yield
    events.listen(0, None)


def _fails() -> None:
    raise GraderFault("It failed.")


def ran(folder: Path, verbose: int = 0) -> list[dict[str, object]]:
    """Tell four events while a file hears them; return what it holds."""
    file = folder / "events.jsonl"
    events.listen(verbose, file)
    events.tell("begins", submission="ada", stage="capture", slot=0, level=logging.DEBUG)
    events.tell("ran", submission="ada", stage="capture", seconds=0.8412, slot=0)
    with pytest.raises(GraderFault) as raised:
        _fails()
    events.tell("fault", "It failed.", submission="ada", level=logging.ERROR, fault=raised.value)
    logging.getLogger("grader.claims").warning("a child crashed")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_json_has_the_fields(tmp_path: Path) -> None:
    """Time in UTC, level, event, submission, stage, seconds and slot; a fault has its traceback; warnings are there too."""
    before = datetime.now(UTC).replace(microsecond=0)
    stage, fault, warning = ran(tmp_path)
    assert {name: stage[name] for name in stage if name != "time"} == {
        "level": "info",
        "event": "ran",
        "submission": "ada",
        "stage": "capture",
        "seconds": 0.8412,
        "slot": 0,
    }
    moment = str(stage["time"])
    assert moment.endswith("Z")
    assert before <= datetime.fromisoformat(moment) <= datetime.now(UTC)
    assert fault["level"] == "error"
    assert "raise GraderFault" in str(fault["trace"])
    assert (warning["event"], warning["message"]) == ("message", "a child crashed")


def test_twice_hears_what_begins(tmp_path: Path) -> None:
    """`-vv` adds the beginning of every stage."""
    assert [one["event"] for one in ran(tmp_path, 2)] == ["begins", "ran", "fault", "message"]


def test_lines_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """Submission, what, how long and where stand on one line of standard error; nothing is heard without `-v`."""
    events.tell("ran", submission="bob", stage="examine", seconds=1.0, slot=1)
    events.listen(1, None)
    events.tell("ran", submission="ada", stage="capture", seconds=0.8412, slot=0)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err[8:] == " ada: ran capture, 0.84 s, slot 0\n"


def test_a_name_that_acts_is_inert_in_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A student's file name may hold escapes and newlines; neither reaches a terminal, also not out of the JSON."""
    evil = "\x1b[2J\nada\u202e"
    events.listen(1, tmp_path / "log")
    events.tell("fault", f"of {evil}", submission=evil)
    plain = json.loads((tmp_path / "log").read_text(encoding="utf-8"))
    line = capsys.readouterr().err
    for text in (line.removesuffix("\n"), plain["submission"], plain["message"]):
        assert text.isprintable()
        assert "\\x1b[2J\\nada\\u202e" in text


def test_a_dash_is_standard_error_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """With `--log-json -` every line of standard error is JSON, also with `-v`."""
    events.listen(2, Path("-"))
    events.tell("walls", "rung A")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["walls"]


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """That is the command's fault, said before anything runs."""
    with pytest.raises(OperatorFault, match=r"--log-json .*nowhere.* cannot be written"):
        events.listen(0, tmp_path / "nowhere" / "log")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_said_once_and_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A log that is lost never costs a grade."""
    events.listen(0, Path("/dev/full"))
    for _ in range(3):
        events.tell("ran", submission="ada")
    events.listen(0, None)
    assert capsys.readouterr().err.count("cannot be written any more (No space left on device)") == 1


def test_lines_stand_above_a_display() -> None:
    """A display that moves is drawn again below every line, and no line is written into it."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60, legacy_windows=False)
    events.listen(1, None)
    with Live("the display", console=console, auto_refresh=False):
        events.tell("ran", submission="ada", stage="capture", seconds=1.0, slot=0)
    # Rich goes to the beginning of its display, clears it, prints the line and draws the display again.
    _, _, after = screen.getvalue().partition("\x1b[2K")
    line, _, below = after.partition("\n")
    assert "ada: ran capture, 1.00 s, slot 0" in line
    assert "the display" not in line
    assert "the display" in below


class _NoWorker:
    """A worker that is never asked for anything."""

    def interrupt(self) -> None: ...

    def abandon(self) -> None: ...

    def stop(self) -> None: ...


def _job(order: dict[str, object], slot: LocalSlot) -> None:
    """Go through two stages; the second has progress, and may break."""
    slot.tell("capture")
    for step in range(3):
        slot.tell("training", step, 3)
    if order["id"] == "bad":
        raise GraderFault("It broke.")


def test_every_stage_is_told_once_with_its_slot() -> None:
    """An engine tells the beginning and the end of each stage, also of a job that breaks; progress is no event."""
    with events.collected() as found:
        executor = LocalExecutor(1, _NoWorker, lambda *_: None)  # type: ignore[arg-type]
        good, bad = (executor.submit(_job, {"id": name}) for name in ("good", "bad"))
        executor.shutdown()
    assert good.exception() is None
    assert isinstance(bad.exception(), GraderFault)
    told = [(one["submission"], one["event"], one["stage"], one["slot"]) for one in found]
    assert told == [
        (name, event, stage, 1)
        for name in ("good", "bad")
        for stage in ("capture", "training")
        for event in ("begins", "ran")
    ]
    assert all(one["seconds"] >= 0 for one in found if one["event"] == "ran")


def test_events_of_another_process_keep_their_time(tmp_path: Path) -> None:
    """What the helper collected is told again with the moment at which it happened there."""
    with events.collected() as found:
        events.tell("ran", "x", submission="ada", seconds=2.5)
    found[0]["created"] -= 3600
    events.listen(0, tmp_path / "log")
    events.again(json.loads(json.dumps(found)))
    plain = json.loads((tmp_path / "log").read_text(encoding="utf-8"))
    age = datetime.now(UTC) - datetime.fromisoformat(plain["time"])
    assert 3600 <= age.total_seconds() < 3660
    assert (plain["event"], plain["message"], plain["seconds"]) == ("ran", "x", 2.5)
