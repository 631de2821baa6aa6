"""What the student's code meets instead of a GPU, a missing package or a missing file.

Everything here works inside the sandboxed child only. None of it is priced: a hard-coded GPU or a missing
package says nothing about convolutional networks.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

ACCELERATORS = ("cuda", "mps", "xpu", "hpu", "xla", "npu")

BYTES_LIMIT = 2**31
"""A single tensor of the model's may take two gigabytes; more is refused with its size."""

CREATORS = frozenset({torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full, torch.randint})


DATA = torch.Tensor.data.__get__  # type: ignore[attr-defined]
"""What a function mode is given when `.data` is read."""


class TooLargeError(MemoryError):
    """A tensor was refused before it was allocated; the text gives its shape and size."""


def _is_accelerator(value: Any) -> bool:
    if isinstance(value, torch.device):
        return value.type in ACCELERATORS
    return isinstance(value, str) and value.split(":")[0] in ACCELERATORS


class OnThisMachine(TorchFunctionMode):
    """Let every call that names an accelerator happen on the processor, and refuse giant tensors.

    `torch.zeros(8, device="cuda")`, `x.to("cuda:0")`, `x.cuda()`: the three ways in which a device is named.
    """

    def __init__(self) -> None:
        """Start with nothing failed."""
        super().__init__()
        self.failed: tuple[tuple[int, ...], ...] = ()
        """Shapes of the tensors that the first failing call received."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replace devices in the arguments, then call `func`."""
        kwargs = dict(kwargs or {})
        if _is_accelerator(kwargs.get("device")):
            kwargs["device"] = torch.device("cpu")
        if func in CREATORS:
            _refuse_giants(args, kwargs)
        if func is torch.Tensor.cuda:
            return args[0]
        if func == DATA and torch.compiler.is_exporting():
            return args[0].detach()  # export loses track of `.data`; the two differ for changes in place alone
        if func in (torch.Tensor.to, torch.Tensor.new_zeros, torch.Tensor.new_ones):
            args = tuple(torch.device("cpu") if _is_accelerator(one) else one for one in args)
        try:
            return func(*args, **kwargs)
        except Exception:
            self.failed = self.failed or tuple(tuple(one.shape) for one in args if isinstance(one, torch.Tensor))
            raise


