"""Where a program compares predictions with labels: on which pictures, and whether all of them count.

for x, y in train_loader:
    pred = model(x).argmax(1)
    ...
print((pred == y).sum() / BATCH_SIZE)      the last batch alone, which may be smaller than the others
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from grader.records import Measurement
from grader.source.aliases import callee
from grader.source.practice.loaders import keys_of
from grader.source.practice.loops import Training
from grader.source.practice.text import MOST, Loop, Text, dotted, inside, names_in
from grader.source.statements import blocks

_CHOOSES = re.compile(r"argmax|\bmax\(|topk|\.round\(|> ?0\.5")
_VALUES = 20
"""Values of one name that are looked at."""

_BATCH = re.compile(r"batch|^bs$", re.IGNORECASE)
_FROM_ELSEWHERE = frozenset(
    "accuracy_score classification_report confusion_matrix score evaluate balanced_accuracy_score Accuracy".split()
)
"""Calls that measure somewhere where the text does not show it."""


def measurements(text: Text, training: Sequence[Training]) -> tuple[Measurement, ...]:
    """Return the places where predictions are compared with labels, in the order of the program."""
    found: list[Measurement] = []
    for node in text.nodes:
        if len(found) >= MOST:
            break
        if _is_comparison(text, node):
            found += _measured(text, node, training)
        elif isinstance(node, ast.Call) and callee(node) in _FROM_ELSEWHERE and callee(node) not in text.functions:
            found.append(Measurement(text.where(node)))
    return tuple(dict.fromkeys(found))


def evaluates(text: Text) -> bool:
    """Tell whether `eval()`, `train(False)` or `train(mode=…)` stands anywhere."""
    if any(isinstance(one.func, ast.Attribute) and not one.args for one in text.calls.get("eval", [])):
        return True
    return any(one.args or one.keywords for one in text.calls.get("train", []) if isinstance(one.func, ast.Attribute))


def _is_comparison(text: Text, node: ast.AST) -> bool:
    """Tell whether a node compares what a network chose with something."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        sides = [node.left, node.comparators[0]]
    elif isinstance(node, ast.Call) and callee(node) in ("eq", "equal") and node.args:
        sides = [node.func.value if isinstance(node.func, ast.Attribute) else node.args[-1], node.args[0]]
    else:
        return False
    if any(isinstance(one, ast.Constant) for one in sides):
        return False
    return any(_CHOOSES.search(dotted(value)) for side in sides for value in (side, *_came_from(text, side)))


def _came_from(text: Text, node: ast.expr) -> Iterator[ast.expr]:
    """Yield what the names of one side were bound to, `_, pred = torch.max(out, 1)` included."""
    function = text.function_of(node)
    for name in names_in(node):
        values = [one.value for one in text.assigned.get(name, []) if one.function is function]
        yield from values[:_VALUES]


def _measured(text: Text, node: ast.AST, training: Sequence[Training]) -> list[Measurement]:
    where = text.where(node)
    loops = text.loops_of(node)
    trained = {one.key for one in training if one.key}
    by_size = _by_batch_size(text, node)
    inline = next((one for one in text.above(node) if isinstance(one, ast.GeneratorExp | ast.ListComp)), None)
    if inline is not None:  # sum((model(x).argmax(1) == y).sum() for x, y in loader)
        keys = keys_of(text, inline.generators[0].iter)
        return [Measurement(where, training=_is_training(keys, trained), by_batch_size=by_size)]
    left = _left_loop(text, node)
    if left is not None:
        keys = _keys(text, left)
        inside_training = any(one.node is left for one in training)
        return [
            Measurement(
                where, training=inside_training or _is_training(keys, trained), last_batch=True, by_batch_size=by_size
            )
        ]
    if loops and any(one.node is loops[0] for one in training):
        last = _kept_for_later(text, node, loops[0])
        return [Measurement(where, training=True, in_loop=True, last_batch=last, by_batch_size=by_size)]
    keys = _keys(text, loops[0]) if loops else []
    last = bool(loops) and _kept_for_later(text, node, loops[0])
    return [Measurement(where, training=_is_training(keys, trained), last_batch=last, by_batch_size=by_size)]


def _keys(text: Text, loop: Loop) -> list[str]:
    return [] if isinstance(loop, ast.While) else keys_of(text, loop.iter)


def _is_training(keys: Sequence[str], trained: set[str]) -> bool | None:
    """Tell whether all of these pictures are trained on; None where the text does not show it."""
    if not keys or not trained:
        return None
    return all(key in trained for key in keys)


def _left_loop(text: Text, node: ast.AST) -> Loop | None:
    """Return the loop before a comparison that alone binds what is compared; None where it stands in it."""
    statement = text.statement_of(node)
    if statement is None:
        return None
    compared = {name for name in names_in(node) if not callable_name(name)}
    here: ast.AST = statement
    while here in text.parents:
        block = _block(text.parents[here], here)
        at = block.index(here) if here in block else 0
        between: set[str] = set()
        for one in reversed(block[:at]):
            bound = _binds(one)
            if isinstance(one, Loop) and bound and (compared & bound) - between:
                return one if len(compared & bound - between) > 1 else None
            if bound & compared and isinstance(one, ast.Assign):
                compared |= names_in(one.value)
            between |= bound
        here = text.parents[here]
        if isinstance(here, Loop | ast.FunctionDef):
            break
    return None


def callable_name(name: str) -> bool:
    """Tell whether a name is that of a package or a network rather than of numbers."""
    return name in ("torch", "np", "model", "net", "F", "nn")


def _block(parent: ast.AST, child: ast.AST) -> Sequence[ast.stmt]:
    parts = [parent.body] if isinstance(parent, ast.Module | ast.FunctionDef) else []
    if isinstance(parent, ast.If | ast.For | ast.While | ast.With | ast.Try):
        parts = list(blocks(parent))
    return next((part for part in parts if child in part), [])


def _binds(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def _kept_for_later(text: Text, node: ast.AST, loop: Loop) -> bool:
    """Tell whether a comparison overwrites a name in each round that is read only after the loop."""
    statement = text.statement_of(node)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    if not isinstance(target, ast.Name) or target.id in names_in(statement.value):
        return False
    reads = [one for one in text.nodes if isinstance(one, ast.Name) and one.id == target.id]
    reads = [one for one in reads if isinstance(one.ctx, ast.Load) and text.function_of(one) is text.function_of(loop)]
    within = set(inside(loop))
    return bool(reads) and not any(one in within for one in reads)


def _by_batch_size(text: Text, node: ast.AST) -> bool:
    """Tell whether a count is divided by the size that batches are to have."""
    for one in text.above(node):
        if isinstance(one, ast.stmt):
            return False
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Div):
            below = one.right
            name = below.id if isinstance(below, ast.Name) else below.attr if isinstance(below, ast.Attribute) else ""
            return bool(_BATCH.search(name)) or (isinstance(below, ast.Constant) and below.value in _sizes(text))
    return False


def _sizes(text: Text) -> set[object]:
    """Return the batch sizes that are written into loaders."""
    words = [word for call in text.calls.get("DataLoader", []) for word in call.keywords if word.arg == "batch_size"]
    return {word.value.value for word in words if isinstance(word.value, ast.Constant)}
