"""An ordinary network inside something that is not it."""

# mypy: disable-error-code="no-any-return"

import warnings

import torch
from torch import Tensor, fx, nn

from .base import Builder, SmallNet


class Holder(nn.Module):
    """Hold another network and pass everything on to it."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pictures: Tensor) -> Tensor:
        return self.inner(pictures)


def data_parallel() -> nn.Module:
    """Wrap for several GPUs, which puts `module.` before every name."""
    return nn.DataParallel(SmallNet())


def compiled() -> nn.Module:
    """Wrap in `torch.compile`, which starts a C++ compiler on the first pass."""
    # Building imports torch's compiler (5 s). The passes at N = 1, 2, 7 and 64 compile for 37 s together on one
    # core; without g++ they raise InductorError.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        wrapped = torch.compile(SmallNet())
    assert isinstance(wrapped, nn.Module)
    return wrapped


def scripted() -> nn.Module:
    """Translate to TorchScript, which keeps no Python class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.script(SmallNet())


def traced() -> nn.Module:
    """Record one pass as TorchScript, mode and branches as they were then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.jit.trace(SmallNet(), torch.zeros(2, 3, 32, 32))  # type: ignore[no-untyped-call]


def traced_by_fx() -> nn.Module:
    """Trace with torch.fx, which writes a class of its own from generated source."""
    return fx.symbolic_trace(SmallNet())


def held_three_deep() -> nn.Module:
    """Hold a network in holders, so that its layers are called `inner.inner.inner.conv`."""
    return Holder(Holder(Holder(SmallNet())))


MODELS: dict[str, Builder] = {
    "data_parallel": data_parallel,
    "compiled": compiled,
    "scripted": scripted,
    "traced": traced,
    "traced_by_fx": traced_by_fx,
    "held_three_deep": held_three_deep,
}
