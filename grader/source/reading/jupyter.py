"""Open the JSON of a notebook of any version and take its cells out; outputs and numbers leave nothing behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

_CODE = {"cell_type": "code", "language": "python", "collapsed": False, "outputs": [], "metadata": {}}
"""A code cell of a version 3 notebook without its text."""

_KERNELS = {"ir": "R", "julia": "Julia", "xcpp": "C++", "scala": "Scala", "matlab": "MATLAB", "octave": "Octave"}
"""How the names of kernels begin that say nothing of a language, with their languages."""


class NoNotebookError(Exception):
    """The text is no notebook; `kind` is that of the problem, and the message goes on after the file's name."""

    def __init__(self, kind: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Notebook:
    """What matters of a notebook.

    Attributes:
        cells: (type, text) in order.
        language: the language that it names, as it names it; empty when it names none.
        old: whether it ran on Python 2.
    """

    cells: tuple[tuple[str, str], ...]
    language: str
    old: bool

    @property
    def is_foreign(self) -> bool:
        """Tell whether it names another language than Python."""
        return self.language.lower() not in ("", "python", "ipython", "python3", "python2")


def opened(text: str) -> Notebook:
    """Return the cells of a notebook; raise NoNotebookError for whatever is none."""
    try:
        notebook = json.loads(text, parse_int=_no_number, parse_float=_no_number, parse_constant=_no_number)
        cells = tuple(_cells(notebook))
    except Exception as error:
        raise _reason(text, error) from error
    return Notebook(cells, _language(notebook), _is_old(notebook))


def _no_number(text: str) -> None:
    """Keep no number: none plays a part, outputs hold millions, and "9" * 5000 is more than Python's int accepts."""


def _reason(text: str, error: Exception) -> NoNotebookError:
    if not text.strip():
        return NoNotebookError("cut-off", "is empty.")
    if text.lstrip()[:1] == "{" and text.rstrip()[-1:] != "}":
        return NoNotebookError("cut-off", "is cut off: it ends in the middle of the notebook.")
    if text.lstrip()[:1] == "<":
        return NoNotebookError("not-a-notebook", "is a web page.")
    return NoNotebookError("not-a-notebook", f"is no notebook ({type(error).__name__}: {str(error)[:100]}).")


def _cells(notebook: Any) -> Iterator[tuple[str, str]]:
    """Return the cells of a notebook of any version; raise whatever a malformed one leads to."""
    if not isinstance(notebook, dict):
        raise TypeError("a notebook is an object of JSON")
    if "cells" not in notebook and isinstance(notebook.get("worksheets"), list):
        notebook = _upgraded(notebook)
    cells = notebook["cells"]
    if not isinstance(cells, list):
        raise TypeError("cells is no list")
    for cell in cells:
        if isinstance(cell, dict):
            kind = cell.get("cell_type", "code")
            yield kind if isinstance(kind, str) else "", _text(cell.get("source", cell.get("input")))


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


def _named(notebook: dict[str, Any], part: str, key: str) -> str:
    """Return a word of the metadata; empty where there is none."""
    metadata = notebook.get("metadata")
    inner = metadata.get(part) if isinstance(metadata, dict) else None
    word = inner.get(key) if isinstance(inner, dict) else None
    return "".join(letter for letter in word[:40] if letter.isprintable()) if isinstance(word, str) else ""


def _language(notebook: dict[str, Any]) -> str:
    said = _named(notebook, "kernelspec", "language") or _named(notebook, "language_info", "name")
    kernel = _named(notebook, "kernelspec", "name").lower()
    begun = [language for start, language in _KERNELS.items() if kernel == start or kernel.startswith(f"{start}-")]
    return said or next(iter(begun), "")


def _is_old(notebook: dict[str, Any]) -> bool:
    kernel, version = _named(notebook, "kernelspec", "name"), _named(notebook, "language_info", "version")
    return version.startswith("2.") or (kernel.lower() == "python2" and not version.startswith("3."))
