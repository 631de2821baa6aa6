"""The text of a submission as trees in which a name can be followed back to what was bound to it."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from grader.records import Where
from grader.source.aliases import callee
from grader.source.reading.notebook import Cell, Source
from grader.source.reading.syntax import Unreadable, parse, text_of

Function = ast.FunctionDef | ast.AsyncFunctionDef
Loop = ast.For | ast.AsyncFor | ast.While
MOST = 20
"""Loops, measurements and places that are told of one submission."""

_MOST_NODES = 50_000
"""Nodes of the trees that are read, some 5,000 lines; a longer text is no student's, and is not read."""

_DEEPEST = 5
"""How many names in a row are followed."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A value that a name was bound to, the place of it in the order of the program, and the function around."""

    value: ast.expr
    order: int
    function: Function | None


class TooLongError(Exception):
    """The text is longer than what is read."""


class Text:
    """All code of a submission, the main program first."""

    def __init__(self, source: Source) -> None:
        """Parse every cell once; one that is no Python is left out."""
        cells = (*source.cells, *(cell for module in source.modules.values() for cell in module))
        once = {(cell.file, cell.number): cell for cell in cells}
        self.trees: list[tuple[Cell, ast.Module]] = []
        for cell in once.values():
            tree = parse(cell.text)
            if not isinstance(tree, Unreadable):
                self.trees.append((cell, tree))
        self.parents: dict[ast.AST, ast.AST] = {}
        self.cells: dict[ast.AST, Cell] = {}
        self.nodes: list[ast.AST] = []
        self.order: dict[ast.AST, int] = {}
        for cell, tree in self.trees:
            self.cells[tree] = cell
            for node in inside(tree):
                if len(self.nodes) >= _MOST_NODES:
                    raise TooLongError
                self.order[node] = len(self.nodes)
                self.nodes.append(node)
                for child in ast.iter_child_nodes(node):
                    self.parents[child] = node
        self.functions = {one.name: one for one in self.nodes if isinstance(one, Function)}
        self.bindings: dict[str, list[Bound]] = defaultdict(list)
        for node in self.nodes:
            for name, value in _bound_by(node):
                self.bindings[name].append(Bound(value, self.order[node], self.function_of(node)))
        self.assigned: dict[str, list[Bound]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                one = Bound(node.value, self.order[node], self.function_of(node))
                for name in {name for target in node.targets for name in names_in(target)}:
                    self.assigned.setdefault(name, []).append(one)
        self.calls: dict[str, list[ast.Call]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Call):
                self.calls.setdefault(callee(node), []).append(node)
        self.words = frozenset(
            one.id if isinstance(one, ast.Name) else one.attr
            for one in self.nodes
            if isinstance(one, ast.Name | ast.Attribute)
        )

    def where(self, node: ast.AST) -> Where:
        """Return the place of a node."""
        tree = node
        while tree in self.parents:
            tree = self.parents[tree]
        cell = self.cells[tree]
        return Where(cell.file, cell.number, getattr(node, "lineno", None))

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what a node stands in, from the inside to the outside."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function_of(self, node: ast.AST) -> Function | None:
        """Return the function that a node stands in; None at top level."""
        return next((one for one in self.above(node) if isinstance(one, Function)), None)

    def loops_of(self, node: ast.AST) -> list[Loop]:
        """Return the loops that a node stands in within its function, the innermost first."""
        found: list[Loop] = []
        for one in self.above(node):
            if isinstance(one, Function):
                break
            if isinstance(one, Loop):
                found.append(one)
        return found

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        """Return the statement that a node belongs to."""
        return next((one for one in (node, *self.above(node)) if isinstance(one, ast.stmt)), None)

    def values(self, node: ast.expr, depth: int = 0) -> list[ast.expr]:
        """Return what an expression may stand for: itself, or what was bound to its name before, through parameters."""
        name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if not name or depth >= _DEEPEST:
            return [node]
        function = self.function_of(node)
        if isinstance(node, ast.Name) and function is not None and name in _parameters(function):
            given = [one for one in self._given(function, name) if one is not node]
            return [value for one in given for value in self.values(one, depth + 1)] or [node]
        everywhere = self.bindings.get(name, [])
        own = [one for one in everywhere if one.function is function] or everywhere
        before = [one for one in own if one.function is not function or one.order < self.order[node]] or own
        if not before:
            return [node]
        return self.values(max(before, key=lambda one: one.order).value, depth + 1)

    def _given(self, function: Function, name: str) -> Iterator[ast.expr]:
        """Yield what calls of a function give for one of its parameters."""
        parameters = _parameters(function)
        skip = int(bool(parameters) and parameters[0] == "self")
        for call in self.calls.get(function.name, []):
            by_name = [word.value for word in call.keywords if word.arg == name]
            at = parameters.index(name) - skip
            yield from by_name or call.args[at : at + 1]


def inside(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree in the order in which it is written."""
    yield node
    for child in ast.iter_child_nodes(node):
        yield from inside(child)


def dotted(node: ast.AST) -> str:
    """Return code as text without its spaces at the ends; see `text_of`."""
    return text_of(node).strip()


def names_in(node: ast.AST) -> set[str]:
    """Return the names that a piece of code reads or binds."""
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _parameters(function: Function) -> list[str]:
    arguments = function.args
    return [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _bound_by(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield names, or last words of attributes, with the value that a plain assignment gives them."""
    if isinstance(node, ast.Assign):
        targets, value = node.targets, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        targets, value = [node.target], node.value
    else:
        return
    for target in targets:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
            pairs = list(zip(target.elts, value.elts, strict=True))
        else:
            pairs = [(target, value)]
        for one, given in pairs:
            if isinstance(one, ast.Name):
                yield one.id, given
            elif isinstance(one, ast.Attribute):
                yield one.attr, given
