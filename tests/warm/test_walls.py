"""A submission's child cannot reach the helper's socket."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.sandbox import ladder
from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Limits
from tests.walls.readable import holding, readable, standing_on, why_not
from tests.warm.conftest import ROOT, Desk

LIMITS = Limits(wall_seconds=20, memory_megabytes=256)
JOBS = {"knock": "tests.warm.knocking"}


@pytest.fixture(scope="module")
def python() -> Iterator[str | None]:
    """Return an interpreter that everybody can read, where that is not this one."""
    with readable() as found:
        yield found


@pytest.fixture(scope="module")
def rungs(python: str | None) -> tuple[str, ...]:
    """Return the letters of the rungs that can be stood on here."""
    return holding(python)


def knocked(zygote: Zygote, desk: Desk) -> dict[str, str]:
    """Return what came of knocking at the helper's socket from a job."""
    path = desk.folder / "helper.sock"
    assert path.exists()
    try:
        done = zygote.run("knock", {"path": str(path)}, {}, LIMITS)
    finally:
        zygote.stop()
    assert done.stopped is None, done
    found: dict[str, str] = done.result()["found"]
    return found


@pytest.mark.parametrize("letter", ladder.WALLED)
def test_the_socket_is_out_of_reach(shared: Desk, letter: str, rungs: tuple[str, ...], python: str | None) -> None:
    """On each rung a child can neither make a socket nor connect to the helper's; behind a view it does not see it."""
    if letter not in rungs:
        pytest.skip(why_not(letter))
    with standing_on(letter, python, str(ROOT / "tests")) as fence:
        found = knocked(Zygote(fence, warm=False, jobs=JOBS), shared)
    seen = "open" if letter == "C" else "blocked"  # what rung C leaves open, as SECURITY.md says
    inner = found.pop("see")
    assert found == {"make": "blocked", "connect": "blocked", "list": "blocked"}
    assert inner in ("blocked", seen)
    said = shared.said()
    assert said is not None
    assert said["answers"]


def test_without_walls_it_is_in_reach(shared: Desk) -> None:
    """On rung E the same job gets through, as everything does there: the test above can fail."""
    assert set(knocked(Zygote(warm=False, jobs=JOBS), shared).values()) == {"open"}
