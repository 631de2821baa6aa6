"""A folder, a zip or an LMS download becomes submissions: who handed in what, read once and within bounds."""

from __future__ import annotations

from pathlib import Path

from grader.faults import OperatorFault
from grader.intake.folders import folder_item, list_folder
from grader.intake.gradescope import METADATA
from grader.intake.grouping import Intake, group
from grader.intake.listing import CODE, Entry, Listing, has_ending, stem
from grader.intake.mapping import read_mapping
from grader.intake.mapping import write as _write_unknown
from grader.intake.owners import Known
from grader.intake.people import Roster, read_roster
from grader.intake.reading import Bounds, Handed, read
from grader.intake.zips import expanded, list_archive
from grader.records import Place, Problem, Submission

__all__ = ["Bounds", "Handed", "Intake", "discover", "read", "single", "write_mapping"]


def discover(
    path: Path, *, roster: Path | None = None, mapping: Path | None = None, bounds: Bounds | None = None
) -> Intake:
    """Return the submissions of a class: a folder of files, a folder for each student, or the zip of an LMS.

    Files that share the identity that Canvas, Moodle, Blackboard or Gradescope gave them are one submission;
    otherwise each file and each subfolder is one. One bad file is a submission with its problem, never an exception.

    Raises:
        OperatorFault: there is nothing to grade, the archive or one of the tables cannot be read.
    """
    if not path.exists():
        raise OperatorFault(f"{path} does not exist.", fix="Give the folder or the zip with the submissions.")
    listing = _listing(path) if path.is_dir() else list_archive(path.resolve())
    known = Known(
        read_roster(roster) if roster is not None else Roster(), read_mapping(mapping) if mapping is not None else {}
    )
    intake = group(listing, known, bounds or Bounds())
    if not intake.submissions:
        raise OperatorFault(f"{path} holds no notebook, module or folder of them.")
    return intake


def _listing(folder: Path) -> Listing:
    """Return what lies in a folder, or in the one folder in it that is a Gradescope export."""
    found = list_folder(folder)
    only = found.items[0].name if len(found.items) == 1 and found.items[0].is_folder else ""
    return list_folder(folder / only) if only and (folder / only / METADATA).is_file() else found


def single(path: Path) -> Submission:
    """Return the one submission at `path`: a file, a folder or a zip; raise OperatorFault when there is none."""
    if not path.exists():
        raise OperatorFault(f"{path} does not exist.")
    entries, trouble = _entries(path)
    if not trouble and not any(has_ending(one.path, CODE) for one in entries):
        raise OperatorFault(f"{path} is not a notebook (.ipynb), a module (.py) or a folder or zip with one of them.")
    name = path.name if path.is_dir() else stem(path.name)
    return Submission(
        name,
        name,
        tuple(one.path for one in entries),
        tuple(one.place for one in entries),
        problem=Problem("rejected", trouble) if trouble else None,
    )


def write_mapping(intake: Intake, path: Path) -> None:
    """Write the files that nobody is known for into a table to be filled in; what was filled in stays.

    Raises:
        OperatorFault: what is at `path` is no such table.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_unknown(intake.unknown, path)


def _entries(path: Path) -> tuple[tuple[Entry, ...], str]:
    if path.is_dir():
        item = folder_item(path.name, str(path))
        return expanded(item.entries, Bounds())
    return expanded((Entry(path.name, Place(str(path))),), Bounds())
