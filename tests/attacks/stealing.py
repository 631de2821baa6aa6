"""A job of the tests' own: reach for things from where a trainer stands."""

from __future__ import annotations

from typing import Any

from grader.training.arrays import mapped
from grader.training.jobs import Answers
from tests.attacks.reach import ATTEMPTS


def steal(arguments: dict[str, Any], blobs: dict[str, bytes], answers: Answers) -> None:
    """Read what was given, then reach for the rest."""
    given = {name: mapped(arguments[name]) for name in arguments["given"]}
    space: dict[str, Any] = {}
    exec(ATTEMPTS, space)
    space["reach"](arguments["targets"])
    answers.result({"outcome": "reached", "read": {name: list(one.shape) for name, one in given.items()}})
