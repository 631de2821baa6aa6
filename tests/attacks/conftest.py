"""The rungs that this machine offers, each with a warm process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.sandbox import ladder
from grader.sandbox.forked import Zygote
from tests.stress import STRESS
from tests.walls.readable import holding, readable, standing_on, why_not

ROOT = Path(__file__).parents[2]
JOBS = {"steal": "tests.attacks.stealing", "fuzz": "tests.attacks.calls"}
"""Jobs of the tests' own, behind the same walls as the grader's."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the tests away from the user's own cache, and try the walls once a session."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("GRADER_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def python() -> Iterator[str | None]:
    """Return an interpreter that everybody can read, where that is not this one."""
    with readable() as found:
        yield found


@pytest.fixture(scope="session")
def rungs(cache: Path, python: str | None) -> tuple[str, ...]:
    """Return the letters of the rungs that can be stood on here."""
    return holding(python)


@pytest.fixture(scope="package", params=ladder.WALLED)
def walled(request: pytest.FixtureRequest, rungs: tuple[str, ...], python: str | None) -> Iterator[Zygote]:
    """Return a warm process on each rung that there is; on the highest and the lowest alone but for GRADER_STRESS."""
    if request.param not in rungs:
        pytest.skip(why_not(request.param))
    if not STRESS and request.param not in (rungs[0], rungs[-1]):
        pytest.skip("stress: only the highest and the lowest rung are tried every time")
    with standing_on(request.param, python, str(ROOT / "tests")) as behind:
        zygote = Zygote(behind, warm=False, jobs=JOBS)
        zygote.ready()
        yield zygote
        zygote.stop()
