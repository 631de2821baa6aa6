"""Read a submission: notebooks and modules become cells of plain Python, and nothing in them can stop the reader."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from grader.source.folders import choose, module_names, own_files
from grader.source.magics import Written, clean, lines_of
from grader.source.syntax import Unreadable, parse

_CODE = {"cell_type": "code", "language": "python", "collapsed": False, "outputs": [], "metadata": {}}
"""A code cell of a version 3 notebook without its text."""


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much of a submission is read; what goes beyond is reported and left out.

    Attributes:
        file_bytes: largest file; notebooks carry pictures, so it is generous.
        code_characters: all code together.
        note_characters: all Markdown together.
        cells: cells of one notebook.
        files: files of a folder.
    """

    file_bytes: int = 64 * 2**20
    code_characters: int = 1_000_000
    note_characters: int = 500_000
    cells: int = 5_000
    files: int = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of Python that runs as a whole.

    Attributes:
        file: path within the submission.
        number: which code cell of the notebook it is, from 1 in file order; None for a module.
        text: Python, line n being line n of what the student wrote.
    """

    file: str
    number: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read.

    Attributes:
        file: path within the submission.
        cell: number of the code cell; None for a whole file.
        line: line within the cell or file; None when it is not known.
        kind: `does-not-parse`, `not-a-notebook`, `cut-off`, `other-language`, `too-large`, `nothing-to-read`,
            `several-mains` or `several-files`.
        message: one sentence.
        said: Python's own words, where it is Python that cannot read it.
    """

    file: str
    cell: int | None
    line: int | None
    kind: str
    message: str
    said: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """The code of a submission.

    Attributes:
        cells: the main program in order.
        notes: the text of Markdown cells, for the explanation.
        problems: what could not be read.
        modules: local modules by dotted name (`blocks`, `net.layers`), as they can be imported.
    """

    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    modules: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Draft:
    """One file while it is read: its cells, notes, problems and the modules that its cells write."""

    path: str
    cells: list[Cell] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    written: dict[str, list[Cell]] = field(default_factory=dict)

    def report(self, kind: str, message: str, cell: int | None = None, line: int | None = None, said: str = "") -> None:
        """Note a problem of this file."""
        self.problems.append(Problem(self.path, cell, line, kind, message, said))

    def add(self, number: int | None, text: str) -> None:
        """Keep a cell that is Python, report one that is not."""
        cleaned = clean(text)
        if cleaned.written is not None:
            self._write(number, cleaned.written)
        elif self._is_python(number, cleaned.text):
            self.cells.append(Cell(self.path, number, cleaned.text))

    def _write(self, number: int | None, written: Written) -> None:
        if not written.path.endswith(".py") or not self._is_python(number, written.text):
            return
        earlier = self.written.get(written.path, []) if written.append else []
        self.written[written.path] = [*earlier, Cell(self.path, number, written.text)]

    def _is_python(self, number: int | None, text: str) -> bool:
        tree = parse(text)
        if not isinstance(tree, Unreadable):
            return True
        place = f"cell {number}" if number is not None else self.path
        defined = re.findall(r"^\s*class\s+(\w+)", text, re.MULTILINE)
        which = f", which defines class {', '.join(defined[:3])}," if defined else ""
        line = f" (line {tree.line})" if tree.line else ""
        message = f"{place}{which} does not parse: {tree.message}{line}"
        self.report("does-not-parse", message, number, tree.line, tree.message)
        return False


def read_submission(files: Mapping[str, bytes], limits: ReadLimits) -> Source:
    """Return the code of a submission: one notebook, one module, or a folder of several.

    files: path within the submission -> content; anything but `.py` and `.ipynb` is ignored.
    """
    paths = own_files(files)
    drafts = {path: _read(path, files[path], limits) for path in paths[: limits.files]}
    if not drafts:
        where = min(files, default="")
        return Source((), (), (Problem(where, None, None, "nothing-to-read", "There is no .ipynb and no .py file."),))
    texts = {path: "\n".join(cell.text for cell in draft.cells) for path, draft in drafts.items()}
    choice = choose(texts)
    main, problems = drafts[choice.main], [problem for draft in drafts.values() for problem in draft.problems]
    if choice.rivals:
        names = ", ".join(choice.rivals)
        message = f"{choice.main} was taken as the main program; {names} could be it as well."
        problems.append(Problem(choice.main, None, None, "several-mains", message))
    if len(paths) > limits.files:
        message = f"There are {len(paths)} files of Python; the first {limits.files} were read."
        problems.append(Problem(choice.main, None, None, "several-files", message))
    notes = [*main.notes, *(note for path, draft in drafts.items() if path != choice.main for note in draft.notes)]
    return _capped(Source(tuple(main.cells), tuple(notes), tuple(problems), _modules(drafts, choice.main)), limits)


def _modules(drafts: Mapping[str, _Draft], main: str) -> dict[str, tuple[Cell, ...]]:
    """Name every file that can be imported, those that a cell of the main program writes included."""
    modules: dict[str, tuple[Cell, ...]] = {}
    for path, draft in drafts.items():
        written = {name: tuple(cells) for name, cells in draft.written.items()}
        found = {path: tuple(draft.cells), **written} if path != main else written
        for file, cells in found.items():
            for name in module_names(file, main):
                if name not in modules or draft.path == main:
                    modules[name] = cells
    return modules


