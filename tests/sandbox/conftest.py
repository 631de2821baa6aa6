"""One warm process for the tests of the sandbox."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from grader.sandbox.forked import Zygote


@pytest.fixture(scope="package")
def zygote() -> Iterator[Zygote]:
    """Start the warm process once; a test that kills it makes it start again."""
    if sys.platform != "linux":
        pytest.skip("processes are forked on Linux only")
    warm = Zygote(warm=True)
    yield warm
    warm.stop()
