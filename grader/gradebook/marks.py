"""What humans gave: entries that are added and never changed."""

from __future__ import annotations

import dataclasses

from grader.gradebook.file import explained, transaction
from grader.gradebook.store import Store, named, storable
from grader.records import Mark


class Marks(Store):
    """The table of marks."""

    def save_mark(self, mark: Mark) -> Mark:
        """Add what a human gave; return it with its number and the time, which are the gradebook's to say.

        Marks hang on the submission's id and the criterion's, so they outlive every report.
        """
        saved = self.now()
        number = self._write(
            "INSERT INTO marks (saved, submission, criterion, points, comment, who, seen) VALUES (?, ?, ?, ?, ?, ?, ?)",
            saved,
            storable(mark.submission),
            mark.criterion,
            mark.points,
            mark.comment,
            mark.who,
            mark.seen,
        )
        return dataclasses.replace(mark, id=number, saved=saved, undoes=None)

    def undo_mark(self, number: int, who: str) -> bool:
        """Take back the entry of this number by a further one; return False where that was done already."""
        with self._lock, explained(self._path), transaction(self._connection):
            done = self._connection.execute(
                "INSERT OR IGNORE INTO marks (saved, submission, criterion, points, comment, who, seen, undoes)"
                " SELECT ?, submission, criterion, NULL, '', ?, '', id FROM marks WHERE id = ?",
                (self.now(), who, number),
            )
            return done.rowcount == 1

    def marks(self, submission: str | None = None) -> tuple[Mark, ...]:
        """Return everything that humans gave, in its order; of one submission, or of all where it is None."""
        columns = "SELECT id, saved, submission, criterion, points, comment, who, seen, undoes FROM marks"
        if submission is None:
            rows = self._read(f"{columns} ORDER BY id")
        else:
            rows = self._read(f"{columns} WHERE submission = ? ORDER BY id", storable(submission))
        return tuple(Mark(number, saved, named(of), *rest) for number, saved, of, *rest in rows)
