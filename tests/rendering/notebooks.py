"""Notebooks as students hand them in, written as JSON."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from PIL import Image, PngImagePlugin

from grader.rendering.exporting import cells
from grader.rendering.slimming import Room, slim


def picture(size: tuple[int, int] = (40, 30), kind: str = "PNG", said: str = "") -> str:
    """Return a picture in base64, which may say something beside its pixels."""
    found = io.BytesIO()
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", said)
    Image.new("RGB", size, (200, 30, 30)).save(found, kind, **({"pnginfo": notes} if kind == "PNG" else {}))
    return base64.b64encode(found.getvalue()).decode()


def code(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    """Return a code cell."""
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": list(outputs), "execution_count": 1}


def text(source: str, **more: Any) -> dict[str, Any]:
    """Return a text cell."""
    return {"cell_type": "markdown", "source": source, "metadata": {}, **more}


def data(**kinds: Any) -> dict[str, Any]:
    """Return an output of several kinds; `text_html` stands for `text/html`."""
    named = {kind.replace("_", "/", 1): value for kind, value in kinds.items()}
    return {"output_type": "display_data", "metadata": {}, "data": named}


def printed(said: str) -> dict[str, Any]:
    """Return what a cell printed."""
    return {"output_type": "stream", "name": "stdout", "text": said}


def notebook(*found: dict[str, Any], **metadata: Any) -> str:
    """Return a notebook as its file."""
    return json.dumps({"nbformat": 4, "nbformat_minor": 0, "metadata": metadata, "cells": list(found)})


def laid_out(*found: dict[str, Any], **metadata: Any) -> list[str]:
    """Return the cells of a notebook as HTML."""
    return cells(slim(notebook(*found, **metadata), Room()).notebook)
