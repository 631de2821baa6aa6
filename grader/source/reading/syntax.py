"""Parse text that may be hostile, without ever raising."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass

DEEPEST = 100
"""Levels of a tree; people write up to 30, and Python's own tools for trees give up at some 200."""

EXPECTED = (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError)
"""What Python's own parser raises: `x=1\\0` a ValueError, 200,000 minus signs a MemoryError, 200,000 attributes
in a row a RecursionError."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a text is no Python.

    Attributes:
        line: line of the text from 1; None when Python does not say.
        message: Python's own words, bounded.
    """

    line: int | None
    message: str


def parse(text: str) -> ast.Module | Unreadable:
    """Return the tree of a whole program, or why Python cannot read it.

    It is also compiled, because `return 3` at top level parses and yet stops the cell that holds it. A
    `from __future__ import …` may stand anywhere: cells are merged, and statements are compiled one by one.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "\\d" in a plain string is the student's business
        try:
            tree = ast.parse(text)
            if (depth := _depth(tree)) > DEEPEST:
                return Unreadable(None, f"too deeply nested ({depth} levels)")
            compile(_futures_first(tree), "<text>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError as error:
            return Unreadable(error.lineno, _bounded(error.msg))
        except EXPECTED as error:
            return Unreadable(None, _bounded(str(error)) or f"too deeply nested ({type(error).__name__})")
    return tree


def _futures_first(tree: ast.Module) -> ast.Module:
    """Return the program with its imports from `__future__` where Python wants them."""
    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    if not futures:
        return tree
    return ast.Module([*futures, *(node for node in tree.body if node not in futures)], [])


def text_of(node: ast.AST) -> str:
    r"""Return code as Python writes it; `...` for the few trees that it cannot write down.

    f"{x:{'a'}\n}" has a tree in Python 3.11 and no text.
    """
    try:
        return ast.unparse(node)
    except (ValueError, RecursionError):
        return "..."


def _depth(tree: ast.AST) -> int:
    """Return how deep a tree is nested."""
    depth, level = 0, [tree]
    while level:
        depth += 1
        level = [child for node in level for child in ast.iter_child_nodes(node)]
    return depth


def _bounded(message: str) -> str:
    """Keep 200 printable characters: the message quotes the student's text."""
    return "".join(letter if letter.isprintable() else "?" for letter in message[:200])
