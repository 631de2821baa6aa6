"""Silent mistakes, each through the real capture and examination: the code, the numbers, the place; and good models."""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from grader.advice import MOST, noticed
from grader.records import Outcome
from tests.mistakes.silent import SILENT
from tests.mistakes.silent.good import GOOD
from tests.mistakes.silent.observing import Seen, seen
from tests.mistakes.specimen import Mistake, sampled
from tests.stress import STRESS

pytestmark = pytest.mark.slow

CODES = tuple(f"S{number:02}" for number in range(1, 37))
SAMPLE = sampled(SILENT)
GOOD_ONES = GOOD if STRESS else GOOD[::3]
VISIBLE: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "VISIBLE.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def found() -> dict[str, Seen]:
    """Capture and examine every submission once, with one warm worker."""
    return seen((one.name, one.files) for one in (*SAMPLE, *GOOD_ONES))


@pytest.mark.parametrize("mistake", SAMPLE, ids=lambda one: one.name)
def test_code_numbers_and_place(found: dict[str, Seen], mistake: Mistake) -> None:
    """A silent mistake gets its code, the right numbers, and the student's own cell and line."""
    said = {advice.code: advice for _, advice in noticed(found[mistake.name].observed)}
    assert mistake.code in said, sorted(said)
    advice = said[mistake.code]
    text = f"{advice.title}. {advice.help}"
    assert [one for one in mistake.says if one not in text] == [], text
    if mistake.place is not None:
        assert (advice.where.cell, advice.where.line) == mistake.place


@pytest.mark.parametrize("mistake", SAMPLE, ids=lambda one: one.name)
def test_said_once(found: dict[str, Seen], mistake: Mistake) -> None:
    """The report says it as advice, or a failed criterion says it, and never both."""
    report = found[mistake.name].report
    failed = {one.criterion for one in report.findings if one.outcome is Outcome.FAILED}
    advised = mistake.code in {one.code for one in report.advice}
    assert advised is (mistake.criterion not in failed)
    assert len(report.advice) <= MOST


@pytest.mark.parametrize("good", GOOD_ONES, ids=lambda one: one.name)
def test_good_models_are_left_alone(found: dict[str, Seen], good: Mistake) -> None:
    """Of a good model nothing is said but information."""
    one = found[good.name]
    assert one.observed.whole is not None
    assert [advice for mistake, advice in noticed(one.observed) if not mistake.informs] == []


def test_at_least_twenty_good_models() -> None:
    """There are enough good models, of different structure."""
    assert len({one.text for one in GOOD}) >= 20


def test_every_code_is_seen_where_the_table_says() -> None:
    """The corpus has two styles or more of each code, in exactly the channels of `VISIBLE.toml`."""
    styles = Counter(one.code for one in SILENT)
    seen_in = {code: {one.channel for one in SILENT if one.code == code} for code in CODES}
    assert {code: set(VISIBLE[code]["seen"]) for code in CODES} == seen_in
    assert [code for code in CODES if VISIBLE[code]["seen"] and styles[code] < 2] == []
    assert all(VISIBLE[code]["why"].endswith(".") for code in CODES)
