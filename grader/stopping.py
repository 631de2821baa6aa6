"""Ctrl-C while a batch runs: once it ends after what runs, twice at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class Stop:
    """How often Ctrl-C was pressed: once ends after the jobs that run, twice at once."""

    presses: int = 0

    @contextmanager
    def listening(self, told: Callable[[], None]) -> Iterator[None]:
        """Count Ctrl-C inside the block in place of raising KeyboardInterrupt anywhere; `told` hears of the first."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def press(_number: int, _frame: object) -> None:
            self.presses += 1
            if self.presses == 1:
                told()

        before = signal.signal(signal.SIGINT, press)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
