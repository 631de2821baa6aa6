"""Find the numbers that a program may have written into its network as a batch size.

x = x.view(BATCH, -1)                          BATCH = 32
hidden = torch.zeros(16, 64)                   assert x.shape[0] == 8
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from grader.source.aliases import callee
from grader.source.reading.notebook import Source
from grader.source.reading.syntax import Unreadable, parse, text_of

LARGEST = 1024
"""Pictures; a batch that is larger is taken for another number."""

_MOST = 12
"""How many numbers are worth a try."""

_SIZED = frozenset(
    "view reshape resize resize_ expand repeat new_zeros new_ones zeros ones randn rand empty full".split()
)
"""Calls whose first number is the batch axis, when it is written out."""

_NAMED = re.compile(r"batch|^bs(ize)?$|^n_?samples$", re.IGNORECASE)
_ROWS = re.compile(r"\.shape\[0\]|\.size\(0\)|\.size\(dim=0\)|\blen\(|\.shape$|\.size\(\)$")


def batch_sizes(source: Source) -> tuple[int, ...]:
    """Return what may be a batch size in the code of a submission: those written into shapes first."""
    cells = [*source.cells, *(cell for module in source.modules.values() for cell in module)]
    trees = [tree for cell in cells if not isinstance(tree := parse(cell.text), Unreadable)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    bound = dict(_assigned(nodes))
    found = [*_in_shapes(nodes, bound), *_in_comparisons(nodes, bound), *_by_name(nodes)]
    return tuple(dict.fromkeys(one for one in found if 1 <= one <= LARGEST))[:_MOST]


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, int]]:
    """Return the names and attributes that are bound to a number: `BATCH = 32`, `self.batch = 32`."""
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and (number := _number(node.value)) is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name | ast.Attribute):
                    yield _last(target), number


def _in_shapes(nodes: Iterable[ast.AST], bound: dict[str, int]) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, ast.Call) and callee(node) in _SIZED and node.args:
            whole = text_of(node.func) == "torch.reshape"  # torch.reshape(x, (32, -1))
            first = node.args[min(int(whole), len(node.args) - 1)]
            if isinstance(first, ast.Tuple | ast.List) and first.elts:
                first = first.elts[0]
            yield from _value(first, bound)


def _in_comparisons(nodes: Iterable[ast.AST], bound: dict[str, int]) -> Iterator[int]:
    for node in nodes:
        if isinstance(node, ast.Compare) and len(node.comparators) == 1:
            sides = (node.left, node.comparators[0])
            for one, other in (sides, sides[::-1]):
                if _ROWS.search(text_of(other)):
                    yield from _value(one.elts[0] if isinstance(one, ast.Tuple) and one.elts else one, bound)


def _by_name(nodes: Iterable[ast.AST]) -> Iterator[int]:
    """Return numbers under a name that speaks of batches: `DataLoader(data, batch_size=32)`."""
    for node in nodes:
        if isinstance(node, ast.keyword) and _NAMED.search(node.arg or "") and (number := _number(node.value)):
            yield number
    yield from (number for name, number in _assigned(nodes) if _NAMED.search(name))


def _value(node: ast.expr, bound: dict[str, int]) -> Iterator[int]:
    number = _number(node)
    if number is None and isinstance(node, ast.Name | ast.Attribute):
        number = bound.get(_last(node))
    if number is not None:
        yield number


def _number(node: ast.expr | None) -> int | None:
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def _last(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr
