"""Which names stand for the same object, and what is known of the functions that they go through."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from grader.source import vocabulary as words

Names = frozenset[str]
NOTHING: Names = frozenset()
SEEDING = frozenset({"manual_seed", "seed_everything", "seed"})
"""Functions of packages that seed a generator for everybody."""
_SEEDER = re.compile(r"seed|random|determin|reproduc", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Summary:
    """What calling a function of the submission does.

    Attributes:
        parameters: names of its parameters in order, `self` included.
        edits: parameters whose object it changes, and module names that it changes.
        rebinds: module names that it binds with `global`.
        trains: whether training happens in it.
        loads: whether it loads data.
        returned: for each value that it returns, the parameter that it is; None for anything else.
        gives: parameters and module names of which some returned value is, or is a part of.
        optimises: parameters whose `.parameters()` it gives to an optimiser.
        calls: parameters that it calls.
        seeds: whether it seeds the generator that first weights are drawn from.
    """

    parameters: tuple[str, ...] = ()
    edits: Names = NOTHING
    rebinds: Names = NOTHING
    trains: bool = False
    loads: bool = False
    returned: tuple[str | None, ...] = ()
    gives: Names = NOTHING
    optimises: Names = NOTHING
    calls: Names = NOTHING
    seeds: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the submission while one statement is looked at.

    Attributes:
        functions: its functions and the `__init__` of its classes (without `self`), by name.
        methods: its classes' methods by bare name; those of several classes are joined.
        imported: names that imports bind.
    """

    functions: Mapping[str, Summary] = field(default_factory=dict)
    methods: Mapping[str, Summary] = field(default_factory=dict)
    imported: Names = NOTHING


def callee(call: ast.Call) -> str:
    """Return the last name of what is called: `nn.init.zeros_(w)` gives `zeros_`."""
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def summary_of(call: ast.Call, known: Known) -> Summary:
    """Return what is known of the function or method that is called; an empty summary when nothing is."""
    table = known.functions if isinstance(call.func, ast.Name) else known.methods
    return table.get(callee(call), Summary())


def is_seeding(call: ast.Call, known: Known) -> bool:
    """Tell whether a call seeds: `torch.manual_seed(0)`, `pl.seed_everything(0)`, the submission's own `set_seed(0)`.

    Neither `torch.cuda.manual_seed(0)` nor that of a generator of its own has to do with first weights. A function
    `main()` that seeds does more than that.
    """
    name = callee(call)
    if name not in SEEDING:
        return summary_of(call, known).seeds and _SEEDER.search(name) is not None
    if isinstance(call.func, ast.Name):
        return name in known.imported
    module = call.func.value if isinstance(call.func, ast.Attribute) else None
    last = module.attr if isinstance(module, ast.Attribute) else getattr(module, "id", "")
    return bool(roots(module) & known.imported) and last not in ("cuda", "mps", "xpu")


def arguments(call: ast.Call, parameters: tuple[str, ...]) -> dict[str | None, ast.expr]:
    """Match a call's arguments to the parameters of the function."""
    plain = [one for one in call.args if not isinstance(one, ast.Starred)]
    given: dict[str | None, ast.expr] = dict(zip(parameters, plain, strict=False))
    given.update((word.arg, word.value) for word in call.keywords if word.arg)
    return given


def given_to(call: ast.Call, summary: Summary) -> tuple[str, ...]:
    """Return the parameters that the arguments of a call go to: a method's `self` is given already."""
    return summary.parameters[1:] if isinstance(call.func, ast.Attribute) else summary.parameters


def roots(*nodes: ast.AST | None) -> Names:
    """Return the names whose object an expression is, or is a part of.

    `model.fc.weight` -> model; `enumerate(model.children())` -> model; `model(x)` -> nothing.
    """
    found: set[str] = set()
    todo = [node for node in nodes if node is not None]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript | ast.Starred | ast.Await | ast.NamedExpr):
            todo.append(node.value)
        elif isinstance(node, ast.IfExp):
            todo += [node.body, node.orelse]
        elif isinstance(node, ast.BoolOp):
            todo += node.values
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            todo += node.elts
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and callee(node) in words.PARTS:
                todo.append(node.func.value)
            elif callee(node) in words.PASSING:
                todo += node.args
    return frozenset(found)


def aliases_in(nodes: Iterable[ast.AST], known: Known) -> dict[str, Names]:
    """Return the names that stand for (parts of) other names' objects: `m = model`, `for p in model.parameters()`."""
    found: dict[str, Names] = {}
    for node in nodes:
        for target, value in _bindings(node):
            for one, part in _paired(target, value):
                if isinstance(one, ast.Name) and (names := sources(part, known)):
                    found[one.id] = found.get(one.id, NOTHING) | names
    return found


def sources(value: ast.expr, known: Known) -> Names:
    """Return the names whose object a value may be, calls of the submission's own functions included."""
    names = roots(value)
    for call in [value] if isinstance(value, ast.Call) else []:
        summary = summary_of(call, known)
        given = arguments(call, given_to(call, summary))
        names |= roots(*(argument for parameter, argument in given.items() if parameter in summary.gives))
        names |= summary.gives - frozenset(summary.parameters)
        if isinstance(call.func, ast.Attribute) and summary.gives & frozenset(summary.parameters[:1]):
            names |= roots(call.func.value)
    return names - known.imported


def resolved(names: Iterable[str], aliases: Mapping[str, Names]) -> Names:
    """Follow aliases: the loop's `p` to `model`."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += aliases.get(name, ())
    return frozenset(found)


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Return the (target, value) pairs of assignments, loops and `with`."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        call = node.iter  # for p in model.parameters(): the receiver is what the loop goes through
        method = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        yield node.target, call.func.value if method else call  # type: ignore[attr-defined]
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr


def _paired(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Pair `a, b = c, d` one to one, and every name of another tuple with the whole value."""
    if not isinstance(target, ast.Tuple | ast.List):
        return [(target, value)]
    if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        return [pair for one, part in zip(target.elts, value.elts, strict=True) for pair in _paired(one, part)]
    return [pair for one in target.elts for pair in _paired(one, value)]
