"""Layers that are made in forward, layers that are made and never called, and pictures that reshape scrambles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from grader.records import UncalledLayer, Where
from grader.source.aliases import callee
from grader.source.practice.text import Function, Text, dotted, inside

_WEIGHTED = re.compile(r"^(Lazy)?(Conv(Transpose)?[123]d|Linear|BatchNorm[123]d|Bilinear|LSTM|GRU)$")
_LAYER = re.compile(
    r"^(Lazy)?(Conv(Transpose)?[123]d|Linear|BatchNorm[123]d|(Adaptive)?(Max|Avg)Pool[123]d|Dropout([123]d)?|Flatten)$"
)
"""Layers that do something; an activation that stands ready is nobody's mistake."""

_GENERIC = frozenset("children named_children modules named_modules _modules __dict__".split())
"""Words by which a program reaches layers without naming them."""

_UNNAMED = frozenset({"getattr", "eval", "exec", "vars"})
"""Functions that do the same."""

_PICTURES = re.compile(r"\bImage\.open\(|\bimread\(|\bimage\.load_img\(|\.convert\(['\"]RGB|\bread_image\(")
"""How pictures come from files: rows of pixels, each with its colours."""


def made_in_forward(text: Text) -> tuple[Where, ...]:
    """Return the lines of a `forward` that make a layer with weights."""
    return tuple(
        text.where(node)
        for node in text.nodes
        if isinstance(node, ast.Call) and _WEIGHTED.match(callee(node)) and _is_of_nn(node) and _in_forward(text, node)
    )


def _is_of_nn(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) or dotted(call.func).startswith(("nn.", "torch.nn."))


def _in_forward(text: Text, node: ast.AST) -> bool:
    function = text.function_of(node)
    return function is not None and function.name in ("forward", "__call__")


def uncalled(text: Text) -> tuple[UncalledLayer, ...]:
    """Return the layers `self.name = nn.…(…)` whose name stands nowhere else; none where layers are reached unnamed."""
    unnamed = any(isinstance(one, ast.Name) and one.id in _UNNAMED for one in text.nodes)
    if unnamed or _GENERIC & text.words:
        return ()
    read = {one.attr for one in text.nodes if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Load)}
    return tuple(UncalledLayer(name, text.where(node)) for name, node in _made(text) if name not in read)


def _made(text: Text) -> Iterator[tuple[str, ast.AST]]:
    """Yield the layers that classes with a `forward` of their own make."""
    for node in text.nodes:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and len(node.targets) == 1):
            continue
        target = node.targets[0]
        if not (
            isinstance(target, ast.Attribute) and dotted(target.value) == "self" and _LAYER.match(callee(node.value))
        ):
            continue
        around = next((one for one in text.above(node) if isinstance(one, ast.ClassDef)), None)
        methods = [one.name for one in around.body if isinstance(one, Function)] if around is not None else []
        if "forward" in methods and around is not None and around.name in text.words:
            yield target.attr, node


def scrambled(text: Text) -> tuple[Where, ...]:
    """Return the lines that reshape what came from a picture file into (3, height, width).

    A row of 3,072 numbers of CIFAR-10's own files is rightly reshaped so, and is not meant.
    """
    found = []
    for node in text.nodes:
        if isinstance(node, ast.Call) and callee(node) in ("reshape", "view", "resize"):
            numbers = [one for word in node.args for one in _flat(word)]
            if len(numbers) >= 3 and _is_colours(numbers[-3]) and _is_picture(text, node):
                found.append(text.where(node))
    return tuple(found)


def _flat(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple | ast.List) else [node]


def _is_colours(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 3


def _is_picture(text: Text, call: ast.Call) -> bool:
    """Tell whether what is reshaped was read from a picture file, as far as names lead back."""
    start = call.func.value if isinstance(call.func, ast.Attribute) else call.args[0]
    todo, seen = [start, *call.args[:1]], set()
    for _ in range(20):
        if not todo:
            return False
        node = todo.pop()
        if _PICTURES.search(dotted(node)):
            return True
        for one in inside(node):
            name = one.id if isinstance(one, ast.Name) else ""
            if name and name not in seen:
                seen.add(name)
                todo += [bound.value for bound in text.bindings.get(name, [])]
    return False
