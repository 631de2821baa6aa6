"""Read what a sandboxed child said: bounded, typed, and never more than a claim."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grader.faults import GraderFault
from grader.records import Break, Examination, Model, Repair, Where

LOG = logging.getLogger(__name__)

MOST_TEXT = 2_000
MOST_ITEMS = 50


@dataclass(frozen=True, slots=True)
class Claim:
    """A child's answer.

    Attributes:
        outcome: `captured`, `broke`, `uncapturable`, `crashed`; empty when it said nothing that can be read.
        reason: why it is uncapturable, or the last line of a crash.
        broke: where the student's code stopped.
        model: what was built.
        repairs: what was done for it.
        notes: sentences for the report.
    """

    outcome: str = ""
    reason: str = ""
    broke: Break | None = None
    model: Model | None = None
    repairs: tuple[Repair, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What was learned from the text before anything ran.

    Attributes:
        problems: one sentence each, with the place.
        model: the best candidate.
        others: names of further candidates.
        words: words in Markdown cells.
    """

    problems: tuple[str, ...] = ()
    model: Model | None = None
    others: tuple[str, ...] = ()
    words: int = 0

    def notes(self) -> tuple[str, ...]:
        """Return sentences for the report."""
        found = list(self.problems)
        if self.others:
            found.append(f"Other models in the submission: {', '.join(self.others)}.")
        return tuple(found)


_BREAK = TypeAdapter(Break)
_EXAMINATION = TypeAdapter(Examination)


def read_claim(plain: Any) -> Claim:
    """Read a RESULT frame of the capture job; what does not fit is left out."""
    if not isinstance(plain, dict):
        return Claim()
    outcome = plain.get("outcome")
    if outcome not in ("captured", "broke", "uncapturable", "crashed"):
        return Claim()
    reason = _text(plain.get("reason", ""))
    if outcome == "crashed":
        trace = plain.get("trace")
        LOG.warning("a sandboxed child crashed in our own code:\n%s", trace)
        reason = _text((trace.strip().splitlines() or [""])[-1]) if isinstance(trace, str) else ""
    broke = _break(plain.get("broke"))
    if outcome == "broke" and broke is None:
        return Claim()
    return Claim(
        outcome, reason, broke, _model(plain.get("model")), _repairs(plain.get("repairs")), _texts(plain.get("notes"))
    )


def read_facts(plain: Any) -> Facts:
    """Read a FACTS frame; an empty one where there is none."""
    if not isinstance(plain, dict):
        return Facts()
    problems = [_text(one.get("message", "")) for one in _items(plain.get("problems")) if isinstance(one, dict)]
    words = plain.get("words")
    return Facts(
        tuple(problems), _model(plain.get("model")), _texts(plain.get("others")), words if type(words) is int else 0
    )


def examination_from(plain: Any) -> Examination | None:
    """Read an examination of our own trainer's; raise GraderFault where it is not one."""
    if plain is None:
        return None
    try:
        return _EXAMINATION.validate_python(plain)
    except ValidationError as error:
        raise GraderFault("The examination cannot be read.", str(error).splitlines()[0]) from error


def _break(plain: Any) -> Break | None:
    if not isinstance(plain, dict):
        return None
    try:
        found = _BREAK.validate_python(
            {key: _text(value) if isinstance(value, str) else value for key, value in plain.items()}
        )
    except ValidationError:
        return None
    return found if found.stage in ("read", "build", "forward") else None


def _model(plain: Any) -> Model | None:
    if not isinstance(plain, dict) or not isinstance(plain.get("where"), dict):
        return None
    where = plain["where"]
    file, cell, line = where.get("file"), where.get("cell"), where.get("line")
    place = Where(
        _text(file) if isinstance(file, str) else None,
        cell if type(cell) is int else None,
        line if type(line) is int else None,
    )
    return Model(_text(plain.get("name", "")), _text(plain.get("how", "")), place, None, None)


def _repairs(plain: Any) -> tuple[Repair, ...]:
    return tuple(
        Repair(_text(one.get("kind", "")), _text(one.get("message", "")))
        for one in _items(plain)
        if isinstance(one, dict)
    )


def _texts(plain: Any) -> tuple[str, ...]:
    return tuple(_text(one) for one in _items(plain))


def _items(plain: Any) -> list[Any]:
    return plain[:MOST_ITEMS] if isinstance(plain, list) else []


def _text(value: Any) -> str:
    return value[:MOST_TEXT] if isinstance(value, str) else ""
