"""A notebook of any version, in any state -> a small one that a converter takes: everything else stays behind.

The new notebook is built of what is known to be wanted, so that broken metadata (Colab's `widgets` without their
`state` stop nbconvert), missing ids and outputs of any size never reach the converter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from nbformat import NotebookNode, from_dict

from grader.explanation.bounds import inert
from grader.rendering.pictures import Pictures

MOST_CELLS = 400
MOST_SOURCE = 20_000
"""Characters of one cell."""
MOST_SOURCES = 200_000
"""Characters of all cells."""
MOST_LINES = (30, 15)
"""Lines of one text that a cell printed: its beginning and its end."""
MOST_OUTPUT = 4_000
"""Characters of one text that a cell printed."""
MOST_OUTPUTS = 60_000
"""Characters of all that was printed."""
MOST_OUTPUTS_EACH = 40
"""Outputs of one cell."""

_INLINE = re.compile(r"data:image/(?:png|jpe?g);base64,([A-Za-z0-9+/=]+)")
_SHOWN = ("image/png", "image/jpeg")
_KINDS = {
    "text/html": "HTML",
    "image/svg+xml": "a drawing",
    "application/javascript": "a script",
    "application/vnd.jupyter.widget-view+json": "a widget",
    "text/latex": "a formula",
    "text/markdown": "Markdown",
}
"""What an output is called that has no text beside it."""


@dataclass(slots=True)
class Room:
    """What is left of each allowance of a submission."""

    sources: int = MOST_SOURCES
    outputs: int = MOST_OUTPUTS
    pictures: Pictures = field(default_factory=Pictures)


@dataclass(frozen=True, slots=True)
class Slim:
    """A notebook that is small.

    Attributes:
        notebook: its cells; `metadata.number` of a code cell is the one by which reports call it.
        left_out: how many cells are missing at its end.
    """

    notebook: NotebookNode
    left_out: int


def slim(text: str, room: Room) -> Slim:
    """Return what is shown of a notebook; what it takes is taken from `room`.

    Raises:
        ValueError, TypeError, KeyError, AttributeError, RecursionError: the text is no notebook.
    """
    plain = json.loads(text, parse_int=_number, parse_float=_no_number, parse_constant=_no_number)
    cells = list(_cells(plain))
    number, kept = 0, list[dict[str, Any]]()
    for cell in cells[:MOST_CELLS]:
        kind = cell.get("cell_type", "code")
        number += kind == "code"
        carried: dict[str, str] = {}
        source = _joined(cell.get("source", cell.get("input")))
        if kind == "markdown":
            carried = _attached(cell.get("attachments"), room)
            source = _INLINE.sub(partial(_inline, carried=carried, room=room), source)
        source = _cut(source, min(MOST_SOURCE, max(room.sources, 0)))
        room.sources -= len(source)
        if room.sources <= 0:
            break
        made = _cell(str(kind), source, cell, number, room)
        kept.append({**made, "id": f"c{len(kept)}", "attachments": carried})
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": kept}
    notebook: NotebookNode = from_dict(whole)  # type: ignore[no-untyped-call]
    return Slim(notebook, len(cells) - len(kept))


def _number(digits: str) -> int | None:
    """Keep the numbers of cells; others are data, and Python refuses thousands of digits."""
    return int(digits) if len(digits) < 10 else None


def _no_number(_: str) -> None:
    """Keep no other number."""


def _cells(plain: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the cells, of sheets where the notebook is that old."""
    if not isinstance(plain, dict):
        raise TypeError("a notebook is an object of JSON")
    sheets = plain.get("worksheets") if "cells" not in plain else None
    listed = [plain["cells"]] if sheets is None else [one["cells"] for one in sheets]
    for cells in listed:
        yield from (cell for cell in cells if isinstance(cell, dict))


