"""Fill in the arguments of a constructor that nobody calls, or calls with what is not here."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from grader.records import Repair
from grader.source.aliases import callee
from grader.source.classes import Catalogue, Class, dotted
from grader.source.guessing.fitting import Offered, fitting
from grader.source.guessing.usage import Use, use_of
from grader.source.reading.syntax import text_of
from grader.source.statements import Function


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was made up.

    Attributes:
        text: the call as Python.
        repairs: a sentence for every argument that was guessed.
    """

    text: str
    repairs: tuple[Repair, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be called.

    Attributes:
        function: the function, or the `__init__` of the class; None when it takes nothing.
        one: the class; None for a function.
        catalogue: what its code sees.
    """

    function: Function | None
    one: Class | None
    catalogue: Catalogue

    def use_of(self, parameter: str) -> Use:
        """Return what is done with one of its parameters."""
        return Use() if self.function is None else use_of(parameter, self.function, self.one, self.catalogue)


def complete(name: str, wanted: Wanted, offered: Offered, given: ast.Call | None = None) -> Call:
    """Return a call of `name` with an argument for every parameter that has no default.

    given: a call in the submission whose arguments are kept.
    """
    positional, named, spread = _kept(given)
    starred = bool(spread) or (given is not None and any(isinstance(one, ast.Starred) for one in given.args))
    texts, repairs = list(positional), []
    required = [] if starred else _required(wanted.function)  # Net(*sizes): nobody knows for how many these are
    for parameter in required[len(positional) :]:
        if parameter in named:
            continue
        value, repair = _value(name, parameter, wanted, offered)
        named[parameter] = value
        repairs.append(repair)
    texts += [f"{parameter}={value}" for parameter, value in named.items()] + spread
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
    return needed + [one.arg for one, default in keywords if default is None] + _keys(wanted)


def _keys(wanted: Function) -> list[str]:
    """Return what is read from `**settings` as if it had to be there: `settings["width"]`."""
    taken = wanted.args.kwarg
    if taken is None:
        return []
    read = [
        node.slice.value
        for node in ast.walk(wanted)
        if isinstance(node, ast.Subscript) and dotted(node.value) == taken.arg and isinstance(node.slice, ast.Constant)
    ]
    return sorted({key for key in read if isinstance(key, str) and key.isidentifier()})


def _kept(given: ast.Call | None) -> tuple[list[str], dict[str, str], list[str]]:
    """Return the arguments by place, by name, and those of `**settings`."""
    if given is None:
        return [], {}, []
    named = {word.arg: text_of(word.value) for word in given.keywords if word.arg}
    spread = [f"**{text_of(word.value)}" for word in given.keywords if not word.arg]
    return [text_of(one) for one in given.args], named, spread


def _value(name: str, parameter: str, wanted: Wanted, offered: Offered) -> tuple[str, Repair]:
    """Look for a value: the submission's own name, then its command line, then a guess."""
    start = f"{name} needs {parameter} and nobody gives it: "
    for own in (parameter, parameter.upper()):
        if own in offered.names:
            return own, Repair("argument", f"{start}the submission's own {own} was used.")
    if parameter in offered.command_line:
        value = offered.command_line[parameter]
        return value, Repair("argument", f"{start}{value}, the default on the command line, was used.")
    guess = fitting(name, parameter, wanted.use_of(parameter), offered)
    return guess.text, Repair("argument", f"{start}{guess.text} ({guess.meaning}) was used.")
