"""Strike out whose a submission is, wherever it says so: in its names, its files, its code and its explanation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from grader.records import Passage, Report, SourceText, Submission, report_from_json

STRUCK = "█████"

_WORDS = re.compile(r"[^\W_]+")
_SHORTEST = 3
"""Letters of a part of a name that is struck out alone; `Li` and `O` stand in too many words."""
_LONGEST_NUMBER = 3
"""Digits of an id that could as well be a size."""
_ALSO_WORDS = frozenset(
    "add art bell best bin case dean del der grant hope joy king layer long may max min mark mean mini net norm note "
    "page penny ray relu rich rose sage sky star sum tan test van view von will young main model notebook submission "
    "final homework assignment task cnn code python lab project report readme data solution exercise net torch".split()
)
"""Names and stems of files that are words as well: alone they are struck out only where they begin with a capital."""
_NEVER = frozenset(
    "main model notebook submission final homework assignment task cnn code python lab project report readme data "
    "solution exercise net torch untitled copy first convolutional network ipynb text cell comments features classes "
    "layers linear dense pool conv flatten input output shape size train training forward backward image images wrong "
    "and for from the with self class def return import functional sequential lightning".split()
)
"""Words of file names that say nothing of anybody."""
_OURS = frozenset(
    "status outcome role op stage criterion code changed machine_outcome applies_to version title guide".split()
)
"""Keys of a report under which the grader's own words stand, which records are made of again."""
_WIDE = 0x2E80
"""From here on scripts write words without spaces."""


@dataclass(frozen=True, slots=True)
class Blind:
    """What is struck out of one submission, and what it is called instead."""

    label: str
    pattern: re.Pattern[str] | None
    strict: re.Pattern[str] | None

    def text(self, said: str) -> str:
        """Return a text without anything that says whose it is."""
        for pattern in (self.pattern, self.strict):
            said = pattern.sub(STRUCK, said) if pattern is not None else said
        return said

    def report(self, report: Report) -> Report:
        """Return a report of nobody's."""
        values: dict[str, Any] = self._value({**report.to_json(), "submission": None, "keys": None})
        anonymous = Submission(self.label, self.label, ())
        # When it was handed in could be looked up; that it was late stays, as it costs points.
        anonymous = replace(anonymous, late=report.submission.late)
        bare = replace(report, submission=anonymous).to_json()
        return report_from_json({**values, "submission": bare["submission"], "keys": bare["keys"]})

    def passages(self, passages: Iterable[Passage]) -> tuple[Passage, ...]:
        """Return an explanation of nobody's."""
        return tuple(replace(one, where=self.text(one.where), text=self.text(one.text)) for one in passages)

    def source(self, source: Iterable[SourceText]) -> tuple[SourceText, ...]:
        """Return code of nobody's."""
        return tuple(replace(one, file=self.text(one.file), text=self.text(one.text)) for one in source)

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {key: one if key in _OURS else self._value(one) for key, one in value.items()}
            case list() | tuple():
                return [self._value(one) for one in value]
        return value


def blind(report: Report, label: str) -> Blind:
    """Return what strikes out whose `report` is; `label` is what stands in its place."""
    never = _NEVER | _of_the_rubric(report)
    anyhow: set[str] = set()
    capital: set[str] = set()
    for said, is_name in _identities(report.submission):
        words = [one for form in _spellings(said) for one in _WORDS.findall(form)]
        anyhow |= {said.strip()} | {form.strip() for form in _spellings(said)}
        if len(words) > 1:
            anyhow |= {"".join(_WORDS.findall(form)) for form in _spellings(said)}
        for word in words if is_name else ():
            if len(word) >= _SHORTEST and word.casefold() not in never:
                (capital if word.casefold() in _ALSO_WORDS else anyhow).add(word)
    capitals = {form for one in capital for form in (one.capitalize(), one.upper())}
    return Blind(label, _pattern(anyhow, re.IGNORECASE), _pattern(capitals, 0))


def _of_the_rubric(report: Report) -> frozenset[str]:
    """Return words that are none of a person's name: those of the rubric, where a file's name is all that is known."""
    if report.submission.student != report.submission.id:
        return frozenset()
    said = " ".join(f"{one.title} {one.evidence.get('guide', '')}" for one in report.findings)
    return frozenset(one.casefold() for one in _WORDS.findall(said))


def _identities(submission: Submission) -> Iterator[tuple[str, bool]]:
    """Yield everything that says whose a submission is, and whether each word of it does."""
    for name in (submission.student, *submission.group, *(one.name for one in submission.members)):
        yield name, True
    for email in (submission.email, *(one.email for one in submission.members)):
        yield email, False
        yield email.partition("@")[0], True
    for number in (submission.id, *(one.id for one in submission.members)):
        yield number, False
    for path in (*submission.files, *submission.superseded):
        yield path, False
        yield PurePosixPath(path).name, False
        for part in PurePosixPath(path).with_suffix("").parts:
            yield part, False


def _spellings(said: str) -> set[str]:
    """Return a name as it is and as it is written without accents."""
    german = said.translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"})
    bare = "".join(one for one in unicodedata.normalize("NFKD", said) if not unicodedata.combining(one))
    return {said, german, bare, unicodedata.normalize("NFC", said), unicodedata.normalize("NFD", said)}


def _pattern(needles: Iterable[str], flags: int) -> re.Pattern[str] | None:
    """Return what finds any of these as whole words, the longest first; None where there are none."""
    kept = sorted({one for one in needles if _says_something(one)}, key=lambda one: (-len(one), one))
    parts = [_whole(one) for one in kept]
    return re.compile("|".join(parts), flags) if parts else None


def _says_something(needle: str) -> bool:
    if needle.casefold() in _NEVER or not needle:
        return False
    if needle.isdecimal():
        return len(needle) > _LONGEST_NUMBER
    return len(needle) >= _SHORTEST or ord(max(needle)) >= _WIDE


def _whole(needle: str) -> str:
    """Return a pattern for a needle where no letter or digit stands before or after it; an underscore may."""
    found = re.escape(needle)
    if ord(max(needle)) >= _WIDE:
        return found
    before = r"(?<![^\W_])" if needle[0].isalnum() else ""
    after = r"(?![^\W_])" if needle[-1].isalnum() else ""
    return f"{before}{found}{after}"
