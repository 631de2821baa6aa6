"""Loud mistakes, each through the real capture: the code, the numbers, the place, and the fix that works.

Codes that only a training loop of the student's own can raise are explained from what their notebook shows.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from grader.diagnosis import LIVE as IN_A_NOTEBOOK
from grader.diagnosis import Explanation, Scene, explain, explain_scene
from grader.records import Break, Report, Where
from tests.mistakes.applying import applied
from tests.mistakes.capturing import reports
from tests.mistakes.loud import LOUD
from tests.mistakes.loud.live import LIVE, Shown
from tests.mistakes.specimen import Mistake, sampled
from tests.stress import STRESS

pytestmark = pytest.mark.slow

CODES = tuple(f"E{number:02}" for number in range(1, 39))
SHAPE, CLASSES = (3, 32, 32), 10
ROUNDS = 3
VISIBLE: dict[str, dict[str, Any]] = tomllib.loads((Path(__file__).parent / "VISIBLE.toml").read_text(encoding="utf-8"))
SAMPLE = sampled(LOUD)
STOPS = [one for one in SAMPLE if not one.criterion and one.name not in ("E35-reassigned", "E35-other_sizes")]
JUDGED = [one for one in SAMPLE if one not in STOPS]


@pytest.fixture(scope="module")
def found() -> dict[str, Report]:
    """Capture every submission once."""
    return reports((one.name, one.files) for one in SAMPLE)


def explained(report: Report) -> Explanation:
    """Return what the student reads about where their code stopped."""
    assert report.broke is not None
    return explain_scene(Scene(report.broke, report.layers, CLASSES, SHAPE))


@pytest.mark.parametrize("mistake", STOPS, ids=lambda one: one.name)
def test_code_numbers_and_place(found: dict[str, Report], mistake: Mistake) -> None:
    """A submission that stops gets its code, the right numbers, and the student's own cell and line."""
    report = found[mistake.name]
    said = explained(report)
    assert said.code == mistake.code, said
    text = f"{said.cause} {said.help}"
    assert [one for one in mistake.says if one not in text] == [], text
    assert report.broke is not None
    if mistake.place is not None:
        assert (report.broke.where.cell, report.broke.where.line) == mistake.place


@pytest.mark.parametrize("mistake", JUDGED, ids=lambda one: one.name)
def test_what_does_not_stop_is_said_where_it_is_judged(found: dict[str, Report], mistake: Mistake) -> None:
    """A mistake that the capture survives is told by its criterion, or by the repair that was needed."""
    report = found[mistake.name]
    judged = [f"{one.rationale} {one.help}" for one in report.findings if one.criterion == mistake.criterion]
    repaired = [one.message for one in report.model.repairs] if report.model is not None else []
    text = " ".join([*judged, *repaired, *report.notes])
    assert report.broke is None
    assert [one for one in mistake.says if one not in text] == [], text


@pytest.mark.parametrize("shown", LIVE, ids=lambda one: f"{one.code}-{one.message[:30]}")
def test_what_a_notebook_shows(shown: Shown) -> None:
    """An exception of the student's own loop is explained from its words and its line, in old wordings too."""
    broke = Break(IN_A_NOTEBOOK, shown.kind, shown.message, Where("a.ipynb", 3, 7), shown.source)
    said = explain(broke, None, CLASSES, SHAPE)
    assert said.code == shown.code, said
    text = f"{said.cause} {said.help}"
    assert [one for one in shown.says if one not in text] == [], text


def test_every_code_is_seen_where_the_table_says() -> None:
    """The corpus has at least two styles a code, and sees it in exactly the channels of `VISIBLE.toml`."""
    styles = Counter([one.code for one in LOUD] + [one.code for one in LIVE])
    assert {code: styles[code] for code in CODES if styles[code] < 2} == {}
    seen = {code: {one.channel for one in LOUD if one.code == code} for code in CODES}
    for shown in LIVE:
        seen[shown.code].add("live")
    assert {code: set(VISIBLE[code]["seen"]) for code in CODES} == seen
    assert all(VISIBLE[code]["why"].endswith(".") for code in CODES)


def test_the_printed_fix_works(found: dict[str, Report]) -> None:
    """Typing the printed fixes into the text, at most three in a row, makes every such network run to its end."""
    left = {one.name: one for one in STOPS if explained(found[one.name]).fix is not None}
    numeric = {name for name in left if _number(explained(found[name]))}
    assert len(numeric) >= (16 if STRESS else 10)
    current = {name: found[name] for name in left}
    for _ in range(ROUNDS):
        for name, mistake in left.items():
            report = current[name]
            assert report.broke is not None
            fix = explained(report).fix
            assert fix is not None, (name, report.broke, mistake.text)
            left[name] = applied(mistake, fix, report.broke.where)
        current = reports((name, mistake.files) for name, mistake in left.items())
        left = {name: mistake for name, mistake in left.items() if current[name].broke is not None}
    assert {name: (current[name].broke, mistake.text) for name, mistake in left.items()} == {}


def _number(said: Explanation) -> bool:
    return said.fix is not None and (said.fix.value is not None or any(one.isdigit() for one in said.fix.new))
