"""What a course file says, and what follows from it for one check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple


class Course(NamedTuple):
    """What a course file says.

    Attributes:
        origin: the file's absolute path, or the URL that it came from.
        title: the assignment's name; empty when it says none.
        message: a sentence or two for the student; empty when there is none.
        ask: where to ask; empty when it says none.
        rubric: absolute path or URL of the rubric; empty for the one that the grader brings.
        rubric_sha256: what the rubric's bytes must have as their digest; empty when nobody says.
        data: absolute path or URL of the pictures that students may have; empty for the rubric's own.
        data_sha256: the same of the pictures' file.
    """

    origin: str
    title: str = ""
    message: str = ""
    ask: str = ""
    rubric: str = ""
    rubric_sha256: str = ""
    data: str = ""
    data_sha256: str = ""


class Guidance(NamedTuple):
    """What holds for one check, and what its report says about that.

    Attributes:
        rubric: path of the rubric's bytes; empty when the course leaves it to others.
        rubric_url: where these bytes came from, for messages; empty for a file of this machine.
        data: path of the pictures, unpacked; empty when they are not wanted or the course names none.
        data_name: what the course calls them.
        notes: sentences for the report.
    """

    rubric: str = ""
    rubric_url: str = ""
    data: str = ""
    data_name: str = ""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return self._asdict()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Guidance:
        """Read what `to_json` gave."""
        return cls(**{**stored, "notes": tuple(stored["notes"])})
