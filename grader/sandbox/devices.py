"""What the student's code meets in place of a GPU: everything that names an accelerator happens on the processor.

There are three ways to name one, and all end here: in a call of torch's (a function mode sees it), in a method of a
module, and in a function of `torch.cuda` and its relatives.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from grader.sandbox.standins.missing import Missing

ACCELERATORS = ("cuda", "mps", "xpu", "hpu", "xla", "npu", "ipu", "privateuseone", "dml", "musa", "mlu")

BYTES_LIMIT = 2**31
"""A single tensor of the model's may take two gigabytes; more is refused with its size."""

CREATORS = frozenset({torch.empty, torch.zeros, torch.ones, torch.rand, torch.randn, torch.full, torch.randint})

DATA = torch.Tensor.data.__get__  # type: ignore[attr-defined]
"""What a function mode is given when `.data` is read."""

PROCESSOR = torch.device("cpu")

_TYPES = "Float Double Half BFloat16 Byte Char Short Int Long Bool".split()
"""`torch.cuda.FloatTensor` and its relatives."""

_STAYING = frozenset({torch.Tensor.cuda, torch.Tensor.xpu, torch.Tensor.pin_memory})
"""Moves that come to nothing."""


class TooLargeError(MemoryError):
    """A tensor was refused before it was allocated; the text gives its shape and size."""


def at_home(value: Any) -> Any:
    """Return the processor for anything that names an accelerator, and all else as it is.

    "cuda:0", torch.device("mps"), 0 (a number counts GPUs) and `xm.xla_device()` of a package that is not here.
    """
    if isinstance(value, torch.device):
        return PROCESSOR if value.type in ACCELERATORS else value
    if isinstance(value, str):
        return PROCESSOR if value.partition(":")[0] in ACCELERATORS else value
    return PROCESSOR if type(value) is int or isinstance(value, Missing) else value


