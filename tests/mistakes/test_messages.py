"""`docs/messages.md` says what `grader check` says."""

from __future__ import annotations

import pytest

from tests.mistakes.messages import PAGE, page

pytestmark = pytest.mark.slow


def test_the_page_is_current() -> None:
    """Every screen on the page is what the command prints today; `python -m tests.mistakes.messages --refresh`."""
    assert PAGE.read_text(encoding="utf-8") == page()
