"""Slice the submission's other modules for the names that are imported from them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from dataclasses import replace

from grader.source.program import Program, analysed
from grader.source.reading.notebook import Source
from grader.source.slicing import sliced, taken
from grader.source.statements import Definition, Statement, executed, statements

EVERYTHING = "*"
"""Stands for all names of a module: `from blocks import *`, or a module that is handed around as a value."""


def slice_module(source: Source, module_name: str, names: Iterable[str]) -> tuple[Statement, ...]:
    """Return what a local module needs to have names bound.

    With `EVERYTHING`, or no names at all, that is every function, class and plain constant. A module that is
    not there, or has nothing that could be read, gives nothing.
    """
    program = analysed(statements(source.modules.get(module_name, ()), main=False))
    wanted = set(names)
    if EVERYTHING in wanted or not wanted:
        wanted = (wanted - {EVERYTHING}) | _plain(program)
    return taken(*sliced(program, sorted(wanted)))


def modules_for(source: Source, program: Iterable[Statement]) -> dict[str, tuple[Statement, ...]]:
    """Return the slices of all local modules that statements import, directly or through one another.

    Packages that such a module lies in are there too, empty where they have no code of their own.
    """
    wanted: dict[str, set[str]] = {}
    slices: dict[str, tuple[Statement, ...]] = {}
    todo = [("", list(program))]
    while todo:
        home, importing = todo.pop()
        for module, names in _imports(importing, home, source).items():
            before = wanted.get(module)
            if before is not None and names <= before:
                continue
            wanted[module] = (before or set()) | names
            slices[module] = slice_module(source, module, wanted[module])
            todo.append((module, list(slices[module])))
    for module in list(slices):
        parts = module.split(".")
        for length in range(1, len(parts)):
            slices.setdefault(".".join(parts[:length]), ())
    return slices


def from_the_top(program: Iterable[Statement], source: Source) -> tuple[Statement, ...]:
    """Return the main program with imports that it can run by itself: it is no part of a package here.

    from .blocks import Block         ->    from blocks import Block
    from . import blocks              ->    import blocks
    """
    return tuple(
        replace(one, node=_FromTheTop(one.file, source).visit(copy.deepcopy(one.node)))
        if any(isinstance(node, ast.ImportFrom) and node.level for node in ast.walk(one.node))
        else one
        for one in program
    )


class _FromTheTop(ast.NodeTransformer):
    """Name what relative imports of a file mean."""

    def __init__(self, file: str, source: Source) -> None:
        """Keep where the imports stand."""
        self._home, self._source = file.removesuffix(".py").replace("/", "."), source

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        """Make one import absolute."""
        if not node.level:
            return node
        module = absolute(node, self._home, self._source)
        while module not in self._source.modules and "." in module and module != node.module:
            module = module.partition(".")[2]  # the folder that was handed in may be the package itself
        if node.module is None and module not in self._source.modules:
            return ast.copy_location(ast.Import(node.names), node)
        return ast.copy_location(ast.ImportFrom(module or node.module, node.names, 0), node)


def _imports(program: list[Statement], home: str, source: Source) -> dict[str, set[str]]:
    """Return the local modules that code imports, each with the names that it uses of it."""
    found: dict[str, set[str]] = {}
    for node in (one for statement in program for one in ast.walk(statement.node)):
        if isinstance(node, ast.Import):
            pairs = [pair for alias in node.names for pair in _whole_modules(alias, program, source)]
        elif isinstance(node, ast.ImportFrom):
            pairs = _named(node, absolute(node, home, source), program, source)
        else:
            continue
        for module, names in pairs:
            found.setdefault(module, set()).update(names)
    return found


def _whole_modules(alias: ast.alias, program: list[Statement], source: Source) -> list[tuple[str, set[str]]]:
    """Return the modules that `import net.layers as layers` runs, with what is read of each by its name here."""
    pairs = []
    for module in _with_parents(alias.name, source):
        visible = module == alias.name or not alias.asname
        pairs.append((module, _read_from(program, alias.asname or module) if visible else set()))
    return pairs


def _named(node: ast.ImportFrom, base: str, program: list[Statement], source: Source) -> list[tuple[str, set[str]]]:
    """Return the modules that `from net import layers, Block` runs, with the names that are taken."""
    pairs: list[tuple[str, set[str]]] = [(module, set()) for module in _with_parents(base, source)[:-1]]
    for alias in node.names:
        inner = f"{base}.{alias.name}".lstrip(".")
        if inner in source.modules:
            pairs.append((inner, _read_from(program, alias.asname or alias.name)))
        if base in source.modules:
            pairs.append((base, {alias.name}))
    return pairs


def absolute(node: ast.ImportFrom, home: str, source: Source) -> str:
    """Return the module that `from .blocks import Block` means inside `net.resnet`."""
    if not node.level:
        return node.module or ""
    is_package = any(cell.file.endswith("__init__.py") for cell in source.modules.get(home, ()))
    parts = home.split(".")[: len(home.split(".")) - node.level + (1 if is_package else 0)]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _with_parents(name: str, source: Source) -> list[str]:
    """Return the local modules on the way to a dotted name: importing `net.layers` runs `net` first."""
    parts = name.split(".")
    return [module for length in range(1, len(parts) + 1) if (module := ".".join(parts[:length])) in source.modules]


def _read_from(program: list[Statement], local: str) -> set[str]:
    """Return the attributes that code reads of a module; `EVERYTHING` where it hands the module itself around."""
    parts = local.split(".")
    names: set[str] = set()
    inside: set[int] = set()
    for statement in program:
        for node in ast.walk(statement.node):
            if isinstance(node, ast.Attribute) and _is(node.value, parts):
                names.add(node.attr)
                inside.add(id(node.value))
    if len(parts) > 1:
        return names
    for statement in program:
        for node in ast.walk(statement.node):
            if (
                isinstance(node, ast.Name)
                and node.id == local
                and isinstance(node.ctx, ast.Load)
                and id(node) not in inside
            ):
                return {EVERYTHING}
    return names


def _is(node: ast.expr, parts: list[str]) -> bool:
    for part in reversed(parts[1:]):
        if not (isinstance(node, ast.Attribute) and node.attr == part):
            return False
        node = node.value
    return isinstance(node, ast.Name) and node.id == parts[0]


def _plain(program: Program) -> set[str]:
    """Return the names of functions, classes, imports and constants that need no data."""
    found: set[str] = set()
    for index, piece in enumerate(program.pieces):
        node = piece.statement.node
        constant = isinstance(node, ast.Assign | ast.AnnAssign) and not any(
            isinstance(one, ast.Call) for one in executed(node)
        )
        if isinstance(node, Definition | ast.Import | ast.ImportFrom) or (constant and not program.data[index]):
            found |= program.facts[index].binds
    return found
