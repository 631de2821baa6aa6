"""Find the function that a rubric names for a criterion of its own: in a Python file, or at an entry point."""

from __future__ import annotations

import hashlib
import importlib.metadata
import inspect
import re
import sys
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.rubric.mistakes import nearest

GROUP = "cnn_grader.criteria"
"""The group of entry points under which a package offers criteria."""

_IN_FILE = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)")


class NoFunctionError(Exception):
    """There is no such function; the text is the end of a sentence that begins with the key."""


@dataclass(frozen=True, slots=True)
class OwnFunction:
    """A function that judges.

    Attributes:
        call: takes a `grader.own.ModelGraph` and the criterion's own keys, returns a `Finding`.
        digest: of the code that it comes from.
        title: the first line of its docstring, without a full stop; empty where it has none.
        path: the file that it stands in.
    """

    call: Callable[..., Any]
    digest: str
    title: str
    path: Path


def find(check: str, folder: Path) -> OwnFunction:
    """Return the function that `check` names: `file.py:function`, seen from `folder`, or an entry point's name.

    Loading a file runs it, in this process.

    Raises:
        NoFunctionError: there is none.
    """
    written = _IN_FILE.fullmatch(check)
    call, digest = _in_file(folder / written["file"], written["name"]) if written else _at_entry_point(check)
    if not callable(call):
        raise NoFunctionError(f"names {check}, which is no function")
    try:
        inspect.signature(call).bind(None, {})
    except TypeError as error:
        raise NoFunctionError(
            f"names {check}, which does not take a ModelGraph and a dictionary: `def {check.rpartition(':')[2]}"
            "(graph, params)`"
        ) from error
    title = (inspect.getdoc(call) or "").partition("\n")[0].strip().rstrip(".")
    return OwnFunction(call, digest, title, Path(inspect.getfile(call)))


def _in_file(path: Path, name: str) -> tuple[Any, str]:
    try:
        code = path.read_bytes()
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise NoFunctionError(f"names {path}, which {reason}") from error
    digest = hashlib.sha256(code).hexdigest()
    module = types.ModuleType(f"rubric_{digest[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(code, str(path), "exec"), vars(module))  # noqa: S102 - the instructor's own file
    except Exception as error:
        raise NoFunctionError(f"names {path}, which cannot be loaded: {where_in(error, path)}") from error
    if name not in vars(module):
        offered = [one for one, value in vars(module).items() if isinstance(value, types.FunctionType)]
        raise NoFunctionError(f'names no function of {path.name}: "{name}" is not in it' + nearest(name, offered))
    return vars(module)[name], digest


def _at_entry_point(name: str) -> tuple[Any, str]:
    offered = importlib.metadata.entry_points(group=GROUP)
    found = next((one for one in offered if one.name == name), None)
    if found is None:
        raise NoFunctionError(
            f'must be "file.py:function", or the name of an entry point of the group {GROUP}; "{name}" is neither'
            + nearest(name, [one.name for one in offered])
        )
    try:
        call = found.load()
        code = Path(inspect.getfile(call)).read_bytes()
    except Exception as error:
        raise NoFunctionError(f"names the entry point {name}, which cannot be loaded: {error}") from error
    return call, hashlib.sha256(found.value.encode() + code).hexdigest()


def where_in(error: BaseException, path: Path) -> str:
    """Say what was raised and at which line of an instructor's file: `criteria.py, line 3: NameError: …`."""
    said = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.lineno is not None:
        return f"{Path(error.filename or '').name}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    own = [one for one in traceback.extract_tb(error.__traceback__) if one.filename == str(path)]
    return f"{path.name}, line {own[-1].lineno}: {said}" if own else said
