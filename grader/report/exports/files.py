"""Write a whole file or nothing of it."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from grader.faults import OperatorFault

if TYPE_CHECKING:
    from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace the file at `path` by `content`, text in UTF-8: a reader, or a crash, sees the old file or the new one.

    Raises:
        OperatorFault: the file cannot be written.

    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{secrets.token_hex(8)}.draft")
        try:
            with draft.open("xb") as file:  # not tempfile: its mode 0600 would shut out a shared folder's readers
                file.write(content.encode() if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise
    except OSError as error:
        raise OperatorFault(
            f"{path} cannot be written ({error.strerror or error}).", fix="Choose another --output."
        ) from error