def _cell(kind: str, source: str, cell: Mapping[str, Any], number: int, room: Room) -> dict[str, Any]:
    if kind == "heading":
        kind, source = "markdown", f"{'#' * _level(cell.get('level'))} {source}"
    found: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": {}}
    if kind == "code":
        listed = cell.get("outputs")
        outputs = listed if isinstance(listed, list) else []
        shown = [_output(one, room) for one in outputs[:MOST_OUTPUTS_EACH] if isinstance(one, dict)]
        if len(outputs) > MOST_OUTPUTS_EACH:
            shown.append(_printed(f"[{len(outputs) - MOST_OUTPUTS_EACH:,} more outputs are left out here]"))
        count = cell.get("execution_count", cell.get("prompt_number"))
        found["outputs"] = [one for one in shown if one is not None]
        found["execution_count"] = count if type(count) is int and 0 <= count < 10**6 else None
        found["metadata"] = {"number": number}
    elif kind not in ("markdown", "raw"):
        found["cell_type"] = "raw"
    return found


def _level(level: object) -> int:
    return level if type(level) is int and 1 <= level <= 6 else 1


def _output(output: Mapping[str, Any], room: Room) -> dict[str, Any] | None:
    """Return one output as a text or a picture of ours; None where nothing is to be said of it."""
    kind = output.get("output_type")
    if kind in ("error", "pyerr"):
        trace = output.get("traceback")
        lines = [_joined(one) for one in trace] if isinstance(trace, list) else []
        return _printed(_bounded("\n".join(lines) or _joined(output.get("evalue")), room), name="stderr")
    if kind == "stream":
        text = _bounded(_joined(output.get("text")), room)
        return _printed(text, name="stderr" if "stderr" in (output.get("name"), output.get("stream")) else "stdout")
    data = output.get("data")
    data = data if isinstance(data, dict) else _old(output)
    for mime in _SHOWN:
        if isinstance(data.get(mime), str | list):
            picture = room.pictures.add("".join(_joined(data[mime]).split()))
            if picture is None:
                return _printed("[a picture, left out here]")
            return {"output_type": "display_data", "data": {picture.mime: picture.encoded}, "metadata": {}}
    if "text/plain" in data:
        return _printed(_bounded(_joined(data["text/plain"]), room))
    named = next((word for mime, word in _KINDS.items() if mime in data), "")
    return _printed(f"[{named}, which is not shown here]") if named else None


def _old(output: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data of an output as notebooks of version 3 have it, beside its type."""
    names = {
        "png": "image/png",
        "jpeg": "image/jpeg",
        "text": "text/plain",
        "html": "text/html",
        "svg": "image/svg+xml",
    }
    return {mime: output[name] for name, mime in names.items() if name in output}


def _printed(text: str, name: str = "stdout") -> dict[str, Any] | None:
    return {"output_type": "stream", "name": name, "text": text} if text else None


def _attached(attachments: Any, room: Room) -> dict[str, str]:
    """Return the pictures that a text cell carries as they are shown, by their names."""
    found: dict[str, str] = {}
    for name, data in attachments.items() if isinstance(attachments, dict) else ():
        encoded = next((data[one] for one in _SHOWN if isinstance(data, dict) and isinstance(data.get(one), str)), "")
        picture = room.pictures.add(encoded) if encoded else None
        if picture is not None:
            found[name] = picture.source
    return found


def _inline(found: re.Match[str], carried: dict[str, str], room: Room) -> str:
    """Return the name of a picture that stood in the text itself, as Colab writes them, and carry it beside that."""
    picture = room.pictures.add(found[1])
    if picture is None:
        return "data:,"
    name = f"picture-{len(carried) + 1}"
    carried[name] = picture.source
    return f"attachment:{name}"


def _bounded(text: str, room: Room) -> str:
    """Return the beginning and the end of what was printed; a bar that rewrites its line is its last state."""
    first, last = MOST_LINES
    lines = [line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n")]
    if len(lines) > first + last:
        left = len(lines) - first - last
        lines = [*lines[:first], f"[… {left:,} lines are left out here …]", *lines[-last:]]
    shown = _cut("\n".join(lines), min(MOST_OUTPUT, max(room.outputs, 0)))
    room.outputs -= len(shown)
    return shown or ("[left out here]" if text else "")


def _cut(text: str, most: int) -> str:
    """Return the beginning of a text, inert."""
    return inert(text[:most]) + ("…" if 0 < most < len(text) else "")


def _joined(value: Any) -> str:
    """Return a text of a notebook: a string, or a list of lines."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "".join(one for one in value if isinstance(one, str))
    return value if isinstance(value, str) else ""
