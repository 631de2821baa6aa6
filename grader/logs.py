"""A log for each submission: what was done, what was reused and why, and what the student's code printed."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from grader.faults import StorageFault
from grader.report.plain import inert, inert_line

_LONGEST_NAME = 120  # of a file, in bytes, well within what file systems allow


@dataclass(frozen=True, slots=True)
class Logs:
    """The folder `logs` of a batch; one file a submission, to which every run adds."""

    folder: Path
    run: int

    def path(self, submission: str) -> Path:
        """Return the file of a submission; names that no file system takes are written in percent signs."""
        return self.folder / f"{quote(submission, safe=' ', errors='surrogatepass')[:_LONGEST_NAME]}.log"

    def write(self, submission: str, lines: Iterable[str]) -> None:
        """Add lines with time and run in front of each; raise StorageFault when they cannot be written."""
        stamp = f"{time.strftime('%Y-%m-%d %H:%M:%S')} run {self.run}"
        text = "".join(f"{stamp}  {inert_line(line, 2000)}\n" for line in lines)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.path(submission).open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise StorageFault(
                f"The log {self.path(submission)} cannot be written ({error.strerror or error}).",
                fix="Free some space, then run the same command again; it goes on where it stopped.",
            ) from error

    def fault(self, submission: str, what: str, fault: BaseException) -> None:
        """Add what went wrong, with its traceback, which only the log has."""
        self.write(submission, [what, *"".join(traceback.format_exception(fault)).splitlines()])

    def output(self, submission: str, printed: str) -> None:
        """Add what the submission's process printed, each line marked."""
        if printed.strip():
            self.write(submission, [f"printed | {line}" for line in inert(printed).splitlines()[:200]])
