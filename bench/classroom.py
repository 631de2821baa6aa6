"""A synthetic class as the zip that Canvas gives out: the examples and sound variations, the same for a seed.

python bench/classroom.py OUT.zip --seed 1 --size 180        # every example, and sound designs up to 180
python bench/classroom.py OUT.zip --seed 1 --only-sound 12   # sound designs alone

Beside OUT.zip, OUT.expected.json says for each id who handed in what. A class with examples has three submissions
beyond its size: an anonymous one (sound), one that is only a link and one that is only a PDF.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sound_notebooks import sound_files

EXAMPLES = Path(__file__).parents[1] / "submissions"
NOTICE = "EXPECTED.toml"

LATE = 0.07
AGAIN = 0.05
SAME_NAME = 0.03
"""Shares of the class: late, handed in twice, with the name of somebody else."""

MOMENT = (2026, 3, 6, 18, 0, 0)
"""The time of every file, so that the same seed gives the same bytes."""

FAMILIES = (
    "O'Brien Núñez Müller Nguyễn Okafor Smith-Jones García Kowalska Đặng Ødegård Öztürk Šimić D'Angelo Haddad Kim "
    "Tanaka Ivanova Singh Mbeki Larsson Costa Dubois Papadopoulos Cohen Silva Popescu Novák Åkesson 李 Владимирова "
    "Jensen McAllister Fernández Achebe Rossi Bauer Horváth Kaya Weiß Lindqvist"
).split()
GIVEN = (
    "Ana Bo Chloé Đức Emil Fatima Göran Hana Ines José Kofi Léa Mei Noor Oskar Priya Quinn Rosa Seán Tariq Ulla Vera "
    "Wei Ximena Yusuf Zoë Anna-Maria Ngozi Björn Leïla"
).split()

ORIGINALS = (
    "cnn{0}", "Untitled0{0}", "CNN_project{0}", "Copy of cnn{0}", "tiny images (final){0}", "{1}'s notebook{0}",
    "aml_cnn_{1}{0}", "model{0}", "time to convolve: {1}{0}", "project1{0}", "what is it?{0}", "Kopie von cnn{0}",
)  # fmt: skip
"""What students call their files: the ending and the student's given name are put in."""

LINK = """<html><head><title>Assignment submission</title></head><body>
<a href="https://colab.research.google.com/drive/1example">https://colab.research.google.com/drive/1example</a>
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Submission:
    """What one student handed in.

    Attributes:
        id: the number that Canvas knows the student by; of an anonymous one, letters and digits.
        student: the name as Canvas writes it into file names; "anon" where it is hidden.
        late: whether Canvas marked it.
        kind: the example's id, "sound", "link" or "pdf".
        uploads: names in the download and their bytes.
        files: the student's own names of what counts; of an own zip, the names in it.
        superseded: the student's own names of what a later attempt replaced.
    """

    id: str
    student: str
    late: bool
    kind: str
    uploads: tuple[tuple[str, bytes], ...]
    files: tuple[str, ...]
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Classroom:
    """A whole class, by the names of its uploads in order."""

    submissions: tuple[Submission, ...]

    def archive(self) -> bytes:
        """Return the zip that Canvas gives out."""
        return zipped([upload for one in self.submissions for upload in one.uploads])

    def expected(self) -> dict[str, dict[str, Any]]:
        """Return for each id what a grader must find."""
        return {
            one.id: {
                "student": one.student,
                "files": list(one.files),
                "late": one.late,
                "superseded": list(one.superseded),
                "kind": one.kind,
            }
            for one in self.submissions
        }


def build(seed: int, size: int, *, only_sound: bool = False) -> Classroom:
    """Return a class of `size`: the examples and sound designs, or sound designs alone.

    Raises:
        ValueError: the class is too small for the examples.
    """
    examples = [] if only_sound else sorted(_examples().items())
    if size < len(examples):
        raise ValueError(f"A class with the {len(examples)} examples needs a size of at least {len(examples)}.")
    office = _Office(Random(f"class {seed}"), set())
    found = [_example(office, name, files) for name, files in examples]
    for number in range(size - len(examples)):
        found.append(_sound(office, Random(f"design {seed} {number}"), found))
    if not only_sound:
        found += [_anonymous(office, Random(f"anonymous {seed}")), _link(office), _pdf(office)]
    return Classroom(tuple(sorted(found, key=lambda one: one.uploads[0][0])))


def zipped(files: list[tuple[str, bytes]]) -> bytes:
    """Return a zip whose bytes depend on nothing but the files: stored as they are, with one fixed time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, MOMENT)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


@dataclass(slots=True)
class _Office:
    """Gives out students, numbers and file names as Canvas does."""

    random: Random
    taken: set[str]
    attachment: int = 7_700_000

    def user(self) -> str:
        """Return a number that no other student has."""
        while (number := str(self.random.randrange(10_000, 99_999))) in self.taken:
            pass
        self.taken.add(number)
        return number

    def person(self) -> tuple[str, str]:
        """Return the name as it stands in file names, and the given name."""
        given = self.random.choice(GIVEN)
        return student_key(f"{self.random.choice(FAMILIES)}, {given}"), given

    def upload(self, prefix: str, original: str) -> str:
        """Return the name of a file in the download."""
        self.attachment += self.random.randrange(1, 40)
        return f"{prefix}_{self.attachment}_{attachment_name(original)}"

    def late(self) -> bool:
        """Draw whether somebody is late."""
        return self.random.random() < LATE


def student_key(sortable: str) -> str:
    """Return a name as Canvas writes it: small letters of any alphabet, nothing else."""
    return re.sub(r"\W", "", unicodedata.normalize("NFC", sortable).lower())


