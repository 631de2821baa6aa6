"""The job that compares a class: the text of all submissions in, what is alike out.

It runs no student statement and nothing of Python's own parser, holds no labels, points or marks, and is expendable:
what hostile text could cost is the comparison, never a grade.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from grader.sandbox.protocol import Channel
from grader.similarity.canonical import Piece
from grader.similarity.comparing import compare, thinner
from grader.similarity.entries import Entry, Template
from grader.similarity.textbook import textbook
from grader.similarity.winnowing import library
from grader.source.reading.notebook import ReadLimits, read_submission

_LIBRARY = library()  # imported here, before the walls stand
MOST_BYTES = 3 * 2**20
"""Of what is sent back; a frame takes 4 MiB."""


def similar(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
    """Run the job: `blobs` are the entries as JSON and the templates' files."""
    entries = [Entry.from_json(one) for one in json.loads(blobs["entries"])]
    templates = [_template(path.removeprefix("template/"), blob) for path, blob in blobs.items() if path != "entries"]
    found = compare(entries, [*textbook(), *templates], library=_LIBRARY)
    plain = dataclasses.asdict(found)
    while len(json.dumps(plain)) > MOST_BYTES:
        found = thinner(found)
        plain = dataclasses.asdict(found)
    channel.result({"outcome": "compared", "similarity": plain})


def _template(name: str, blob: bytes) -> Template:
    """Read what the course gave out: a notebook, a module, or any other file as text."""
    if not name.endswith((".py", ".ipynb")):
        return Template(name, (), (blob.decode("utf-8", "replace"),))
    source = read_submission({name.rpartition("/")[2]: blob}, ReadLimits())
    cells = [*source.cells, *(cell for module in source.modules.values() for cell in module)]
    pieces = tuple(Piece(one.file, one.number, one.text) for one in cells)
    return Template(name, pieces, (*source.notes, *(one.text for one in pieces)))
