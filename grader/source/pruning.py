"""Take out of an `if`, `for`, `with` or `try` what a slice does not need of it.

if args.big:                                  if args.big:
    model = Net(64)                               model = Net(64)
    print(summary(model, (3, 32, 32)))    ->
    images, labels = next(iter(loader))
"""

from __future__ import annotations

import ast
import copy

from grader.source.aliases import Known, Names, roots
from grader.source.effects import edited, rebound
from grader.source.facts import facts_of
from grader.source.statements import Compound, blocks
from grader.source.training import brings_back

_CONTROL = ast.Break | ast.Continue | ast.Raise | ast.Return
_ROUNDS = 10
"""A needed statement needs others of the same block, which need others …"""


def pruned(node: Compound, wanted: Names, known: Known) -> ast.stmt:
    """Return the statement with only those inner statements that the wanted names need."""
    live = wanted
    for _ in range(_ROUNDS):
        smaller = copy.copy(node)
        if not _filter(smaller, live, known):
            return node
        read = {one.id for one in ast.walk(smaller) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Store)}
        if read <= live:
            return smaller
        live = live | read
    return node


def _filter(node: Compound, live: Names, known: Known) -> bool:
    """Cut the blocks of a copied statement; tell whether anything of use is left."""
    if isinstance(node, ast.Try | ast.TryStar) and _handles(node, live, known):
        return True  # whatever stands in its body may be what raises
    useful = False
    for block in _block_lists(node):
        kept: list[ast.stmt] = []
        for inner in block:
            if isinstance(inner, Compound):
                smaller = copy.copy(inner)
                inside = _filter(smaller, live, known)
                if inside or any(isinstance(one, _CONTROL) for one in ast.walk(smaller)):
                    kept.append(smaller)
                    useful = useful or inside
            elif isinstance(inner, _CONTROL):
                kept.append(inner)
            elif _is_wanted(inner, live, known):
                kept.append(inner)
                useful = True
        block[:] = kept
    for block in _needing_a_statement(node):
        if not block:
            block.append(ast.copy_location(ast.Pass(), node))
    return useful


def _handles(node: ast.Try | ast.TryStar, live: Names, known: Known) -> bool:
    """Tell whether a handler of a `try` does something that is wanted."""
    inside = [inner for handler in node.handlers for inner in handler.body]
    return any(isinstance(inner, Compound) or _is_wanted(inner, live, known) for inner in inside)


def _needing_a_statement(node: Compound) -> list[list[ast.stmt]]:
    """Return the blocks that Python does not allow to be empty."""
    if isinstance(node, ast.Match):
        return list(blocks(node))
    if isinstance(node, ast.Try | ast.TryStar):
        alone = [] if node.handlers else [node.finalbody]  # try: … finally: print() is no statement without its end
        return [node.body, *(handler.body for handler in node.handlers), *alone]
    return [node.body]


def _block_lists(node: Compound) -> list[list[ast.stmt]]:
    """Give a copied statement its own lists of inner statements, to be cut."""
    if isinstance(node, ast.Match):
        node.cases = [copy.copy(case) for case in node.cases]
        for case in node.cases:
            case.body = list(case.body)
        return [case.body for case in node.cases]
    node.body = list(node.body)
    found = [node.body]
    if isinstance(node, ast.Try | ast.TryStar):
        node.handlers = [copy.copy(handler) for handler in node.handlers]
        for handler in node.handlers:
            handler.body = list(handler.body)
            found.append(handler.body)
        node.finalbody = list(node.finalbody)
        found.append(node.finalbody)
    if not isinstance(node, ast.With | ast.AsyncWith):
        node.orelse = list(node.orelse)
        found.append(node.orelse)
    return found


def _is_wanted(node: ast.stmt, live: Names, known: Known) -> bool:
    facts = facts_of(node)
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and brings_back(node.value):
        given = roots(*node.value.args)  # model = load_model(model, "model.pt")
        if facts.binds & given:
            return False
    changed = edited(node, known) | rebound(node, known)
    return facts.star or bool((facts.binds | changed) & live)
