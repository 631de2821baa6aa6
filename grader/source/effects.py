"""What code does besides binding names: which objects it changes, whether it trains, whether it loads data."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from grader.source import vocabulary as words
from grader.source.aliases import (
    NOTHING,
    Known,
    Names,
    Summary,
    aliases_in,
    arguments,
    callee,
    given_to,
    resolved,
    roots,
    summary_of,
)
from grader.source.statements import Definition, executed


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


def is_training(call: ast.Call, known: Known) -> bool:
    """Tell whether one call trains: `loss.backward()`, `optimizer.step()`, `trainer.fit(model)`, `train(model)`."""
    name = callee(call)
    by_name = bool(words.TRAINING_FUNCTION.match(name) and (call.args or call.keywords))
    if isinstance(call.func, ast.Name):
        return known.functions[name].trains if name in known.functions else by_name
    if not isinstance(call.func, ast.Attribute):
        return False
    receiver = roots(call.func.value)
    if name in words.TRAINING_CALLS:
        return True
    if receiver & known.imported:  # engine.train(model, loader)
        return by_name
    if name in known.methods:
        return known.methods[name].trains
    return name == "fit" and any(words.TRAINER.search(one) for one in receiver)


def is_loading(call: ast.Call, known: Known) -> bool:
    """Tell whether one call loads data: `datasets.MNIST(…)`, `open("y.csv")`, `pd.read_csv(…)`."""
    name = callee(call)
    if isinstance(call.func, ast.Name) and name in known.functions:
        return known.functions[name].loads
    if name in words.DATA_CALLS or words.DATA_MODULE.search(name):
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
