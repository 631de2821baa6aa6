"""Points between chance and the reference: the course's figures, no leap anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.scoring.interpolation import MOST_FOR_STEP, STEP, chance_line, slope
from grader.scoring.significance import wilson


@pytest.mark.parametrize(("upper", "points"), [(0.33, 2.7), (0.45, 4.5), (0.55, 6), (0.9, 6), (0.15, 0), (0.05, 0)])
def test_points_of_the_course(upper: float, points: float) -> None:
    """With ten classes and a reference at 55 % the points are those of the course's notes (errors.md, 4 D)."""
    assert 6 * slope(chance_line(10), 0.55, 1000).share(upper) == pytest.approx(points)


def test_reference_at_chance() -> None:
    """Between chance and a reference that is no better there is nothing to interpolate."""
    with pytest.raises(ValueError, match="does not lie above chance"):
        slope(0.15, 0.15, 1000)


def test_two_classes_begin_lower() -> None:
    """With two classes chance (0.75) lies near the reference, so points begin lower than chance, as far as needed."""
    found = slope(chance_line(2), 0.95, 1000)
    assert found.chance == 0.75
    assert 0.64 < found.start < 0.66
    assert slope(chance_line(10), 0.9, 1000).start == 0.15


@given(st.integers(1, 3000), st.floats(0.02, 0.9), st.floats(0.01, 1), st.data())
def test_three_points_of_accuracy_move_at_most_a_tenth(
    n: int, chance: float, above: float, data: st.DataObject
) -> None:
    """However near chance and the reference lie, and however few pictures: no fall, and no leap."""
    line = slope(chance, min(chance + above, 1.0), n)
    first = data.draw(st.integers(0, n))
    other = data.draw(st.integers(first, min(n, first + int(STEP * n))))
    before, after = (line.share(wilson(one, n)[1]) for one in (first, other))
    assert 0 <= before <= after <= 1
    assert after - before <= MOST_FOR_STEP + 1e-6
