"""The child's job for the pages: notebooks in, their cells as HTML out.

It runs no student statement, but the bytes are a stranger's and the converter is large. What it sends is a claim like
any other: the pages show it in a frame that may do nothing.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import Any

from grader.explanation.bounds import named
from grader.sandbox.build import TooSlowError, deadline
from grader.sandbox.protocol import Channel
from grader.source.reading.folders import own_files
from grader.source.reading.notebook import decoded
from grader.wording import counted

SECONDS = 8.0
"""For all notebooks of a submission together, unless the job says otherwise."""

MOST_NOTEBOOKS = 10

MOST_BYTES = 400_000
"""Of all cells together, as they are written."""

_FIRST = '{"cells": [{"cell_type": "markdown", "source": "`x`"}, {"cell_type": "code", "source": "x = 1"}]}'


def get_ready() -> None:
    """Import the converter and use it once, so that a fork of this process need not."""
    from grader.rendering.exporting import cells
    from grader.rendering.slimming import Room, slim

    cells(slim(_FIRST, Room()).notebook)


def render(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
    """Run the job: `blobs` are the notebooks by path, `arguments` may hold `seconds`."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    notebooks: list[dict[str, Any]] = []
    problems: list[str] = []
    try:
        with deadline(float(arguments.get("seconds", SECONDS))):
            _render_all(blobs, notebooks, problems)
    except TooSlowError:
        problems.append("Laying out the notebook takes too long.")
    channel.result({"outcome": "rendered", "notebooks": notebooks, "problems": problems})


def _render_all(blobs: Mapping[str, bytes], notebooks: list[dict[str, Any]], problems: list[str]) -> None:
    """Add to both lists as it goes, so that what was done before a deadline stays."""
    from grader.rendering.exporting import cells
    from grader.rendering.slimming import Room, slim

    room, left = Room(), MOST_BYTES
    paths = own_files(blobs)
    for path in paths[:MOST_NOTEBOOKS]:
        name = named(path)
        try:
            found = slim(decoded(blobs[path]), room)
            written = cells(found.notebook)
        except Exception as error:  # noqa: BLE001 - whatever hostile bytes do to the converter, the others are shown
            problems.append(f"{name} cannot be laid out ({type(error).__name__}).")
            continue
        kept: list[dict[str, Any]] = []
        for cell, markup in zip(found.notebook.cells, written, strict=True):
            left -= len(markup.encode("utf-8", "replace"))
            if left < 0:
                break
            kept.append({"cell": cell.metadata.get("number"), "html": markup})
        notebooks.append({"file": name, "cells": kept, "left_out": found.left_out + len(written) - len(kept)})
    if len(paths) > MOST_NOTEBOOKS:
        problems.append(f"Of {counted(len(paths), 'notebook')} the first {MOST_NOTEBOOKS} are laid out.")
