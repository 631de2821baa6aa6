"""What `grader rubric copy` does: a rubric that comes with the grader becomes a file of the instructor's own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from grader.faults import OperatorFault
from grader.report.exports.files import write_atomically

if TYPE_CHECKING:
    from rich.console import Console

_SOLUTION = re.compile(r'^solution = "(\.\./reference/(\w+\.py))"', re.MULTILINE)
_SCHEMA = re.compile(r"\A#:schema .*\n")  # names a file that is not beside the copy


def run_copy(rubric: Path, target: Path, console: Console) -> int:
    """Write `rubric` to `target`, and the reference solution that it names beside it; return the exit code.

    Raises:
        OperatorFault: a file is there already, or cannot be read or written.
    """
    try:
        text = rubric.read_text(encoding="utf-8")
        found = _SOLUTION.search(text)
        solution = (rubric.parent / found[1]).read_bytes() if found else b""
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorFault(
            f"{rubric} cannot be copied: {error}.", fix="`grader rubric copy first_cnn mine.toml`."
        ) from error
    beside = target.with_name(found[2]) if found else None
    taken = [one for one in (target, beside) if one is not None and one.exists()]
    if taken:
        raise OperatorFault(f"{taken[0]} is there already; nothing was written.", fix="Choose another name or folder.")
    if found and beside is not None:
        text = text.replace(found[0], f'solution = "{beside.name}"', 1)
        write_atomically(beside, solution)
    write_atomically(target, _SCHEMA.sub("", text))
    console.print(f"{target} is yours to change; grader rubric check {target} looks at it.", soft_wrap=True)
    if beside is not None:
        console.print(f"{beside} is the reference solution that it names: keep it from students.", soft_wrap=True)
    return 0