def _moved(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments of `.to(…)` with a device at home; numbers are devices in the first place alone."""
    return tuple(at_home(one) if place == 0 or type(one) is not int else one for place, one in enumerate(args))


class OnThisMachine(TorchFunctionMode):
    """Let every call that names an accelerator happen on the processor, and refuse giant tensors.

    `torch.zeros(8, device="cuda")`, `x.to("cuda:0")`, `torch.device(0)`, `x.type("torch.cuda.FloatTensor")`.
    """

    def __init__(self) -> None:
        """Start with nothing failed."""
        super().__init__()
        self.failed: tuple[tuple[int, ...], ...] = ()
        """Shapes of the tensors that the first failing call received."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Replace devices in the arguments, then call `func`."""
        kwargs = dict(kwargs or {})
        if func is torch.device:
            return _device(args, kwargs)
        if "device" in kwargs:
            kwargs["device"] = at_home(kwargs["device"])
        if "pin_memory" in kwargs:
            kwargs["pin_memory"] = False
        if func in CREATORS:
            _refuse_giants(args, kwargs)
        if func == DATA and torch.compiler.is_exporting():
            return args[0].detach()  # export loses track of `.data`; the two differ for changes in place alone
        if func in _STAYING:
            return args[0]
        if func is torch.Tensor.to:
            args = (*args[:1], *_moved(args[1:]))
        elif func is torch.Tensor.type:
            args = tuple(one.replace("torch.cuda.", "torch.") if isinstance(one, str) else one for one in args)
        try:
            return func(*args, **kwargs)
        except Exception:
            self.failed = self.failed or tuple(tuple(one.shape) for one in args if isinstance(one, torch.Tensor))
            raise


def _device(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> torch.device:
    """Return what `torch.device("cuda", 0)` and `torch.device(0)` stand for."""
    named = args[0] if args else kwargs.get("device", kwargs.get("type"))
    return PROCESSOR if at_home(named) is PROCESSOR else torch.device(*args, **kwargs)


def _refuse_giants(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
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
    """Make `model.cuda()`, `torch.cuda.Stream()` and their relatives harmless, for good."""
    _stay_in_place()
    _quieten_modules()
    for name in _TYPES:
        setattr(torch.cuda, f"{name}Tensor", getattr(torch, f"{name}Tensor"))
    for name in ("Stream", "Event", "ExternalStream", "StreamContext", "CUDAGraph", "graph"):
        setattr(torch.cuda, name, Idle)
    for name in ("stream", "device", "device_of"):
        setattr(torch.cuda, name, Idle)
    setattr(torch, "Generator", Generator)  # noqa: B010 - a type checker takes it for a class of its own
    torch.set_default_device = lambda device: None
    torch.set_float32_matmul_precision = lambda precision: None
    _keep_default_type()
    _one_process()


def _stay_in_place() -> None:
    """Let moves to a device and wrappers for several leave a module or a tensor where it is."""

    def stay(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self

    original: Callable[..., Any] = torch.nn.Module.to

    def to(self: Any, *args: Any, **kwargs: Any) -> Any:
        if "device" in kwargs:
            kwargs["device"] = at_home(kwargs["device"])
        return original(self, *_moved(args), **kwargs)

    for name in ("cuda", "xpu", "ipu", "mtia"):
        setattr(torch.nn.Module, name, stay)
    torch.nn.Module.to = to  # type: ignore[method-assign]
    for name in ("cuda", "xpu", "pin_memory", "record_stream"):
        setattr(torch.Tensor, name, stay)
    together = torch.nn.modules.batchnorm._BatchNorm.forward
    torch.nn.SyncBatchNorm.forward = together  # type: ignore[method-assign]
    replaced: list[tuple[Any, str, Any]] = [
        (torch.nn.SyncBatchNorm, "convert_sync_batchnorm", staticmethod(lambda module, process_group=None: module)),
        (torch.nn.DataParallel, "forward", lambda self, *args, **kwargs: self.module(*args, **kwargs)),
        (torch.nn.parallel, "DistributedDataParallel", Distributed),
    ]
    for owner, name, stand_in in replaced:
        setattr(owner, name, stand_in)


class Distributed(torch.nn.DataParallel[torch.nn.Module]):
    """DistributedDataParallel in one process: the module itself."""

    def __init__(self, module: torch.nn.Module, *args: Any, **kwargs: Any) -> None:
        """Wrap the module; which devices it was meant for does not matter."""
        super().__init__(module)


class Idle:
    """A stream, an event, a context of a GPU's: takes everything and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take any arguments."""

    def __enter__(self) -> Any:
        """Return itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Let exceptions through."""

    def elapsed_time(self, *args: Any) -> float:
        """Return no milliseconds."""
        return 0.0

    def query(self) -> bool:
        """Have everything done."""
        return True

    def __getattr__(self, name: str) -> Any:
        """Return a method that does nothing: `record`, `synchronize`, `wait_stream`."""
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **kwargs: None


class _Generators(type):
    def __call__(cls, device: Any = "cpu") -> Any:
        return torch._C.Generator(at_home(device))

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, torch._C.Generator)


class Generator(metaclass=_Generators):
    """`torch.Generator`, whose device no function mode sees."""


PROPERTIES = types.SimpleNamespace(
    name="the grader's device", total_memory=2**34, major=8, minor=0, multi_processor_count=1, is_integrated=False
)

_ANSWERS: Mapping[str, Any] = {
    "is_available": True,
    "is_built": True,
    "is_initialized": True,
    "device_count": 1,
    "current_device": 0,
    "current_device_index": 0,
    "current_device_idx": 0,
    "current_accelerator": PROCESSOR,
    "current_stream": Idle(),
    "default_stream": Idle(),
    "get_device_name": PROPERTIES.name,
    "get_device_properties": PROPERTIES,
    "get_device_capability": (8, 0),
    "get_arch_list": [],
    "is_bf16_supported": False,
    "is_tf32_supported": False,
    "mem_get_info": (2**34, 2**34),
    "get_memory_info": (2**34, 2**34),
    "memory_stats": {},
    "memory_summary": "",
    "recommended_max_memory": 2**34,
    "initial_seed": 0,
    "utilization": 0,
}
"""What functions about a GPU answer; numbers of bytes are 0, and everything else is None."""


_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, type(functools.lru_cache(id)))


def _quieten_modules() -> None:
    """Answer the student's questions about accelerators as if there were one, and torch's own with the truth.

    assert torch.cuda.is_available(), "please run this on a GPU"
    """
    for module in (torch.cuda, torch.mps, torch.xpu, torch.accelerator, torch.backends.mps):
        for name, original in list(vars(module).items()):
            if isinstance(original, _FUNCTIONS) and not name.startswith("_"):
                bytes_taken = 0 if "memory" in name and not name.startswith(("reset", "set")) else None
                setattr(module, name, _answering(original, _ANSWERS.get(name, bytes_taken)))


def _keep_default_type() -> None:
    """Keep float32 the default, in which pictures come; what was meant to be float64 throughout is float32 throughout.

    torch.set_default_dtype(torch.float64)          class Net: def forward(self, x): return self.conv(x.double())
    """
    wider: list[str] = []

    def set_default(kind: Any) -> None:
        wider[:] = ["double"] if any(word in str(kind) for word in ("float64", "Double")) else []

    def double_of(original: Callable[..., Any]) -> Callable[..., Any]:
        def double(self: Any, *args: Any, **kwargs: Any) -> Any:
            return self.float() if wider else original(self, *args, **kwargs)

        return double

    torch.set_default_dtype = torch.set_default_tensor_type = set_default
    for owner in (torch.Tensor, torch.nn.Module):
        owner.double = double_of(owner.double)  # type: ignore[method-assign]


def _one_process() -> None:
    """Let a program that spreads over processes be the only one of them."""
    if not torch.distributed.is_available():
        return
    for name, answer in {"get_rank": 0, "get_world_size": 1}.items():
        setattr(torch.distributed, name, _answering(getattr(torch.distributed, name), answer))
    for name in ("init_process_group", "destroy_process_group", "barrier", "all_reduce", "broadcast"):
        setattr(torch.distributed, name, _answering(getattr(torch.distributed, name), None))


def _answering(original: Callable[..., Any], answer: Any) -> Callable[..., Any]:
    """Return a function that calls the original for torch itself, and gives everybody else the answer."""

    def answering(*args: Any, **kwargs: Any) -> Any:
        asking = sys._getframe(1).f_globals.get("__name__", "")
        return original(*args, **kwargs) if asking.partition(".")[0] == "torch" else answer

    return answering