def attachment_name(original: str) -> str:
    """Return the name of an attachment as Canvas writes it: what a file system refuses becomes `_`."""
    return re.sub(r'[\x00/\\:*?"<>|]+', "_", unicodedata.normalize("NFC", original))


def _prefix(student: str, number: str, *, late: bool) -> str:
    return f"{student}_LATE_{number}" if late else f"{student}_{number}"


def _examples() -> dict[str, list[tuple[str, bytes]]]:
    """Return the files of each example by its id, with names as seen from its folder."""
    found: dict[str, list[tuple[str, bytes]]] = {}
    for path in sorted(EXAMPLES.iterdir()):
        if path.name == NOTICE or path.name.startswith((".", "_")):
            continue
        inside = sorted(one for one in path.rglob("*") if one.is_file() and "__pycache__" not in one.parts)
        files = [(one.relative_to(path).as_posix(), one.read_bytes()) for one in inside]
        canvas = re.fullmatch(r"[^\W_]+_(\d+)_\d+_.+", path.name)
        name = path.stem if path.is_file() else path.name
        found.setdefault(canvas[1] if canvas else name, []).extend(files or [(path.name, path.read_bytes())])
    return found


def _example(office: _Office, name: str, files: list[tuple[str, bytes]]) -> Submission:
    """Hand an example in: a folder as its files or, from three files on, as a zip of the student's own."""
    if name.isdigit():
        return _handed_in_twice(office, name, files)
    student, _ = office.person()
    number, late = office.user(), office.late()
    prefix = _prefix(student, number, late=late)
    if len(files) > 2:
        members = [(f"{name}/{inner}", content) for inner, content in files]
        uploads = [(office.upload(prefix, f"{name}.zip"), zipped(members))]
        return Submission(number, student, late, name, tuple(uploads), tuple(inner for inner, _ in members))
    uploads = [(office.upload(prefix, inner), content) for inner, content in files]
    return Submission(number, student, late, name, tuple(uploads), tuple(inner for inner, _ in files))


def _handed_in_twice(office: _Office, number: str, files: list[tuple[str, bytes]]) -> Submission:
    """Keep an example that already has names of Canvas; its last file is the one that counts."""
    office.taken.add(number)
    *earlier, last = [name.split("_", 3)[3] for name, _ in files]
    student = files[0][0].split("_", 1)[0]
    return Submission(number, student, False, number, tuple(files), (last,), tuple(earlier))


def _sound(office: _Office, random: Random, others: list[Submission]) -> Submission:
    """Hand a sound design in, now and then twice or under somebody else's name."""
    student, given = office.person()
    if others and office.random.random() < SAME_NAME:
        student = office.random.choice(others).student
    number, late = office.user(), office.late()
    prefix = _prefix(student, number, late=late)
    ending, content, _ = sound_files(random)
    pattern = office.random.choice(ORIGINALS)
    original = pattern.format(ending, given)
    if office.random.random() >= AGAIN:
        upload = office.upload(prefix, original)
        return Submission(number, student, late, "sound", ((upload, content),), (attachment_name(original),))
    again = pattern.format(f"-1{ending}", given)
    first = (office.upload(prefix, original), _unfinished(ending))
    second = (office.upload(prefix, again), content)
    names = attachment_name(again), attachment_name(original)
    return Submission(number, student, late, "sound", (first, second), names[:1], names[1:])


def _unfinished(ending: str) -> bytes:
    """Return a first attempt in which the model is still missing."""
    text = "import torch\n\n# the model comes tomorrow\n"
    if ending == ".py":
        return text.encode()
    cell: dict[str, Any] = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": text}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()


def _anonymous(office: _Office, random: Random) -> Submission:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
    number = "A" + "".join(random.choice(letters) for _ in range(4))
    ending, content, _ = sound_files(random)
    name = office.upload(f"anon_{number}", f"cnn{ending}")
    return Submission(number, "anon", False, "sound", ((name, content),), (f"cnn{ending}",))


def _link(office: _Office) -> Submission:
    student, _ = office.person()
    number = office.user()
    return Submission(
        number, student, False, "link", ((f"{student}_{number}_link.html", LINK.encode()),), ("link.html",)
    )


def _pdf(office: _Office) -> Submission:
    """Hand in the explanation of an example and nothing else."""
    student, _ = office.person()
    number = office.user()
    content = next(one for one in sorted(EXAMPLES.rglob("*.pdf"))).read_bytes()
    name = office.upload(_prefix(student, number, late=False), "explanation.pdf")
    return Submission(number, student, False, "pdf", ((name, content),), ("explanation.pdf",))


def _said(classroom: Classroom, out: Path) -> str:
    """Return one line about what was written."""
    kinds = [one.kind for one in classroom.submissions]
    late = sum(one.late for one in classroom.submissions)
    again = sum(bool(one.superseded) for one in classroom.submissions)
    sound = kinds.count("sound")
    return f"{out}: {len(kinds)} submissions ({sound} sound), {late} late, {again} handed in twice."


def main() -> None:
    """Write the zip and what is expected of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=180, help="examples and sound designs together")
    parser.add_argument("--only-sound", type=int, metavar="N", help="N sound designs and nothing else")
    found = parser.parse_args()
    alone = found.only_sound is not None
    try:
        classroom = build(found.seed, found.only_sound if alone else found.size, only_sound=alone)
    except ValueError as error:
        parser.error(str(error))
    found.out.write_bytes(classroom.archive())
    expected = json.dumps(classroom.expected(), indent=1, ensure_ascii=False, sort_keys=True)
    found.out.with_suffix(".expected.json").write_text(expected + "\n", encoding="utf-8")
    print(_said(classroom, found.out))


if __name__ == "__main__":
    main()
