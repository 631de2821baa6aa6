"""Find the prose in code: comments and strings that stand alone, commented-out code left out."""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from grader.explanation.words import count
from grader.source.reading.syntax import Unreadable, parse

MOST_COMMENTS = 3_000
"""Comments of one cell that are looked at."""

MOST_STRINGS = 500
"""Strings of one cell that are looked at."""

_LONGEST_CODE = 300
_MARKS = re.compile(
    r"!/|-\*-|(vim?|coding|encoding|noqa|type|pylint|pyright|mypy|fmt|isort|ruff|flake8|nosec|pragma)\s*[:=]"
    r"|noqa\b|In ?\[[\d ]*\]:?$|Out ?\[[\d ]*\]:?$|(end)?region\b|@(markdown|title|param)\s*\{"
)
"""Comments that speak to tools."""
_CELL_MARK = re.compile(r"^\s*%%\s*(\[\w+\])?|^\s*@(markdown|title)\b")
_SHELL = re.compile(r"\s*(!|%|>>>|\.\.\. |@\w+\s*$)")
_UNFINISHED = re.compile(
    r"(.*[\w\])][(\[{]|.*[\w\])]\s?=|(else|try|finally)\s*:|(elif|except)\b.*:|[)\]}.,\s]*)$", re.DOTALL
)
"""A line of code that is whole only with its neighbours: `model = nn.Sequential(`, `else:`."""
_ASIDE = re.compile(r"\w\s\(")
"""`pooling (max)` reads like a call and is prose."""


@dataclass(frozen=True, slots=True)
class _Comment:
    """A comment: its line, the column it starts in (None behind code) and its text without the sign."""

    line: int
    column: int | None
    text: str


def prose_of(text: str) -> str:
    """Return the prose in the comments and lone strings of Python code, in order of their lines; empty when none."""
    blocks = [*_strings(text), *((block[0].line, _prose(block)) for block in _blocks(_comments(text)))]
    return "\n".join(said for _, said in sorted(blocks, key=lambda block: block[0]) if count(said))


def _strings(text: str) -> Iterator[tuple[int, str]]:
    """Give line and text of docstrings and of strings that stand alone, those that hold code left out."""
    tree = parse(text)
    if isinstance(tree, Unreadable):
        return
    for line, string in islice(_alone(tree), MOST_STRINGS):
        said = textwrap.dedent(string)
        if not _is_code(said):
            yield line, said.strip("\n")


def _alone(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def _comments(text: str) -> list[_Comment]:
    """Return the comments of a program, as far as it can be taken apart."""
    found: list[_Comment] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                (line, column), said = token.start, token.string.lstrip("#")
                alone = not token.line[:column].strip()
                found.append(_Comment(line, column if alone else None, said))
                if len(found) >= MOST_COMMENTS:
                    break
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    return found


def _blocks(comments: list[_Comment]) -> Iterator[list[_Comment]]:
    """Give comments that stand below each other as one block."""
    block: list[_Comment] = []
    for one in comments:
        if block and (one.column is None or (one.line, one.column) != (block[-1].line + 1, block[-1].column)):
            yield block
            block = []
        block.append(one)
    if block:
        yield block


def _prose(block: list[_Comment]) -> str:
    """Return the lines of a block that are prose."""
    lines = [_CELL_MARK.sub("", one.text) for one in block if not _MARKS.match(one.text.strip())]
    if _is_code(textwrap.dedent("\n".join(lines))):
        return ""
    return "\n".join(line.strip() for line in lines if not _is_code(line.strip()))


def _is_code(text: str) -> bool:
    """Tell whether text is Python or a command, and no prose that happens to parse."""
    lines = text.count("\n") + 1
    if len(text) > _LONGEST_CODE * lines or not text.strip():
        return False
    if lines == 1 and (_SHELL.match(text) or _UNFINISHED.match(text)):
        return True
    return any(_does_something(statement, text) for statement in _statements(text))


def _statements(text: str) -> list[ast.stmt]:
    """Return the statements of text that is Python, be it a lone `for …:` or a `return`; none where it is not."""
    for whole in (text, f"{text} pass") if text.endswith(":") else (text,):
        tree = parse(whole)
        if not isinstance(tree, Unreadable):
            return tree.body
    tree = parse("async def f():\n while 1:\n" + textwrap.indent(text, "  "))
    match tree:
        case ast.Module(body=[ast.AsyncFunctionDef(body=[ast.While(body=body)])]):
            return body
    return []


def _does_something(node: ast.AST, text: str) -> bool:
    """Tell whether a statement is code: `x = 3` is, `max-pooling` and `Note: important` are not."""
    if isinstance(node, ast.Expr):
        calls = any(isinstance(one, ast.Call | ast.Subscript) for one in ast.walk(node))
        return calls and not _ASIDE.search(text)
    if isinstance(node, ast.AnnAssign):
        return node.value is not None
    return isinstance(node, ast.stmt)
