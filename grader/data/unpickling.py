"""Read a pickle of plain values and arrays of bytes without running it.

A pickle is a program, and Python's own reader runs it: even one that is allowed a few names can be made to hang (tuples
of tuples as keys), to fill the memory (a memo as large as the pickle says) or to change the functions that it was
allowed. So the instructions are taken one by one from `pickletools`, and those that build plain values are carried out
here, on a stack of this module's own. Nothing is imported, called, compared or hashed but texts. The few names that a
batch of CIFAR-10 asks for (numpy's way to rebuild an array, `codecs.encode`) stand for functions of this module.
"""

from __future__ import annotations

import itertools
import math
import pickletools
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_STEPS = 2_000_000  # a batch of 10,000 pictures with their file names has about 40,000
_MOST_LENGTH = 2**31
_MOST_AXES = 4

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_ARGUMENTS = frozenset(
    """
INT LONG LONG1 LONG4 BININT BININT1 BININT2 STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8
BYTEARRAY8 UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8
""".split()
)

_NAMES = {
    "numpy.ndarray": "array",
    "numpy.dtype": "kind",
    "numpy.core.multiarray._reconstruct": "empty array",
    "numpy.core.numeric._frombuffer": "full array",
    "_codecs.encode": "encode",
    "__builtin__.bytes": "no bytes",
    "builtins.bytes": "no bytes",
}
"""What a pickle may name, and what it gets."""


class UnpicklingError(ValueError):
    """The pickle is broken, or asks for more than plain values; the text says for what."""


@dataclass(frozen=True, slots=True)
class _Name:
    """One of the names in `_NAMES`, on the stack."""

    means: str


@dataclass(frozen=True, slots=True)
class _ByteType:
    """The type of an array of bytes."""


@dataclass(slots=True)
class ByteArray:
    """An array of bytes: `shape` and content, measured. It is filled once, while it is read."""

    shape: tuple[int, ...] = (0,)
    content: bytes | bytearray = b""
    fortran: bool = False

    def fill(self, shape: Any, kind: Any, content: Any, *, fortran: bool) -> None:
        """Take the content; raise UnpicklingError where the shape does not say its length."""
        if isinstance(content, str):  # Python 2 had no bytes
            content = content.encode("latin-1")
        whole = isinstance(shape, tuple) and all(type(one) is int and 0 <= one < _MOST_LENGTH for one in shape)
        if not (whole and isinstance(kind, _ByteType) and isinstance(content, bytes | bytearray)):
            raise UnpicklingError("it holds an array of something else than bytes")
        if len(shape) > _MOST_AXES or math.prod(shape) != len(content):
            raise UnpicklingError("it holds an array whose shape and content differ")
        self.shape, self.content, self.fortran = shape, content, fortran

    def values(self) -> NDArray[np.uint8]:
        """Return the array."""
        return np.frombuffer(self.content, dtype=np.uint8).reshape(self.shape, order="F" if self.fortran else "C")


def unpickled(content: bytes) -> Any:
    """Return what `content` holds: None, bool, int, str, bytes, list, tuple, dict with texts as keys, `ByteArray`.

    Raises:
        UnpicklingError: it is broken, or asks for anything else.
    """
    machine = _Machine(len(content))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of strange escapes in texts of Python 2, which mean nothing here
            for code, argument, _ in itertools.islice(pickletools.genops(content), _MOST_STEPS):
                if code.name == "STOP":
                    return machine.pop()
                machine.do(code.name, argument)
    except UnpicklingError:
        raise
    except (ValueError, IndexError, KeyError, UnicodeError, OverflowError, MemoryError) as error:
        raise UnpicklingError(f"it is broken ({str(error)[:200] or type(error).__name__})") from error
    raise UnpicklingError("it is cut short, or has more instructions than a batch needs")


