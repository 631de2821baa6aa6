"""What code does besides binding names: which objects it changes, whether it trains, whether it loads data."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from grader.source import vocabulary as words
from grader.source.statements import Definition, executed

Names = frozenset[str]
NOTHING: Names = frozenset()


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


def arguments(call: ast.Call, parameters: tuple[str, ...]) -> dict[str | None, ast.expr]:
    """Match a call's arguments to the parameters of the function."""
    plain = [one for one in call.args if not isinstance(one, ast.Starred)]
    given: dict[str | None, ast.expr] = dict(zip(parameters, plain, strict=False))
    given.update((word.arg, word.value) for word in call.keywords if word.arg)
    return given


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


def edited(node: ast.AST, known: Known) -> Names:
    """Return the names whose object running a statement changes in place."""
    nodes = list(executed(node))
    aliases = aliases_in(nodes, known)
    found: set[str] = set()
    for one in nodes:
        found |= changes(one, known)
    return resolved(found, aliases) - (known.imported - _patched(nodes))


def trains(node: ast.AST, known: Known) -> bool:
    """Tell whether running it trains something."""
    return any(isinstance(one, ast.Call) and is_training(one, known) for one in executed(node))


def loads(node: ast.AST, known: Known) -> bool:
    """Tell whether running it reads files, fetches something or makes a data set."""
    return any(isinstance(one, ast.Call) and is_loading(one, known) for one in executed(node))


def rebound(node: ast.AST, known: Known) -> Names:
    """Return the names that functions called by a statement bind with `global`."""
    found: Names = NOTHING
    for one in executed(node):
        if isinstance(one, ast.Call):
            found |= summary_of(one, known).rebinds
    return found


def summary_of(call: ast.Call, known: Known) -> Summary:
    """Return what is known of the function or method that is called; an empty summary when nothing is."""
    table = known.functions if isinstance(call.func, ast.Name) else known.methods
    return table.get(callee(call), Summary())


def optimised_by(call: ast.Call, known: Known) -> Names:
    """Return the names whose parameters a call gives to an optimiser: `Adam(model.parameters())`."""
    if words.OPTIMISER.match(callee(call)):
        inner = [one for one in ast.walk(call) if isinstance(one, ast.Call) and callee(one).endswith("parameters")]
        return roots(*(one.func.value for one in inner if isinstance(one.func, ast.Attribute)))
    summary = summary_of(call, known)
    given = arguments(call, given_to(call, summary))
    return roots(*(value for name, value in given.items() if name in summary.optimises))


def called_by(call: ast.Call, known: Known) -> Names:
    """Return the names that a call calls on something: `model(batch)`, `evaluate(model, loader)`."""
    own = frozenset({call.func.id}) if isinstance(call.func, ast.Name) and call.args else NOTHING
    summary = summary_of(call, known)
    given = arguments(call, given_to(call, summary))
    return own | roots(*(value for name, value in given.items() if name in summary.calls))


def given_to(call: ast.Call, summary: Summary) -> tuple[str, ...]:
    """Return the parameters that the arguments of a call go to: a method's `self` is given already."""
    return summary.parameters[1:] if isinstance(call.func, ast.Attribute) else summary.parameters


def is_training(call: ast.Call, known: Known) -> bool:
    """Tell whether one call trains: `loss.backward()`, `optimizer.step()`, `trainer.fit(model)`, `train(model)`."""
    name = callee(call)
    if isinstance(call.func, ast.Name):
        if name in known.functions:
            return known.functions[name].trains
        return bool(words.TRAINING_FUNCTION.match(name) and (call.args or call.keywords))
    if not isinstance(call.func, ast.Attribute):
        return False
    if name in words.TRAINING_CALLS or name == "step":
        return True
    receiver = roots(call.func.value)
    outside = bool(receiver & known.imported)
    if name in known.methods and not outside:
        return known.methods[name].trains
    if name == "fit":
        return any(words.TRAINER.search(one) for one in receiver)
    return outside and bool(words.TRAINING_FUNCTION.match(name) and (call.args or call.keywords))


