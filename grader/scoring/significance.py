"""How far a number measured on a few pictures can be trusted: intervals and tests, pure arithmetic."""

from __future__ import annotations

import math

CONFIDENCE_95 = 1.959963984540054
"""The normal quantile of a two-sided 95 % interval."""


def wilson(successes: int, n: int, z: float = CONFIDENCE_95) -> tuple[float, float]:
    """Return the Wilson score interval of a share.

    Source: E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference",
    JASA 22, 209-212; recommended by Agresti and Coull (1998) and Brown, Cai and DasGupta (2001).

    Raises:
        ValueError: `n` is not positive or `successes` does not lie between 0 and `n`.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} is not a share")
    share = successes / n
    low = 0.0 if successes == 0 else max(1 - wilson_upper(1 - share, n, z), 0.0)
    high = 1.0 if successes == n else min(wilson_upper(share, n, z), 1.0)
    return low, high


def wilson_upper(share: float, n: int, z: float = CONFIDENCE_95) -> float:
    """Return the upper end of the Wilson interval; concave in `share` (0 to 1), so it climbs fastest at the bottom."""
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    return middle + z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))


def wilson_share(upper: float, n: int, z: float = CONFIDENCE_95) -> float:
    """Return the share whose interval ends at `upper`; 0 where even that one's ends higher.

    The interval is what the score test does not reject, so this is the end of the test's own, simpler interval.
    """
    if not 0 < upper < 1:
        return min(max(upper, 0.0), 1.0)
    return max(upper - z * math.sqrt(upper * (1 - upper) / n), 0.0)


def mcnemar(one_alone: int, other_alone: int) -> float:
    """Return the two-sided p-value of McNemar's exact test: a fair coin for each picture that only one has right.

    Source: Q. McNemar (1947), "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12, 153-157; the exact form is the sign test. Whole numbers all the way, so that
    thousands of pictures lose nothing to rounding.

    Raises:
        ValueError: a count is negative.
    """
    if one_alone < 0 or other_alone < 0:
        raise ValueError(f"{one_alone} and {other_alone} are not counts")
    n, fewer = one_alone + other_alone, min(one_alone, other_alone)
    ways = term = 1
    for chosen in range(1, fewer + 1):
        term = term * (n - chosen + 1) // chosen
        ways += term
    return min(1.0, ways / (1 << n) * 2)
