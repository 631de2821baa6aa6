"""How a network ends, and whether its loss fits: softmax, sigmoid, ReLU on the scores; S01 and S11 to S16."""

from __future__ import annotations

import math

from grader.advice.observed import Observed, Said, at, mistake
from grader.records import Given, Layer, Loss, Meaning, Role, Where
from grader.wording import counted, named


def floor_of(classes: int) -> float:
    """Return the lowest cross-entropy of a network that ends in a softmax: ln(1 + (K - 1) / e) for K classes."""
    return math.log(1 + (classes - 1) / math.e)


def _last(observed: Observed, *ops: str) -> Layer | None:
    """Return the last layer on the path that is one of these operators."""
    return next((one for one in reversed(observed.on_path(Role.ACTIVATION)) if one.op.strip("_") in ops), None)


def _place(layer: Layer | None) -> Where:
    return layer.where if layer is not None else Where()


def _loss(observed: Observed) -> Loss | None:
    return observed.loop.loss if observed.loop is not None else None


def _given(observed: Observed) -> Given:
    return observed.loop.given if observed.loop is not None else Given.ANSWER


@mistake("S01", informs=True)
def softmax_before_cross_entropy(observed: Observed) -> Said | None:
    """Notice probabilities that go into a cross-entropy; the course's own notebook does it, so it costs nothing."""
    ends = observed.meaning is Meaning.PROBABILITIES and _given(observed) is Given.ANSWER
    in_loop = observed.loop is not None and _given(observed) is Given.PROBABILITIES
    if not (ends or in_loop) or _loss(observed) not in (None, Loss.CROSS_ENTROPY):
        return None
    if in_loop and observed.loop is not None and _loss(observed) is None:
        return None
    layer = _last(observed, "softmax")
    where = observed.loop.where if in_loop and observed.loop is not None else _place(layer)
    floor = f"{floor_of(observed.classes):.2f}"
    sure = _loss(observed) is Loss.CROSS_ENTROPY
    subject = "The loop takes a softmax" if in_loop else "The network ends in a softmax"
    title = f"{subject}{at(where)}{', and CrossEntropyLoss takes its own' if sure else ''}"
    condition = "" if sure else "If you train with nn.CrossEntropyLoss, which takes its own, "
    start = "Leave the softmax out" if sure else "leave the softmax out"
    after = f"with both, the loss cannot fall below {floor} for {observed.classes} classes"
    return title, f"{condition}{start}: {after}, and gradients are about ten times smaller. No points are lost.", where


@mistake("S12")
def sigmoid_on_scores(observed: Observed) -> Said | None:
    """Notice a sigmoid on each of several scores, unless the loss is the one for it."""
    if observed.meaning is not Meaning.SIGMOID or _loss(observed) is Loss.BINARY:
        return None
    layer = _last(observed, "sigmoid", "hardsigmoid")
    title = f"A sigmoid stands on the {counted(observed.classes, 'score')}{at(_place(layer))}"
    return title, "Leave it out: a sigmoid is for yes or no, and makes ties of large scores.", _place(layer)


@mistake("S13")
def relu_on_scores(observed: Observed) -> Said | None:
    """Notice a ReLU after the last dense layer."""
    if observed.meaning not in (Meaning.RELU, Meaning.RELU_SCORE):
        return None
    layer = _last(observed, "relu", "clamp", "clamp_min", "threshold")
    title = f"A ReLU stands on the {counted(observed.classes, 'score')}{at(_place(layer))}"
    help_text = "Leave it out after the last layer: a score below 0 becomes 0, and that class can then never be learnt."
    return title, help_text, _place(layer)


@mistake("S14")
def softmax_across_pictures(observed: Observed) -> Said | None:
    """Notice a softmax over the batch axis."""
    for layer in observed.on_path(Role.ACTIVATION):
        dim = layer.settings.get("dim")
        if layer.op.strip("_") in ("softmax", "log_softmax") and dim in (0, -(len(layer.outputs) + 1)):
            title = f"{named(layer)} runs across the pictures of a batch (dim={dim}), not across the classes"
            return title, f"Write dim=1, so that the {observed.classes} numbers of a picture add up to 1.", layer.where
    return None


@mistake("S15", informs=True)
def log_softmax_before_cross_entropy(observed: Observed) -> Said | None:
    """Notice logarithms of probabilities that go into a cross-entropy, which changes nothing."""
    logarithms = observed.meaning is Meaning.LOG_PROBABILITIES or _given(observed) is Given.LOGARITHMS
    if not logarithms or _loss(observed) is not Loss.CROSS_ENTROPY or observed.loop is None:
        return None
    layer = _last(observed, "log_softmax")
    where = _place(layer) if layer is not None else observed.loop.where
    title = f"A log_softmax{at(where)} goes into CrossEntropyLoss, which takes its own"
    return title, "The loss is the same with and without it: nothing to change, or leave the log_softmax out.", where


@mistake("S16")
def nll_without_logarithms(observed: Observed) -> Said | None:
    """Notice an NLLLoss that is given raw scores or probabilities."""
    loop, meaning = observed.loop, observed.meaning
    if loop is None or loop.loss is not Loss.NLL or meaning is None or loop.given is Given.LOGARITHMS:
        return None
    if loop.given is Given.ANSWER and meaning not in (Meaning.LOGITS, Meaning.PROBABILITIES):
        return None
    raw = loop.given is Given.ANSWER and meaning is Meaning.LOGITS
    found = "raw scores, which it can push below any number" if raw else "probabilities, not their logarithms"
    title = f"NLLLoss{at(loop.where)} is given {found}"
    return (
        title,
        "Write nn.CrossEntropyLoss() in its place, on raw scores; it takes the log_softmax itself.",
        loop.where,
    )


@mistake("S11", said_by=("output", "dense"))
def other_number_of_scores(observed: Observed) -> Said | None:
    """Notice a number of scores that is not the number of classes."""
    shapes = [one.shape for one in observed.whole.trials if one.shape] if observed.whole is not None else []
    rows = next((one for one in shapes if len(one) == 2), None)
    if rows is None or rows[1] == observed.classes or (rows[1] == 1 and observed.classes == 2):
        return None
    last = next(iter(reversed(observed.on_path(Role.DENSE, Role.CONV))), None)
    name = last.name if last is not None else "the last layer"
    title = f"The network answers with {counted(rows[1], 'score')}, and there are {observed.classes} classes"
    return title, f"Set out_features of {name} to {observed.classes}.", _place(last)
