"""Engines by name, by entry point and by place."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata

import pytest

from grader.engines.seam import BUILT_IN, GROUP, Asked, factory
from grader.faults import OperatorFault
from tests.test_laziness import ROOT


def threads(asked: Asked) -> ThreadPoolExecutor:
    """Return an engine of this process's threads."""
    return ThreadPoolExecutor(asked.slots)


def test_by_place() -> None:
    """`package.module:factory` needs no installation."""
    assert factory("tests.engines.test_seam:threads") is threads


def test_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another distribution may bring one."""
    one = metadata.EntryPoint("threads", "tests.engines.test_seam:threads", GROUP)
    monkeypatch.setattr(metadata, "entry_points", lambda group: [one] if group == GROUP else [])
    assert factory("threads") is threads


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ray", "--engine ray is not known. There are dask and local"),
        ("nothing.here:factory", "no module nothing"),
        ("tests.engines.nothing:factory", "no module tests.engines.nothing"),
        ("tests.engines.test_seam:nothing", "has no nothing"),
    ],
)
def test_not_there(name: str, said: str) -> None:
    """It is said in one line."""
    with pytest.raises(OperatorFault, match=said):
        factory(name)


def test_local_batches_import_no_dask() -> None:
    """Neither does naming the engine; only starting it does."""
    probe = (
        "import sys, grader.batch, grader.engines.seam as s; s.factory('dask');"
        "print([one for one in ('dask', 'distributed', 'torch') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert set(BUILT_IN) == {"dask"}
