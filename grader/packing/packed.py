"""What lies in an autograder's archive: written by `grader pack gradescope`, read on Gradescope."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.packing.course_files import read_rubric
from grader.rubric import Rubric

VERSION = 1
MANIFEST = "pack.json"


@dataclass(frozen=True, slots=True)
class Packed:
    """The parts of an archive, by their paths in it.

    Attributes:
        rubric: the rubric file; functions of the instructor's own lie beside it.
        reference: the reference solution; None where nothing is trained.
        data: the pictures, of which some are held out; None for generated ones.
        remembered: what the reference answered when it was trained where the archive was made; None with it.
    """

    rubric: str
    reference: str | None = None
    data: str | None = None
    remembered: str | None = None

    @property
    def trains(self) -> bool:
        """Tell whether networks are to be trained."""
        return self.reference is not None

    def text(self) -> str:
        """Return the manifest."""
        return json.dumps({"version": VERSION, **asdict(self)}, indent=1) + "\n"

    def load(self, folder: Path, memory_megabytes: int | None) -> Rubric:
        """Return the rubric of an unpacked archive, with its reference, and no more memory for a job than there is."""
        found = read_rubric(folder / self.rubric)
        if self.reference is not None:
            there = found.reference.model_copy(update={"solution": str((folder / self.reference).resolve())})
            found = found.model_copy(update={"reference": there})
        if memory_megabytes is not None and memory_megabytes < found.limits.memory_megabytes:
            found = found.model_copy(
                update={"limits": found.limits.model_copy(update={"memory_megabytes": memory_megabytes})}
            )
        return found


def read(folder: Path) -> Packed:
    """Return what an unpacked archive says of itself; raise ValueError where another version wrote it."""
    plain = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if plain.pop("version") != VERSION:
        raise ValueError(f"{MANIFEST} was written by another version of the grader")
    return Packed(**plain)
