"""What network an expression or a function makes."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from grader.source.classes import PRETRAINED, Catalogue, Class, dotted, mentioned, roots_of, seen_by
from grader.source.statements import Statement

WRAPPERS = frozenset(
    "to cuda cpu double float half bfloat16 type train eval apply requires_grad_ DataParallel DistributedDataParallel "
    "compile deepcopy script prepare xpu share_memory".split()
)
"""Calls around a model after which it is still that model."""

_AROUND = frozenset({"DataParallel", "DistributedDataParallel", "compile", "deepcopy", "script", "prepare"})
"""Those that take the model as their first argument; `train(Net(), loader)` is no wrapper but a training."""

_CONVOLUTION = re.compile(r"(Lazy)?Conv(Transpose)?2d|conv2d|conv_?[1357]x[1357]")
_BACKBONE = re.compile(r"\b(models|hub|timm)\.\w+\(|\b(resnet|vgg|densenet|efficientnet_b)\d+\(")
_DEPTH = 6
"""A factory that calls a factory that calls … : so many are followed."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an expression makes.

    Attributes:
        how: `class`, `lightning`, `sequential`, `factory` or `expression` (a ready-made network).
        name: what the student calls its origin: the class, the function, `nn.Sequential`.
        call: the call that makes it, wrappers taken off; None for a class that is not called.
        position: where in a returned tuple the model is; None when it is returned alone.
    """

    how: str
    name: str
    call: ast.Call | None
    position: int | None = None


def made_by(value: ast.expr | None, index: int, catalogue: Catalogue, depth: int = _DEPTH) -> Made | None:
    """Return what network an expression makes, or None when it makes none that is known."""
    value = unwrapped(value)
    if value is None or depth == 0:
        return None
    if isinstance(value, ast.IfExp):
        return made_by(value.body, index, catalogue, depth - 1) or made_by(value.orelse, index, catalogue, depth - 1)
    if isinstance(value, ast.NamedExpr):
        return made_by(value.value, index, catalogue, depth - 1)
    if isinstance(value, ast.Call):
        return _made_by_call(value, index, catalogue, depth)
    one = catalogue.class_at(dotted(value), index)
    return Made(_how(one), one.name, None) if one else None


def _made_by_call(call: ast.Call, index: int, catalogue: Catalogue, depth: int) -> Made | None:
    name, path = dotted(call.func), catalogue.path_of(call.func)
    maker = name.rpartition(".")[0]  # Net.from_config(…) makes a Net as well
    if one := catalogue.class_at(name, index) or catalogue.class_at(maker, index):
        return Made(_how(one), one.name, call)
    if path.endswith("nn.Sequential") or path == "Sequential":
        return Made("sequential", "nn.Sequential", call)
    if PRETRAINED.match(path):
        return Made("expression", name, call)
    return _returned(name, call, index, catalogue, depth) if name in catalogue.functions else None


def _how(one: Class) -> str:
    return "lightning" if one.lightning else "class"


def returned_by(function: ast.FunctionDef, catalogue: Catalogue, depth: int = _DEPTH) -> tuple[Made, int | None] | None:
    """Return what network a function returns, and at which place of a tuple."""
    catalogue = seen_by(function, catalogue)
    local: dict[str, ast.expr] = {}
    results: list[ast.expr] = []
    for node in sorted((one for one in ast.walk(function) if isinstance(one, ast.stmt)), key=lambda one: one.lineno):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            same = node.targets[0].id in roots_of(node.value)
            local[node.targets[0].id] = local.get(node.targets[0].id, node.value) if same else node.value
        elif isinstance(node, ast.Return) and node.value is not None:
            results.append(node.value)
    for result in reversed(results):
        parts = result.elts if isinstance(result, ast.Tuple) else [result]
        for position, part in enumerate(parts):
            bare = unwrapped(part)
            value = local.get(bare.id, bare) if isinstance(bare, ast.Name) else bare
            if (made := made_by(value, 10**9, catalogue, depth - 1)) and made.call:
                return made, position if isinstance(result, ast.Tuple) else None
    return None


def unwrapped(value: ast.expr | None) -> ast.expr | None:
    """Take off what leaves a model a model: `nn.DataParallel(Net().to(device))` -> `Net()`."""
    for _ in range(50):
        if isinstance(value, ast.Await):
            value = value.value
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in WRAPPERS:
            inner = value.func.value
            wraps = isinstance(inner, ast.Name) and value.func.attr in _AROUND
            value = value.args[0] if (wraps or _is_package(inner)) and value.args else inner
        elif (
            isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in _AROUND and value.args
        ):
            value = value.args[0]
        else:
            return value
    return value


def convolutions(program: Iterable[Statement], channels: int) -> int:
    """Return 2 when code has a convolution that may take a picture, 1 when it has others, 0 when it has none.

    nn.Conv2d(256, 50, 2) works on features, nn.Conv2d(3, 16, 3) on colour pictures, nn.Conv2d(width, 16, 3) on either.
    """
    best = 0
    for statement in program:
        for node in ast.walk(statement.node):
            if isinstance(node, ast.Call) and _CONVOLUTION.fullmatch(dotted(node.func).rpartition(".")[2]):
                named = [word.value for word in node.keywords if word.arg == "in_channels"]
                first = [*named, *node.args][:1]
                other = first and isinstance(first[0], ast.Constant) and first[0].value != channels
                best = max(best, 1 if other else 2)
        if best == 0 and _BACKBONE.search(statement.text):
            best = 2
    return best


def helpers(catalogue: Catalogue, *, functions: bool = False) -> set[str]:
    """Return the names of classes that another class uses or derives from.

    With functions=True those count as users and as used as well, except for what loads a saved model.
    """
    users = {name: several[-1].uses for name, several in catalogue.classes.items()}
    for name, (function, _) in catalogue.functions.items() if functions else ():
        if "load" not in name and returned_by(function, catalogue):
            users[name] = mentioned(function)
    mentions = Counter(name for uses in users.values() for name in uses)
    found = set()
    for name, uses in users.items():
        bare = name.rpartition(".")[2]
        if mentions[bare] > (bare in uses):  # `super(Net, self)` is no use of Net by another one
            found.add(name)
    return found


def _is_package(node: ast.expr) -> bool:
    """Recognise `nn.parallel` and `torch` in front of a wrapper."""
    return dotted(node) in (
        "torch",
        "nn",
        "torch.nn",
        "nn.parallel",
        "torch.nn.parallel",
        "copy",
        "torch.jit",
        "accelerator",
    )


def _returned(name: str, call: ast.Call, index: int, catalogue: Catalogue, depth: int) -> Made | None:
    function, home = catalogue.functions[name]
    result = returned_by(function, home or catalogue, depth)
    if result is None:
        return None
    return Made("factory", name, call, result[1])
