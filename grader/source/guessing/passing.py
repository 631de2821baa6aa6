"""Follow a parameter of a constructor through the code that it is handed to.

class Net(nn.Module):
    def __init__(self, size, widths):
        self.size, self.widths = size, widths
        self.features = self.make()
    def make(self):
        c, h, w = tuple(self.size)             `self.size` is the parameter `size` here
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.source.aliases import callee
from grader.source.classes import Catalogue, Class, dotted
from grader.source.statements import Function

_COPIES = frozenset({"tuple", "list", "deepcopy", "copy"})
"""Calls whose result is what goes in."""
_MOST_PLACES = 40
"""Places that are looked at for one parameter."""


@dataclass(frozen=True, slots=True)
class Place:
    """Code in which an expression stands for the parameter: `size` in `__init__`, `self.size` in `make`."""

    code: Function
    spelled: str


def places_of(parameter: str, wanted: Function, one: Class | None, catalogue: Catalogue) -> Iterator[Place]:
    """Return every place at which a parameter of `wanted`, the constructor of a class or a function, is at hand."""
    methods = dict(_methods(one, catalogue))
    todo = [Place(wanted, parameter)]
    seen: set[tuple[int, str]] = set()
    while todo and len(seen) < _MOST_PLACES:
        place = todo.pop(0)
        key = (id(place.code), place.spelled)
        if key not in seen:
            seen.add(key)
            yield place
            todo += _further(place, one, methods, catalogue)


def _methods(one: Class | None, catalogue: Catalogue) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Return the methods of a class; those of its bases first, so that the class's own replace them."""
    if one is None:
        return
    for base in one.node.bases:
        inner = catalogue.class_at(dotted(base), one.index)
        if inner is not None and inner is not one:
            yield from _methods(inner, catalogue)
    for method in one.node.body:
        if isinstance(method, ast.FunctionDef):
            yield method.name, method


def _further(
    place: Place, one: Class | None, methods: Mapping[str, ast.FunctionDef], catalogue: Catalogue
) -> Iterator[Place]:
    """Return where the parameter goes: other names, attributes, other functions' parameters."""
    for node in nodes_of(place.code):
        if isinstance(node, ast.Assign):
            for target, value in paired(node):
                if dotted(copied(value)) == place.spelled:
                    yield from _stored(target, place, methods)
        elif isinstance(node, ast.Call):
            code, skip = _code_of(node, one, methods, catalogue)
            names = [each.arg for each in (*code.args.posonlyargs, *code.args.args)][skip:] if code else []
            given = [*zip(names, node.args, strict=False), *((word.arg, word.value) for word in node.keywords)]
            for name, value in given if code else ():
                if name and dotted(copied(value)) == place.spelled and code is not None:
                    yield Place(code, name)


def _stored(target: ast.expr, place: Place, methods: Mapping[str, ast.FunctionDef]) -> Iterator[Place]:
    name = dotted(target)
    if name.startswith("self."):
        yield from (Place(method, name) for method in {id(each): each for each in methods.values()}.values())
        yield Place(place.code, name)
    elif name:
        yield Place(place.code, name)


def _code_of(
    call: ast.Call, one: Class | None, methods: Mapping[str, ast.FunctionDef], catalogue: Catalogue
) -> tuple[ast.FunctionDef | None, int]:
    """Return the submission's function that a call runs, and how many of its parameters are given already."""
    name = dotted(call.func)
    if name.startswith("self.") and name[len("self.") :] in methods:
        return methods[name[len("self.") :]], 1
    if name in catalogue.functions:
        return catalogue.functions[name][0], 0
    inner = catalogue.class_at(name, 10**9)
    if inner is None and callee(call) == "__init__" and one is not None:  # super().__init__(size, classes)
        bases = [catalogue.class_at(dotted(base), one.index) for base in one.node.bases]
        inner = next((base for base in bases if base is not None), None)
        skip = 1 if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call) else 0
        return dict(_methods(inner, catalogue)).get("__init__"), skip
    return dict(_methods(inner, catalogue)).get("__init__"), 1


def nodes_of(code: Function) -> Iterator[ast.AST]:
    """Return everything in the body of a function."""
    for part in [code.body] if isinstance(code, ast.Lambda) else code.body:
        yield from ast.walk(part)


def copied(value: ast.expr) -> ast.expr:
    """Take off `tuple(…)` and `list(…)`."""
    if isinstance(value, ast.Call) and callee(value) in _COPIES and len(value.args) == 1:
        return value.args[0]
    return value


def paired(node: ast.Assign) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Return the (target, value) pairs of `self.a, self.b = a, b`."""
    for target in node.targets:
        both = isinstance(target, ast.Tuple | ast.List) and isinstance(node.value, ast.Tuple | ast.List)
        if both and len(target.elts) == len(node.value.elts):  # type: ignore[attr-defined]
            yield from zip(target.elts, node.value.elts, strict=True)  # type: ignore[attr-defined]
        else:
            yield target, node.value
