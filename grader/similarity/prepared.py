"""Submissions made ready to be compared: streams, fingerprints and words, what counts for nobody taken out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from grader.similarity.canonical import Stream, stream_of
from grader.similarity.entries import Entry, Template
from grader.similarity.winnowing import Alphabet, Fingerprints, fingerprints
from grader.similarity.wording import Wording, wording_of

COMMON_SHARE = 3
"""What more than one in so many has is the course's."""
COMMON_PEOPLE = 5
"""But never what fewer than so many have: a handful may have copied."""

LEAST_TEXT = 300
"""Characters of code from which being equal to the last of them is no accident."""


@dataclass(frozen=True, slots=True)
class Side:
    """One submission, ready.

    Attributes:
        entry: what it was made of.
        stream: its code.
        text: digest of its code as it stands.
        code: digest of its stream; empty where it is too short to say anything.
        exact: fingerprints of its own code.
        masked: the same with all numbers alike.
        words: its explanation.
        runs: of it, those that are its own.
        own_words: words that these cover.
        names: the student's names.
        numbers: unusual numbers.
        course: tokens that a template, or too many, have.
    """

    entry: Entry
    stream: Stream
    text: str
    code: str
    exact: Fingerprints
    masked: Fingerprints
    words: Wording
    runs: frozenset[int]
    own_words: frozenset[int]
    names: frozenset[str]
    numbers: frozenset[str]
    course: frozenset[int]


def prepared(
    entries: Sequence[Entry], templates: Sequence[Template], library: Any, least: int
) -> tuple[list[Side], int]:
    """Return the submissions, and how many fingerprints count for nobody because many have them.

    `least` tokens are few enough to be equal by chance.
    """
    alphabet = Alphabet()
    known: dict[tuple[object, ...], Stream] = {}
    streams = [
        known.get(key) or known.setdefault(key, stream_of(*key))
        for key in ((one.pieces, one.wanted) for one in entries)
    ]
    words = [wording_of(text for _, text in one.passages) for one in entries]
    digests = [_digest("\0".join(one.tokens)) for one in streams]
    exact = [_prints(library, alphabet, one.tokens) for one in streams]
    masked = [_prints(library, alphabet, one.masked()) for one in streams]
    given = [stream_of((piece,)) for one in templates for piece in one.pieces]
    course_code = frozenset(key for one in given for key in _prints(library, alphabet, one.tokens).places)
    course_shape = frozenset(key for one in given for key in _prints(library, alphabet, one.masked()).places)
    course_words = frozenset(key for one in templates for key in wording_of(one.passages).runs)
    given_digests = {_digest("\0".join(one.tokens)) for one in given}
    # Copies that are equal count once: ten of them do not make a passage the course's.
    common_code = _common(zip(digests, (one.places for one in exact), strict=True))
    common_shape = _common(zip(digests, (one.places for one in masked), strict=True))
    texts = (_digest("\0".join(one.words)) for one in words)
    common_words = _common(zip(texts, (one.runs for one in words), strict=True))
    found = []
    for index, entry in enumerate(entries):
        stream, worded = streams[index], words[index]
        own = exact[index].without(course_code | common_code)
        own_masked = masked[index].without(course_shape | common_shape)
        runs = frozenset(worded.runs) - course_words - common_words
        is_template = digests[index] in given_digests
        text = "\0".join(one.text for one in entry.pieces)
        theirs = exact[index].without(course_code).covered() if library is not None else stream.tokens
        says = len(theirs) >= least and not is_template
        found.append(
            Side(
                entry,
                stream,
                "" if is_template or len(text) < LEAST_TEXT else _digest(text),
                digests[index] if says else "",
                own,
                own_masked,
                worded,
                runs,
                frozenset(worded.covered(runs)),
                frozenset(one for one in stream.names if len(one) >= 4),
                frozenset(one[1:] for one in stream.tokens if one[0] == "#" and len(one.strip("#-0.")) >= 3),
                frozenset(exact[index].covered() - own.covered()),
            )
        )
    return found, len(common_code - course_code)


def _prints(library: Any, alphabet: Alphabet, tokens: Sequence[str]) -> Fingerprints:
    return fingerprints(library, alphabet.text(tokens)) if library is not None else Fingerprints()


def _common(given: Iterable[tuple[str, Iterable[int]]]) -> frozenset[int]:
    """Return what more than a third of the different submissions have, of (digest, fingerprints) each."""
    different = dict(given)
    seen = Counter(key for one in different.values() for key in set(one))
    many = len(different) / COMMON_SHARE
    return frozenset(key for key, times in seen.items() if times >= COMMON_PEOPLE and times > many)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if text else ""
