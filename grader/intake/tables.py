"""Read and write the small tables that people keep in spreadsheets."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from grader.faults import OperatorFault

MAX_BYTES = 64 * 2**20
_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r\n])")  # noqa: RUF001  the wide ones count in some locales


def read_table(path: Path, option: str) -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of a CSV file, whatever its separator; `option` names it in messages.

    Raises:
        OperatorFault: it is not there, too large, or not a table.
    """
    text = _decoded(table_bytes(path, option))
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text)) if any(row)]
    except csv.Error as error:
        raise OperatorFault(f"{option} {path} is not a table (CSV): {error}.") from error
    if not rows:
        raise OperatorFault(f"{option} {path} is empty.", fix="Its first line names the columns.")
    header, *body = rows
    return [one.strip() for one in header], [[*map(str.strip, row), *[""] * (len(header) - len(row))] for row in body]


def table_bytes(path: Path, option: str) -> bytes:
    """Return what is in a table's file; `option` names it in messages.

    Raises:
        OperatorFault: it is not there, or too large.
    """
    try:
        with path.open("rb") as stream:
            blob = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise OperatorFault(f"{option} {path} cannot be read: {error.strerror}.") from error
    if len(blob) > MAX_BYTES:
        raise OperatorFault(f"{option} {path} is larger than {MAX_BYTES // 2**20} MB.", fix="Give a table (CSV).")
    return blob


def separator_of(text: str) -> str:
    """Return what stands between the cells of a table, going by its first line."""
    return max(",;\t", key=text.partition("\n")[0].count)


def _decoded(blob: bytes) -> str:
    if blob.startswith((b"\xff\xfe", b"\xfe\xff")):
        return blob.decode("utf-16", "replace")
    try:
        return blob.decode("utf-8-sig")
    except UnicodeDecodeError:
        return blob.decode("cp1252", "replace")  # what spreadsheets on Windows write


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV file at once: whoever reads it sees the old one or the new one."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([armoured(cell) for cell in row] for row in rows)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as stream:
            stream.write(text.getvalue())
        Path(temporary).chmod(0o644)
        os.replace(temporary, path)  # noqa: PTH105  the name says that it is one step
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def visible(name: str) -> str:
    r"""Return a file's name as a table can hold it: what does not print is written as `\u202e`.

    Different names stay different, because a backslash is written twice. So do blanks at both ends, which are
    trimmed off every cell.
    """
    first, last = len(name) - len(name.lstrip()), len(name.rstrip())
    return "".join(_visible(one, at_end=not first <= at < last) for at, one in enumerate(name))


def _visible(letter: str, *, at_end: bool) -> str:
    if letter == "\\":
        return "\\\\"
    if letter.isprintable() and not at_end:
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 2**16 else f"\\U{ord(letter):08x}"


def armoured(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: `'` goes before one."""
    return f"'{text}" if _FORMULA.match(text) else text


def bare(text: str) -> str:
    """Undo `armoured`."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
