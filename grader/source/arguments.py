"""Fill in the arguments of a constructor that nobody calls, or calls with what is not here."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.records import Repair
from grader.source.aliases import callee, roots
from grader.source.classes import Catalogue, Class, dotted
from grader.source.guesses import Guess, Hints, by_name
from grader.source.statements import Function
from grader.source.syntax import text_of

_SETTINGS = frozenset(
    {"args", "arg", "config", "cfg", "conf", "hparams", "params", "opt", "options", "hp", "configs", "settings"}
)
"""Parameters that carry many values: `Net(config)` reads `config.hidden` or `config["hidden"]`."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is for parameters that nobody gives.

    Attributes:
        hints: what the rubric says.
        names: names of the program that can be used, because they are made without data.
        command_line: argparse options with their defaults, as Python.
        blocks: classes of layers, for parameters such as `block`.
    """

    hints: Hints
    names: frozenset[str] = frozenset()
    command_line: Mapping[str, str] = field(default_factory=dict)
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was made up.

    Attributes:
        text: the call as Python.
        repairs: a sentence for every argument that was guessed.
    """

    text: str
    repairs: tuple[Repair, ...]


def complete(name: str, wanted: Function | None, offered: Offered, given: ast.Call | None = None) -> Call:
    """Return a call of `name` with an argument for every parameter that has no default.

    wanted: the function, or the `__init__` of the class; None when it takes nothing.
    given: a call in the submission whose arguments are kept.
    """
    if given is not None and any(isinstance(one, ast.Starred) for one in given.args):
        wanted = None  # Net(*sizes): nobody knows how many parameters are taken care of
    positional, named = _kept(given)
    texts, repairs = list(positional), []
    roles = roles_of(wanted) if wanted else {}
    for parameter in _required(wanted)[len(positional) :]:
        if parameter in named:
            continue
        value, repair = _value(name, parameter, wanted, roles.get(parameter), offered)
        named[parameter] = value
        repairs.append(repair)
    texts += [f"{parameter}={value}" for parameter, value in named.items()]
    return Call(f"{name}({', '.join(texts)})", tuple(repairs))


def constructor(one: Class | None, catalogue: Catalogue) -> ast.FunctionDef | None:
    """Return the `__init__` that a class has or inherits from another class of the submission."""
    for _ in range(10):
        if one is None:
            return None
        for inner in one.node.body:
            if isinstance(inner, ast.FunctionDef) and inner.name == "__init__":
                return inner
        one = next((base for node in one.node.bases if (base := catalogue.class_at(dotted(node), one.index))), None)
    return None


def roles_of(wanted: Function) -> dict[str, str]:
    """Return what a constructor does with its parameters.

    `channels` goes into a convolution, `numbers` into a dense layer, `classes` comes out of one, and a `width`
    comes out of one layer and goes into another. TinyVGG(input_shape, hidden_units, output_shape) calls the
    channels a shape; nn.Conv2d(input_shape, hidden_units, 3) tells.
    """
    body = [wanted.body] if isinstance(wanted, ast.Lambda) else wanted.body
    into: dict[str, str] = {}
    out_of: dict[str, str] = {}
    for call in (node for part in body for node in ast.walk(part) if isinstance(node, ast.Call)):
        kind = "channels" if callee(call).startswith("Conv") else "numbers" if callee(call) == "Linear" else ""
        first, second = (
            _argument(call, 0, ("in_channels", "in_features")),
            _argument(call, 1, ("out_channels", "out_features")),
        )
        if kind and isinstance(first, ast.Name):
            into.setdefault(first.id, kind)
        if kind and isinstance(second, ast.Name):
            out_of[second.id] = "classes" if kind == "numbers" else "width"
    ends = {name: role for name, role in out_of.items() if role == "classes"}
    return {**ends, **into, **dict.fromkeys(into.keys() & out_of.keys(), "width")}


def command_line(program: Iterable[ast.stmt]) -> dict[str, str]:
    """Return the defaults of `parser.add_argument("--hidden", default=64)`, by the name that `args` has."""
    found = {}
    for statement in program:
        for call in ast.walk(statement):
            if not (isinstance(call, ast.Call) and callee(call) == "add_argument" and call.args):
                continue
            words = {word.arg: word.value for word in call.keywords}
            flags = [flag.value for flag in call.args if isinstance(flag, ast.Constant) and isinstance(flag.value, str)]
            target = words.get("dest")
            name = (
                target.value
                if isinstance(target, ast.Constant)
                else max(flags, key=len, default="").lstrip("-").replace("-", "_")
            )
            if (
                isinstance(default := words.get("default"), ast.Constant)
                and isinstance(name, str)
                and default.value is not None
            ):
                found[name] = repr(default.value)
    return found


