"""One file while it is read: its cells become Python, and what was done for that is said once for the whole file."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from grader.source.reading import mending
from grader.source.reading.cells import Cell, Problem
from grader.source.reading.magics import Written, clean
from grader.source.reading.python2 import modern, renamed, uses_old_names
from grader.source.reading.syntax import Unreadable, parse

_SAID = {
    mending.PYTHON_2: "{} is written in Python 2 and was read as Python 3. Python 3 has `print(x)` for `print x`.",
    mending.HIDDEN: "{} holds invisible characters, which were read as spaces. Type the spaces of the line anew.",
    mending.TABS: "{} mixes tabs and spaces, which Python 3 refuses. Indent every line with four spaces.",
    mending.INDENTED: "{} begins with an indented line, which Python refuses. Begin it at the margin.",
}
"""What is said of a mended cell, by the way in which it was mended."""


@dataclass(slots=True)
class Draft:
    """One file while it is read.

    Attributes:
        path: path within the submission.
        cells: its cells so far.
        notes: the text of its Markdown cells.
        problems: what could not be read of it.
        written: the files that its cells write, by path.
        mended: the numbers of mended cells, by the way in which they were mended.
    """

    path: str
    cells: list[Cell] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    written: dict[str, list[Cell]] = field(default_factory=dict)
    mended: dict[str, list[int | None]] = field(default_factory=dict)

    def report(self, kind: str, message: str, cell: int | None = None, line: int | None = None, said: str = "") -> None:
        """Note a problem of this file."""
        self.problems.append(Problem(self.path, cell, line, kind, message, said))

    def add(self, number: int | None, text: str, *, old: bool = False) -> None:
        """Keep a cell that is Python, report one that is not; old: whether the notebook ran on Python 2."""
        cleaned = clean(text)
        for written in cleaned.files:
            self._write(number, written, old=old)
        if cleaned.files and not cleaned.text.strip():
            return
        readable = self._readable(number, cleaned.text, old=old)
        if readable is not None:
            self.cells.append(Cell(self.path, number, readable))

    def finish(self) -> None:
        """Replace names that only Python 2 has, and say what was mended."""
        modules = [cell for several in self.written.values() for cell in several]
        if any(uses_old_names(cell.text) for cell in (*self.cells, *modules)):
            own = frozenset(name for cell in (*self.cells, *modules) for name in _bound(cell.text))
            self.cells = [self._renamed(cell, own) for cell in self.cells]
            self.written = {
                path: [self._renamed(cell, own) for cell in several] for path, several in self.written.items()
            }
        for way, numbers in self.mended.items():
            if way in _SAID:
                self.report(way, _SAID[way].format(self._places(numbers)))

    def _places(self, numbers: list[int | None]) -> str:
        """Name the file, or the first cell and how many more."""
        cells = sorted({number for number in numbers if number is not None})
        if not cells:
            return self.path
        more = f" and {len(cells) - 1} more" if len(cells) > 1 else ""
        return f"{self.path}, cell {cells[0]}{more},"

    def _renamed(self, cell: Cell, own: frozenset[str]) -> Cell:
        text = renamed(cell.text, own)
        if text == cell.text or isinstance(parse(text), Unreadable):
            return cell
        self.mended.setdefault(mending.PYTHON_2, []).append(cell.number)
        return Cell(cell.file, cell.number, text)

    def _write(self, number: int | None, written: Written, *, old: bool) -> None:
        if not written.path.endswith(".py"):
            return
        readable = self._readable(number, written.text, old=old)
        if readable is not None:
            earlier = self.written.get(written.path, []) if written.append else []
            self.written[written.path] = [*earlier, Cell(self.path, number, readable)]

    def _readable(self, number: int | None, text: str, *, old: bool) -> str | None:
        """Return a cell as Python 3, mended where need be; report it and return None where nothing helps."""
        tree = parse(text)
        if not isinstance(tree, Unreadable):
            after = modern(text) if old else text
            if after == text or isinstance(parse(after), Unreadable):
                return text
            self.mended.setdefault(mending.PYTHON_2, []).append(number)
            return after
        found = mending.mended(text)
        for way in found.ways if found is not None else ():
            self.mended.setdefault(way, []).append(number)
        if found is None or mending.PARTLY in found.ways:
            self._report_unreadable(number, text, tree, partly=found is not None)
        return found.text if found is not None else None

    def _report_unreadable(self, number: int | None, text: str, tree: Unreadable, *, partly: bool) -> None:
        place = f"cell {number}" if number is not None else self.path
        defined = [] if partly else re.findall(r"^\s*class\s+(\w+)", text, re.MULTILINE)
        which = f", which defines class {', '.join(defined[:3])}," if defined else ""
        line = f" (line {tree.line})" if tree.line else ""
        rest = "; what else is in it was read" if partly else ""
        message = f"{place}{which} does not parse: {tree.message}{line}{rest}"
        self.report("does-not-parse", message, number, tree.line, tree.message)


def _bound(text: str) -> set[str]:
    """Return the names that code binds anywhere."""
    tree = parse(text)
    found: set[str] = set()
    for node in ast.walk(tree) if not isinstance(tree, Unreadable) else ():
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
    return found
