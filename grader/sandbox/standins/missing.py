"""One object that stands for anything of what is not here, and never turns into a layer.

    import albumentations as A
    augment = A.Compose([A.Flip(p=0.5)])          a stand-in, made of stand-ins
    class Pictures(A.ImageOnlyTransform): …       a base class
    nn.Sequential(A.Flip())                       refused, with the name of the package

A number, a list of layers or a tensor cannot be made up: where one is needed, the error names what is missing.
"""

from __future__ import annotations

import dis
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import torch
from torch.utils import _pytree

from grader.sandbox.standins.origin import Origin

LONGEST_NAME = 200
"""A loop may take attributes of attributes for ever."""

NEWEST = "99.99.99"
"""The version of what is not here: new enough for every test of it."""


class Missing(types.ModuleType):
    """Stands for anything: a module, a class, a function and its result."""

    __path__: list[str] = []  # noqa: RUF012 - the import machinery wants it on every package

    def __init__(self, name: str, origin: Origin, given: tuple[Any, ...] = ()) -> None:
        """Stand for `name`; given: the arguments of the call that it is the result of."""
        super().__init__(name)
        absent = "not installed here" if origin.kind == "package" else "not here"
        vars(self).update(_origin=origin, _given=given, __module__="", __qualname__=f"{name} ({absent})")

    def __getattr__(self, name: str) -> Any:
        """Return a stand-in, the same every time; dunder names stay missing, so that protocols are not faked."""
        if name == "__version__":
            return NEWEST
        if name == "__all__":
            return vars(self)["_origin"].star(self)
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        found = vars(self)[name] = self._another(f".{name}")
        return found

    def _another(self, what: str, given: tuple[Any, ...] = ()) -> Any:
        origin: Origin = vars(self)["_origin"]
        name = f"{self.__name__}{what}"[:LONGEST_NAME]
        origin.touched(name)
        return Missing(name, origin, given) if given or not what.startswith(".") else origin.make(name)

    def fault(self) -> Exception:
        """Return what is raised where the real thing is needed."""
        origin: Origin = vars(self)["_origin"]
        return origin.fault(self.__name__)

    def refuse(self, *_: Any) -> NoReturn:
        """Raise, naming what is missing: a number or a layer cannot be made up."""
        raise self.fault()

    __int__ = __index__ = __float__ = __complex__ = __len__ = refuse

    def __bool__(self) -> bool:
        """Be true, as an object that is there."""
        return True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the function when used as a decorator, the network when it only passes through, else a stand-in.

        @tool.cached                   model = tool.convert(model)            class Net(metaclass=tool.Meta)
        """
        through = len(args) == 1 and callable(args[0]) and not isinstance(args[0], Missing)
        if through and (not kwargs or isinstance(args[0], torch.nn.Module)):
            return args[0]
        if len(args) == 3 and [type(one) for one in args] == [str, tuple, dict]:
            return type(*args)
        return self._another("()", args if args and isinstance(args[0], torch.nn.Module) else ())

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        """Let a class derive from it."""
        own: dict[str, Any] = vars(self)
        if "_class" not in own:
            own["_class"] = type(self.__name__.rpartition(".")[2], (Absent,), {"_stand_in": self})
        return (own["_class"],)

    def __iter__(self) -> Iterator[Any]:
        """Give as many as an assignment unpacks, else nothing; raise where that could leave out layers.

        model, optimiser = tool.prepare(model, optimiser)        figure, axes = plot.subplots()
        """
        count = _unpacked(sys._getframe(1))
        if count is not None:
            given = vars(self)["_given"]
            return iter(given) if len(given) == count else iter([self._another(f"[{n}]") for n in range(count)])
        if not vars(self)["_origin"].is_empty(self.__name__):
            raise self.fault()
        return iter(())

    def __getitem__(self, key: Any) -> Any:
        """Return a stand-in, as for `stand_in["key"]` and `stand_in[int]`."""
        return self._another(f"[{key!r}]" if isinstance(key, (str, int)) else "[…]")

    def __setitem__(self, key: Any, value: Any) -> None:
        """Keep nothing."""

    def __delitem__(self, key: Any) -> None:
        """Keep nothing."""

    def __contains__(self, key: Any) -> bool:
        """Hold nothing."""
        return False

    def __enter__(self) -> Any:
        """Return a stand-in, as for `with stand_in as name`."""
        return self._another(".__enter__()")

    def __exit__(self, *exception: object) -> None:
        """Let exceptions through."""

    def __lt__(self, other: Any) -> bool:
        """Be neither below nor above anything: `>=` holds, as for a version that is new enough."""
        return False

    def __le__(self, other: Any) -> bool:
        """Be equal in order to anything."""
        return True

    __gt__, __ge__ = __lt__, __le__

    def __instancecheck__(self, instance: Any) -> bool:
        """Nothing is an instance of what is not here, but what derives from it."""
        return isinstance(instance, vars(self).get("_class", ()))

    def __subclasscheck__(self, subclass: Any) -> bool:
        """Nothing derives from what is not here, but the student's own classes."""
        return issubclass(subclass, vars(self).get("_class", ()))

    def __repr__(self) -> str:
        """Say what it stands for."""
        return f"<stand-in for {self.__name__}>"

    def __format__(self, spec: str) -> str:
        """Be printed in any format."""
        return repr(self)

    def __deepcopy__(self, memo: Any) -> Missing:
        """Be copied with the network that holds it."""
        return self

    def __reduce__(self) -> str:
        """Be named, in place of being pickled."""
        return self.__name__

    @classmethod
    def __torch_function__(cls, func: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> NoReturn:
        """Raise, naming what is missing, where torch is given a stand-in for a tensor or a number."""
        found = next(one for one in _pytree.tree_leaves((args, kwargs)) if isinstance(one, Missing))
        raise found.fault()


def _operate(self: Missing, *others: Any) -> Any:
    """Return a stand-in for the result, but for one that would be a tensor."""
    if any(isinstance(one, torch.Tensor) for one in others):
        raise self.fault()
    return self._another(" …")


for _name in "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split():
    setattr(Missing, f"__{_name}__", _operate)
    setattr(Missing, f"__r{_name}__", _operate)
for _name in "neg pos abs invert".split():
    setattr(Missing, f"__{_name}__", _operate)


class Absent:
    """Base of classes whose own base is not here; with a `forward` they are networks all the same.

    class Net(tool.Model):                   from a package that is not installed
        def forward(self, x): …
    """

    _stand_in: Missing

    def __init_subclass__(cls, **keywords: Any) -> None:
        """Make a class with a `forward` a module."""
        super().__init_subclass__()
        if "forward" in vars(cls) and not issubclass(cls, torch.nn.Module):
            cls.__bases__ = (*cls.__bases__, torch.nn.Module)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take any arguments, and pass them on to a class of the student's behind it."""
        line = type(self).__mro__
        after = line[line.index(Absent) + 1 :]
        owner = next(one for one in after if "__init__" in vars(one))
        theirs = owner not in (object, torch.nn.Module)
        super().__init__(*args, **kwargs) if theirs else super().__init__()

    def __getattr__(self, name: str) -> Any:
        """Return what the missing base may have had: `self.config`."""
        above: Any = getattr(super(), "__getattr__", None)
        if above is not None:
            try:
                return above(name)
            except AttributeError:
                if "_modules" not in vars(self):
                    raise  # the network's own __init__ is not done
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(type(self)._stand_in, name)


def refuse(value: Any) -> None:
    """Raise the fault of what is missing where a stand-in, or an object that it is the base of, is no network."""
    if isinstance(value, Missing):
        raise value.fault()
    if isinstance(value, Absent) and not isinstance(value, torch.nn.Module):
        raise type(value)._stand_in.fault()


@contextmanager
def refused_as_layers() -> Iterator[None]:
    """Let containers of layers name what is missing, where torch would say that it is no module."""
    places = [(torch.nn.Module, "add_module"), (torch.nn.Sequential, "insert"), (torch.nn.ModuleList, "insert")]
    before = [(owner, name, getattr(owner, name)) for owner, name in places]
    for owner, name, original in before:
        setattr(owner, name, _refusing(original))
    try:
        yield
    finally:
        for owner, name, original in before:
            setattr(owner, name, original)


def _refusing(original: Callable[..., Any]) -> Callable[..., Any]:
    def refusing(*args: Any, **kwargs: Any) -> Any:
        for one in (*args, *kwargs.values()):
            if isinstance(one, Missing):
                raise one.fault()
        return original(*args, **kwargs)

    return refusing


def _unpacked(frame: types.FrameType) -> int | None:
    """Return how many values the frame is about to unpack; None where it does something else."""
    code, place = frame.f_code.co_code, frame.f_lasti
    if place < 0 or dis.opname[code[place]] not in ("UNPACK_SEQUENCE", "UNPACK_EX"):
        return None
    return code[place + 1]
