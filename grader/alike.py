"""Show which submissions of a gradebook are alike: what `grader similar` does."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from grader.faults import OperatorFault
from grader.gradebook import Gradebook
from grader.publishing import CLASS_PAGE, SIMILAR_PAGE, publish
from grader.records import VERSION
from grader.records.plain import plain
from grader.report.terminal_similar import show_similar

MOST_BYTES = 32 * 2**20
"""Of a template."""


@dataclass(frozen=True, slots=True)
class SimilarOptions:
    """What `grader similar` was asked to do.

    Attributes:
        folder: the --out folder of the batch.
        templates: files that the course gave out; remembered from then on.
        forget: forget those that were remembered first.
        as_json: print one JSON document and nothing else.
    """

    folder: Path
    templates: tuple[Path, ...] = ()
    forget: bool = False
    as_json: bool = False


def run_similar(options: SimilarOptions, console: Console) -> int:
    """Compare the class, print who is like whom and write the pages; return the exit code.

    Raises:
        OperatorFault: there is no gradebook, no report in it, or a file cannot be read or written.
    """
    given = {one.name: _content(one) for one in options.templates}
    with Gradebook.of(options.folder) as gradebook:
        found = gradebook.current_entries()
        if not found:
            raise OperatorFault(
                f"There is no report in {options.folder} yet.", fix="Run `grader batch` with --out first."
            )
        if options.forget:
            gradebook.forget_templates()
        for name, content in given.items():
            gradebook.keep_template(name, content)
        alike = publish(gradebook, options.folder, changed=())
    if alike is None:
        raise OperatorFault(f"There are not two submissions with code in {options.folder}.")
    if options.as_json:
        pages = {"class": CLASS_PAGE, "similar": SIMILAR_PAGE}
        console.file.write(json.dumps({"version": VERSION, **plain(alike), "pages": pages}) + "\n")
    else:
        names = {entry.report.submission.id: entry.report.submission.student for entry, _ in found}
        show_similar(console, alike, names, options.folder / SIMILAR_PAGE)
    return 0


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise OperatorFault(f"--template {path} cannot be read ({error.strerror or error}).") from error
    if len(content) > MOST_BYTES:
        raise OperatorFault(f"--template {path} is larger than 32 MB.", fix="Give the notebook without its outputs.")
    return content
