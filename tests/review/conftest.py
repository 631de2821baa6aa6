"""A desk over a class, and its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from grader.gradebook import Gradebook
from grader.review.app import application
from grader.review.desk import Desk

from .asking import COOKIE, TOKEN, Browser
from .made import folder_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the results of a class."""
    return folder_of(tmp_path)


@pytest.fixture
def book(folder: Path) -> Iterator[Gradebook]:
    """Return its gradebook, whose clock goes on by a minute each time."""
    ticks = iter(range(1_791_000_000, 1_795_000_000, 60))
    with Gradebook.open(folder / "gradebook.sqlite", lambda: float(next(ticks))) as gradebook:
        yield gradebook


@pytest.fixture
def desk(book: Gradebook) -> Desk:
    """Return Anna's desk."""
    return Desk(book, "Anna")


@pytest.fixture
def browser(desk: Desk) -> Browser:
    """Return a browser that has the token."""
    return Browser(application(desk, TOKEN, COOKIE))


@pytest.fixture
def code(desk: Desk) -> Callable[[str], str]:
    """Return a function that finds a submission's code by its label."""
    return lambda label: next(row.code for row in desk.queue() if row.label == label)
