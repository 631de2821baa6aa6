"""What export follows, in place of what it gets wrong, and in place of compilers that it cannot look into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


def install_plain_precision(noted: list[str]) -> None:
    """Leave autocast out: the grader trains everybody in float32. A use is noted.

    Inside of autocast, `x.half()` meets layers in float32 and is their type there.
    """
    regions: list[Any] = []

    def enter(self: Any) -> Any:
        if "autocast" not in noted:
            noted.append("autocast")
        regions.append(self)
        return self

    def leave(self: Any, *exception: Any) -> None:
        if regions:
            regions.pop()

    def casting(original: Callable[..., Any]) -> Callable[..., Any]:
        def cast(self: Any, *args: Any, **kwargs: Any) -> Any:
            return self.float() if regions else original(self, *args, **kwargs)

        return cast

    torch.autocast.__enter__ = enter  # type: ignore[method-assign]
    torch.autocast.__exit__ = leave  # type: ignore[method-assign]
    for name in ("half", "bfloat16"):
        setattr(torch.Tensor, name, casting(getattr(torch.Tensor, name)))


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


def install_plain_programs() -> None:
    """Let compilers hand back what they are given: a network of Python's, which export looks into.

    @torch.jit.script            @torch.compile(mode="max-autotune")            net = torch.jit.trace(net, example)
    """

    def unchanged(program: Any = None, *args: Any, **kwargs: Any) -> Any:
        return (lambda later: later) if program is None else program

    torch.compile = unchanged  # type: ignore[assignment]
    for name in ("script", "trace", "script_method", "freeze", "optimize_for_inference"):
        setattr(torch.jit, name, unchanged)
