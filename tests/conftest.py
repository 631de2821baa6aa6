"""What holds for every test: in CI, a test that could have run here and skipped is a failure."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

pytest_plugins = ["pytester"]

ALLOWED = ("browser:", "elsewhere:", "gpu:", "root:", "stress:")
"""How the reason of a skip begins when nothing here could have run the test."""


os.environ["GRADER_WARM"] = "off"  # no test leaves a helper behind but those of tests/warm, which end theirs
os.environ["GRADER_CONFIG"] = (
    f"{os.devnull}/none"  # nor does one read or write what this user told the grader to remember
)
os.environ.pop("GRADER_COURSE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files with slow tests first: what is handed out last, file by file, keeps one worker busy alone."""
    slow = {item.path for item in items if item.get_closest_marker("slow") is not None}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip for any other reason into a failure when CI is set."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.removeprefix("Skipped: ").startswith(ALLOWED):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} could have run here and skipped: {reason}"
    return report
