"""The training loops of a program: the order of their calls, their loss, and whether their pictures are mixed.

for x, y in loader:                                 the course's order: backward, step, zero_grad
    loss = loss_function(model(x), y)
    loss.backward(); optimizer.step(); optimizer.zero_grad()
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from grader.records import Call, Given, Loss, TrainingLoop, Where
from grader.source.aliases import callee
from grader.source.practice.loaders import key_of, loader_of, mixes, shuffles
from grader.source.practice.text import MOST, Function, Loop, Text, dotted, inside

_NO_STEP = re.compile(r"sched|prof|lr_|warm|bar|env|writer|LR$|Plateau|swa", re.IGNORECASE)
"""Receivers whose `step()` moves no weights."""

LOSSES = {
    "CrossEntropyLoss": Loss.CROSS_ENTROPY,
    "cross_entropy": Loss.CROSS_ENTROPY,
    "NLLLoss": Loss.NLL,
    "nll_loss": Loss.NLL,
    "MSELoss": Loss.SQUARES,
    "mse_loss": Loss.SQUARES,
    "BCELoss": Loss.BINARY,
    "BCEWithLogitsLoss": Loss.BINARY,
    "binary_cross_entropy": Loss.BINARY,
    "binary_cross_entropy_with_logits": Loss.BINARY,
    "L1Loss": Loss.OTHER,
    "l1_loss": Loss.OTHER,
    "SmoothL1Loss": Loss.OTHER,
    "HuberLoss": Loss.OTHER,
    "KLDivLoss": Loss.OTHER,
    "kl_div": Loss.OTHER,
    "MultiMarginLoss": Loss.OTHER,
}

ENDS = {
    "softmax": Given.PROBABILITIES,
    "Softmax": Given.PROBABILITIES,
    "log_softmax": Given.LOGARITHMS,
    "LogSoftmax": Given.LOGARITHMS,
    "log": Given.LOGARITHMS,
    "logsigmoid": Given.LOGARITHMS,
    "sigmoid": Given.SIGMOIDS,
    "Sigmoid": Given.SIGMOIDS,
}

ONE_HOT = frozenset(
    "one_hot OneHotEncoder get_dummies eye to_categorical LabelBinarizer label_binarize scatter_ scatter identity "
    "onehot to_one_hot zeros_like".split()
)
"""Words by which class numbers become rows."""


@dataclass(frozen=True, slots=True)
class Training:
    """A training loop with its node and the key of the pictures that it goes over."""

    node: Loop
    key: str
    told: TrainingLoop


@dataclass(frozen=True, slots=True)
class _Found:
    """A call of a loop: its kind, its node, and whether it stands under an `if`."""

    kind: Call
    node: ast.AST
    sometimes: bool = False


def training_loops(text: Text) -> tuple[Training, ...]:
    """Return the loops in which backward is called, in the order of the program."""
    found: list[Training] = []
    for node in text.nodes:
        if isinstance(node, Loop) and len(found) < MOST:
            calls = list(_calls(text, node))
            if any(one.kind is Call.BACKWARD for one in calls):
                found.append(_training(text, node, calls))
    return tuple(found)


def _training(text: Text, node: Loop, calls: list[_Found]) -> Training:
    loader = loader_of(text, node)
    around = [one for outer in text.loops_of(node) for one in _calls(text, outer)]
    optimisers = {dotted(one.node.func) for one in calls if one.kind is Call.STEP and isinstance(one.node, ast.Call)}
    loss, given = _loss(text, node, calls)
    bare = next((one for one in inside(node) if _is_bare(text, one)), None)
    told = TrainingLoop(
        where=text.where(node),
        order=tuple(one.kind for one in calls)[:20],
        around=tuple(one.kind for one in around)[:20],
        sometimes=len(optimisers) > 1 or any(one.sometimes for one in (*calls, *around)),
        loss=loss,
        given=given,
        numbers=not (ONE_HOT & text.words),
        shuffled=shuffles(loader),
        loader=text.where(loader) if loader is not None else Where(),
        mixed=mixes(text),
        bare=text.where(bare) if bare is not None else None,
    )
    return Training(node, key_of(text, node), told)


def _calls(text: Text, node: ast.AST, depth: int = 0) -> Iterator[_Found]:
    """Yield the calls of a loop in the order in which they run, without those of loops within that train themselves.

    What a function of the submission does stands where it is called.
    """
    for one in _own(text, node):
        kind = _kind(text, one)
        if kind is not None:
            yield _Found(kind, one, _is_conditional(text, one, node))
        elif isinstance(one, ast.Call) and depth < 2:
            function = text.functions.get(callee(one))
            if function is not None and function is not node and function is not text.function_of(one):
                for other in _calls(text, function, depth + 1):
                    yield _Found(other.kind, other.node, other.sometimes or _is_conditional(text, one, node))


def _own(text: Text, node: ast.AST) -> Iterator[ast.AST]:
    """Walk a loop or function in the order in which it runs; arguments come before their call."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Loop) and any(_kind(text, one) is Call.BACKWARD for one in inside(child)):
            continue
        yield from _own(text, child)
        yield child


