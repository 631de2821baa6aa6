"""Markdown of the generated pages: tables and the line that says where a page comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def opening(title: str, says: str) -> str:
    """Return the head of a generated page."""
    return f"# {title}\n\n{says}\n\nThis page is made from the code by `make reference`; a test holds it to the code.\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; what would end a cell is written so that it does not."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell(one) for one in line)} |\n" for line in lines)


def cell(text: str) -> str:
    """Return a text as it may stand in one cell."""
    return " ".join(text.replace("|", "\\|").split())


def code(text: str) -> str:
    """Return a text as code in a cell."""
    return f"`{text}`" if text else ""