def _refuse_giants(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    sizes = args[0] if args and isinstance(args[0], (tuple, list)) else args or kwargs.get("size", ())
    if not isinstance(sizes, (tuple, list)) or not all(type(one) is int for one in sizes):
        return
    total = 4
    for one in sizes:
        total *= max(one, 0)
    if total > BYTES_LIMIT:
        shape = "×".join(map(str, sizes))
        raise TooLargeError(f"a tensor of {shape} numbers takes {total / 1e9:.1f} GB")


def install_devices() -> None:
    """Make `model.cuda()`, `torch.device("cuda")` and their relatives harmless."""

    def stay(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self

    original_to: Callable[..., Any] = torch.nn.Module.to

    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        args = tuple(torch.device("cpu") if _is_accelerator(one) else one for one in args)
        if _is_accelerator(kwargs.get("device")):
            kwargs["device"] = torch.device("cpu")
        return original_to(self, *args, **kwargs)

    for name in ("cuda", "xpu", "ipu"):
        setattr(torch.nn.Module, name, stay)
    torch.nn.Module.to = to  # type: ignore[method-assign]
    torch.Tensor.cuda = stay  # type: ignore[method-assign]
    torch.set_default_device = lambda device: None
    for name in ("FloatTensor", "LongTensor", "DoubleTensor", "HalfTensor"):
        setattr(torch.cuda, name, getattr(torch, name))
    quiet: dict[str, Callable[..., Any]] = {
        "get_device_name": lambda *args: "the grader's device",
        "set_device": lambda *args: None,
        "synchronize": lambda *args: None,
        "empty_cache": lambda *args: None,
        "manual_seed": lambda *args: None,
        "manual_seed_all": lambda *args: None,
    }
    for name, harmless in quiet.items():
        setattr(torch.cuda, name, harmless)


def install_plain_precision(noted: list[str]) -> None:
    """Leave autocast out: the grader trains everybody in float32. A use is noted."""

    def enter(self: Any) -> Any:
        if "autocast" not in noted:
            noted.append("autocast")
        return self

    torch.autocast.__enter__ = enter  # type: ignore[method-assign]
    torch.autocast.__exit__ = lambda self, *exception: None  # type: ignore[method-assign]


def install_for_export() -> None:
    """Give export what it follows in place of what it gets wrong; outside of an export nothing changes.

    The older kind of `checkpoint` runs its block without gradients first, and export takes that for the whole
    rest of the network; `inference_mode` it does not see at all, and both cut the gradient as `no_grad` does.
    """
    from torch.utils.checkpoint import CheckpointFunction

    checkpointed = CheckpointFunction.apply
    enter, leave = torch.inference_mode.__enter__, torch.inference_mode.__exit__

    def apply(run: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        return run(*args) if torch.compiler.is_exporting() else checkpointed(run, preserve, *args)  # type: ignore[no-untyped-call]

    def enter_region(self: Any) -> None:
        self.stand_in = torch.no_grad() if self.mode and torch.compiler.is_exporting() else None
        enter(self) if self.stand_in is None else self.stand_in.__enter__()

    def leave_region(self: Any, *exception: Any) -> None:
        leave(self, *exception) if self.stand_in is None else self.stand_in.__exit__(*exception)

    CheckpointFunction.apply = apply  # type: ignore[method-assign]
    torch.inference_mode.__enter__ = enter_region  # type: ignore[method-assign]
    torch.inference_mode.__exit__ = leave_region  # type: ignore[method-assign]


class Missing(types.ModuleType):
    """Stands in for a package that is not installed: any attribute is another stand-in, any call works.

    It never turns into a layer: torch refuses it as a child of a module, because it is none.
    """

    __path__: list[str] = []  # noqa: RUF012 - the import machinery wants it on every package

    def __getattr__(self, name: str) -> Any:
        """Return a stand-in; dunder names stay missing, so that protocols are not faked."""
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Missing(f"{self.__name__}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the argument when used as a decorator, else a stand-in."""
        if len(args) == 1 and not kwargs and callable(args[0]) and not isinstance(args[0], Missing):
            return args[0]
        return Missing(f"{self.__name__}()")

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        """Let a class derive from it: Lightning's modules are modules, anything else is a plain object."""
        network = self.__name__.rsplit(".", 1)[-1] in ("LightningModule", "PyTorchModelHubMixin")
        return (torch.nn.Module,) if network and torch.nn.Module not in bases else ()

    def __iter__(self) -> Iterator[Any]:
        """Stand-ins are empty when iterated over."""
        return iter(())


class MissingFinder(MetaPathFinder, Loader):
    """The last finder: whatever the student imports and is not installed is imported as a stand-in and noted.

    Imports of libraries are left alone: many try a package and go on without it.
    """

    def __init__(self, local: frozenset[str], students: Container[str]) -> None:
        """Remember the submission's own modules, which are never faked, and the names of its compiled code."""
        self.local, self.students = local, students
        self.used: list[str] = []

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Offer a stand-in for any module but the submission's own and torch's."""
        root = fullname.split(".", maxsplit=1)[0]
        if root in self.local or root in ("torch", "grader") or not self._is_students():
            return None
        if root not in self.used:
            self.used.append(root)
        return ModuleSpec(fullname, self, is_package=True)

    def _is_students(self) -> bool:
        """Tell whether the import stands in the student's code: the first frame outside of the import machinery."""
        frame = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
            frame = frame.f_back  # type: ignore[assignment]
        return frame is not None and frame.f_code.co_filename in self.students

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Make the stand-in."""
        return Missing(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


@contextmanager
def missing_packages(local: frozenset[str], students: Container[str]) -> Iterator[MissingFinder]:
    """Let the student's own imports of what is not installed give stand-ins."""
    finder = MissingFinder(local, students)
    sys.meta_path.append(finder)
    try:
        yield finder
    finally:
        sys.meta_path.remove(finder)
