"""What `grader rubric calibrate` prints: what each network learnt, what that means, what to write into the rubric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from grader.calibration import Calibration, Trial, Untrained
from grader.calibration_advice import FEW_SEEDS, class_seconds, convergence, proposal, separation
from grader.report.remaining import roughly
from grader.report.terminal_check import spaced
from grader.report.terminal_text import Page, counted, duration, named, number, pairs, percent, said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console, RenderableType

_WIDTH = 80
_MOST_DEVIATION = 0.03  # of the reference; more is a line that nobody can rely on


def show_calibration(console: Console, found: Calibration, origin: str, extra: Mapping[str, float]) -> None:
    """Print what was found, at most 80 columns wide.

    `origin` says which rubric and pictures; `extra` are the criterion's other numbers, which stay as they are.
    """
    page = Page(spaced((_heading(found, origin), (_networks(found),), _meaning(found), _proposal(found))))
    console.print(page, width=min(_WIDTH, console.width))
    for line in snippet(found, extra):  # by themselves, so that they can be copied as they are
        console.print(Text(line), soft_wrap=True)


def _heading(found: Calibration, origin: str) -> tuple[RenderableType, ...]:
    setting = found.setting
    pictures = f"{setting.train:,} pictures to train on, {setting.held_out:,} held out"
    seeds = len(found.reference.accuracies)
    return (named(origin, "bold", most=200), Text(f"{pictures}, {counted(setting.steps, 'step')}, {seeds} seeds each."))


def _networks(found: Calibration) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    table.add_column("network", no_wrap=True)
    for name in ("mean", "deviation", "least", "most", "earns", "a training"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found.trials:
        spread, earned = one.spread, found.earned(one.spread.mean)
        numbers = map(percent, (spread.mean, spread.deviation, min(one.accuracies), max(one.accuracies)))
        points = "?" if earned is None else f"{number(earned)} of {number(found.setting.points)}"
        table.add_row(one.name, *numbers, points, duration(one.seconds))
    return table


def _meaning(found: Calibration) -> tuple[RenderableType, ...]:
    grid = pairs()
    spread = found.reference.spread
    grid.add_row("Full points", f"from {percent(found.target)}, the reference's mean less two deviations.")
    grid.add_row("Points begin", _begin(found))
    grid.add_row("Separation", said(separation_words(found)))
    grid.add_row("Convergence", said(convergence_words(found)))
    grid.add_row("Time", _time(found))
    seeds = len(spread.accuracies)
    if seeds < FEW_SEEDS:
        grid.add_row("Seeds", f"{seeds} seeds give a deviation that is little more than a guess; 5 or more are better.")
    if spread.deviation > _MOST_DEVIATION:
        low, high = percent(min(spread.accuracies)), percent(max(spread.accuracies))
        grid.add_row("Spread", f"The reference's seeds lie far apart, {low} to {high}, so that the line is low.")
    for other in (found.dense, found.linear):
        if isinstance(other, Untrained):
            grid.add_row("Not trained", said(f"{other.name}: {other.reason}"))
    return (grid,)


def _begin(found: Calibration) -> str:
    setting, line = found.setting, found.line()
    guess = f"{percent(found.begin)}, {setting.chance:g} times a guess among {setting.classes} classes"
    if line is None:
        return f"at {guess}, which the reference's line does not exceed: nobody can be graded by it."
    lower = "" if line.start == line.chance else f"; as that is near the line, they climb from {percent(line.start)}"
    return f"at {guess}{lower}. The upper end of an accuracy's 95 % interval counts."


def separation_words(found: Calibration) -> str:
    """Say whether the recipe tells the reference from a network of dense layers."""
    apart, dense = separation(found), found.dense
    if isinstance(dense, Untrained) or apart.gap is None:
        return "Nobody knows: the dense-only network could not be trained."
    far = "" if apart.deviations is None else f" The means are {apart.deviations:.0f} deviations apart."
    best = f"what the dense-only network reaches at best ({percent(dense.best)}, its mean plus two deviations)"
    match apart.verdict:
        case "clear":
            gap = f"{100 * apart.gap:.1f} percentage points"
            return f"The recipe separates: full points begin {gap} above {best}.{far}"
        case "narrow":
            doubt = f"with the benefit of the doubt on {counted(found.setting.held_out, 'picture')} it earns all points"
            return f"The recipe hardly separates: full points begin above {best}, but {doubt}.{far}"
        case _:
            return f"The recipe does not separate: full points begin no higher than {best}.{far}"


def convergence_words(found: Calibration) -> str:
    """Say whether the reference has learnt what it will learn."""
    one = convergence(found.reference)
    fall = f"over the last fifth of the steps its loss went from {one.before:.3f} to {one.last:.3f}"
    share = f"{percent(max(one.share, 0))} of its whole fall"
    if one.converged:
        return f"The reference has converged: {fall}, {share}."
    return f"The reference has not converged: {fall}, still {share}."


def _time(found: Calibration) -> str:
    setting = found.setting
    each = f"{setting.repeats} trainings each" if setting.repeats > 1 else "one training each"
    return (
        f"{roughly(class_seconds(found)).capitalize()} for a class of {setting.students} with "
        f"{counted(setting.workers, 'worker')} like here: {each} of {duration(found.reference.seconds)}, "
        f"{len(found.reference.accuracies)} of the reference, and a second for every capture. It is assumed that every "
        "network can be trained and costs what the reference costs."
    )


def _proposal(found: Calibration) -> tuple[RenderableType, ...]:
    wanted, setting = proposal(found), found.setting
    same = (wanted.pass_at, wanted.chance, wanted.steps) == (setting.pass_at, setting.chance, None)
    grid = pairs()
    for reason in wanted.reasons:
        grid.add_row(Text("→", style="cyan"), said(reason))
    stays = "Everything else can stay as it is:" if wanted.reasons else "What the rubric says can stay:"
    heading = stays if same else "Proposed for the rubric:"
    return (*((grid,) if wanted.reasons else ()), Text(heading, style="bold"))


def snippet(found: Calibration, extra: Mapping[str, float]) -> tuple[str, ...]:
    """Return the lines to paste into the rubric, in TOML."""
    wanted = proposal(found)
    dense = "" if wanted.dense is None else f"the dense-only network earns up to {number(wanted.dense)}"
    lines = [
        ("[criteria.accuracy]", ""),
        (f"points = {wanted.points:g}", ""),
        (f"pass_at = {wanted.pass_at:g}", dense),
        (f"chance = {wanted.chance:g}", f"points begin at {percent(wanted.chance / found.setting.classes)}"),
        *((f"{name} = {value:g}", "as before") for name, value in extra.items()),
    ]
    if wanted.steps is not None:
        lines += [("", ""), ("[recipe]", ""), (f"steps = {wanted.steps}", f"instead of {found.setting.steps}")]
    return tuple(f"{line:<15} # {comment}" if comment else line for line, comment in lines)


def network_line(trial: Trial) -> str:
    """Return what became of one network, for whoever waits."""
    took = duration(sum(one.seconds for one in trial.trainings))
    mean = percent(trial.spread.mean)
    return f"{trial.name}: {counted(len(trial.trainings), 'training')} in {took}, {mean} on average."
