"""The child's job for the files beside a notebook: documents in, passages out.

It runs no student statement, but the bytes are a stranger's and the readers are large. Each document has its own
deadline, so that one that never ends costs itself and not the others.
"""

from __future__ import annotations

import dataclasses
import logging
import time
import warnings
from collections.abc import Mapping
from typing import Any

from grader.explanation.bounds import bounded, named
from grader.explanation.documents import Text, UnreadableError, read_into
from grader.explanation.words import count
from grader.sandbox.build import TooSlowError, deadline
from grader.sandbox.protocol import Channel

SECONDS = 20.0
"""For all documents of a submission together, unless the job says otherwise."""

SECONDS_EACH = 6.0

MOST_DOCUMENTS = 30

_LOOK = "a human looks at it"


def explain(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
    """Run the job: `blobs` are the documents by path, `arguments` may hold `seconds`."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    texts, problems = read_documents(blobs, float(arguments.get("seconds", SECONDS)))
    channel.result(
        {
            "outcome": "explained",
            "passages": [dataclasses.asdict(one) for one in bounded(texts)],
            "problems": problems,
        }
    )


def read_documents(blobs: Mapping[str, bytes], seconds: float) -> tuple[list[tuple[str, str]], list[str]]:
    """Return name and text of each document, and a sentence for each document that could not be read whole."""
    texts: list[tuple[str, str]] = []
    problems: list[str] = []
    end = time.monotonic() + seconds
    for path in sorted(blobs)[:MOST_DOCUMENTS]:
        text, name = Text(), named(path)
        problem = _read(text, path, blobs[path], min(SECONDS_EACH, end - time.monotonic()))
        said = str(text)
        if problem:
            problems.append(f"{name} {problem}; {_LOOK}.")
        elif not count(said):
            problems.append(f"{name} has no text that can be read; {_LOOK}.")
        texts.append((name, said))
    if len(blobs) > MOST_DOCUMENTS:
        problems.append(f"There are {len(blobs)} documents; the first {MOST_DOCUMENTS} were read, {_LOOK}.")
    return texts, problems


def _read(text: Text, path: str, blob: bytes, seconds: float) -> str:
    """Read one document into `text`; return what is wrong with it, empty when nothing is."""
    if seconds <= 0:
        return "was not read, because the other documents took too long"
    try:
        with deadline(seconds):
            read_into(text, path, blob)
    except UnreadableError as error:
        return str(error)
    except TooSlowError:
        return f"takes longer than {seconds:.2g} s to read; what was read until then is kept"
    except Exception as error:  # noqa: BLE001 - whatever hostile bytes do to a reader, the others are read
        return f"cannot be read ({type(error).__name__})"
    return ""
