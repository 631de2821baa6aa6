"""The notebook's own loop, by its text: S32 to S36. What the course teaches is worded as information."""

from __future__ import annotations

from itertools import groupby

from grader.advice.observed import Observed, Said, at, mistake
from grader.records import Call, Loss, TrainingLoop


@mistake("S32")
def squares_against_numbers(observed: Observed) -> Said | None:
    """Notice a squared error between scores and class numbers."""
    loop = observed.loop
    several = observed.meaning is not None and not observed.meaning.is_single
    if loop is None or loop.loss is not Loss.SQUARES or not loop.numbers or not several:
        return None
    title = f"The squared error{at(loop.where)} compares each of {observed.classes} scores with the class number itself"
    return title, "Write nn.CrossEntropyLoss() in place of it: it takes scores and class numbers.", loop.where


@mistake("S33", informs=True)
def never_mixed(observed: Observed) -> Said | None:
    """Notice a loader that gives the pictures in the same order in every epoch."""
    loop = observed.loop
    if loop is None or loop.shuffled is not False or loop.mixed:
        return None
    where = loop.loader if str(loop.loader) else loop.where
    title = f"The pictures come in the same order in every epoch{at(where)}"
    help_text = (
        "Write shuffle=True in that DataLoader. Where a file is sorted by class this alone decides: 10 % or 83 %."
    )
    return title, help_text, where


@mistake("S34")
def loop_out_of_order(observed: Observed) -> Said | None:
    """Notice a loop without zero_grad or step, or with zero_grad between backward and step."""
    for loop in observed.practice.loops:
        said = _out_of_order(loop)
        if said is not None:
            return f"In the loop{at(loop.where)} {said[0]}", said[1], loop.where
    return None


def _out_of_order(loop: TrainingLoop) -> tuple[str, str] | None:
    inner, outer = set(loop.order), set(loop.around)
    order = "The order is backward(), step(), zero_grad()"
    if Call.STEP not in inner | outer:
        return "step() is never called: no weight changes", "Write optimizer.step() after loss.backward()."
    if Call.ZERO not in inner:
        if loop.bare is not None:
            found = f"zero_grad stands without its brackets{at(loop.bare)} and does nothing"
            return found, "Write optimizer.zero_grad() with the brackets."
        if Call.ZERO in outer and Call.STEP in inner:
            found = "zero_grad() is not called for each batch: the gradients of all batches add up"
            return found, "Move optimizer.zero_grad() into the loop over the batches, after step()."
        if Call.ZERO not in outer:
            found = "zero_grad() is never called: the gradients of all batches add up"
            return found, "Write optimizer.zero_grad() after optimizer.step()."
        return None
    if loop.sometimes:  # gradients are gathered over several batches, or two networks take turns
        return None
    if Call.STEP not in inner:
        found = "step() stands outside: of all batches only the last one's gradient counts"
        return found, "Move optimizer.step() into the loop over the batches, before zero_grad()."
    turn = [kind for kind, _ in groupby(loop.order)]
    start = turn.index(Call.BACKWARD)
    turn = [kind for kind, _ in groupby(turn[start:] + turn[:start])]
    if turn[1:2] == [Call.ZERO]:
        found = "zero_grad() stands between backward() and step(): the step finds no gradient"
        return found, f"Move it behind step(). {order}; zero_grad() first is right too."
    return None


@mistake("S35", informs=True)
def tested_on_training_pictures(observed: Observed) -> Said | None:
    """Notice a notebook that measures on nothing but the pictures that it trains on."""
    measured = observed.practice.measurements
    if not measured or not observed.practice.loops or any(one.training is not True for one in measured):
        return None
    where = measured[-1].where
    title = f"Accuracy is measured{at(where)} on pictures that the network learns from"
    return title, "Keep some pictures apart (random_split) and measure on those; it is mostly a lower number.", where


@mistake("S36", informs=True)
def last_batch_alone(observed: Observed) -> Said | None:
    """Notice an accuracy that counts the last batch alone."""
    found = [one for one in observed.practice.measurements if one.last_batch]
    if not found:
        return None
    divided = ", divided by the batch size though it may be smaller" if found[0].by_batch_size else ""
    title = f"The accuracy{at(found[0].where)} is that of the last batch alone{divided}"
    help_text = "Add up the right answers over all batches, and divide by the number of pictures: right / len(data)."
    return title, help_text, found[0].where
