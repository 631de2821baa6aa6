"""Which jobs take much longer than they should, by those of their kind that ended."""

from __future__ import annotations

import pytest

from grader.engines.stragglers import LEAST_SECONDS, Pace


def test_nothing_is_expected_before_some_ended() -> None:
    """Four are not enough."""
    pace = Pace()
    for _ in range(4):
        pace.ended("training", 1e6, 10)
    assert pace.expected("training", 1e6) is None
    assert not pace.is_straggler("training", 1e6, 1e9)


def test_costs_count() -> None:
    """A network of ten times the FLOPs may take ten times as long."""
    pace = Pace()
    for _ in range(5):
        pace.ended("training", 1e6, 10)
    assert pace.expected("training", 1e7) == pytest.approx(100)
    assert pace.is_straggler("training", 1e6, 31)
    assert not pace.is_straggler("training", 1e7, 31)


def test_short_jobs_are_no_stragglers() -> None:
    """Three times a tenth of a second is nothing to run a second copy for."""
    pace = Pace()
    for _ in range(9):
        pace.ended("capture", 0, 0.1)
    assert not pace.is_straggler("capture", 0, LEAST_SECONDS)
    assert pace.is_straggler("capture", 0, LEAST_SECONDS + 1)
