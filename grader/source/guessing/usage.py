"""What a class does with a parameter of its constructor: which kind of value it must be.

c, h, w = size                     size: three numbers
for width in widths: …             widths: a list
nn.Dropout(rate)                   rate: what a dropout takes
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.source.aliases import callee
from grader.source.classes import Catalogue, Class, dotted
from grader.source.guessing.passing import Place, copied, nodes_of, places_of
from grader.source.reading.syntax import text_of
from grader.source.statements import Function

_LOOPED = frozenset(
    {"enumerate", "zip", "len", "reversed", "map", "iter", "sum", "sorted", "any", "all", "tuple", "list"}
)


@dataclass(slots=True)
class Use:
    """How a parameter is used.

    Attributes:
        parts: names that it is taken apart into: `c, h, w = size`.
        indexes: constant places that are read: `size[0]`.
        sequence: whether it is gone through, measured or cut: a list or a tuple.
        pairs: how many values each of its elements has; 0 for plain elements.
        called: numbers of arguments that it is called with.
        texts: strings that it is compared with or looked up among.
        tables: names of dicts that it is looked up in.
        keys: keys read from it as from a dict.
        attributes: attributes read from it.
        counted: whether it is a number of times: `range(depth)`, `i % every`.
        asked: whether a condition asks for it alone.
        layers: (layer, parameter) that it is given to: `("Conv2d", "in_channels")`.
        elements: the same for its elements: `("Conv2d", "kernel_size")` for `kernels[0]`.
        element_keys: keys read from its elements: `for block in blocks: block["width"]`.
        annotation: the type that is written beside it.
        starts: whether the first of its elements is what the first convolution takes.
    """

    parts: tuple[str, ...] = ()
    indexes: set[int] = field(default_factory=set)
    sequence: bool = False
    pairs: int = 0
    called: set[int] = field(default_factory=set)
    texts: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    counted: bool = False
    asked: bool = False
    layers: list[tuple[str, str]] = field(default_factory=list)
    elements: list[tuple[str, str]] = field(default_factory=list)
    element_keys: set[str] = field(default_factory=set)
    annotation: str = ""
    starts: bool = False

    @property
    def several(self) -> bool:
        """Tell whether it is more than one value."""
        return self.sequence or bool(self.parts or self.indexes)


PLACES: Mapping[str, tuple[str, ...]] = {
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding"),
    "ConvTranspose2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding"),
    "Linear": ("in_features", "out_features"),
    "LazyLinear": ("out_features",),
    "LazyConv2d": ("out_channels", "kernel_size", "stride", "padding"),
    "BatchNorm2d": ("num_features",),
    "Dropout": ("p",),
    "Dropout2d": ("p",),
    "MaxPool2d": ("pool_size", "pool_stride"),
    "AvgPool2d": ("pool_size", "pool_stride"),
    "LeakyReLU": ("slope",),
}
"""What the arguments of layers mean, in order."""


def use_of(parameter: str, wanted: Function, one: Class | None, catalogue: Catalogue) -> Use:
    """Return what a constructor and everything that it hands a parameter to do with it."""
    use = Use(annotation=_annotation(wanted, parameter))
    for place in places_of(parameter, wanted, one, catalogue):
        _look(use, place)
    return use


def _look(use: Use, place: Place) -> None:
    """Note everything that one piece of code does with one expression."""
    loops = _loops(place)
    for node in nodes_of(place.code):
        if isinstance(node, ast.Assign):
            _taken_apart(use, place, node)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            _looked_up(use, place, node, loops)
        elif isinstance(node, ast.Attribute) and dotted(node.value) == place.spelled:
            use.attributes.add(node.attr)
        elif isinstance(node, ast.For | ast.comprehension):
            _gone_through(use, place, node)
        elif isinstance(node, ast.Compare):
            _compared(use, place, node)
        elif isinstance(node, ast.Starred) and dotted(node.value) == place.spelled:
            use.sequence = True
        elif isinstance(node, ast.BinOp):
            _computed(use, place, node)
        elif isinstance(node, ast.If | ast.IfExp):
            bare = node.test.operand if isinstance(node.test, ast.UnaryOp) else node.test
            use.asked = use.asked or dotted(bare) == place.spelled
        elif isinstance(node, ast.Call):
            _given(use, place, node, loops)
    out = any(role == "out_channels" for _, role in use.elements)  # size[0] alone may be the channels of a picture
    use.starts = use.starts or (out and _starts(place, loops))


def _taken_apart(use: Use, place: Place, node: ast.Assign) -> None:
    target = node.targets[0]
    if isinstance(target, ast.Tuple | ast.List) and dotted(copied(node.value)) == place.spelled:
        use.parts = tuple(dotted(each) for each in target.elts)


def _looked_up(use: Use, place: Place, node: ast.Subscript, loops: set[str]) -> None:
    if isinstance(node.value, ast.Name) and node.value.id in loops:
        use.element_keys.update(_strings([node.slice]))
    if dotted(node.slice) == place.spelled:
        if isinstance(node.value, ast.Dict):
            use.texts += _strings(node.value.keys)
        elif name := dotted(node.value):
            use.tables.append(name)
        return
    if dotted(node.value) != place.spelled:
        return
    index = node.slice
    if isinstance(index, ast.UnaryOp) and isinstance(index.operand, ast.Constant):
        use.sequence = True  # widths[-1]
    elif isinstance(index, ast.Constant) and type(index.value) is int:
        use.indexes.add(index.value)
    elif isinstance(index, ast.Constant):
        use.keys.add(str(index.value))
    else:
        use.sequence = True


def _gone_through(use: Use, place: Place, node: ast.For | ast.comprehension) -> None:
    through = node.iter
    target = node.target
    if isinstance(through, ast.Call) and callee(through) == "enumerate" and through.args:
        target = target.elts[-1] if isinstance(target, ast.Tuple) and target.elts else target
        through = through.args[0]
    if dotted(through) == place.spelled:
        use.sequence = True
        use.pairs = len(target.elts) if isinstance(target, ast.Tuple) else use.pairs


def _compared(use: Use, place: Place, node: ast.Compare) -> None:
    sides = [node.left, *node.comparators]
    bare = [
        each.func.value if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) else each
        for each in sides
    ]
    if place.spelled not in {dotted(each) for each in bare}:  # name.lower() == "relu" as well
        return
    for side in sides:
        use.texts += _strings(side.elts if isinstance(side, ast.List | ast.Tuple | ast.Set) else [side])


def _computed(use: Use, place: Place, node: ast.BinOp) -> None:
    sides = {dotted(node.left), dotted(node.right)}
    if isinstance(node.op, ast.Mod | ast.FloorDiv | ast.Div) and dotted(node.right) == place.spelled:
        use.counted = True
    if isinstance(node.op, ast.Add) and place.spelled in sides:
        use.sequence = use.sequence or any(isinstance(side, ast.List) for side in (node.left, node.right))


def _given(use: Use, place: Place, call: ast.Call, loops: set[str]) -> None:
    if dotted(call.func) == place.spelled:
        use.called.add(len(call.args))
    name = callee(call)
    given = [each for each in call.args if dotted(each) == place.spelled]
    if given and name == "range":
        use.counted = True
    elif given and name in _LOOPED and isinstance(call.func, ast.Name):
        use.sequence = True
    names = PLACES.get(name, ())
    pairs = [*zip(names, call.args, strict=False), *((word.arg or "", word.value) for word in call.keywords)]
    use.layers += [(name, role) for role, value in pairs if name in PLACES and dotted(value) == place.spelled]
    use.elements += [(name, role) for role, value in pairs if name in PLACES and _is_element(value, place, loops)]
    if name == "get" and isinstance(call.func, ast.Attribute) and dotted(call.func.value) == place.spelled:
        use.keys.update(_strings(call.args[:1]))


def _is_element(value: ast.expr, place: Place, loops: set[str]) -> bool:
    """Tell whether an expression is an element of the parameter: `widths[0]`, or a loop's variable."""
    if isinstance(value, ast.Subscript):
        return dotted(value.value) == place.spelled
    return isinstance(value, ast.Name) and value.id in loops


