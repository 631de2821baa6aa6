"""Which classes and functions of a submission make networks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.source.effects import Names
from grader.source.notebook import Source
from grader.source.statements import Statement, executed, statements

WRAPPERS = frozenset(
    "to cuda cpu double float half bfloat16 type train eval apply requires_grad_ DataParallel DistributedDataParallel "
    "compile deepcopy script prepare xpu share_memory".split()
)
"""Calls around a model after which it is still that model."""

PRETRAINED = re.compile(
    r"^torchvision\.models\.|^torch\.hub\.load|^timm\.|^segmentation_models|^efficientnet_pytorch\.|^transformers\."
)
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


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the submission that derives from `nn.Module`, or looks as if it should.

    Attributes:
        name: its name.
        node: its definition.
        index: the statement that defines it; -1 when it comes from a local module.
        lightning: whether it is a LightningModule.
        certain: whether a base is known to be a module; else it only has layers and a `forward`.
        uses: every name and attribute that it mentions.
        module: the local module that defines it; empty for the main program.
    """

    name: str
    node: ast.ClassDef
    index: int
    lightning: bool
    certain: bool
    uses: Names
    module: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a program defines or imports from local modules, by the name that the program uses.

    Attributes:
        classes: dotted name -> definitions in order; a notebook defines `Net` several times.
        functions: dotted name -> (definition, catalogue of the module that it is in; None for this one).
        origins: name -> dotted path that it was imported from: `nn` -> `torch.nn`.
    """

    classes: dict[str, list[Class]] = field(default_factory=dict)
    functions: dict[str, tuple[ast.FunctionDef, Catalogue | None]] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    def class_at(self, name: str, index: int) -> Class | None:
        """Return the definition of a class that a statement sees."""
        definitions = self.classes.get(name, [])
        earlier = [one for one in definitions if one.index < index]
        return (earlier or definitions[:1] or [None])[-1]

    def path_of(self, node: ast.expr) -> str:
        """Return the full dotted path of a name: `nn.Module` -> `torch.nn.Module`."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join([self.origins.get(node.id, node.id), *reversed(names)])


def catalogued(program: Iterable[Statement], source: Source, seen: Mapping[str, Catalogue] | None = None) -> Catalogue:
    """Return what a program defines, and what it imports from the submission's other modules."""
    found = Catalogue()
    known = dict(seen or {})
    for index, statement in enumerate(program):
        for node in executed(statement.node):
            if isinstance(node, ast.Import | ast.ImportFrom):
                _import(found, node, source, known)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                _alias(found, node.targets[0].id, node.value)
            elif isinstance(node, ast.FunctionDef):
                found.functions[node.name] = (node, None)
            elif isinstance(node, ast.ClassDef) and (one := _classified(found, node, index)):
                found.classes.setdefault(node.name, []).append(one)
    return found


def made_by(value: ast.expr | None, index: int, catalogue: Catalogue, depth: int = _DEPTH) -> Made | None:
    """Return what network an expression makes, or None when it makes none that is known."""
    value = unwrapped(value)
    if value is None or depth == 0:
        return None
    if isinstance(value, ast.IfExp):
        return made_by(value.body, index, catalogue, depth - 1) or made_by(value.orelse, index, catalogue, depth - 1)
    if isinstance(value, ast.NamedExpr):
        return made_by(value.value, index, catalogue, depth - 1)
    if not isinstance(value, ast.Call):
        name = dotted(value)
        one = catalogue.class_at(name, index) if name else None
        return Made("lightning" if one.lightning else "class", one.name, None) if one else None
    name = dotted(value.func)
    if one := catalogue.class_at(name, index):
        return Made("lightning" if one.lightning else "class", one.name, value)
    path = catalogue.path_of(value.func)
    if path.endswith("nn.Sequential") or path == "Sequential":
        return Made("sequential", "nn.Sequential", value)
    if PRETRAINED.match(path):
        return Made("expression", name, value)
    if name in catalogue.functions:
        return _returned(name, value, index, catalogue, depth)
    owner = name.rpartition(".")[0]
    if (one := catalogue.class_at(owner, index)) and owner:  # Net.from_config(…), Net.load(…)
        return Made("lightning" if one.lightning else "class", one.name, value)
    return None


def returned_by(function: ast.FunctionDef, catalogue: Catalogue, depth: int = _DEPTH) -> tuple[Made, int | None] | None:
    """Return what network a function returns, and at which place of a tuple."""
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
            wraps = isinstance(inner, ast.Name) and value.func.attr in (
                "DataParallel",
                "compile",
                "deepcopy",
                "script",
                "prepare",
            )
            value = value.args[0] if (wraps or _is_package(inner)) and value.args else inner
        elif (
            isinstance(value, ast.Call)
            and isinstance(value.func, ast.Name)
            and value.func.id in WRAPPERS
            and value.args
        ):
            value = value.args[0]
        else:
            return value
    return value