class _Machine:
    """Carry out the instructions of one pickle."""

    def __init__(self, size: int) -> None:
        """Start with an empty stack; `size` is that of the pickle in bytes."""
        self._stack: list[Any] = []
        self._below: list[list[Any]] = []  # one stack for each open mark
        self._memo: dict[int, Any] = {}
        self._left = size  # characters that may be encoded: one text could be encoded again and again

    def pop(self) -> Any:
        """Take the topmost value."""
        return self._stack.pop()

    def do(self, name: str, argument: Any) -> None:
        """Carry out one instruction; raise UnpicklingError where a batch does not need it."""
        match name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                self._below.append(self._stack)
                self._stack = []
            case "MEMOIZE" | "PUT" | "BINPUT" | "LONG_BINPUT":
                self._memo[len(self._memo) if name == "MEMOIZE" else argument] = self._stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                self._stack.append(self._memo[argument])
            case "GLOBAL":
                self._stack.append(_named(*argument.split(" ", 1)))
            case "STACK_GLOBAL":
                own, module = self.pop(), self.pop()
                self._stack.append(_named(module, own))
            case "REDUCE":
                arguments, function = self.pop(), self.pop()
                self._stack.append(self._call(function, arguments))
            case "BUILD":
                state = self.pop()
                _build(self._stack[-1], state)
            case "APPEND" | "APPENDS" | "SETITEM" | "SETITEMS":
                items = self._items({"APPEND": 1, "SETITEM": 2}.get(name))
                _add(self._stack[-1], items, pairs=name.startswith("SET"))
            case _:
                value = self._value(name, argument)  # which may close a mark, and put another stack in place
                self._stack.append(value)

    def _value(self, name: str, argument: Any) -> Any:
        """Return the value that an instruction puts on the stack."""
        if name in _ARGUMENTS:
            return argument
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        match name:
            case "EMPTY_TUPLE" | "TUPLE1" | "TUPLE2" | "TUPLE3":
                return tuple(self._items(("EMPTY_TUPLE", "TUPLE1", "TUPLE2", "TUPLE3").index(name)))
            case "TUPLE":
                return tuple(self._items(None))
            case "EMPTY_LIST" | "LIST":
                return self._items(0 if name == "EMPTY_LIST" else None)
            case "EMPTY_DICT" | "DICT":
                found: dict[Any, Any] = {}
                _add(found, self._items(0 if name == "EMPTY_DICT" else None), pairs=True)
                return found
            case _:
                raise UnpicklingError(f"it uses the instruction {name}")

    def _items(self, count: int | None) -> list[Any]:
        """Take the topmost `count` values, or all above the last mark."""
        if count is None:
            items, self._stack = self._stack, self._below.pop()
            return items
        if count > len(self._stack):
            raise UnpicklingError("it takes more than there is")
        start = len(self._stack) - count
        items = self._stack[start:]
        del self._stack[start:]
        return items

    def _call(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise UnpicklingError("it calls what is not a function")
        match function.means, arguments:
            case "empty array", _:
                return ByteArray()
            case "full array", (content, kind, shape, order):
                array = ByteArray()
                array.fill(shape, kind, content, fortran=order == "F")
                return array
            case "kind", ("u1" | "|u1" | b"u1", *_):
                return _ByteType()
            case "kind", _:
                raise UnpicklingError("it holds an array of something else than bytes")
            case "encode", (str(text), "latin1" | "latin-1" | b"latin1") if len(text) <= self._left:
                self._left -= len(text)
                return text.encode("latin-1")
            case "no bytes", ():
                return b""
            case _:
                raise UnpicklingError("it calls a function in another way than a batch does")


def _named(module: Any, own: Any) -> _Name:
    full = f"{module}.{own}" if isinstance(module, str) and isinstance(own, str) else "what is not a name"
    means = _NAMES.get(full.replace("numpy._core.", "numpy.core."))
    if means is None:
        raise UnpicklingError(f"it asks for {full[:80]!r}")
    return _Name(means)


def _build(target: Any, state: Any) -> None:
    """Fill an array with (version, shape, type, order, content), as numpy writes it."""
    match target, state:
        case _ByteType(), _:
            pass  # byte order and alignment mean nothing for bytes
        case ByteArray(), (_, shape, kind, fortran, content):
            target.fill(shape, kind, content, fortran=bool(fortran))
        case _:
            raise UnpicklingError("it fills what is not an array")


def _add(target: Any, items: list[Any], *, pairs: bool) -> None:
    """Add values to a list, or keys and values to a dictionary."""
    if not pairs and isinstance(target, list):
        target.extend(items)
        return
    keys, values = items[::2], items[1::2]
    if not pairs or not isinstance(target, dict) or len(keys) != len(values):
        raise UnpicklingError("it adds to what is not a list or a dictionary")
    if not all(isinstance(key, str | bytes) for key in keys):
        raise UnpicklingError("it has a key that is not a text")  # hashing a tuple of tuples can take for ever
    target.update(zip(keys, values, strict=True))
