"""Read a submission: notebooks and modules become cells of plain Python, and nothing in them can stop the reader."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.source.reading.cells import Cell, Problem
from grader.source.reading.draft import Draft
from grader.source.reading.folders import choose, defines_network, module_names, own_files
from grader.source.reading.jupyter import NoNotebookError, opened
from grader.source.reading.magics import lines_of

__all__ = ["Cell", "Problem", "ReadLimits", "Source", "read_submission"]


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


def _modules(drafts: Mapping[str, Draft], main: str) -> dict[str, tuple[Cell, ...]]:
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


def _read(path: str, content: bytes, limits: ReadLimits) -> Draft:
    draft = Draft(path)
    if len(content) > limits.file_bytes:
        size, most = len(content) / 2**20, limits.file_bytes / 2**20
        draft.report("too-large", f"{path} has {size:.1f} MiB, more than the {most:.1f} MiB that are read.")
    elif path.lower().endswith(".py"):
        draft.add(None, lines_of(decoded(content)))
    else:
        _read_notebook(draft, decoded(content), limits)
    draft.finish()
    return draft


def decoded(content: bytes) -> str:
    """Return the text, whatever editor wrote it; Windows editors write UTF-16 and byte-order marks."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding, "replace")


def _read_notebook(draft: Draft, text: str, limits: ReadLimits) -> None:
    try:
        notebook = opened(text)
    except NoNotebookError as error:
        draft.report(error.kind, f"{draft.path} {error}")
        return
    cells = notebook.cells
    if notebook.is_foreign:
        draft.report("other-language", f"{draft.path} says that it is written in {notebook.language}.")
        if not any(defines_network(content) for kind, content in cells if kind == "code"):
            # `net <- layer(3)` of R is Python as well, and means nothing there.
            cells = tuple((kind, content) for kind, content in cells if kind != "code")
    if len(cells) > limits.cells:
        draft.report("too-large", f"{draft.path} has {len(cells)} cells; the first {limits.cells} were read.")
    number = 0
    for kind, content in cells[: limits.cells]:
        if kind == "code":
            number += 1
            draft.add(number, content, old=notebook.old)
        elif kind in ("markdown", "heading") and content.strip():
            draft.notes.append(re.sub(r"data:[\w/+.;=-]*,[A-Za-z0-9+/=]{100,}", "data:,", lines_of(content)))


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