def _read(path: str, content: bytes, limits: ReadLimits) -> _Draft:
    draft = _Draft(path)
    if len(content) > limits.file_bytes:
        size, most = len(content) / 2**20, limits.file_bytes / 2**20
        draft.report("too-large", f"{path} has {size:.1f} MiB, more than the {most:.1f} MiB that are read.")
    elif path.lower().endswith(".py"):
        draft.add(None, _decoded(content))
    else:
        _read_notebook(draft, _decoded(content), limits)
    return draft


def _decoded(content: bytes) -> str:
    """Return the text, whatever editor wrote it; Windows editors write UTF-16 and byte-order marks."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return lines_of(content.decode(encoding, "replace"))


def _read_notebook(draft: _Draft, text: str, limits: ReadLimits) -> None:
    try:
        # Numbers play no part, and "9" * 5000 is more than Python's int accepts.
        notebook = json.loads(text, parse_int=float)
        cells = _cells(notebook)
    except Exception as error:  # noqa: BLE001 - whatever json and nbformat make of hostile text
        if not text.strip():
            draft.report("cut-off", f"{draft.path} is empty.")
            return
        if text.lstrip()[:1] == "{" and text.rstrip()[-1:] != "}":
            draft.report("cut-off", f"{draft.path} is cut off: it ends in the middle of the notebook.")
            return
        what = "a web page" if text.lstrip()[:1] == "<" else "no notebook"
        reason = "" if what == "a web page" else f" ({type(error).__name__}: {str(error)[:100]})"
        draft.report("not-a-notebook", f"{draft.path} is {what}{reason}.")
        return
    if (language := _language(notebook)) not in ("", "python"):
        draft.report("other-language", f"{draft.path} says that it is written in {language[:40]}.")
    if len(cells) > limits.cells:
        draft.report("too-large", f"{draft.path} has {len(cells)} cells; the first {limits.cells} were read.")
    number = 0
    for cell in cells[: limits.cells]:
        kind, content = cell.get("cell_type", "code"), _text(cell.get("source", cell.get("input")))
        if kind == "code":
            number += 1
            draft.add(number, content)
        elif kind in ("markdown", "heading") and content.strip():
            draft.notes.append(re.sub(r"data:[\w/+.;=-]*,[A-Za-z0-9+/=]{100,}", "data:,", lines_of(content)))


def _cells(notebook: Any) -> list[dict[str, Any]]:
    """Return the cells of a notebook of any version; raise whatever a malformed one leads to."""
    if not isinstance(notebook, dict):
        raise TypeError("a notebook is an object of JSON")
    if "cells" not in notebook and isinstance(notebook.get("worksheets"), list):
        notebook = _upgraded(notebook)
    cells = notebook["cells"]
    if not isinstance(cells, list):
        raise TypeError("cells is no list")
    return [cell for cell in cells if isinstance(cell, dict)]


def _upgraded(notebook: dict[str, Any]) -> dict[str, Any]:
    """Let nbformat upgrade what matters of a version 2 or 3 notebook: outputs alone took it 8 s on 17 MB."""
    nbformat: Any = import_module("nbformat")  # 0.2 s, and notebooks that old are rare
    cells: list[dict[str, Any]] = []
    for sheet in notebook["worksheets"]:
        for cell in sheet.get("cells", ()) if isinstance(sheet, dict) else ():
            kind = cell.get("cell_type", "code") if isinstance(cell, dict) else None
            if kind == "code":
                text = _text(cell.get("input", cell.get("source")))
                cells.append({**_CODE, "input": text})
            elif kind in ("markdown", "heading"):
                cells.append({"cell_type": kind, "source": _text(cell.get("source")), "level": 1, "metadata": {}})
    slim = {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": [{"cells": cells}]}
    return dict(nbformat.convert(nbformat.from_dict(slim), 4))


def _text(source: Any) -> str:
    """Return a cell's text: a string, or a list of lines."""
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _language(notebook: dict[str, Any]) -> str:
    """Return the language that the notebook names, in lower case; empty when it names none."""
    metadata = notebook.get("metadata")
    for key, name in (("kernelspec", "language"), ("language_info", "name")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        if isinstance(part, dict) and isinstance(part.get(name), str):
            return str(part[name]).lower()
    return ""


def _capped(source: Source, limits: ReadLimits) -> Source:
    """Leave out what is beyond the limits of code and of Markdown."""
    left, cells, problems = limits.code_characters, [], list(source.problems)
    for cell in source.cells:
        left -= len(cell.text)
        if left < 0:
            message = f"There are more than {limits.code_characters:,} characters of code; the rest was left out."
            problems.append(Problem(cell.file, cell.number, None, "too-large", message))
            break
        cells.append(cell)
    modules = {}
    for name, module in source.modules.items():
        left -= sum(len(cell.text) for cell in module)
        if left >= 0:
            modules[name] = module
    notes, room = [], limits.note_characters
    for note in source.notes:
        notes.append(note[: max(room, 0)])
        room -= len(note)
    return Source(tuple(cells), tuple(note for note in notes if note), tuple(problems), modules)
