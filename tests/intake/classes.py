"""Random classes, and how each learning platform writes them down."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import yaml
from hypothesis import strategies as st

NAMES = (
    "Jane Doe",
    "José Núñez",
    "O'Brien Sean",
    "Smith-Jones Ann",
    "Nguyễn Đức",
    "李 伟",
    "Владимирова Ольга",
    "anon Able",
    "Late Larry",
    "Max 2024",
)
"""Few, so that several students of a class share one."""

OWN = (
    "cnn.ipynb",
    "model.py",
    "my net (final).ipynb",
    "a_12_34567_b.ipynb",
    "lab-2.ipynb",
    "LATE_work.py",
    "résumé.py",
)


@dataclass(frozen=True)
class Student:
    """One student of a generated class.

    Attributes:
        id: the platform's.
        name: as people write it.
        files: bytes by the student's own names; they count.
        earlier: bytes of first attempts, by names of files that were handed in again.
        late: whether it was late.
    """

    id: str
    name: str
    files: Mapping[str, bytes]
    earlier: Mapping[str, bytes]
    late: bool


@st.composite
def classes(draw: st.DrawFn) -> tuple[Student, ...]:
    """Draw a class of 2 to 8 students with ids of their own; names, files and attempts may coincide."""
    ids = draw(st.lists(st.integers(1_000, 999_999), min_size=2, max_size=8, unique=True))
    return tuple(_student(draw, str(one)) for one in ids)


def _student(draw: st.DrawFn, identity: str) -> Student:
    own = draw(st.lists(st.sampled_from(OWN), min_size=1, max_size=3, unique=True))
    files = {name: f"# {identity} {name}\n".encode() for name in own}
    again = draw(st.sampled_from([None, None, own[0]]))
    earlier = {again: f"# {identity} {again}, first try\n".encode()} if again else {}
    return Student(identity, draw(st.sampled_from(NAMES)), files, earlier, draw(st.booleans()))


def canvas(students: tuple[Student, ...]) -> dict[str, bytes]:
    """Return a Canvas download: a second attempt carries `-1` before its ending and a higher number."""
    found = {}
    number = 7_700_000
    for one in students:
        who = re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", one.name)).lower()
        head = f"{who}{'_LATE' if one.late else ''}_{one.id}"
        for name, blob in one.earlier.items():
            number += 1
            found[f"{head}_{number}_{name}"] = blob
        for name, blob in one.files.items():
            number += 1
            stem, dot, ending = name.rpartition(".")
            found[f"{head}_{number}_{stem}{'-1' if name in one.earlier else ''}{dot}{ending}"] = blob
    return found


def canvas_files(one: Student) -> dict[str, bytes]:
    """Return the names under which a Canvas student's files count."""
    return {
        (f"{name.rpartition('.')[0]}-1.{name.rpartition('.')[2]}" if name in one.earlier else name): blob
        for name, blob in one.files.items()
    }


def moodle(students: tuple[Student, ...], *, flat: bool) -> dict[str, bytes]:
    """Return a Moodle download, which holds the latest attempt alone."""
    return {
        f"{one.name.replace('_', ' ')}_{one.id}_assignsubmission_file{'_' if flat else '/'}{name}": blob
        for one in students
        for name, blob in one.files.items()
    }


def blackboard(students: tuple[Student, ...]) -> dict[str, bytes]:
    """Return a Blackboard download: attempts with their moments, and a receipt for each."""
    found = {}
    for one in students:
        for moment, files in (("2026-03-01-10-00-00", one.earlier), ("2026-03-02-10-00-00", one.files)):
            if files:
                head = f"CNN homework_u{one.id}_attempt_{moment}"
                found[f"{head}.txt"] = b"Name: somebody\n"
                found |= {f"{head}_{name}": blob for name, blob in files.items()}
    return found


def gradescope(students: tuple[Student, ...]) -> dict[str, bytes]:
    """Return a Gradescope export with its table; some students have no id of the university's."""
    table = {
        f"submission_{one.id}": {
            ":submitters": [
                {":name": one.name, ":email": f"{one.id}@x.edu", **({} if one.late else {":sid": f"S{one.id}"})}
            ]
        }
        for one in students
    }
    files = {
        f"assignment_9_export/submission_{one.id}/{name}": blob for one in students for name, blob in one.files.items()
    }
    return {**files, "assignment_9_export/submission_metadata.yml": yaml.safe_dump(table, allow_unicode=True).encode()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, blob in files.items():
            archive.writestr(name, blob)
    return stream.getvalue()
