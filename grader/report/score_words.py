"""What is said about a score, in the words that every rendering uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.wording import counted, listed, percent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from grader.records import Confusion, Reference, Score, Training

LEVEL = 0.05
"""A p-value below this is called a difference."""
_FEW_CLASSES = 20  # recalls that are written one by one; of more, the worst
_WORST = 3


def accuracy(score: Score) -> str:
    """Say the accuracy with its interval; of several trainings, that it is the median."""
    low, high = map(percent, score.interval)
    median = f", the median of {counted(len(score.seeds), 'training')}" if len(score.seeds) > 1 else ""
    return f"{percent(score.accuracy)} of {score.n:,} pictures it had not seen (95 % sure: {low} to {high}){median}"


def several(score: Score) -> str:
    """Say what each of several trainings came to; empty for one."""
    if len(score.seeds) < 2:
        return ""
    return ", ".join(f"{percent(one.accuracy)} (seed {one.seed})" for one in score.seeds)


def reference(found: Reference) -> str:
    """Say what the reference reaches and where full points begin."""
    seeds = counted(len(found.accuracies), "seed")
    return (
        f"{percent(found.mean)} over {seeds} (deviation {percent(found.deviation)}); "
        f"full points begin at {percent(found.target)}"
    )


def against(score: Score) -> str:
    """Say whether the network can be told from the reference on the same pictures; empty where that is not known."""
    paired = score.against
    if paired is None:
        return ""
    better = paired.alone > paired.reference_alone
    verdict = f"{'better' if better else 'worse'} than" if paired.p < LEVEL else "not distinguishable from"
    p = f"p = {paired.p:.2g}" if paired.p >= 0.0001 else "p < 0.0001"
    return (
        f"{verdict} the reference on these {score.n:,} pictures: it alone is right on {paired.alone:,}, the "
        f"reference's median training alone on {paired.reference_alone:,} (McNemar's exact test, {p})"
    )


def classes(score: Score) -> str:
    """Say how much of each class is recognised, the best first; of many classes only the worst few."""
    known = sorted((one for one in score.classes if one.n), key=lambda one: (-one.right / one.n, one.name))
    if len(known) > _FEW_CLASSES:
        worst = listed([f"{one.name} {100 * one.right / one.n:.0f} %" for one in known[-_WORST:]])
        return f"least of {len(known):,} classes: {worst}"
    return ", ".join(f"{one.name} {100 * one.right / one.n:.0f} %" for one in known)


def confused(score: Score) -> str:
    """Say which classes are taken for which most often; empty where nothing is confused."""
    return "; ".join(map(_pair, score.confused))


def _pair(one: Confusion) -> str:
    return f"{one.name} taken for {one.answer} ({one.count:,} of {one.n:,})"


def beside_the_band(training: Training, found: Reference) -> str:
    """Say how the learning curve ends beside the reference's; empty where either is not known."""
    if not training.curve or not found.curve or training.curve[-1].step != found.curve[-1].step:
        return ""
    last, band = training.curve[-1].loss, found.curve[-1]
    place = "inside" if band.low <= last <= band.high else "above" if last > band.high else "below"
    return f"it ends {place} the reference's band, {max(band.low, 0):.2f} to {band.high:.2f}"


def rows(score: Score, training: Training | None) -> Iterator[tuple[str, str]]:
    """Yield a word and a sentence for everything that is known about a score; neither ends in a full stop."""
    yield "Accuracy", accuracy(score)
    found = {
        "Trainings": several(score),
        "Reference": reference(score.reference) if score.reference is not None else "",
        "Compared": against(score),
        "Classes": classes(score),
        "Confused": confused(score),
    }
    if training is not None and score.reference is not None:
        found["Curve"] = beside_the_band(training, score.reference)
    yield from ((word, said) for word, said in found.items() if said)