def roots_of(value: ast.expr | None) -> set[str]:
    """Return the names that an expression mentions."""
    return {one.id for one in ast.walk(value) if isinstance(one, ast.Name)} if value is not None else set()


def dotted(node: ast.expr) -> str:
    """Return `nn.Sequential` as written; empty for anything that is no name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


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
    return {
        name for name in users if any(name.rpartition(".")[2] in uses for other, uses in users.items() if other != name)
    }


def mentioned(node: ast.AST) -> Names:
    """Return every name and every attribute that code mentions."""
    return frozenset(
        one.id if isinstance(one, ast.Name) else one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute)
    )


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


def _alias(found: Catalogue, name: str, value: ast.expr) -> None:
    """Follow `Module = nn.Module`, `nn = torch.nn` and `Model = Net`."""
    path = dotted(value)
    if path in found.classes:
        return  # `model = Net` is a model that was not built, not another name of the class
    if path and path.split(".")[0] in found.origins:
        found.origins[name] = found.path_of(value)


def _import(found: Catalogue, node: ast.Import | ast.ImportFrom, source: Source, known: dict[str, Catalogue]) -> None:
    for alias in node.names:
        if isinstance(node, ast.Import):
            found.origins[(alias.asname or alias.name).split(".")[0]] = (
                alias.name if alias.asname else alias.name.split(".")[0]
            )
            if module := _module(alias.name, source, known):
                _take(found, module, alias.asname or alias.name, alias.name)
            continue
        base = node.module or ""
        if alias.name != "*":
            found.origins[alias.asname or alias.name] = f"{base}.{alias.name}"
        if module := _module(f"{base}.{alias.name}".lstrip("."), source, known):
            _take(found, module, alias.asname or alias.name, f"{base}.{alias.name}")
        elif module := _module(base, source, known):
            _take_names(found, module, alias, base)
        elif alias.name == "*" and base in ("torch.nn", "torch"):
            found.origins |= {"Module": "torch.nn.Module", "Sequential": "torch.nn.Sequential", "nn": "torch.nn"}


def _module(name: str, source: Source, known: dict[str, Catalogue]) -> Catalogue | None:
    """Return the catalogue of a local module; modules that import each other see what is there so far."""
    if name not in source.modules:
        return None
    if name not in known:
        known[name] = Catalogue()
        known[name] = catalogued(statements(source.modules[name], main=False), source, known)
    return known[name]


def _take(found: Catalogue, module: Catalogue, prefix: str, origin: str) -> None:
    """Make a module's definitions known as `blocks.Net`."""
    for name in module.classes:
        _take_class(found, module, name, f"{prefix}.{name}", origin)
    for name, (function, home) in module.functions.items():
        found.functions[f"{prefix}.{name}"] = (function, home or module)


def _take_names(found: Catalogue, module: Catalogue, alias: ast.alias, origin: str) -> None:
    for name in [*module.classes, *module.functions] if alias.name == "*" else [alias.name]:
        local = alias.asname or name
        if name in module.classes:
            _take_class(found, module, name, local, origin)
        elif name in module.functions:
            function, home = module.functions[name]
            found.functions[local] = (function, home or module)


def _take_class(found: Catalogue, module: Catalogue, name: str, local: str, origin: str) -> None:
    one = module.classes[name][-1]
    found.classes[local] = [Class(one.name, one.node, -1, one.lightning, one.certain, one.uses, one.module or origin)]


def _classified(found: Catalogue, node: ast.ClassDef, index: int) -> Class | None:
    """Recognise a network by its bases, else by its layers and its `forward`."""
    paths = [found.path_of(base) for base in node.bases]
    bases = [one for base in node.bases if (one := found.class_at(dotted(base), index))]
    last = {path.rpartition(".")[2] for path in paths}
    lightning = "LightningModule" in last or any(one.lightning for one in bases)
    module = bool(last & {"Module", "LightningModule", "Sequential"}) or any(
        path.startswith("torch.nn.") for path in paths
    )
    module = module or any(one.certain for one in bases) or any(PRETRAINED.match(path) for path in paths)
    uses = mentioned(node)
    methods = {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)}
    looks_like_one = (
        bool(methods & {"forward", "__init__"}) and "forward" in methods and bool(uses & {"nn", "Linear", "Conv2d"})
    )
    if not (module or looks_like_one):
        return None
    return Class(node.name, node, index, lightning, module, uses)
