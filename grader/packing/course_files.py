"""The files that a rubric needs beside itself, and what of it nobody but the course may see."""

from __future__ import annotations

from pathlib import Path

from grader.criteria import DEFINITIONS
from grader.faults import OperatorFault
from grader.rubric import Data, Rubric, load

_PUBLIC_SEED = Data().held_out_seed


def read_rubric(path: Path) -> Rubric:
    """Return the rubric; raise RubricFault for whatever is wrong with it."""
    return load(path, DEFINITIONS)


def functions(rubric: Rubric, path: Path) -> dict[str, bytes]:
    """Return the files of criteria of the instructor's own, by their path as the rubric at `path` names them.

    Raises:
        OperatorFault: one lies outside of the rubric's folder, or comes from a package.
    """
    found: dict[str, bytes] = {}
    for name, rule in rubric.criteria.items():
        if rule.check is None:
            continue
        file, colon, _ = rule.check.rpartition(":")
        relative = Path(file)
        if not colon or relative.is_absolute() or ".." in relative.parts:
            raise OperatorFault(
                f'criteria.{name} names "{rule.check}", which does not lie beside the rubric {path.name} and cannot be '
                "packed with it.",
                fix="Copy the function into a file beside the rubric, and name that.",
            )
        found[relative.as_posix()] = (path.parent / relative).read_bytes()
    return found


def refuse_held_out(rubric: Rubric, path: Path, *, train: bool) -> None:
    """Let nothing into a student's repository by which held-out pictures could be known.

    Raises:
        OperatorFault: the rubric holds the number that draws them, or training would need them.
    """
    data = rubric.data
    if data.source == "patterns" and data.held_out_seed != _PUBLIC_SEED:
        raise OperatorFault(
            f"{path.name} says held_out_seed, the private number that draws your held-out pictures, and everything in "
            "a student's repository is read by students, so nothing was written.",
            fix="Pack a copy of the rubric without held_out_seed, and keep the number for `grader batch`.",
        )
    if data.source != "patterns" and train:
        raise OperatorFault(
            f"With --train, {path.name} asks for the pictures in {data.source}, a share of which is held out; "
            "everything in a student's repository is read by students, so nothing was written.",
            fix="Leave --train out: structure is checked on every push, and accuracy is graded by `grader batch`.",
        )
