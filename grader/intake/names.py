"""What a name in a bulk download says: one pattern for each learning platform.

A name is trusted only up to its first match, because what comes after it was chosen by the student: a file called
`cnn_99_1234567_x.ipynb` cannot make its owner student 99.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from os.path import commonprefix

from grader.records import Member

Key = tuple[str, str]
"""Where an identity comes from, and what tells it from all others there."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What a name says about who handed it in.

    Attributes:
        platform: `Canvas`, `Moodle`, `Blackboard`, `Gradescope` or `GitHub`.
        key: what is equal for two files of one student and different for two students.
        id: the platform's id of the student.
        name: the student's name as far as the platform wrote it.
        own: the student's own name for the file; empty for a folder.
        late: whether the platform marked it.
        number: of the file, growing with time; 0 when there is none.
        attempt: when it was handed in, as text that sorts; empty when the name does not say.
        sure: whether the name alone is evidence enough.
        receipt: whether it is the platform's own note on an attempt.
        email: the student's; empty when it is not known.
        group: names of everybody it is handed in for, when there are several.
        handed_in: when, in ISO 8601; empty when the platform does not say.
        members: the same people with their ids, where the platform says them.
    """

    platform: str
    key: str
    id: str
    name: str
    own: str
    late: bool = False
    number: int = 0
    attempt: str = ""
    sure: bool = True
    receipt: bool = False
    email: str = ""
    group: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()
    handed_in: str = ""

    @property
    def identity(self) -> Key:
        """Return what is equal for two files of one student in the whole download."""
        return self.platform, self.key


_CANVAS = re.compile(r"(.*?)(_LATE)?_([0-9]{1,20})_([0-9]{1,20})_(.+)", re.DOTALL)
_CANVAS_ENTRY = re.compile(r"(.*?)(_LATE)?_([0-9]{1,20})_()((?:text|link)\.html)", re.DOTALL)
_CANVAS_ANONYMOUS = re.compile(
    r"(LATE_)?anon_(LATE_)?([A-Za-z0-9]{3,12})_(?:([0-9]{1,20})_(.+)|((?:text|link)\.html))", re.DOTALL
)
_MOODLE = re.compile(r"(.*?)_([0-9]{1,20})_assignsubmission_([a-z]+)(?:_(.*))?", re.DOTALL)
_BLACKBOARD = re.compile(r"(.+?)_attempt_([0-9]{4}(?:-[0-9]{2}){5})(?:_(.+)|(\.txt))", re.DOTALL)
_DATE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")


def canvas(name: str) -> Sign | None:
    """Read `doejane_LATE_12345_987654_cnn.ipynb`, `doejane_12345_link.html` and `anon_Ab3dE_987654_cnn.ipynb`."""
    anonymous = _CANVAS_ANONYMOUS.fullmatch(name)
    if anonymous and (anonymous[4] is None or len(anonymous[4]) >= 4):
        late, key, number = bool(anonymous[1] or anonymous[2]), anonymous[3], int(anonymous[4] or 0)
        own = anonymous[5] or anonymous[6]
        return Sign("Canvas", f"anon_{key}", key, f"Anonymous {key}", own, late, number)
    match = _CANVAS.fullmatch(name) or _CANVAS_ENTRY.fullmatch(name)
    if match is None:
        return None
    who, mark, user, attachment, own = match.groups()
    sure = bool(mark) or _is_plausible(who, user, attachment)
    return Sign("Canvas", user, user, who, own, bool(mark), int(attachment or 0), sure=sure)


def _is_plausible(who: str, user: str, number: str) -> bool:
    """Tell whether two numbers look like ids of a user and of a file, and not like a date or a version."""
    if "_" in who or who != who.lower() or len(user) < 3:
        return False
    if not number:
        return len(user) >= 4 and not _YEAR.fullmatch(user)
    is_date = bool(_DATE.fullmatch(user) and len(number) in (4, 6)) or bool(_YEAR.fullmatch(user) and len(number) <= 4)
    return len(number) >= 5 and not is_date


def moodle(name: str) -> Sign | None:
    """Read `Jane Doe_123456_assignsubmission_file` (a folder) and `…_assignsubmission_file_cnn.ipynb`."""
    match = _MOODLE.fullmatch(name)
    if match is None:
        return None
    who, number, _, own = match.groups()
    student = who.replace("_", " ")
    return Sign("Moodle", number, number, f"{student} {number}" if student == "Participant" else student, own or "")


def blackboard(name: str) -> Sign | None:
    """Read `ps1_jdoe_attempt_2016-01-30-20-30-10_cnn.ipynb` and the receipt `…_attempt_2016-01-30-20-30-10.txt`."""
    match = _BLACKBOARD.fullmatch(name)
    if match is None:
        return None
    head, moment, own, receipt = match.groups()
    user = head.rpartition("_")[2]
    receipt_name = own or "receipt.txt"
    when = _moment(moment)
    return Sign("Blackboard", head, user, user, receipt_name, attempt=moment, receipt=bool(receipt), handed_in=when)


def _moment(attempt: str) -> str:
    """Return `2016-01-30T20:30:10` for `2016-01-30-20-30-10`; empty where there is no such day."""
    try:
        return datetime.strptime(attempt, "%Y-%m-%d-%H-%M-%S").isoformat()  # noqa: DTZ007  the name says no zone
    except ValueError:
        return ""


PATTERNS: tuple[Callable[[str], Sign | None], ...] = (moodle, blackboard, canvas)


def signs(names: Collection[str]) -> dict[str, Sign]:
    """Return what the names of a class say, by name; names that only look like a download's are left out."""
    found: dict[str, Sign] = {}
    for name in names:
        sign = next((sign for pattern in PATTERNS if (sign := pattern(name)) is not None), None)
        if sign is not None:
            found[name] = sign
    if not _is_canvas(found, len(names)):
        found = {name: sign for name, sign in found.items() if sign.sure}
    return _with_blackboard_users(found)


