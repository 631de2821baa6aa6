"""A table that an LMS gave out, changed in single cells: every other byte of it stays as it was."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from grader.faults import OperatorFault
from grader.intake.tables import separator_of, table_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NUMBER_WITH_COMMA = re.compile(r"-?\d+,\d+")
_NUMBER_WITH_POINT = re.compile(r"-?\d+\.\d+")


class Sheet:
    """Cells of a CSV file as they were written, quotes included; `encode` gives the file back.

    `Sheet.read` makes one. Rows and columns count from 0, the header is row 0.
    """

    def __init__(self, rows: list[list[str]], ends: list[str], delimiter: str, encoding: tuple[bytes, str]) -> None:
        """Take over cells as they were written, the line end of each row, and how the file was encoded."""
        self._rows = rows
        self._ends = ends
        self._delimiter = delimiter
        self._mark, self._encoding = encoding

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file that --into names.

        Raises:
            OperatorFault: it is not there, too large, or not a table.
        """
        text, encoding = _decoded(table_bytes(path, "--into"), path)
        delimiter = separator_of(text)
        rows, ends = _split(text, delimiter, path)
        if not text.strip():
            raise OperatorFault(f"--into {path} is empty.", fix="Download it from the LMS again.")
        return cls(rows, ends, delimiter, encoding)

    @property
    def header(self) -> list[str]:
        """Return the names of the columns, without blanks around them."""
        return [_value(cell).strip() for cell in self._rows[0]]

    def __len__(self) -> int:
        """Return how many rows there are, the header among them."""
        return len(self._rows)

    def value(self, row: int, column: int | None) -> str:
        """Return what stands in a cell; empty where the row is too short or there is no such column (None)."""
        cells = self._rows[row]
        return _value(cells[column]).strip() if column is not None and column < len(cells) else ""

    def column(self, column: int) -> list[str]:
        """Return what stands below a column's name."""
        return [self.value(row, column) for row in range(1, len(self))]

    def put(self, row: int, column: int, text: str) -> None:
        """Write a cell, in quotes where the one before had them or it needs them."""
        cells = self._rows[row]
        cells += [""] * (column + 1 - len(cells))
        cells[column] = self._written(text, quoted=cells[column].startswith('"'))

    def insert(self, column: int, name: str) -> None:
        """Insert an empty column before this one; rows that end before it are filled up to it."""
        for row, cells in enumerate(self._rows):
            if cells == [""] and row:  # an empty line
                continue
            cells.extend([""] * (column - len(cells)))
            cells.insert(column, self._written(name, quoted=False) if row == 0 else "")

    def encode(self) -> bytes:
        """Return the file."""
        lines = (self._delimiter.join(cells) + end for cells, end in zip(self._rows, self._ends, strict=True))
        try:
            return self._mark + "".join(lines).encode(self._encoding)
        except UnicodeEncodeError as error:
            raise OperatorFault(
                f"The table of --into is in {self._encoding}, which cannot hold {error.object[error.start]!r}.",
                fix="Save it as UTF-8.",
            ) from error

    def _written(self, text: str, *, quoted: bool) -> str:
        if quoted or any(one in text for one in (self._delimiter, '"', "\r", "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text


def has_decimal_comma(cells: Iterable[str]) -> bool:
    """Tell whether numbers are written as `87,50` here."""
    found = list(cells)
    return any(map(_NUMBER_WITH_COMMA.fullmatch, found)) and not any(map(_NUMBER_WITH_POINT.fullmatch, found))


def _decoded(blob: bytes, path: Path) -> tuple[str, tuple[bytes, str]]:
    mark, encoding = next(((mark, name) for mark, name in _BOMS if blob.startswith(mark)), (b"", "utf-8"))
    for name in (encoding, "cp1252"):  # what spreadsheets on Windows write
        try:
            return blob[len(mark) :].decode(name), (mark, name)
        except UnicodeDecodeError:
            continue
    raise OperatorFault(f"--into {path} is not a table (CSV): it is not text.", fix="Download it from the LMS again.")


def _split(text: str, delimiter: str, path: Path) -> tuple[list[list[str]], list[str]]:
    """Return the cells of each row as they were written, and what ends each row."""
    cell = re.compile(rf'("[^"]*(?:""[^"]*)*"[^{delimiter}\r\n]*|(?!")[^{delimiter}\r\n]*)({delimiter}|\r\n|\r|\n|\Z)')
    rows: list[list[str]] = [[]]
    ends: list[str] = []
    at = 0
    while True:
        match = cell.match(text, at)
        if match is None:
            raise OperatorFault(
                f"--into {path} is not a table (CSV): quotes that are opened in row {len(rows)} are not closed.",
                fix="Download it from the LMS again.",
            )
        rows[-1].append(match[1])
        at = match.end()
        if match[2] != delimiter:
            ends.append(match[2])
            if at == len(text):
                return rows, ends
            rows.append([])


def _value(written: str) -> str:
    if not written.startswith('"'):
        return written
    close = written.rindex('"')
    return written[1:close].replace('""', '"') + written[close + 1 :]
