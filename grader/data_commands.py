"""What `grader data` does: generate pictures, split them, and look at them before a class is graded by them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from grader.data import loaders, patterns, splits
from grader.data.contents import look
from grader.data.inspection import Inspection, inspect
from grader.data.pictures import Split
from grader.data.writing import new_folder, write_course, write_split
from grader.faults import DataFault
from grader.report.contact_sheet import contact_sheet
from grader.report.plain import inert_line
from grader.wording import counted

USUAL_SHARE = 0.2
"""The held-out share where none is named."""

EXAMPLES = 10
"""Pictures of each class on the contact sheet."""

_SHOWN = 20  # lines of each kind on the terminal; the JSON has more


@dataclass(frozen=True, slots=True)
class SplitOptions:
    """What `grader data split` was asked to do.

    Attributes:
        source: the pictures, in any layout that `loaders` knows.
        out: the folder to write.
        held_out: the share to hold out; None for the usual one, or for the source's own test set.
        seed: of the draw.
        as_npz: write `train.npz` and `held_out.npz` instead of PNGs.
        drop_shared: leave pictures out of the training side that are also held out, instead of refusing them.
        as_json: print what was done as JSON and nothing else on standard output.
    """

    source: Path
    out: Path
    held_out: float | None = None
    seed: int = 1
    as_npz: bool = False
    drop_shared: bool = False
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class InspectOptions:
    """What `grader data inspect` was asked to do.

    Attributes:
        source: the pictures, in any layout that `loaders` knows.
        sheet: the file for the contact sheet; None for none.
        as_json: print what was found as JSON and nothing else on standard output.
    """

    source: Path
    sheet: Path | None
    as_json: bool = False


def run_make(out: Path, count: int, seed: int, console: Console) -> int:
    """Write `count` generated pictures in the course's layout; return the exit code.

    Raises:
        DataFault: `out` cannot be written, or holds something else.
    """
    pictures = patterns.generate(count, seed)
    with new_folder(out) as draft:
        write_course(pictures, draft)
    _say(console, f"{counted(count, 'picture')} of {len(pictures.classes)} classes and y.csv are in {out}.")
    return 0


def run_split(options: SplitOptions, console: Console) -> int:
    """Split as `options` say and write both sides with their manifest; return the exit code.

    Raises:
        DataFault: the pictures cannot be read or split, a picture is on both sides, or `out` cannot be written.
    """
    split, made = _split(options)
    if options.drop_shared:
        split = splits.without_shared(split)
    splits.refuse_shared(split)
    with new_folder(options.out) as draft:
        write_split(split, draft, as_npz=options.as_npz, made={"source": options.source.resolve().name, **made})
    if options.as_json:
        plain = {"version": 1, "out": str(options.out), "train": len(split.train), "held_out": len(split.held_out)}
        console.file.write(json.dumps({**plain, "classes": list(split.train.classes)}) + "\n")
    else:
        own = "" if made["seed"] is not None else ", as the source has them"
        held_out = counted(len(split.held_out), "picture")
        _say(console, f"{len(split.train):,} to train on and {held_out} held out{own} are in {options.out}.")
    return 0


def _split(options: SplitOptions) -> tuple[Split, dict[str, float | int | None]]:
    """Return the two sides, and how they were made in words of the manifest."""
    pictures = loaders.load(options.source, None)
    if not isinstance(pictures, Split):
        share = USUAL_SHARE if options.held_out is None else options.held_out
        return splits.stratified(pictures, share, options.seed), {"held_out_share": share, "seed": options.seed}
    if options.held_out is not None:
        raise DataFault(
            f"{options.source} brings its own held-out pictures, {len(pictures.held_out):,} of them.",
            fix="Leave --held-out away, or name the side that is to be split.",
        )
    return pictures, {"held_out_share": None, "seed": None}


def run_inspect(options: InspectOptions, console: Console) -> int:
    """Look at all pictures, say what was found and draw the contact sheet; return 1 where grading would be spoiled.

    Raises:
        DataFault: nothing known lies there, or the contact sheet cannot be written.
    """
    contents = look(options.source, EXAMPLES)
    found = inspect(options.source, contents)
    if options.sheet is not None:
        title = f"{options.source.resolve().name}: {counted(found.pictures, 'picture')}"
        contact_sheet(contents.examples, found.classes, title, options.sheet)
    if options.as_json:
        plain = {**found.to_json(), "sheet": None if options.sheet is None else str(options.sheet)}
        console.file.write(json.dumps(plain, allow_nan=False) + "\n")
    else:
        _show(found, options.sheet, console)
    return 1 if found.problems else 0


def _show(found: Inspection, sheet: Path | None, console: Console) -> None:
    _say(console, f"{found.path}: {counted(found.pictures, 'picture')}, layout: {found.layout}.")
    for name, counts in (("sides", found.sides), ("sizes", found.sizes), ("colour modes", found.modes)):
        if counts:
            several = list(counts.items())[:_SHOWN]
            _say(console, f"{name}: " + ", ".join(f"{inert_line(key)} ({count:,})" for key, count in several))
    console.print(_classes(found))
    balance = "a class is empty" if found.balance is None else f"the largest is {found.balance:g} times the smallest"
    copies, alike = counted(len(found.duplicates), "group"), counted(len(found.near), "pair")
    _say(console, f"balance: {balance}; copies: {copies}; alike: {alike}")
    for title, groups in (("the same picture", found.duplicates), ("alike", [pair[:2] for pair in found.near])):
        _list(console, title, [" = ".join(group[:4]) for group in groups])
    _list(console, "good to know", found.notes)
    _list(console, "PROBLEM", found.problems)
    if sheet is not None:
        _say(console, f"The contact sheet is {sheet}.")
    _say(console, "Grading with these pictures would be spoiled." if found.problems else "Nothing here spoils grading.")


def _list(console: Console, title: str, lines: list[str] | tuple[str, ...]) -> None:
    for line in lines[:_SHOWN]:
        _say(console, f"{title}: {line}")
    if len(lines) > _SHOWN:
        _say(console, f"{title}: {len(lines) - _SHOWN:,} more; --json lists up to a hundred")


def _classes(found: Inspection) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("class", overflow="fold")
    table.add_column("pictures", justify="right")
    table.add_column("share", justify="right")
    total = max(sum(found.classes.values()), 1)
    for name, count in found.classes.items():
        table.add_row(Text(inert_line(name, 60)), f"{count:,}", f"{count / total:.1%}")
    return table


def _say(console: Console, text: str) -> None:
    """Print one line as it is: names of files may hold anything."""
    console.print(Text(inert_line(text, 1000)), soft_wrap=True)
