"""What students and instructors see in a terminal."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from grader.records import Outcome, Report, Role, Status
from grader.report.terminal import show_batch, show_check

from . import samples

if TYPE_CHECKING:
    from collections.abc import Callable

    Golden = Callable[[str, str], None]
    Printed = Callable[..., str]

CASES = {make.__name__: make for make in (
    *(samples.good, samples.side_branch, samples.forward_break, samples.build_break, samples.endless_loop),
    *(samples.only_a_link, samples.our_fault, samples.hostile),
)}  # fmt: skip
every_sample = pytest.mark.parametrize("make", CASES.values(), ids=CASES)


@every_sample
def test_check_looks_as_it_did(make: Callable[[], Report], printed: Printed, golden: Golden) -> None:
    """A student sees what is recorded in the golden."""
    golden(f"check_{make.__name__}.txt", printed(show_check, make()))


@pytest.mark.parametrize("width", [80, 120])
def test_batch_looks_as_it_did(width: int, printed: Printed, golden: Golden) -> None:
    """An instructor sees what is recorded in the golden, at both widths of the table."""
    golden(
        f"batch_{width}.txt", printed(show_batch, samples.all_samples(), 192.4, {"report": 3}, Path("out"), width=width)
    )


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@every_sample
def test_check_fits(make: Callable[[], Report], width: int, printed: Printed) -> None:
    """No line is wider than the console or than 80 columns, and none ends in blanks."""
    for line in printed(show_check, make(), width=width).splitlines():
        assert cell_len(line) <= min(80, width)
        assert line == line.rstrip()


def test_a_good_submission_takes_one_screen(printed: Printed) -> None:
    """What is right fits on 50 lines."""
    assert len(printed(show_check, samples.good()).splitlines()) < 50


@every_sample
def test_output_is_inert(make: Callable[[], Report], printed: Printed) -> None:
    """No control character arrives, no markup is obeyed, and no line is a command to whatever reads the log."""
    for show, arguments in ((show_check, (make(),)), (show_batch, ([make()], 1.0, {}))):
        text = printed(show, *arguments)
        assert not [one for one in text if not one.isprintable() and one != "\n"]
        assert not [line for line in text.splitlines() if line.strip().startswith("::")]
        assert "##[" not in text
        assert "##vso[" not in text


def test_markup_is_text(printed: Printed) -> None:
    """Square brackets and emoji codes in names are printed, not obeyed."""
    text = printed(show_check, samples.hostile())
    assert "[bold red]100" in text
    assert ":smile:" in text


def test_a_forged_line_stays_in_its_row(printed: Printed) -> None:
    """A newline in a name does not begin a line that looks like another student's."""
    text = printed(show_batch, [samples.hostile()], 1.0, {}, width=200)
    assert not [line for line in text.splitlines() if line.startswith("ada")]


def test_every_outcome_has_its_word(printed: Printed) -> None:
    """Marks are never alone: the words tell outcomes apart without colour."""
    findings = tuple(replace(samples.CONV, outcome=outcome, title=f"It is {outcome}") for outcome in Outcome)
    lines = printed(show_check, replace(samples.good(), findings=findings)).splitlines()
    words = {outcome: next(line for line in lines if f"It is {outcome}" in line).split()[1] for outcome in Outcome}
    assert len(set(words.values())) == len(Outcome)


def test_a_terminal_without_our_characters_gets_plainer_ones() -> None:
    """Where the encoding lacks a character, another of the same width stands there and nothing is raised."""
    for make in CASES.values():
        file = BytesIO()
        console = Console(file=TextIOWrapper(file, "ascii"), width=80, color_system=None)
        show_check(console, make())
        show_batch(console, [make()], 1.0, {})
        console.file.flush()
        assert file.getvalue().isascii()


def test_a_pipe_gets_no_colour() -> None:
    """What is written to a file holds no escape sequence, whatever the marks' colours."""
    file = BytesIO()
    console = Console(file=TextIOWrapper(file, "utf-8"), width=80, _environ={})
    show_check(console, samples.good())
    console.file.flush()
    assert b"\x1b" not in file.getvalue()


def test_a_long_network_loses_its_middle(printed: Printed, golden: Golden) -> None:
    """Of a hundred layers the first and the last are shown, with the number of those between."""
    block = replace(samples.LENET[0], inputs=(1024, 112, 112), outputs=(1024, 56, 56))
    blocks = tuple(replace(block, name=f"features.{index}.block.convolution") for index in range(100))
    report = replace(samples.good(), layers=blocks, findings=(), score=None, training=None)
    golden("check_long_network.txt", printed(show_check, report))


def test_norms_have_their_own_row(printed: Printed) -> None:
    """Activations fold into the layer before; a batch norm learns something, so it is a row."""
    norm = replace(samples.LENET[1], role=Role.NORM, op="batch_norm", name="bn1", parameters=32)
    layers = (samples.LENET[0], norm, samples.LENET[1])
    lines = printed(show_check, replace(samples.good(), layers=layers)).splitlines()
    assert [line.split()[1] for line in lines if line.startswith(("conv ", "norm ", "activation "))] == ["conv1", "bn1"]


def test_an_activation_elsewhere_is_not_folded(printed: Printed) -> None:
    """An activation that does not follow the row above (another shape) is shown by itself."""
    branch = replace(samples.LENET[8], name="late")
    text = printed(show_check, replace(samples.good(), layers=(samples.LENET[0], branch)))
    assert "activation" in text


def test_settings_that_are_pytorch_defaults_are_left_out(printed: Printed) -> None:
    """A pooling's stride is its kernel unless it is said; then it is shown."""
    pool = samples.LENET[2]
    overlapping = replace(pool, settings={"kernel_size": [3], "stride": [2, 2], "padding": [1, 0]})
    text = printed(show_check, replace(samples.good(), layers=(pool, overlapping)))
    assert "3×3 stride=2 pad=1×0" in text
    assert "2×2 stride" not in text


def test_the_batch_says_the_points_without_a_common_maximum(printed: Printed) -> None:
    """Where maxima differ, each row says its own."""
    reports = [samples.good(), replace(samples.forward_break(), max_points=25, human_max=0)]
    text = printed(show_batch, reports, 1.0, {})
    assert "30/30" in text
    assert "8/25" in text


def test_an_empty_batch_is_said(printed: Printed) -> None:
    """A folder without submissions gives a sentence, not an error."""
    assert "Nothing was found to grade." in printed(show_batch, [], 0.0, {})


@pytest.mark.parametrize("status", Status)
def test_a_bare_report_is_shown(status: Status, printed: Printed) -> None:
    """A report with nothing in it but its status is shown all the same."""
    bare = replace(
        samples.endless_loop(), status=status, findings=(), notes=(), stopped=None, max_points=0, human_max=0
    )
    assert "eve" in printed(show_check, bare)
    assert "eve" in printed(show_batch, [bare], 0.0, {"report": 1})
