"""No identity is lost or merged wrongly, whatever platform a class comes from.

Five platforms' layouts, 200 classes each under GRADER_STRESS=1: 1,000 generated classes.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from grader import submissions
from grader.submissions import Bounds
from tests.intake.classes import Student, blackboard, canvas, canvas_files, classes, gradescope, moodle, zipped
from tests.stress import STRESS

COUNT = 200 if STRESS else 12

Class = tuple[Student, ...]


def id_of(platform: str, one: Student) -> str:
    """Return the id under which a platform knows a student."""
    if platform == "gradescope":
        return one.id if one.late else f"S{one.id}"
    return f"u{one.id}" if platform == "blackboard" else one.id


WAYS: dict[str, Callable[[Class], dict[str, bytes]]] = {
    "canvas": canvas,
    "moodle": lambda students: moodle(students, flat=False),
    "moodle flat": lambda students: moodle(students, flat=True),
    "blackboard": blackboard,
    "gradescope": gradescope,
}


@pytest.mark.parametrize("platform", WAYS)
def test_everybody_is_found_once_with_their_own_files(platform: str) -> None:
    """Each id is one submission with exactly the bytes that count; late marks and earlier attempts are said."""

    @settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck))
    @given(students=classes())
    def holds(students: Class) -> None:
        files = WAYS[platform](students)
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "class.zip"
            archive.write_bytes(zipped(files))
            judge(platform, students, archive)
            if platform != "gradescope":
                unpacked = Path(folder) / "class"
                write(files, unpacked)
                judge(platform, students, unpacked)

    holds()


def judge(platform: str, students: Class, path: Path) -> None:
    """Compare what was found with who handed it in."""
    found = {one.id: one for one in submissions.discover(path).submissions}
    assert set(found) == {id_of(platform, one) for one in students}
    for one in students:
        submission = found[id_of(platform, one)]
        expected = canvas_files(one) if platform == "canvas" else dict(one.files)
        assert dict(submissions.read(submission, Bounds()).code) == expected
        assert set(submission.files) == set(expected)
        if platform in ("canvas", "blackboard"):
            assert list(submission.superseded) == sorted(one.earlier)
        assert submission.late == (one.late and platform == "canvas")


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files below a folder."""
    for name, blob in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(blob)
