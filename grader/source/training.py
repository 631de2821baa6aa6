"""Take a program's training apart: what is bound inside a training loop stays reachable, the training goes.

for seed in range(3):             seed = next(iter(range(3)))
    model = Net(seed)       ->    model = Net(seed)
    for x, y in loader:           (the rest is kept for whoever needs a name of it, and nobody does)
        loss.backward()
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from grader.records import Repair
from grader.source.aliases import Known, arguments, callee, roots, summary_of
from grader.source.effects import is_training, optimised_by, trains
from grader.source.reading.syntax import text_of
from grader.source.statements import Compound, Definition, Statement, blocks, executed, like
from grader.source.vocabulary import LOADERS

_MODEL = ("model", "net", "network", "cnn", "classifier", "module")
"""Names under which functions take the model that they train."""
_TRAINED = re.compile(r"(model|net|network|cnn|classifier)(_?\d+|_(trained|best|final|ft|fit|new))?$", re.IGNORECASE)
"""Names that hold a model after training, and not its history."""
_STATE = re.compile(r"state|check_?point|ckpt|weights?|params?|dict|saved|^sd$", re.IGNORECASE)
"""Names that hold saved weights, and no model: what stood there before is another model's."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement of the program after training was taken apart.

    Attributes:
        statement: the student's, or one made up in its place.
        written: what the student wrote there.
        binds: whether a slice may keep it for a name that it binds.
        edits: whether a slice may keep it for an object that it changes; not once training has begun.
    """

    statement: Statement
    written: ast.stmt
    binds: bool = True
    edits: bool = True


def pieces(program: Iterable[Statement], known: Known, before: Iterable[str] = ()) -> tuple[Piece, ...]:
    """Return the program with its training taken apart; before: names that are bound already."""
    bound = set(before)
    result = []
    for statement in program:
        for piece in _pieces(statement, known, bound):
            result.append(piece)
            bound.update(_stored(piece.statement.node))
    return tuple(result)


def _pieces(statement: Statement, known: Known, bound: set[str]) -> list[Piece]:
    node = statement.node
    if isinstance(node, Definition):
        return [Piece(statement, node)]
    if isinstance(node, Compound) and (trains(node, known) or _optimises(node, known)):
        begun = False
        opened = []
        for inner in _opened(node, known, begun=False):
            part = replace(statement, node=inner, line=inner.lineno)
            looked = _looked_through(part, known, bound)
            begun = begun or trains(inner, known)
            opened.append(replace(looked, edits=looked.edits and not begun))
            bound.update(_stored(inner))
        return opened
    return [_looked_through(statement, known, bound)]


def _opened(node: ast.stmt, known: Known, *, begun: bool) -> Iterator[ast.stmt]:
    """Lay the blocks of a training statement one behind the other."""
    if not isinstance(node, Compound) or not (begun or trains(node, known) or _optimises(node, known)):
        yield node
        return
    for target, value in _headers(node):
        yield like(ast.Assign([target], value), node)
    for block in _taken(node, known):
        for inner in block:
            yield from _opened(inner, known, begun=begun)
            begun = begun or trains(inner, known)


def _optimises(node: ast.AST, known: Known) -> bool:
    """Tell whether an optimiser is made: a loop around that is about training, even with `%timeit train()` gone."""
    return any(isinstance(one, ast.Call) and optimised_by(one, known) for one in executed(node))


def _headers(node: Compound) -> list[tuple[ast.expr, ast.expr]]:
    """Return what a loop or `with` binds, as assignments: the loop runs once."""
    if isinstance(node, ast.For):
        first = ast.Call(ast.Name("iter", ast.Load()), [node.iter], [])
        return [(node.target, ast.Call(ast.Name("next", ast.Load()), [first], []))]
    if isinstance(node, ast.With):
        enter = [
            (item.optional_vars, ast.Call(ast.Attribute(item.context_expr, "__enter__", ast.Load()), [], []))
            for item in node.items
            if item.optional_vars
        ]
        return list(enter)
    return []


def _taken(node: Compound, known: Known) -> list[list[ast.stmt]]:
    """Return the blocks that a run with training goes through: of an `if` the branch that trains."""
    parts = blocks(node)
    if isinstance(node, ast.If | ast.Match):
        training = [part for part in parts if any(trains(inner, known) or _optimises(inner, known) for inner in part)]
        return (training or list(parts))[:1]
    if isinstance(node, ast.Try | ast.TryStar):
        return [parts[0], *parts[-2:]]
    return list(parts)


def _looked_through(statement: Statement, known: Known, bound: set[str]) -> Piece:
    """Replace a training call by the model that goes into it.

    `model = train(model, loader)` and `model, history = fit(model)` leave `model` what it was.
    """
    node = statement.node
    target, value = _assigned(node)
    plain = Piece(statement, node, binds=not trains(node, known), edits=not trains(node, known))
    if target is None or not isinstance(value, ast.Call):
        return plain
    if brings_back(value):
        names = [name for name in _names(target) if name in bound and not _STATE.search(name)]
        what = f"`{text_of(value)[:80]}` needs a file or weights that are not here"
        befores: list[tuple[str, ast.expr]] = [(name, ast.Name(name, ast.Load())) for name in names]
    elif is_training(value, known):
        what = f"`{text_of(node)[:80]}` trains"
        befores = list(_models(target, value, known, bound))
    else:
        return plain
    for name, before in befores[:1]:
        return Piece(_rebinding(statement, name, before, f"{what}; {name} was taken as it was before."), node)
    return plain


def _names(target: ast.expr) -> list[str]:
    """Return the names of `model` or of `model, history`."""
    several = target.elts if isinstance(target, ast.Tuple) else [target]
    return [one.id for one in several if isinstance(one, ast.Name)]


def _assigned(node: ast.stmt) -> tuple[ast.expr | None, ast.expr | None]:
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        return node.targets[0], node.value
    return (node.target, node.value) if isinstance(node, ast.AnnAssign) else (None, None)


def brings_back(call: ast.Call) -> bool:
    """Recognise `torch.load("model.pt")` and `model.load_state_dict(…)`, whose result is no model."""
    if callee(call) == "load_state_dict":
        return True
    path = roots(call.func)
    return callee(call) in LOADERS and not path & {"hub", "np", "numpy", "json", "yaml", "pickle"}


def _models(target: ast.expr, call: ast.Call, known: Known, bound: set[str]) -> Iterator[tuple[str, ast.expr]]:
    """Return (name, expression before) for the names that still stand for a model given to a training call."""
    summary = summary_of(call, known)
    given = arguments(call, summary.parameters[1:] if isinstance(call.func, ast.Attribute) else summary.parameters)
    targets = target.elts if isinstance(target, ast.Tuple) else [target]
    for one, parameter in zip(targets, summary.returned, strict=False):
        if isinstance(one, ast.Name) and parameter in given:
            yield one.id, given[parameter]
    handed = roots(*call.args, *(word.value for word in call.keywords))
    for one in targets:
        if not isinstance(one, ast.Name):
            continue
        if one.id in bound and (one.id in handed or one.id.lower() in _MODEL):
            yield one.id, ast.Name(one.id, ast.Load())
        elif _TRAINED.search(one.id) and not summary.parameters:
            named = [word.value for word in call.keywords if word.arg in _MODEL]
            plain = [value for value in (*named, *call.args) if isinstance(value, ast.Name) and value.id in bound]
            if plain:
                yield one.id, plain[0]


def _rebinding(statement: Statement, name: str, value: ast.expr, message: str) -> Statement:
    node = like(ast.Assign([ast.Name(name, ast.Store())], value), statement.node)
    return replace(statement, node=node, repair=Repair("training", message))


def _stored(node: ast.stmt) -> set[str]:
    """Return the names that a statement stores somewhere."""
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    found.update(
        (alias.asname or alias.name).split(".")[0]
        for alias in getattr(node, "names", ())
        if isinstance(alias, ast.alias)
    )
    return found | ({node.name} if isinstance(node, Definition) else set())