def _required(wanted: Function | None) -> list[str]:
    """Return the parameters without a default, in order, without `self`."""
    if wanted is None:
        return []
    arguments = wanted.args
    names = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    needed = names[: len(names) - len(arguments.defaults)]
    if needed and needed[0] in ("self", "cls"):
        needed = needed[1:]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return needed + [one.arg for one, default in keywords if default is None]


def _kept(given: ast.Call | None) -> tuple[list[str], dict[str, str]]:
    if given is None:
        return [], {}
    named = {word.arg: text_of(word.value) for word in given.keywords if word.arg}
    return [text_of(one) for one in given.args], named


def _value(
    name: str, parameter: str, wanted: Function | None, role: str | None, offered: Offered
) -> tuple[str, Repair]:
    """Look for a value: the submission's own name, then its command line, then a guess."""
    start = f"{name} needs {parameter} and nobody gives it: "
    for own in (parameter, parameter.upper()):
        if own in offered.names:
            return own, Repair("argument", f"{start}the submission's own {own} was used.")
    if parameter in offered.command_line:
        value = offered.command_line[parameter]
        return value, Repair("argument", f"{start}{value}, the default on the command line, was used.")
    guess = _guess(parameter, wanted, role, offered)
    return guess.text, Repair("argument", f"{start}{guess.text} ({guess.meaning}) was used.")


def _guess(parameter: str, wanted: Function | None, role: str | None, offered: Offered) -> Guess:
    hints = offered.hints
    usual = by_name(parameter, hints)
    by_role = {
        "channels": Guess(str(hints.input_shape[0]), "the number of colour channels", given=True),
        "classes": Guess(str(hints.classes), "the number of classes", given=True),
        "width": Guess("64", "a usual width"),
    }
    if role in by_role and (usual is None or usual.given):
        return by_role[role]
    if parameter in _SETTINGS and wanted is not None:
        return _settings(parameter, wanted, offered)
    if "block" in parameter and "num" not in parameter and offered.blocks:
        return Guess(offered.blocks[0], "a class of layers in the submission")
    if parameter == "layers" or usual is None:
        return _by_use(parameter, wanted)
    return usual


def _by_use(parameter: str, wanted: Function | None) -> Guess:
    """Guess from how it is used: `layers[3]` is a list of at least four, `for width in sizes` a list."""
    nodes = list(ast.walk(wanted)) if wanted is not None else []
    indexes = [
        node.slice.value
        for node in nodes
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and dotted(node.value) == parameter
    ]
    numbers = [index for index in indexes if isinstance(index, int)]
    if numbers or parameter == "layers":
        count = max([*numbers, 3 if not numbers else 0]) + 1
        return Guess(str([2] * min(count, 16)), "a usual number of blocks")
    if any(isinstance(node, ast.For | ast.comprehension) and parameter in roots(node.iter) for node in nodes):
        return Guess("[32, 64]", "usual widths")
    return Guess("64", "a usual width")


def _settings(parameter: str, wanted: Function, offered: Offered) -> Guess:
    """Make an object or a dict with everything that is read from `config`."""
    attributes, keys = set(), set()
    for node in ast.walk(wanted):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == parameter:
            attributes.add(node.attr)
        elif (
            isinstance(node, ast.Subscript) and dotted(node.value) == parameter and isinstance(node.slice, ast.Constant)
        ):
            keys.add(str(node.slice.value))
    if keys:
        inside = ", ".join(f"{key!r}: {_setting(key, offered)}" for key in sorted(keys))
        return Guess("{" + inside + "}", "usual settings")
    inside = ", ".join(f"{key}={_setting(key, offered)}" for key in sorted(attributes))
    return Guess(f"__import__('types').SimpleNamespace({inside})", "usual settings")


def _setting(key: str, offered: Offered) -> str:
    guess = by_name(key, offered.hints)
    return offered.command_line.get(key) or (guess.text if guess else "64")


def _argument(call: ast.Call, place: int, names: tuple[str, ...]) -> ast.expr | None:
    """Return an argument by position or by name."""
    named = [word.value for word in call.keywords if word.arg in names]
    return named[0] if named else (call.args[place] if place < len(call.args) else None)