def _kind(text: Text, node: ast.AST) -> Call | None:
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub) and ".grad" in dotted(node.value):
        return Call.STEP  # p -= lr * p.grad
    if isinstance(node, ast.Assign) and any(
        isinstance(one, ast.Attribute) and one.attr == "grad" for one in node.targets
    ):
        return Call.ZERO  # p.grad = None
    if not isinstance(node, ast.Call):
        return None
    name = callee(node)
    receiver = dotted(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    match name:
        case "backward" | "manual_backward":
            return Call.BACKWARD
        case "zero_grad":
            return Call.ZERO
        case "zero_" if receiver.endswith((".grad", ".grad.data")):
            return Call.ZERO
        case "optimizer_step":
            return Call.STEP
        case "step" if isinstance(node.func, ast.Attribute):
            made = [callee(one) for one in text.values(node.func.value) if isinstance(one, ast.Call)]
            return None if any(_NO_STEP.search(one) for one in (receiver, *made)) else Call.STEP
        case _:
            return None


def _is_bare(text: Text, node: ast.AST) -> bool:
    """Recognise `optimizer.zero_grad` without its brackets."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Attribute) and node.value.attr == "zero_grad"


def _is_conditional(text: Text, node: ast.AST, within: ast.AST) -> bool:
    for one in text.above(node):
        if one is within or isinstance(one, Function):
            return False
        if isinstance(one, ast.If | ast.Try):
            return True
    return False


def _loss(text: Text, node: Loop, calls: list[_Found]) -> tuple[Loss | None, Given]:
    """Return the loss whose backward is called and what it is given; that of the whole text where only one is used."""
    for one in calls:
        if one.kind is Call.BACKWARD and isinstance(one.node, ast.Call) and isinstance(one.node.func, ast.Attribute):
            start = one.node.args[0] if one.node.args and callee(one.node) == "manual_backward" else one.node.func.value
            for value in text.values(start):
                for inner in inside(value):
                    kind = loss_kind(text, inner)
                    if kind is not None:
                        return kind, _given(text, inner)
    used = {LOSSES[name] for name in text.words if name in LOSSES}
    return (used.pop(), Given.ANSWER) if len(used) == 1 else (None, Given.ANSWER)


def loss_kind(text: Text, node: ast.AST) -> Loss | None:
    """Return the kind of loss that a call computes, or a sum of squares that is written out."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and isinstance(node.left, ast.BinOp):
        return Loss.SQUARES if isinstance(node.left.op, ast.Sub) else None
    if not isinstance(node, ast.Call):
        return None
    function = node.func
    if isinstance(function, ast.Call):  # nn.CrossEntropyLoss()(scores, labels)
        return LOSSES.get(callee(function))
    if callee(node) in LOSSES:
        return LOSSES[callee(node)] if callee(node)[0].islower() else None
    for value in text.values(function):
        name = callee(value) if isinstance(value, ast.Call) else dotted(value).rpartition(".")[2]
        if name in LOSSES:
            return LOSSES[name]
    return None


def _given(text: Text, loss: ast.AST) -> Given:
    """Return what the loop makes of the answer before the loss sees it."""
    first = loss.args[0] if isinstance(loss, ast.Call) and loss.args else None
    if first is None:
        return Given.ANSWER
    for value in text.values(first):
        for inner in inside(value):
            if isinstance(inner, ast.Call):
                names = [callee(inner), *(callee(one) for one in text.values(inner.func) if isinstance(one, ast.Call))]
                found = next((ENDS[name] for name in names if name in ENDS), None)
                if found is not None:
                    return found
    return Given.ANSWER
