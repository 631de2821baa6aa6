"""Draw a calibration: how well each network's seeds recognise held-out pictures, and how they learnt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from grader import scoring
from grader.calibration import Calibration
from grader.extras import bringing
from grader.faults import OperatorFault
from grader.report.plain import shorten
from grader.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOOKS = (("#004488", "o", "-"), ("#BB5566", "s", "--"), ("#DDAA33", "^", "-."))
"""Colour, marker and dashes of each network: dark, middle and light (P. Tol's high-contrast scheme), so that they can
be told apart in grey and with any colour vision."""

_INK, _FAINT = "#222222", "#666666"
_WIDTH, _HEIGHT, _DOTS = 10.0, 4.6, 150  # inches, inches, dots an inch
_HALF = 0.3  # of a network's column
_SPREAD = 0.16  # over which seeds are laid out side by side
_BAND = 0.22  # opacity
_TITLE = 110  # characters


def draw(found: Calibration, title: str, path: Path) -> None:
    """Write a PNG with the accuracies on the left and the learning curves on the right.

    Raises:
        MissingPackageFault: matplotlib is not installed.
        OperatorFault: `path` cannot be written.
    """
    with bringing("report", "matplotlib"):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DOTS, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    # A `$` would begin a formula, and a character that the font lacks a warning.
    plain = shorten(title, _TITLE).replace("$", r"\$").encode("latin-1", "replace").decode("latin-1")
    figure.suptitle(plain, fontsize=11, color=_INK)
    _accuracies(left, found)
    _curves(right, found)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        canvas.print_png(path)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise OperatorFault(
            f"{path} cannot be written ({error.strerror or error}).", fix="Name another --out."
        ) from error


def _accuracies(axes: Axes, found: Calibration) -> None:
    """Draw a column for each network: a dot for each seed over the band of mean ± 2 deviations."""
    for column, (trial, (colour, marker, _)) in enumerate(zip(found.trials, LOOKS, strict=False)):
        mean, low, high = 100 * trial.spread.mean, 100 * trial.spread.target, 100 * trial.best
        axes.fill_between([column - _HALF, column + _HALF], low, high, color=colour, alpha=_BAND, linewidth=0)
        axes.hlines(mean, column - _HALF, column + _HALF, color=colour, linewidth=1.5)
        places = _side_by_side(column, len(trial.accuracies))
        shares = [100 * one for one in trial.accuracies]
        axes.scatter(places, shares, s=26, color=colour, marker=marker, edgecolors="white", linewidths=0.6, zorder=3)
    last = len(found.trials) - 1 + 0.5
    axes.axhline(100 * found.target, color=_INK, linestyle="--", linewidth=1)
    axes.axhline(100 * found.begin, color=_INK, linestyle=":", linewidth=1)
    _say(axes, last, 100 * found.target, f"full points: {percent(found.target)} ", "right")
    _say(axes, -0.5, 100 * found.begin, f" points begin: {percent(found.begin)}", "left")
    axes.set_xlim(-0.5, last)
    axes.set_ylim(0, 104)
    columns = [f"{one.name}\n{percent(one.spread.mean)}" for one in found.trials]
    axes.set_xticks(range(len(found.trials)), columns, color=_INK)
    axes.set_ylabel("held-out accuracy in %", color=_INK)
    axes.set_title("Each seed, and its network's mean ± 2 deviations", fontsize=9, color=_FAINT)
    _plain(axes)


def _curves(axes: Axes, found: Calibration) -> None:
    """Draw the mean loss of each network, and the band of the reference's seeds."""
    highest = 0.0
    for trial, (colour, _, dashes) in zip(found.trials, LOOKS, strict=False):
        points = scoring.band(trial.trainings)
        steps, means = [one.step for one in points], [one.mean for one in points]
        highest = max(highest, *means)
        axes.plot(steps, means, color=colour, linestyle=dashes, linewidth=1.6, label=trial.name)
        if trial is found.reference:
            lows, highs = [max(one.low, 0) for one in points], [one.high for one in points]
            axes.fill_between(
                steps, lows, highs, color=colour, alpha=_BAND, linewidth=0, label="its mean ± 2 deviations"
            )
    axes.set_xlim(0, found.setting.steps)
    axes.set_ylim(0, 1.08 * highest)
    axes.set_xlabel("step", color=_INK)
    axes.set_ylabel("training loss", color=_INK)
    axes.set_title("How they learn, mean over the seeds", fontsize=9, color=_FAINT)
    axes.legend(frameon=False, fontsize=9, labelcolor=_INK)
    _plain(axes)


def _side_by_side(column: int, seeds: int) -> list[float]:
    return [column + _SPREAD * (2 * seed / (seeds - 1) - 1) for seed in range(seeds)]


def _say(axes: Axes, x: float, y: float, text: str, side: str) -> None:
    """Write just above a line."""
    axes.annotate(
        text, (x, y), xytext=(0, 2), textcoords="offset points", ha=side, va="bottom", fontsize=8.5, color=_INK
    )


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_FAINT)
    axes.tick_params(colors=_INK, labelsize=9)