def _loops(place: Place) -> set[str]:
    """Return the names that stand for elements of the parameter in turn: `w` of `for w, k in zip(widths, kernels)`."""
    found: set[str] = set()
    for node in nodes_of(place.code):
        if not isinstance(node, ast.For | ast.comprehension):
            continue
        target, through = node.target, node.iter
        if isinstance(through, ast.Call) and callee(through) == "enumerate" and through.args:
            target = target.elts[-1] if isinstance(target, ast.Tuple) and target.elts else target
            through = through.args[0]
        both = [(target, through)]
        if isinstance(through, ast.Call) and callee(through) == "zip" and isinstance(target, ast.Tuple):
            both = list(zip(target.elts, through.args, strict=False))
        for one, value in both:
            bare = value.value if isinstance(value, ast.Subscript) else value  # widths[1:]
            if dotted(bare) == place.spelled:
                found |= {each.id for each in ast.walk(one) if isinstance(each, ast.Name)}
    return found


def _starts(place: Place, loops: set[str]) -> bool:
    """Tell whether every convolution takes as many channels as an element says: [3, 32, 64] in place of [32, 64]."""
    first = []
    for node in nodes_of(place.code):
        if isinstance(node, ast.Call) and callee(node) == "Conv2d":
            first += [word.value for word in node.keywords if word.arg == "in_channels"] or node.args[:1]
    ours = [
        each
        for each in first
        if _is_element(each, place, loops) and not (isinstance(each, ast.Name) and _rebound(each.id, place.code))
    ]
    return bool(first) and len(ours) == len(first)


def _rebound(name: str, code: Function) -> bool:
    return any(
        isinstance(node, ast.Assign) and any(dotted(target) == name for target in node.targets)
        for node in nodes_of(code)
    )


def _strings(nodes: list[ast.expr] | list[ast.expr | None]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _annotation(wanted: Function, parameter: str) -> str:
    for one in (*wanted.args.posonlyargs, *wanted.args.args, *wanted.args.kwonlyargs):
        if one.arg == parameter and one.annotation is not None:
            value = one.annotation
            return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else text_of(value)
    return ""
