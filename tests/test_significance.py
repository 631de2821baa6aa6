"""Intervals and tests against known values and against scipy's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from grader.scoring.significance import mcnemar, wilson, wilson_share, wilson_upper


@pytest.mark.parametrize(
    ("n", "half"), [(100, 9.4), (200, 6.7), (500, 4.3), (1000, 3.0), (2000, 2.1), (5000, 1.4), (10_000, 1.0)]
)
def test_wilson_at_sixty_percent(n: int, half: float) -> None:
    """At 60 % the half-width is what the course's notes measured (errors.md, 3.3)."""
    low, high = wilson(round(0.6 * n), n)
    assert 100 * (high - low) / 2 == pytest.approx(half, abs=0.05)


def test_wilson_at_known_values() -> None:
    """The interval agrees with R's `prop.test(81, 263, correct = FALSE)`, Newcombe's example."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_wilson_at_its_ends() -> None:
    """None right reaches exactly down to 0, all right exactly up to 1; neither is a point."""
    assert wilson(0, 10)[0] == 0.0
    assert wilson(0, 10)[1] == pytest.approx(0.2775, abs=5e-5)
    assert wilson(10, 10)[1] == 1.0
    assert wilson(10, 10)[0] == pytest.approx(0.7225, abs=5e-5)


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 10), (11, 10)])
def test_wilson_of_no_share(successes: int, n: int) -> None:
    """What is not a share raises."""
    with pytest.raises(ValueError, match="is not a share"):
        wilson(successes, n)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share(counts: tuple[int, int]) -> None:
    """The interval lies between 0 and 1, around the share, and is as wide from the other side."""
    successes, n = counts
    low, high = wilson(successes, n)
    assert 0 <= low <= successes / n <= high <= 1
    assert wilson(n - successes, n) == pytest.approx((1 - high, 1 - low))


@given(st.floats(0.001, 0.999), st.integers(1, 10_000))
def test_the_share_whose_interval_ends_there(upper: float, n: int) -> None:
    """The inverse finds the share whose upper end was asked for, or 0 where even that one's is higher."""
    found = wilson_share(upper, n)
    if found > 0:
        assert wilson_upper(found, n) == pytest.approx(upper, abs=1e-9)
    else:
        assert wilson_upper(0, n) >= upper - 1e-12


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_sign_test(one: int, other: int) -> None:
    """The p-value is that of scipy's two-sided binomial test of the pictures that only one has right."""
    expected = binomtest(one, one + other).pvalue if one + other else 1.0
    assert mcnemar(one, other) == pytest.approx(expected)


def test_mcnemar_at_known_values() -> None:
    """One against none proves nothing; six against none is 1/32; thousands of pictures do not overflow."""
    assert mcnemar(1, 0) == 1.0
    assert mcnemar(6, 0) == 2 / 64
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(4000, 5000) < 1e-20


def test_mcnemar_of_no_counts() -> None:
    """Negative counts raise."""
    with pytest.raises(ValueError, match="not counts"):
        mcnemar(-1, 3)