def is_loading(call: ast.Call, known: Known) -> bool:
    name = callee(call)
    if isinstance(call.func, ast.Name) and name in known.functions:
        return known.functions[name].loads
    if name in words.DATA_CALLS:
        return True
    path = _path(call.func)
    if name == "load":
        return not {"hub", "yaml", "json", "toml"} & set(path)
    return bool(words.DATA_MODULES & set(path[:-1]))


def _path(node: ast.expr) -> list[str]:
    """Return the names of `torchvision.datasets.MNIST` in order; only the last ones where a call is inside."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [*([node.id] if isinstance(node, ast.Name) else []), *reversed(names)]


def changes(node: ast.AST, known: Known) -> Names:
    """Return the names whose object one node changes: `model.fc = …`, `del net[3]`, `layers.append(…)`."""
    if isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return roots(node)
    if isinstance(node, ast.AugAssign):
        return roots(node.target)
    if isinstance(node, Definition):
        return _changed_by_decorators(node, known)
    return _changed_by_call(node, known) if isinstance(node, ast.Call) else NOTHING


def _changed_by_decorators(node: Definition, known: Known) -> Names:
    """Return the module names that decorators change: `@register` puts a class into a dict."""
    found: Names = NOTHING
    for decorator in node.decorator_list:
        function = decorator.func if isinstance(decorator, ast.Call) else decorator
        summary = known.functions.get(function.id) if isinstance(function, ast.Name) else None
        found |= summary.edits - frozenset(summary.parameters) if summary else NOTHING
    return found


def _changed_by_call(call: ast.Call, known: Known) -> Names:
    name = callee(call)
    first = call.args[:1]
    if isinstance(call.func, ast.Name) and name in known.functions:
        return _changed_by(known.functions[name], call, name)
    if isinstance(call.func, ast.Attribute):
        receiver = call.func.value
        if name in words.CONTAINER_EDITS | words.MODULE_EDITS:
            return roots(receiver)
        if name in known.methods and not roots(receiver) & known.imported:
            method = known.methods[name]
            own = roots(receiver) if method.parameters[:1] and method.parameters[0] in method.edits else NOTHING
            return own | _changed_by(method, call, name, skip=1)
        if name.endswith("_") and not name.startswith("_") and name not in words.NO_EDITS:
            return roots(receiver, *first)
    if (
        name in words.ARGUMENT_EDITS
        or words.INITIALISER.search(name)
        or (name.endswith("_") and name not in words.NO_EDITS)
    ):
        return roots(
            *first, *(word.value for word in call.keywords if word.arg in ("model", "module", "net", "tensor"))
        )
    return NOTHING


def _changed_by(summary: Summary, call: ast.Call, name: str, skip: int = 0) -> Names:
    """Return what a call of the submission's own function changes; one that trains changes nothing for us."""
    if summary.trains or name == "forward":
        return NOTHING
    given = arguments(call, summary.parameters[skip:])
    changed = [value for parameter, value in given.items() if parameter in summary.edits]
    return roots(*changed) | (summary.edits - frozenset(summary.parameters))


def _patched(nodes: Iterable[ast.AST]) -> Names:
    """Return imported names whose attributes are replaced: `nn.Flatten = Mine`, but no `torch.backends` switch."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            path = _path(node)
            if not words.GLOBAL_SWITCHES & set(path):
                found.update(path[:1])
    return frozenset(found)


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Return the (target, value) pairs of assignments, loops and `with`."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif (isinstance(node, ast.AnnAssign) and node.value is not None) or isinstance(node, ast.NamedExpr):
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        receiver = (
            node.iter.func.value
            if isinstance(node.iter, ast.Call) and isinstance(node.iter.func, ast.Attribute)
            else None
        )
        yield node.target, receiver or node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr


def _paired(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Pair `a, b = c, d` one to one, and every name of another tuple with the whole value."""
    if not isinstance(target, ast.Tuple | ast.List):
        return [(target, value)]
    if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
        return [pair for one, part in zip(target.elts, value.elts, strict=True) for pair in _paired(one, part)]
    return [pair for one in target.elts for pair in _paired(one, value)]
