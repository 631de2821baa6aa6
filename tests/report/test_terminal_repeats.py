"""What an instructor reads after `--deterministic`: one line when all is alike, else who is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from grader.repeats import Difference, Repeats
from grader.report.terminal import show_repeats

if TYPE_CHECKING:
    from collections.abc import Callable

    Printed = Callable[..., str]

LEFT = "Not repeated: the other 24, the reference, the pictures and the reading of documents."


@pytest.mark.parametrize(
    ("repeats", "line"),
    [
        (Repeats(3, 27, 3, 27), f"Repeated 3 of 27 trainings from the first byte: equal to the last bit. {LEFT}"),
        (
            Repeats(1, 9, 3, 27, elsewhere=1, untrained=2),
            (
                "Repeated 3 of 27 trainings (1 of 9 networks) from the first byte: equal to the last bit. "
                f"{LEFT} 2 submissions were not trained. 1 submission was trained on other hardware."
            ),
        ),
        (
            Repeats(0, 1, 0, 1, stopped=True),
            (
                "Stopped before the sample was through. Repeated 0 of 1 training from the first byte: none to its end. "
                "Not repeated: the other 1, the reference, the pictures and the reading of documents."
            ),
        ),
        (
            Repeats(0, 0, 0, 0, elsewhere=3),
            (
                "Nothing was repeated: no network was trained on this machine. 3 submissions were trained on other "
                "hardware."
            ),
        ),
    ],
)
def test_alike_is_one_line(repeats: Repeats, line: str, printed: Printed) -> None:
    """However narrow the terminal is, one line says what was repeated and what was not."""
    assert printed(show_repeats, repeats, width=40) == f"{line}\n"


def test_each_that_is_not_alike_is_a_line(printed: Printed) -> None:
    """Names come from students, so they are shown inert; the last line is the next step."""
    differences = (Difference("a\x1b[2Jb", "its files changed"), Difference("c", "another graph was captured"))
    first, second, third, last = printed(show_repeats, Repeats(3, 27, 1, 27, differences)).splitlines()
    assert first.startswith("Repeated 1 of 27 trainings from the first byte: 2 submissions came out otherwise.")
    assert "\x1b" not in second
    assert second.endswith(": its files changed.")
    assert third == "  c: another graph was captured."
    assert "--only ID --fresh --deterministic" in last
