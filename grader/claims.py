"""Read what a sandboxed child said: bounded, typed, and never more than a claim."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grader.faults import GraderFault
from grader.records import (
    Break,
    Examination,
    LaidOut,
    LaidOutCell,
    Model,
    Passage,
    Practice,
    Repair,
    Sample,
    SourceText,
    Where,
)
from grader.rendering.cleaning import is_layout

LOG = logging.getLogger(__name__)

MOST_TEXT = 2_000
MOST_ITEMS = 50
MOST_PASSAGES = 501
MOST_PASSAGE = 20_000
MOST_EXPLANATION = 200_000
MOST_WORDS = 10**9
MOST_PIECES = 6_000
MOST_SOURCE = 10**6
MOST_HTML = 400_000
MOST_CELLS = 400


@dataclass(frozen=True, slots=True)
class Claim:
    """A child's answer.

    Attributes:
        outcome: `captured`, `broke`, `uncapturable`, `crashed`; empty when it said nothing that can be read.
        reason: why it is uncapturable, or the last line of a crash.
        broke: where the student's code stopped; of the stage `capture`, the line that no graph can hold.
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
        choice: why the candidate was taken before the others; empty where there is one alone.
        explanation: what stands in Markdown cells and comments.
        source: the code as it was read, in order.
        practice: how it trains and measures.
        wanted: where the statements begin that build the network: file, cell, line.
    """

    problems: tuple[str, ...] = ()
    model: Model | None = None
    others: tuple[str, ...] = ()
    choice: str = ""
    explanation: tuple[Passage, ...] = ()
    source: tuple[SourceText, ...] = ()
    practice: Practice = field(default_factory=Practice)
    wanted: tuple[tuple[str, int | None, int], ...] = ()

    def notes(self) -> tuple[str, ...]:
        """Return sentences for the report."""
        found = list(self.problems)
        if self.others:
            found.append(f"{self.choice} Other models in the submission: {', '.join(self.others)}.".strip())
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Explained:
    """What was read from the documents beside a notebook.

    Attributes:
        passages: one for each document with words in it.
        problems: one sentence for each document that a human has to look at.
    """

    passages: tuple[Passage, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """What was laid out for the pages.

    Attributes:
        notebooks: one for each that could be laid out.
        problems: one sentence for each that could not.
    """

    notebooks: tuple[LaidOut, ...] = ()
    problems: tuple[str, ...] = ()


_BREAK = TypeAdapter(Break)
_SAMPLES = TypeAdapter(tuple[Sample, ...])
_EXAMINATION = TypeAdapter(Examination)
_PRACTICE = TypeAdapter(Practice)


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
    return Facts(
        tuple(problems),
        _model(plain.get("model")),
        _texts(plain.get("others")),
        _text(plain.get("choice", "")),
        _passages(plain.get("explanation")),
        _source(plain.get("source")),
        _practice(plain.get("practice")),
        _wanted(plain.get("slice")),
    )


def read_explained(plain: Any) -> Explained:
    """Read a RESULT frame of the job that reads documents; where it said nothing that can be read, a human looks."""
    if not isinstance(plain, dict) or plain.get("outcome") != "explained":
        return Explained(problems=("The documents beside the notebook could not be read; a human looks at them.",))
    return Explained(_passages(plain.get("passages")), _texts(plain.get("problems")))


def read_rendered(plain: Any) -> Rendered:
    """Read a RESULT frame of the job that lays out notebooks; what does not fit ends a notebook."""
    if not isinstance(plain, dict) or plain.get("outcome") != "rendered":
        return Rendered()
    found: list[LaidOut] = []
    problems = _texts(plain.get("problems"))
    room = MOST_HTML
    for one in _items(plain.get("notebooks")):
        file, left_out = (one.get("file"), one.get("left_out")) if isinstance(one, dict) else (None, None)
        if not isinstance(file, str) or type(left_out) is not int or not 0 <= left_out < MOST_WORDS:
            continue
        cells: list[LaidOutCell] = []
        for cell in _items(one.get("cells"), MOST_CELLS):
            number, text = (cell.get("cell"), cell.get("html")) if isinstance(cell, dict) else (None, None)
            if not isinstance(text, str) or len(text) > room:
                break
            room -= len(text)
            cells.append(LaidOutCell(number if type(number) is int else None, _text(text, MOST_HTML)))
        if all(is_layout(cell.html) for cell in cells):
            found.append(LaidOut(_text(file), tuple(cells), left_out))
        else:
            problems = (*problems, f"{_text(file)} was laid out with more than words and pictures; this is its text.")
    return Rendered(tuple(found), problems)


def read_samples(plain: Any) -> tuple[Sample, ...]:
    """Read what a trainer says of its answers to a few pictures; nothing of it where a part does not fit."""
    try:
        return _SAMPLES.validate_python(_items(plain))
    except ValidationError:
        return ()


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
            {
                key: _texts(value) if key == "names" else _text(value) if isinstance(value, str) else value
                for key, value in plain.items()
            }
        )
    except ValidationError:
        return None
    return found if found.stage in ("read", "build", "forward", "capture") else None


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


def _passages(plain: Any) -> tuple[Passage, ...]:
    """Read passages; what has no place or no count of words is left out."""
    found: list[Passage] = []
    room = MOST_EXPLANATION
    for one in _items(plain, MOST_PASSAGES):
        where, words = (one.get("where"), one.get("words")) if isinstance(one, dict) else (None, None)
        if not isinstance(where, str) or type(words) is not int or not 0 < words < MOST_WORDS:
            continue
        text = _text(one.get("text"), min(MOST_PASSAGE, room))
        room -= len(text)
        found.append(Passage(_text(where), words, text))
    return tuple(found)


def _source(plain: Any) -> tuple[SourceText, ...]:
    """Read pieces of code, up to the first that is none or finds no room."""
    found: list[SourceText] = []
    room = MOST_SOURCE
    for one in _items(plain, MOST_PIECES):
        file, cell, text = (one.get(key) for key in ("file", "cell", "text")) if isinstance(one, dict) else (None,) * 3
        if not isinstance(file, str) or not isinstance(text, str) or len(text) > room:
            break
        room -= len(text)
        found.append(SourceText(_text(file), cell if type(cell) is int else None, _text(text, room=MOST_SOURCE)))
    return tuple(found)


def _wanted(plain: Any) -> tuple[tuple[str, int | None, int], ...]:
    """Read where statements begin; what is no place in a text is left out."""
    found = []
    for one in _items(plain, MOST_PIECES):
        file, cell, line = (one.get(key) for key in ("file", "cell", "line")) if isinstance(one, dict) else (None,) * 3
        if isinstance(file, str) and type(line) is int and (cell is None or type(cell) is int):
            found.append((_text(file), cell, line))
    return tuple(found)


def _practice(plain: Any) -> Practice:
    """Read how a submission trains; nothing of it where a part does not fit."""
    if not isinstance(plain, dict):
        return Practice()
    try:
        return _PRACTICE.validate_python({key: _short(value) for key, value in plain.items()})
    except ValidationError:
        return Practice()


def _short(plain: Any, depth: int = 0) -> Any:
    """Cut the texts and lists of a claim to what is read of it."""
    if isinstance(plain, str):
        return _text(plain)
    if isinstance(plain, list) and depth < 4:
        return [_short(one, depth + 1) for one in plain[:MOST_ITEMS]]
    if isinstance(plain, dict) and depth < 4:
        return {key: _short(value, depth + 1) for key, value in plain.items()}
    return plain if isinstance(plain, bool | int | None) else None


def _items(plain: Any, most: int = MOST_ITEMS) -> list[Any]:
    return plain[:most] if isinstance(plain, list) else []


def _text(value: Any, room: int = MOST_TEXT) -> str:
    """Return the beginning of a text; a lone surrogate, which no file can hold, becomes a question mark."""
    return value[:room].encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else ""
