"""How long the trainings that are left will take."""

from __future__ import annotations

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.report.remaining import Measured, Running, Speed, fit, roughly, seconds_left
from tests.stress import STRESS

examples = settings(max_examples=400 if STRESS else 25, deadline=None)

MEGA = 1e6
# FLOPs for one picture of a class of 40: many like the lesson's, some with a VGG or a ResNet.
CLASS = (
    tuple(
        MEGA * one
        for one in (
            1.7,
            2.1,
            1.4,
            0.9,
            3.0,
            2.6,
            1.7,
            1.8,
            5.2,
            12.0,
            2.2,
            1.1,
            0.7,
            38.0,
            2.4,
            1.6,
            77.0,
            3.3,
            2.9,
            6.1,
        )
    )
    * 2
)


def test_two_trainings_give_the_line_through_them() -> None:
    """23 s at 10 FLOPs and 5 s at 1 are 2 s a FLOP and 3 s of overhead, if the overhead is believed at once."""
    speed = fit([Measured(10, 23), Measured(1, 5)])
    assert speed is not None
    assert speed.seconds(10) == pytest.approx(23, rel=0.1)
    assert 2.3 < speed.seconds(1) <= 5


def test_many_trainings_on_a_line_give_that_line() -> None:
    """Numbers without noise: 1.5 s of overhead and 0.25 s a FLOP."""
    speed = fit([Measured(flops, 1.5 + 0.25 * flops) for flops in range(2, 200, 2)])
    assert speed is not None
    assert speed.overhead == pytest.approx(1.5, rel=0.03)
    assert speed.per_flop == pytest.approx(0.25, rel=0.01)


def test_one_training_is_taken_as_proportional() -> None:
    """Where nothing tells overhead from speed, half the FLOPs are half the seconds."""
    speed = fit([Measured(10, 30)])
    assert speed is not None
    assert speed.seconds(5) == pytest.approx(15)
    known = fit([Measured(10, 30)], Speed(10.0, 7.0))
    assert known is not None
    assert (known.overhead, known.per_flop) == pytest.approx((10, 2))


def test_equal_trainings_do_not_make_small_ones_long() -> None:
    """The largest ten come first and cost the same; a small one is not thought to cost as much."""
    speed = fit([Measured(100 + index / 10, 50 + (-1) ** index) for index in range(10)])
    assert speed is not None
    assert speed.seconds(10) < 10


def test_coefficients_are_never_negative() -> None:
    """Seconds that fall with the FLOPs, or grow faster than they, end at zero."""
    falling = fit([Measured(1, 30), Measured(2, 20), Measured(300, 10)])
    steep = fit([Measured(10, 1), Measured(20, 11), Measured(30, 21)])
    assert falling is not None
    assert steep is not None
    assert falling.per_flop == 0
    assert steep.overhead == 0


def test_one_wild_training_changes_little() -> None:
    """A training that took twenty times as long, as the machine was busy, does not move the rest by a tenth."""
    calm = [Measured(flops, 2 + 0.1 * flops) for flops in range(20, 220, 10)]
    speed = fit([*calm, Measured(120, 280)])
    assert speed is not None
    assert speed.seconds(100) == pytest.approx(12, rel=0.1)


def test_before_anything_is_finished_the_stored_speed_speaks() -> None:
    """Without a training there is the speed of an earlier run, or nothing."""
    stored = Speed(1.0, 0.5)
    assert fit([], stored) is stored
    assert fit([Measured(0, 3), Measured(5, 0)], stored) is stored
    assert fit([]) is None
    assert seconds_left(None, [1.0], [], 2) is None


def test_workers_take_the_longest_first() -> None:
    """8, 5, 4 and 3 seconds on two workers end after 8+3 = 11 and 5+4 = 9 seconds."""
    speed = Speed(0.0, 1.0)
    assert seconds_left(speed, [3, 8, 4, 5], [], 2) == pytest.approx(11)
    assert seconds_left(speed, [3, 8, 4, 5], [], 1) == pytest.approx(20)


