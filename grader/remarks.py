"""Sentences on what costs no points and is no doubt: how a network ends, what it carries, where it was trained."""

from __future__ import annotations

from collections.abc import Iterator

from grader import hardware
from grader.criteria import Evidence
from grader.records import Meaning, Training
from grader.scoring.significance import wilson
from grader.wording import counted, listed

MODEST = 10_000
"""Numbers that a model may carry besides its weights without a word about it."""

ALREADY_TRAINED = 0.15
"""How far above chance a network's accuracy before its first step surely lies (95 %) when it arrives trained."""

_BEFORE_IT = "it was trained and scored on what stands before it"
ENDS = {
    Meaning.PROBABILITIES: "ends in a softmax; it was trained on the logarithm of its probabilities",
    Meaning.LOG_PROBABILITIES: "ends in a log_softmax; it was trained on these logarithms as they are",
    Meaning.SCORE: (
        "answers with one score for two classes; it was trained with binary cross-entropy, and a score above 0 is an "
        "answer for the second class"
    ),
    Meaning.PROBABILITY: f"ends in a sigmoid on one score for two classes; {_BEFORE_IT}",
    Meaning.RELU: f"ends in a ReLU on its scores, which stops the gradient of every score below 0; {_BEFORE_IT}",
    Meaning.RELU_SCORE: f"ends in a ReLU on one score for two classes, which stops its gradient below 0; {_BEFORE_IT}",
    Meaning.SIGMOID: f"ends in a sigmoid on each of its scores; {_BEFORE_IT}",
    Meaning.TANH: f"ends in a tanh on its scores; {_BEFORE_IT}",
    Meaning.TANH_SCORE: f"ends in a tanh on one score for two classes; {_BEFORE_IT}",
}
"""What a network ends in, other than raw scores, and how it was trained all the same."""


def remarks(evidence: Evidence) -> tuple[str, ...]:
    """Say what costs no points and is no doubt: how it ends, what it carries, whether it arrives already trained."""
    return (
        *_ends_in(evidence),
        *_carries(evidence),
        *_arrives_trained(evidence.training, evidence.classes),
        *_elsewhere(evidence),
    )


def _ends_in(evidence: Evidence) -> Iterator[str]:
    """Say what a network that was trained ends in, other than raw scores, and that its end cost nothing."""
    examination = evidence.examination
    if evidence.training is not None and examination is not None and examination.meaning in ENDS:
        yield f"The network {ENDS[examination.meaning]}, so that this costs nothing."


def _elsewhere(evidence: Evidence) -> Iterator[str]:
    """Say that the network and the reference were trained on different hardware, where both are known."""
    reference = evidence.score.reference if evidence.score is not None else None
    if reference is None or evidence.training is None or not reference.hardware or not evidence.training.hardware:
        return
    own, other = evidence.training.hardware, reference.hardware
    if own != other:
        different = listed([name for name in dict.fromkeys((*own, *other)) if own.get(name) != other.get(name)])
        yield (
            f"The network was trained on {hardware.sentence(own)}, and the reference on {hardware.sentence(other)} "
            f"(different: {different}): their numbers may differ slightly for that alone."
        )


def _carries(evidence: Evidence) -> Iterator[str]:
    """Name the largest of what a model carries besides its weights; over budget, the criterion says it."""
    examination = evidence.examination
    if examination is None or examination.over_budget or examination.constants <= MODEST or not examination.carried:
        return
    largest = examination.carried[0]
    yield (
        f"The model carries {counted(examination.constants, 'number')} besides the weights that learn, "
        f"{largest.numbers:,} of them in {largest}; that is within the budget."
    )


def _arrives_trained(training: Training | None, classes: int) -> Iterator[str]:
    """Say that a network knew the training pictures before its first step, and what the recipe makes of it."""
    if training is None or training.accuracy_handed_in is None or training.accuracy_at_start is None:
        return
    chance = max(1 / classes, training.chance_at_start or 0.0)
    pictures, guess = training.asked_at_start, f"{100 * chance:.0f} % is chance"
    drawn = training.recipe.get("weights") == "fresh"
    if _knows(training.accuracy_handed_in, pictures, chance):
        taken = (
            f"The rubric has its weights drawn anew, after which it knew {100 * training.accuracy_at_start:.0f} %."
            if drawn
            else "The rubric takes it as submitted."
        )
        yield (
            f"The network knew {100 * training.accuracy_handed_in:.0f} % of the training pictures before its first "
            f"step ({guess}): it arrives already trained. {taken}"
        )
    if drawn and _knows(training.accuracy_at_start, pictures, chance):
        yield (
            f"With its weights drawn anew the network still knew {100 * training.accuracy_at_start:.0f} % of the "
            f"training pictures ({guess}): what it knows lies in what it carries besides its weights."
        )


def _knows(accuracy: float, pictures: int, chance: float) -> bool:
    """Tell whether an accuracy surely lies above chance; see `ALREADY_TRAINED`."""
    return pictures > 0 and wilson(round(accuracy * pictures), pictures)[0] > chance + ALREADY_TRAINED
