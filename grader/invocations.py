"""What a batch is asked to do, and how its run is recorded: enough to go on with it and to judge it again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.corrections import Corrections
from grader.data.store import StoredSplit
from grader.engines.seam import LOCAL, Address
from grader.gradebook import Gradebook
from grader.gradebook.records import Invocation, Run
from grader.orders import Assignment


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What `grader batch` was asked to do.

    Attributes:
        folder: where the submissions lie, or the zip that an LMS gave out.
        rubric: the rubric file.
        out: where the gradebook and the tables go.
        data: pictures instead of the rubric's.
        roster: a table of who is in the class.
        mapping: a table of which file is whose; `mapping.csv` in `out` when None.
        workers: how many submissions are graded at a time.
        device: `auto`, `cpu`, `cuda` or `mps`.
        fresh: do everything again.
        mixed: go on although the gradebook holds results of other hardware.
        isolation: `auto`, `none`, or the rung of the ladder that has to hold.
        only: ids of the submissions to grade; all when empty.
        deterministic: how many networks to grade a second time afterwards; None for none.
        as_json: print the reports and nothing else on standard output.
        command: the words of the command line, for the record.
        engine: where jobs run: `local`, `dask`, or what names another.
        address: where that engine's scheduler is.
    """

    folder: Path
    rubric: Path
    out: Path
    data: Path | None = None
    roster: Path | None = None
    mapping: Path | None = None
    workers: int = 1
    device: str = "auto"
    fresh: bool = False
    mixed: bool = False
    isolation: str = "auto"
    only: tuple[str, ...] = ()
    deterministic: int | None = None
    as_json: bool = False
    command: tuple[str, ...] = ()
    engine: str = LOCAL
    address: Address = field(default_factory=Address)


def invocation(
    options: BatchOptions,
    assignment: Assignment,
    since: float,
    corrections: Corrections,
    kinds: Sequence[Mapping[str, Any]] = (),
) -> Invocation:
    """Return the record of a run that grades by `assignment`; work counts from `since` on.

    `kinds` is the hardware that trains, where it is of several kinds.
    """
    where = {"engine": options.engine, "kinds": [dict(one) for one in kinds], "since": since}
    return Invocation(
        options.command,
        {**_plain(options), **circumstances(options.rubric, assignment, corrections), **where},
        options.rubric.read_text(encoding="utf-8"),
        dict(assignment.versions),
        dict(assignment.fingerprint),
    )


def circumstances(rubric: Path, assignment: Assignment, corrections: Corrections) -> dict[str, Any]:
    """Return what is recorded of a run besides its options: where the rubric lay, its pictures, corrected labels."""
    return {
        "origin": str(rubric.resolve()),
        "split": None if assignment.data is None else assignment.data.to_json(),
        "corrections": corrections.to_json(),
        "labels": str(corrections) if corrections.labels else None,
    }


def since_of(gradebook: Gradebook, options: BatchOptions) -> float:
    """Return from when on work counts: always, or since this --fresh began, which may be a run that was stopped."""
    if not options.fresh:
        return 0
    runs = gradebook.runs()
    if runs and runs[-1].finished is None and runs[-1].rubric_hash == _rubric_hash(options):
        asked = runs[-1].invocation.options
        since, plain = asked.get("since"), _plain(options)
        if isinstance(since, float) and all(asked.get(name) == value for name, value in plain.items()):
            return since
    return gradebook.from_now()


def corrections_of(gradebook: Gradebook, data: StoredSplit) -> Corrections:
    """Return the labels that the latest run on the same pictures corrected, or took over from one before."""
    for run in reversed(gradebook.runs()):
        plain = run.invocation.options.get("corrections")
        if plain and plain.get("content_hash") == data.content_hash:
            return Corrections.from_json(plain)
    return Corrections(data.content_hash)


def split_of(run: Run) -> StoredSplit | None:
    """Return the pictures that a run graded with; None where they are not recorded."""
    plain = run.invocation.options.get("split")
    try:
        return StoredSplit.from_json(plain) if plain else None
    except (KeyError, TypeError, ValueError):
        return None


def _rubric_hash(options: BatchOptions) -> str:
    return hashlib.sha256(options.rubric.read_text(encoding="utf-8").encode()).hexdigest()


def _plain(options: BatchOptions) -> dict[str, Any]:
    return {
        "folder": str(options.folder),
        "rubric": str(options.rubric),
        "data": None if options.data is None else str(options.data),
        "roster": None if options.roster is None else str(options.roster),
        "workers": options.workers,
        "device": options.device,
        "fresh": options.fresh,
        "mixed": options.mixed,
        "isolation": options.isolation,
        "only": list(options.only),
    }
