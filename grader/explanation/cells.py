"""The explanation that stands in the notebook itself: Markdown cells and comments; and the code as it was read."""

from __future__ import annotations

from collections.abc import Iterator

from grader.explanation.bounds import bounded, bounded_source, named
from grader.explanation.comments import prose_of
from grader.records import Passage, SourceText
from grader.source.reading.notebook import Cell, Source


def passages(source: Source, notebooks: int) -> tuple[Passage, ...]:
    """Return the Markdown cells, then the comments of the code cells and modules.

    notebooks: how many were handed in; the numbers of text cells run through all of them, and this is said.
    """
    return bounded(_pieces(source, notebooks))


def code(source: Source) -> tuple[SourceText, ...]:
    """Return the code of the main program, then of its modules, each piece once."""
    return bounded_source(SourceText(cell.file, cell.number, cell.text) for cell in _cells(source))


def _pieces(source: Source, notebooks: int) -> Iterator[tuple[str, str]]:
    several = " (counted over all notebooks)" if notebooks > 1 else ""
    for number, note in enumerate(source.notes, 1):
        yield f"text cell {number}{several}", note
    main = source.cells[0].file if source.cells else ""
    for cell in _cells(source):
        yield f"comments in {_place(cell, main)}", prose_of(cell.text)


def _place(cell: Cell, main: str) -> str:
    """Say where a cell is: `cell 3`, `cell 3 of layers.ipynb`, `net.py`."""
    if cell.number is None:
        return named(cell.file)
    return f"cell {cell.number}" + ("" if cell.file == main else f" of {named(cell.file)}")


def _cells(source: Source) -> tuple[Cell, ...]:
    """Return every cell once; a module can be imported under two names."""
    cells = (*source.cells, *(cell for module in source.modules.values() for cell in module))
    return tuple({(cell.file, cell.number): cell for cell in reversed(cells)}.values())[::-1]