def test_what_runs_counts_by_what_is_left_of_it() -> None:
    """Of 10 s a quarter is done and of 4 s a half: 7.5 and 2 s; 5 s more go to the second worker."""
    speed = Speed(0.0, 1.0)
    assert seconds_left(speed, [5], [Running(10, 0.25), Running(4, 0.5)], 2) == pytest.approx(7.5)
    assert seconds_left(speed, [5, 4], [Running(10, 0.25), Running(4, 0.5)], 2) == pytest.approx(11)
    assert seconds_left(speed, [], [Running(10, 1.7)], 1) == 0
    assert seconds_left(speed, [], [], 0) is None


def night(seconds: list[float], workers: int) -> list[tuple[float, int]]:
    """Return when each training ends, as (second, index), if they are begun in order; the earliest first."""
    free = [(0.0, index) for index in range(workers)]
    ends = []
    for index, one in enumerate(seconds):
        began, worker = heapq.heappop(free)
        ends.append((began + one, index))
        heapq.heappush(free, (began + one, worker))
    return sorted(ends)


def told(seed: int, workers: int, finished: int, speed: Speed) -> float:
    """Return estimate over truth when so many of 40 trainings are finished, each off by up to 10 %."""
    chance = random.Random(seed)
    flops = sorted(CLASS, reverse=True)
    true = [speed.seconds(one) * chance.uniform(0.9, 1.1) for one in flops]
    ends = night(true, workers)
    now = ends[finished - 1][0]
    done = {index for _, index in ends[:finished]}
    begun = {index: end - true[index] for end, index in ends}
    running = [
        Running(flops[index], (now - began) / true[index])
        for index, began in begun.items()
        if index not in done and began <= now
    ]
    waiting = [flops[index] for index, began in begun.items() if began > now]
    left = seconds_left(fit([Measured(flops[index], true[index]) for index in done]), waiting, running, workers)
    assert left is not None
    return left / (ends[-1][0] - now)


@pytest.mark.parametrize("speed", [Speed(0.3, 2e-6), Speed(2.0, 2e-6), Speed(0.0, 4e-7)])
@pytest.mark.parametrize("workers", [1, 2, 6])
def test_the_estimate_is_within_a_fifth(workers: int, speed: Speed) -> None:
    """From 16 of 40 trainings on, the longest first, the rest is told within 20 %; from 8 on nearly always."""
    nights = range(60 if STRESS else 12)
    for finished in (16, 24):
        assert max(abs(told(seed, workers, finished, speed) - 1) for seed in nights) < 0.2
    early = [abs(told(seed, workers, finished, speed) - 1) for seed in nights for finished in (8, 12)]
    assert sum(off > 0.2 for off in early) <= len(early) / 8
    assert max(early) < 0.5


@examples
@given(
    st.lists(st.tuples(st.floats(1, 1e12), st.floats(1e-3, 1e5)), min_size=1, max_size=30),
    st.lists(st.floats(1, 1e12), max_size=30),
    st.integers(1, 9),
)
def test_an_estimate_is_always_a_sensible_number(
    finished: list[tuple[float, float]], waiting: list[float], workers: int
) -> None:
    """Whatever was measured: nothing is negative, and the rest takes between the sum over the workers and the sum."""
    speed = fit([Measured(*one) for one in finished])
    assert speed is not None
    assert speed.overhead >= 0
    assert speed.per_flop >= 0
    left = seconds_left(speed, waiting, [], workers)
    total = sum(map(speed.seconds, waiting))
    assert left is not None
    assert total / workers <= left * (1 + 1e-9) + 1e-9
    assert left <= total * (1 + 1e-9)


def test_time_is_said_roughly() -> None:
    """Minutes up to an hour, then five minutes; never seconds."""
    said = {8: "less than a minute", 50: "about 1 min", 2310: "about 38 min", 7790: "about 2 h 10 min"}
    assert {seconds: roughly(seconds) for seconds in said} == said
    assert roughly(3599) == "about 1 h 00 min"
