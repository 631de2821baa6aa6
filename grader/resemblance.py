"""Which submissions of a gradebook are alike: gather their text, let a process behind the walls compare it.

The parent parses no code for this: what a capture's child said of the text goes, cut to a size, to a process of ours
that runs none of it (`sandbox/similar.py`). What comes back is read as a claim is. A comparison that fails costs no
grade: the pages then say that it is missing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from grader import events
from grader.bundled import course_reference
from grader.extras import is_installed
from grader.faults import GraderFault, OperatorFault
from grader.gradebook import Entry, Gradebook
from grader.handed import handed_in
from grader.records import Report, SourceText
from grader.records.plain import plain
from grader.records.similarity import Similarity
from grader.sandbox import ladder
from grader.sandbox.launch import comparer
from grader.sandbox.protocol import Limits
from grader.similarity import entries as compared
from grader.similarity.canonical import Piece

FORMAT = 1
"""Of comparisons; part of the key under which the last one is kept."""
LIMITS = Limits(wall_seconds=180, cpu_seconds=170, memory_megabytes=3072)
MOST_EACH = 300_000
"""Characters of one submission's code, and of its explanation."""
MOST_CHARACTERS = 64 * 2**20
"""Of everybody's code and explanation together."""
_SIMILARITY = TypeAdapter(Similarity)

Kept = dict[str, Any] | None


def similarity(gradebook: Gradebook, found: Sequence[tuple[Entry, Kept]]) -> Similarity | None:
    """Return which of these submissions are alike; None where there are not two to compare.

    What was found is kept, and found again as long as neither submissions nor templates change.
    """
    usable = [(one, kept) for one, kept in found if one.report.keys.capture]
    if len(usable) < 2:
        return None
    templates = _templates(gradebook)
    key = _key(usable, templates)
    room = min(MOST_EACH, MOST_CHARACTERS // len(usable))
    try:
        before = gradebook.find_similarity(key)
        if before is not None:
            return _read(before)
        entries = [_entry(gradebook, one.report, kept, room) for one, kept in usable]
        if sum(bool(one.pieces or one.passages) for one in entries) < 2:
            return None
        walls = ladder.demanded(str(gradebook.runs()[-1].invocation.options.get("isolation", "auto")), "cpu")
        answer = _compare(entries, templates, walls.fence)
    except (GraderFault, OperatorFault) as fault:
        events.tell("similarity", f"not compared: {fault}")
        return Similarity(0, "", notes=(f"The submissions were not compared with each other: {fault}",))
    gradebook.keep_similarity(key, plain(answer))
    return answer


def _compare(entries: Sequence[compared.Entry], templates: dict[str, bytes], fence: Any) -> Similarity:
    blobs = {f"template/{name}": content for name, content in templates.items()}
    blobs["entries"] = json.dumps([one.to_json() for one in entries]).encode()
    worker = comparer(fence)
    try:
        done = worker.run("similar", {}, blobs, LIMITS)
    finally:
        worker.stop()
    answer = done.result()
    if done.stopped is not None or answer.get("outcome") != "compared":
        trace = str(answer.get("trace", "")).strip().splitlines()
        raise GraderFault("The comparison ended badly.", trace[-1] if trace else done.stopped or done.trouble or "")
    return _read(answer["similarity"])


def _read(value: Any) -> Similarity:
    try:
        return _SIMILARITY.validate_python(value)
    except ValidationError as error:
        raise GraderFault("The comparison cannot be read.", str(error).splitlines()[0]) from error


def _entry(gradebook: Gradebook, report: Report, kept: Kept, room: int) -> compared.Entry:
    """Return what a submission is compared by, `room` characters of code and of explanation at most."""
    handed = handed_in(gradebook, report, kept)
    whole = report.layers if report.broke is None else ()
    return compared.Entry(
        report.submission.id,
        compared.people_of(report.submission),
        tuple(_pieces(handed.source, room)),
        handed.wanted,
        tuple(_passages(((one.where, one.text) for one in handed.explanation), room)),
        compared.network_of(whole),
        compared.weighted_of(whole),
    )


def _pieces(source: Iterable[SourceText], room: int) -> Iterable[Piece]:
    for one in source:
        if room <= 0:
            return
        yield Piece(one.file, one.cell, one.text[:room])
        room -= len(one.text)


def _passages(given: Iterable[tuple[str, str]], room: int) -> Iterable[tuple[str, str]]:
    for where, text in given:
        if room <= 0:
            return
        yield where, text[:room]
        room -= len(text)


def _templates(gradebook: Gradebook) -> dict[str, bytes]:
    """Return what counts for nobody: the reference solutions that come with the grader and what the course gave out."""
    folder = course_reference().parent
    brought = {f"reference/{one.name}": one.read_bytes() for one in sorted(folder.glob("solution*.*"))}
    return {**brought, **gradebook.templates()}


def _key(usable: Sequence[tuple[Entry, Kept]], templates: dict[str, bytes]) -> str:
    digest = hashlib.sha256(f"{FORMAT} {is_installed('copydetect')}".encode())
    for name, content in sorted(templates.items()):
        digest.update(repr((name, hashlib.sha256(content).hexdigest())).encode())
    for one, kept in usable:
        report = one.report
        documents = kept["documents_key"] if kept is not None else ""
        network = compared.network_of(report.layers)
        people = sorted(compared.people_of(report.submission))
        digest.update(repr((report.submission.id, report.keys.capture, documents, network, people)).encode())
    return digest.hexdigest()
