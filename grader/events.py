"""What a command does, as it does it: one event a line on standard error (`-v`), and as JSON lines (`--log-json`).

Events go through `logging`, under the name `grader.events`; nobody hears them until `listen` is called. A log must not
change what is graded: whoever tells an event gets no error back, and a file that can no longer be written is said once.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from grader.faults import OperatorFault
from grader.report.plain import inert, inert_line

LOG = logging.getLogger("grader.events")
LOG.addHandler(logging.NullHandler())
LOG.propagate = False

FIELDS = ("event", "submission", "stage", "seconds", "slot")
"""What an event holds besides its time, its level and its words."""

_LONGEST = 400  # characters of one line
_LONGEST_TRACE = 20_000  # characters of a traceback


def tell(
    event: str,
    words: str = "",
    *,
    submission: str = "",
    stage: str = "",
    seconds: float | None = None,
    slot: int | None = None,
    level: int = logging.INFO,
    fault: BaseException | None = None,
) -> None:
    """Tell an event: `event` is its name, `words` what a person reads; `fault` gives its traceback to the JSON.

    `seconds` is how long it took, `slot` where it ran, counted from 1 as on the display; None where that means nothing.
    """
    fields = dict(zip(FIELDS, (event, submission, stage, seconds, slot), strict=True))
    LOG.log(level, "%s", words, extra=fields, exc_info=fault)


def plain(record: logging.LogRecord) -> dict[str, Any]:
    """Return a record as plain values: time in UTC, level, event, what else of `FIELDS` it has, and its words."""
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    found: dict[str, Any] = {"time": moment.replace("+00:00", "Z"), "level": record.levelname.lower()}
    for name in FIELDS:
        value = getattr(record, name, None)
        if isinstance(value, str):
            value = inert_line(value)
        if value not in (None, ""):
            found[name] = round(value, 6) if isinstance(value, float) else value
    found.setdefault("event", "message")
    words = inert_line(record.getMessage(), _LONGEST)
    if words:
        found["message"] = words
    return found


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; a traceback is one more of its values."""
        found = plain(record)
        if record.exc_info:
            found["trace"] = inert(self.formatException(record.exc_info))[-_LONGEST_TRACE:]
        return json.dumps(found)


class LineFormatter(logging.Formatter):
    """One event a line for people: time of day, submission, what it is, how long it took, where."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without anything that acts on a terminal."""
        found = plain(record)
        stage = f" {found['stage']}" if "stage" in found else ""
        who = f" {found['submission']}:" if "submission" in found else ""
        words = f", {found['message']}" if "message" in found else ""
        took = f", {found['seconds']:.2f} s" if "seconds" in found else ""
        where = f", slot {found['slot']}" if "slot" in found else ""
        hour = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        return inert_line(f"{hour}{who} {found['event']}{stage}{words}{took}{where}", _LONGEST)


class _Spoken(logging.Handler):
    """Writes to the standard error of the moment, so that a line appears above a display that moves."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")
        sys.stderr.flush()


class _Written(logging.StreamHandler[TextIO]):
    """Adds lines to a file; when that fails, says so once and goes on without."""

    def __init__(self, path: Path) -> None:
        try:
            stream = path.open("a", encoding="utf-8")
        except OSError as error:
            raise OperatorFault(f"--log-json {path} cannot be written ({error.strerror or error}).") from error
        super().__init__(stream)
        self._path, self._broken = path, False

    def emit(self, record: logging.LogRecord) -> None:
        if not self._broken:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        del record
        self._broken = True
        error = sys.exception()
        why = (error.strerror if isinstance(error, OSError) else None) or error
        sys.stderr.write(f"grader: {self._path} cannot be written any more ({why}); the command goes on without it.\n")

    def close(self) -> None:
        with contextlib.suppress(OSError):  # of what could not be written before
            self.stream.close()
        super().close()


def listen(verbose: int, log_json: Path | None) -> None:
    """Hear events: with `verbose` as lines on standard error (2: beginnings as well), and as JSON in a file.

    The file `-` is standard error, which then gets JSON alone. Warnings of other parts go into the JSON too. Calling it
    again replaces what was asked before.

    Raises:
        OperatorFault: the file cannot be written.
    """
    root = logging.getLogger()
    for logger in (LOG, root):
        for before in [one for one in logger.handlers if isinstance(one, _Spoken | _Written)]:
            logger.removeHandler(before)
            before.close()
    LOG.setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
    if log_json is not None:
        as_json: logging.Handler = _Spoken() if str(log_json) == "-" else _Written(log_json)
        as_json.setFormatter(JsonFormatter())
        LOG.addHandler(as_json)
        root.addHandler(as_json)
    if verbose and str(log_json) != "-":
        spoken = _Spoken()
        spoken.setFormatter(LineFormatter())
        LOG.addHandler(spoken)


class _Kept(logging.Handler):
    """Keeps events as plain values."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        kept = {name: getattr(record, name, None) for name in FIELDS}
        self.found.append({**kept, "words": record.getMessage(), "level": record.levelno, "created": record.created})


@contextmanager
def collected() -> Iterator[list[dict[str, Any]]]:
    """Give a list that holds, at the end, all events of the block, for `again` in another process."""
    keeper = _Kept()
    before = LOG.level
    LOG.addHandler(keeper)
    LOG.setLevel(logging.DEBUG)
    try:
        yield keeper.found
    finally:
        LOG.setLevel(before)
        LOG.removeHandler(keeper)


def again(found: Iterable[Mapping[str, Any]]) -> None:
    """Tell events that another process of ours collected, with the time at which they happened there."""
    for one in found:
        if LOG.isEnabledFor(int(one["level"])):
            fields = {name: one[name] for name in FIELDS}
            record = LOG.makeRecord(LOG.name, int(one["level"]), "", 0, "%s", (one["words"],), None, extra=fields)
            record.created = float(one["created"])
            LOG.handle(record)