def _is_canvas(found: Mapping[str, Sign], count: int) -> bool:
    """Tell whether names with short numbers are Canvas's: most of the folder, several people, each with one name."""
    canvas_signs = [sign for sign in found.values() if sign.platform == "Canvas"]
    names: dict[str, set[str]] = defaultdict(set)
    for sign in canvas_signs:
        names[sign.key].add(sign.name)
    numbers = Counter(sign.number for sign in canvas_signs if sign.number)
    different = {name for known in names.values() for name in known}
    return (
        2 * len(canvas_signs) > count
        and len(names) > 1
        and all(len(known) == 1 for known in names.values())
        and 2 * len(different) > len(names)
        and all(times == 1 for times in numbers.values())
    )


def _with_blackboard_users(found: Mapping[str, Sign]) -> dict[str, Sign]:
    """Cut the assignment's title off, which all names share; two users who differ stay different."""
    heads = sorted({sign.key for sign in found.values() if sign.platform == "Blackboard"})
    if len(heads) < 2:
        return dict(found)
    title = commonprefix(heads)  # noqa: RUF071  of letters is what is meant
    title = title[: title.rfind("_") + 1]
    users = {head: head[len(title) :] for head in heads}
    return {
        name: replace(sign, id=users[sign.key], name=users[sign.key]) if sign.platform == "Blackboard" else sign
        for name, sign in found.items()
    }


def clones(names: Collection[str], wrapper: str) -> dict[str, Sign]:
    """Read `cnn-jdoe`, folders of GitHub Classroom: what all share is the assignment."""
    title = f"{wrapper.removesuffix('-submissions')}-"
    if not all(name.startswith(title) and name != title for name in names):
        title = commonprefix(sorted(names)) if len(names) > 1 else ""  # noqa: RUF071  of letters
        title = title[: title.rfind("-") + 1]
    return {name: Sign("GitHub", name, name[len(title) :] or name, name[len(title) :] or name, "") for name in names}


_COPY = re.compile(r"(?:copy of|kopie von|copie de|copia de|cópia de|kopia)\s+", re.IGNORECASE)
_NUMBERED = re.compile(r"\s*\([0-9]{1,3}\)$")
_PERSON = re.compile(r"[^\W\d_][\w.'\u2019-]*(?:\s+[^\W\d_][\w.'\u2019-]*){1,4}")


def without_copy_marks(stem: str) -> str:
    """Return `cnn` for `Copy of cnn (1)`."""
    while match := _COPY.match(stem):
        stem = stem[match.end() :]
    return _NUMBERED.sub("", stem).strip()


def drive_student(stem: str) -> str:
    """Return the student's name in `Jane Doe - CNN assignment`; empty when it is not such a name."""
    who, dash, _ = without_copy_marks(stem).partition(" - ")
    return who.strip() if dash and _PERSON.fullmatch(who.strip()) else ""
