"""Which classes and functions of a submission make networks."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from grader.source.aliases import Names
from grader.source.reading.notebook import Source
from grader.source.statements import Statement, executed, statements

PRETRAINED = re.compile(
    r"^torchvision\.models\.|^torch\.hub\.load|^timm\.|^segmentation_models|^efficientnet_pytorch\.|^transformers\."
)


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
        return (earlier or definitions)[-1 if earlier else 0] if definitions else None

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
        classes = [node for node in executed(statement.node) if isinstance(node, ast.ClassDef)]
        outer = {id(inner): node for node in classes for inner in node.body}
        methods = {id(inner) for node in classes for inner in node.body}
        for node in executed(statement.node):
            if isinstance(node, ast.Import | ast.ImportFrom):
                _import(found, node, source, known)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                _alias(found, node.targets[0].id, node.value)
            elif isinstance(node, ast.FunctionDef) and id(node) not in methods:
                found.functions[node.name] = (node, None)
            elif isinstance(node, ast.ClassDef) and (one := _classified(found, node, index)):
                name = _within(node, outer)
                found.classes.setdefault(name, []).append(replace(one, name=name))
    return found


def _within(node: ast.ClassDef, outer: Mapping[int, ast.ClassDef]) -> str:
    """Return the name under which the program has a class: `Models.Net` for one in the body of `Models`."""
    names = [node.name]
    while id(node) in outer:
        node = outer[id(node)]
        names.append(node.name)
    return ".".join(reversed(names))


def seen_by(function: ast.FunctionDef, catalogue: Catalogue) -> Catalogue:
    """Return what the body of a function sees: what the program defines, and the classes of its own.

    def make():
        class Net(nn.Module): …
        return Net()
    """
    own = [node for node in ast.walk(function) if isinstance(node, ast.ClassDef)]
    if not own:
        return catalogue
    classes = {name: list(several) for name, several in catalogue.classes.items()}
    found = Catalogue(classes, catalogue.functions, catalogue.origins)
    for node in own:
        if one := _classified(found, node, -1):
            found.classes.setdefault(node.name, []).append(one)
    return found


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


def mentioned(node: ast.AST) -> Names:
    """Return every name and every attribute that code mentions."""
    return frozenset(
        one.id if isinstance(one, ast.Name) else one.attr
        for one in ast.walk(node)
        if isinstance(one, ast.Name | ast.Attribute)
    )


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
            found.origins.update(Module="torch.nn.Module", Sequential="torch.nn.Sequential", nn="torch.nn")


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
