"""The rungs that this machine offers, each with a warm process of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.faults import GraderFault
from grader.sandbox import ladder
from grader.sandbox.forked import Zygote
from grader.sandbox.walls import trials
from grader.sandbox.walls.fence import NoSuchWallError, fence

ROOT = Path(__file__).parents[2]
JOBS = {"steal": "tests.attacks.stealing", "fuzz": "tests.attacks.calls"}
"""Jobs of the tests' own, behind the same walls as the grader's."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the tests away from the user's own cache, and try the walls once a session."""
    with pytest.MonkeyPatch.context() as patch:
        cache = tmp_path_factory.mktemp("cache")
        patch.setenv("GRADER_CACHE", str(cache))
        yield cache


@pytest.fixture(scope="session")
def rungs(cache: Path) -> tuple[str, ...]:
    """Return the letters of the rungs that can be stood on here."""
    found = []
    for letter in ladder.WALLED:
        try:
            ladder.prove(fence(letter))
        except (NoSuchWallError, trials.SetUpError, GraderFault):
            continue
        found.append(letter)
    return tuple(found)


@pytest.fixture(scope="package", params=ladder.WALLED)
def walled(request: pytest.FixtureRequest, rungs: tuple[str, ...]) -> Iterator[Zygote]:
    """Return a warm process on each rung that there is."""
    if request.param not in rungs:
        why = "root: the interpreter cannot be read by another user" if os.geteuid() == 0 else "there is no bubblewrap"
        pytest.skip(f"{why}, so there is no rung {request.param}")
    zygote = Zygote(fence(request.param, extra=[str(ROOT / "tests")]), warm=False, jobs=JOBS)
    yield zygote
    zygote.stop()
