"""One warm process for the test of the real job."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from grader.sandbox.forked import Zygote


@pytest.fixture(scope="package")
def zygote() -> Iterator[Zygote]:
    """Start a warm process once."""
    if sys.platform != "linux":
        pytest.skip("processes are forked on Linux only")
    warm = Zygote(warm=False)
    yield warm
    warm.stop()
