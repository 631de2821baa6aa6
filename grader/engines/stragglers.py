"""How long jobs take, and which of those that run take much longer than they should."""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import dataclass, field

LEAST_SECONDS = 20.0
"""No job is a straggler before."""

TIMES = 3.0
"""What it has taken by then, in what is expected of it."""

_KNOWN = 5  # jobs of a kind that ended before anything is expected of the others
_REMEMBERED = 200


@dataclass(slots=True)
class Pace:
    """Seconds for a unit of cost, of the jobs of each kind that ended last."""

    _rates: dict[str, deque[float]] = field(default_factory=dict)

    def ended(self, kind: str, cost: float, seconds: float) -> None:
        """Learn of a job that ended; a cost of 0 is that of a job like any other of its kind."""
        self._rates.setdefault(kind, deque(maxlen=_REMEMBERED)).append(seconds / (cost or 1.0))

    def expected(self, kind: str, cost: float) -> float | None:
        """Return the seconds that a job is expected to take; None before enough is known."""
        rates = self._rates.get(kind, ())
        return statistics.median(rates) * (cost or 1.0) if len(rates) >= _KNOWN else None

    def is_straggler(self, kind: str, cost: float, seconds: float) -> bool:
        """Tell whether a job that has run for so long deserves a second copy, where a slot is idle."""
        expected = self.expected(kind, cost)
        return expected is not None and seconds > max(LEAST_SECONDS, TIMES * expected)
