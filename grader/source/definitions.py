"""Summarise the functions and methods of a submission by what calling them does."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.source.aliases import (
    NOTHING,
    Known,
    Names,
    Summary,
    aliases_in,
    is_seeding,
    resolved,
    roots,
    sources,
    summary_of,
)
from grader.source.effects import called_by, changes, is_loading, is_training, optimised_by
from grader.source.statements import Function, Statement, executed

_ROUNDS = 8
"""Functions call functions: what is known is carried along that many calls."""
_TELLING = (
    ast.Call, ast.Attribute, ast.Subscript, ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr,
    ast.For, ast.AsyncFor, ast.comprehension, ast.withitem,
)  # fmt: skip
_BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True, slots=True)
class _Body:
    """A function or method, walked once.

    Attributes:
        parameters: their names in order; a static method has an empty one in place of `self`.
        nodes: everything inside that matters to what the function does.
        own: names that are local to it.
        outer: names declared `global` and bound.
        returned: the values of its last `return`.
        results: the values of all.
    """

    parameters: tuple[str, ...]
    nodes: tuple[ast.AST, ...]
    own: Names
    outer: Names
    returned: tuple[ast.expr, ...]
    results: tuple[ast.expr, ...]


def known_in(statements: Iterable[Statement]) -> Known:
    """Return summaries of everything that a program defines."""
    functions: dict[str, list[_Body]] = {}
    methods: dict[str, list[_Body]] = {}
    imported: set[str] = set()
    for node in (one for statement in statements for one in executed(statement.node)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imported.update((alias.asname or alias.name).split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ClassDef):
            for method in _methods(node):
                methods.setdefault(method.name, []).append(_body(method, static=_is_static(method)))
                if method.name == "__init__":
                    functions.setdefault(node.name, []).append(_body(method, skip=1))
        elif defined := _defined(node):
            functions.setdefault(defined[0], []).append(_body(defined[1]))
    known = Known({}, {}, frozenset(imported) - functions.keys())
    for _ in range(_ROUNDS):
        later = Known(_table(functions, known), _table(methods, known), known.imported)
        if later == known:
            break
        known = later
    return known


def _defined(node: ast.AST) -> tuple[str, Function] | None:
    """Return the name and the function of `def f(): …` and `f = lambda: …`."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return node.name, node
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    return None


def _table(bodies: Mapping[str, list[_Body]], known: Known) -> dict[str, Summary]:
    return {name: _joined([_summary(body, known) for body in several]) for name, several in bodies.items()}


def _joined(summaries: list[Summary]) -> Summary:
    """Join definitions of one name: a notebook defines `train` three times, two classes have `fit`."""
    last = summaries[-1]
    if len(summaries) == 1:
        return last
    return Summary(
        parameters=last.parameters,
        edits=NOTHING.union(*(one.edits for one in summaries)),
        rebinds=NOTHING.union(*(one.rebinds for one in summaries)),
        trains=any(one.trains for one in summaries),
        loads=any(one.loads for one in summaries),
        returned=last.returned,
        gives=NOTHING.union(*(one.gives for one in summaries)),
        optimises=NOTHING.union(*(one.optimises for one in summaries)),
        calls=NOTHING.union(*(one.calls for one in summaries)),
        seeds=any(one.seeds for one in summaries),
    )


def _summary(body: _Body, known: Known) -> Summary:
    aliases = aliases_in(body.nodes, known)
    parameters = frozenset(body.parameters)
    calls = [node for node in body.nodes if isinstance(node, ast.Call)]
    changed = resolved({name for node in body.nodes for name in changes(node, known)}, aliases)
    given = resolved((name for value in body.results for name in sources(value, known)), aliases)
    hidden = (body.own - parameters) | known.imported | _BUILTINS
    optimised = {name for call in calls for name in optimised_by(call, known)}
    called = {name for call in calls for name in called_by(call, known)}
    return Summary(
        parameters=body.parameters,
        edits=changed - hidden,
        rebinds=body.outer.union(*(summary_of(call, known).rebinds for call in calls)),
        trains=any(is_training(call, known) for call in calls),
        loads=any(is_loading(call, known) for call in calls),
        returned=tuple(min(resolved(roots(value), aliases) & parameters, default=None) for value in body.returned),
        gives=given - hidden,
        optimises=resolved(optimised, aliases) & parameters,
        calls=resolved(called, aliases) & parameters,
        seeds=any(is_seeding(call, known) for call in calls),
    )


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [inner for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)]


def _is_static(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(one, ast.Name) and one.id == "staticmethod" for one in node.decorator_list)


def _body(node: Function, *, skip: int = 0, static: bool = False) -> _Body:
    names = [one.arg for one in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    inside = [node.body] if isinstance(node, ast.Lambda) else node.body
    nodes = tuple(one for part in inside for one in ast.walk(part))
    outer = {name for one in nodes if isinstance(one, ast.Global) for name in one.names}
    stored = {one.id for one in nodes if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)}
    last = [node.body] if isinstance(node, ast.Lambda) else _last_returned(node, nodes)
    results = (
        last
        if isinstance(node, ast.Lambda)
        else [one.value for one in nodes if isinstance(one, ast.Return) and one.value]
    )
    values = [value for one in last for value in (one.elts if isinstance(one, ast.Tuple) else [one])]
    return _Body(
        parameters=(*([""] if static else []), *names[skip:]),
        nodes=tuple(one for one in nodes if isinstance(one, _TELLING)),
        own=frozenset(stored - outer) | frozenset(names),
        outer=frozenset(outer & stored),
        returned=tuple(values),
        results=tuple(results),
    )


def _last_returned(node: ast.FunctionDef | ast.AsyncFunctionDef, nodes: tuple[ast.AST, ...]) -> list[ast.expr]:
    """Return the value of the `return` that ends the function, else of the last one inside its blocks."""
    ends = [one for one in node.body if isinstance(one, ast.Return)] or [
        one for one in nodes if isinstance(one, ast.Return)
    ]
    return [one.value for one in ends if one.value is not None][-1:]
