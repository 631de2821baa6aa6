"""How busy a GPU is, so that as many trainers share it as it has work and memory for.

Small networks leave most of a GPU idle: a step waits for the processor that starts its kernels. So one trainer after
the other is added while the GPU says that it has time left, and none any more once it is busy or full. Which trainings
run beside each other decides no bit of any.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

BUSY = 0.9
"""Share of the time in which kernels run from which on another trainer would only wait."""

SETTLED_SECONDS = 4.0
"""How long a trainer that was begun needs until the GPU feels it: it makes a context, loads pictures, finds kernels."""

LOOKS = 3
"""How many looks, a second apart, are averaged."""

BLIND = 4
"""Trainers at a time on a GPU that does not say how busy it is."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a GPU says of itself: bytes that are free, and the share of the last moment in which kernels ran."""

    free: int
    busy: float


@dataclass(slots=True)
class Occupancy:
    """Say whether a GPU takes one more trainer.

    Attributes:
        look: asks the GPU; None where it does not say.
        clock: seconds.
    """

    look: Callable[[], Look | None]
    clock: Callable[[], float] = time.monotonic
    _begun: float = field(default=float("-inf"))
    _looked: float = field(default=float("-inf"))
    _looks: list[Look] = field(default_factory=list)

    def admits(self, needed: int, running: int) -> bool:
        """Tell whether a training that takes so many bytes may be begun beside those that run, and count it as begun.

        The first one always may: a GPU that does not hold it alone never will.
        """
        now = self.clock()
        if running and not self._has_room(needed, running, now):
            return False
        self._begun, self._looks = now, []
        return True

    def _has_room(self, needed: int, running: int, now: float) -> bool:
        if now - self._begun < SETTLED_SECONDS or now - self._looked < 1:
            return False
        self._looked = now
        found = self.look()
        if found is None:
            return running < BLIND
        self._looks = [*self._looks, found][-LOOKS:]
        if len(self._looks) < LOOKS or found.free < needed:
            return False
        return sum(one.busy for one in self._looks) / LOOKS < BUSY


def of_first_gpu() -> Callable[[], Look | None]:
    """Return what asks the GPU that CUDA takes first, as NVIDIA's management library sees it.

    It counts GPUs by their place on the bus, and so does CUDA where they are alike. Without the library, or where it
    does not say, as on a part of a GPU, the answer is None.
    """
    try:
        import pynvml
    except ImportError:
        return lambda: None

    def look() -> Look | None:
        try:
            pynvml.nvmlInit()
            handle = _handle(pynvml)
            free = pynvml.nvmlDeviceGetMemoryInfo(handle).free
            return Look(int(free), pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100)
        except pynvml.NVMLError:
            return None

    return look


def _handle(library: Any) -> Any:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0].strip()
    if visible and not visible.isdigit():
        return library.nvmlDeviceGetHandleByUUID(visible)
    return library.nvmlDeviceGetHandleByIndex(int(visible or 0))
