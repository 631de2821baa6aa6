"""What an instructor sees after a calibration, in a terminal and as a plot."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.cells import cell_len

from grader.calibration import Calibration
from grader.faults import OperatorFault
from grader.report.calibration_plot import LOOKS, draw
from grader.report.terminal_calibration import convergence_words, network_line, separation_words, show_calibration
from tests.rubrics import samples

Golden = Callable[[str, str], None]
Printed = Callable[..., str]

CASES = [samples.clear, samples.poor, samples.unfinished]
every_sample = pytest.mark.parametrize("make", CASES, ids=[one.__name__ for one in CASES])


@every_sample
def test_calibration_looks_as_it_did(make: Callable[[], Calibration], printed: Printed, golden: Golden) -> None:
    """An instructor sees what is recorded in the golden."""
    golden(f"calibration_{make.__name__}.txt", printed(show_calibration, make(), "first_cnn.toml on patterns", {}))


@pytest.mark.parametrize("width", [60, 80, 200])
@every_sample
def test_calibration_fits(make: Callable[[], Calibration], width: int, printed: Printed) -> None:
    """No line is wider than the console or than 80 columns, and none ends in blanks."""
    for line in printed(show_calibration, make(), "first_cnn.toml on patterns", {}, width=width).splitlines():
        assert cell_len(line) <= min(80, width)
        assert line == line.rstrip()


def test_names_are_inert(printed: Printed) -> None:
    """A folder of pictures may be called an escape sequence or markup; it is shown instead of obeyed."""
    text = printed(show_calibration, samples.clear(), "a.toml on \x1b[2J[red]pictures", {})
    assert "\x1b" not in text
    assert "\\x1b[2J[red]pictures" in text


def test_each_verdict_is_a_sentence() -> None:
    """It separates, hardly, or not at all; a loss that rises at the end is no part of a fall."""
    clear = samples.clear()
    narrow = replace(clear, dense=samples.trial("dense-only", (0.935, 0.936, 0.935, 0.936, 0.935)))
    said = [separation_words(one) for one in (clear, narrow, samples.poor(), samples.unfinished())]
    begun = ["The recipe separates", "The recipe hardly separates", "The recipe does not separate", "Nobody knows"]
    assert [one[: len(start)] for one, start in zip(said, begun, strict=True)] == begun
    assert "42.4 percentage points above" in said[0]
    assert "28 deviations apart" in said[0]
    rising = samples.trial("reference", (0.9, 0.91), losses=(2.3, 0.3, 0.2, 0.2, 0.21))
    assert "0.0 % of its whole fall" in convergence_words(replace(clear, reference=rising))


def test_a_line_for_whoever_waits() -> None:
    """It says how many trainings, how long they took together, and what came of them."""
    assert network_line(samples.REFERENCE) == "reference: 5 trainings in 40 s, 95.4 % on average."


@every_sample
def test_the_plot_is_a_picture_with_every_network(make: Callable[[], Calibration], tmp_path: Path) -> None:
    """Each network's colour is there, and the picture is as large as a page is wide."""
    draw(make(), "first_cnn.toml on $\u86d9$ " * 20, tmp_path / "new" / "plot.png")
    pixels = np.asarray(Image.open(tmp_path / "new" / "plot.png").convert("RGB"))
    assert pixels.shape == (690, 1500, 3)
    for colour, _ in zip([(0x00, 0x44, 0x88), (0xBB, 0x55, 0x66), (0xDD, 0xAA, 0x33)], make().trials, strict=False):
        assert np.all(pixels == colour, axis=2).sum() > 200


def test_colours_differ_in_grey() -> None:
    """Printed in grey, the three networks are at least 40 of 255 apart, and lighter ones still stand out from white."""
    grey = sorted(int(np.asarray(Image.new("RGB", (1, 1), colour).convert("L"))[0, 0]) for colour, _, _ in LOOKS)
    assert min(np.diff([*grey, 255])) >= 40
    assert len({marker for _, marker, _ in LOOKS}) == len({dashes for _, _, dashes in LOOKS}) == 3


def test_a_plot_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in the way of --out is said in one sentence."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OperatorFault, match="cannot be written"):
        draw(samples.clear(), "t", tmp_path / "file" / "plot.png")


def test_matplotlib_is_imported_by_drawing_alone() -> None:
    """Whoever has no matplotlib can import everything."""
    program = "import sys; import grader.calibrate, grader.cli_rubric; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
