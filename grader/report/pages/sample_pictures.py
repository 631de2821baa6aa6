"""Pictures of the part that is handed out, with what a network answers to each; wrong answers first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.report.html_parts import escaped
from grader.report.plain import inert_line

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture and its answer.

    Attributes:
        source: the picture itself, as an address that holds it.
        true: name of its class.
        answer: name of the class that the network chose; None where it chose none.
        probability: how sure it is of that; None with the answer.
    """

    source: str
    true: str
    answer: str | None
    probability: float | None


def sample_pictures(shown: Sequence[Shown]) -> str:
    """Return the pictures; empty where there are none."""
    if not shown:
        return ""
    wrong = [one for one in shown if one.answer != one.true]
    right = [one for one in shown if one.answer == one.true]
    said = (
        f"{len(right)} of {len(shown)} are answered right. These are pictures to train on, which the network has seen; "
        "the score comes from others."
    )
    return f'<p>{said}</p><ul class="samples">{"".join(map(_item, (*wrong, *right)))}</ul>'


def _item(one: Shown) -> str:
    true = escaped(inert_line(one.true, 24))
    sure = f" {100 * one.probability:.0f} %" if one.probability is not None else ""
    if one.answer == one.true:
        words = f'<span class="green">✓ {true}{sure}</span>'
    else:
        answer = "no answer" if one.answer is None else escaped(inert_line(one.answer, 24))
        words = f'<span class="red">✗ {answer}{sure}</span><span class="dim">is {true}</span>'
    return (
        f'<li><img src="{one.source}" alt="a training picture of the class {true}" width="72" height="72">{words}</li>'
    )
