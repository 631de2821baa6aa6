"""How a network answers and learns: randomness, batch statistics, cut gradients, beginnings; S21 to S30."""

from __future__ import annotations

import math

from grader.advice.observed import Observed, Said, at, mistake
from grader.records import Role, SpotKind, Where
from grader.wording import listed, named, owner

NO_BETTER = 0.98
"""Share of a guess's loss, ln K, above which a training has learnt nothing."""


@mistake("S21")
def dropout_left_on(observed: Observed) -> Said | None:
    """Notice a dropout that is on while testing."""
    spot = observed.spot(SpotKind.DROPOUT)
    if spot is None:
        return None
    title = f"Dropout of {spot.number:g}{at(spot.where)} stays on while testing"
    help_text = f"Write F.dropout(x, {spot.number:g}, self.training), or use nn.Dropout({spot.number:g})."
    return title, help_text, spot.where


@mistake("S23")
def statistics_of_the_batch(observed: Observed) -> Said | None:
    """Notice a batch norm that goes by the batch while testing."""
    spot = observed.spot(SpotKind.BATCH_STATISTICS)
    if spot is None:
        return None
    title = f"{spot.name}{at(spot.where)} goes by the batch while testing: an answer depends on the pictures beside it"
    help_text = "Use nn.BatchNorm2d as it is, without track_running_stats=False, or give F.batch_norm self.training."
    return title, help_text, spot.where


@mistake("S24")
def noise_while_testing(observed: Observed) -> Said | None:
    """Notice random numbers that reach the answer while testing."""
    spot = observed.spot(SpotKind.NOISE)
    if spot is None:
        return None
    title = f"forward draws random numbers ({spot.name}{at(spot.where)}) while testing as well"
    return title, "Put that line under `if self.training:`, so that a picture always gets the same answer.", spot.where


@mistake("S25")
def weights_all_alike(observed: Observed) -> Said | None:
    """Notice weights that begin all with the same number."""
    found = observed.whole.alike if observed.whole is not None else ()
    if not found:
        return None
    name, value = found[0]
    layer = owner(name)
    where = next((one.where for one in observed.on_path() if one.name == layer), Where())
    title = f"All numbers of {name} begin as {value:.4g}: what is alike at the start stays alike"
    return title, "Leave PyTorch's own random start: delete the line that sets the weights.", where


@mistake("S26", said_by=("used",))
def frozen_layers(observed: Observed) -> Said | None:
    """Notice parameters that are told not to learn."""
    names = observed.whole.frozen if observed.whole is not None else ()
    if not names:
        return None
    owners = list(dict.fromkeys(owner(one) for one in names))
    title = f"requires_grad is False for {listed(owners)}: {'it does' if len(owners) == 1 else 'they do'} not learn"
    return title, "Delete the line that sets requires_grad to False.", Where()


@mistake("S27")
def gradient_cut(observed: Observed) -> Said | None:
    """Notice a detach, or a no_grad, before which weights get no gradient."""
    spot = observed.spot(SpotKind.DETACH)
    unreached = observed.whole.unreached if observed.whole is not None else ()
    if spot is None or not unreached:
        return None
    owners = list(dict.fromkeys(owner(one) for one in unreached))
    title = (
        f"The gradient is cut{at(spot.where)}, so {listed(owners)} never {'learns' if len(owners) == 1 else 'learn'}"
    )
    return title, "Leave .detach(), .data and torch.no_grad() out of forward.", spot.where


@mistake("S28")
def same_answer_for_all(observed: Observed) -> Said | None:
    """Notice that all pictures get one answer, or that a training ends where guessing begins."""
    whole = observed.whole
    if whole is not None and whole.one_answer and not whole.alike:
        relus = observed.on_path(Role.ACTIVATION)
        where = relus[0].where if relus else Where()
        title = "Different pictures all get exactly the same answer"
        help_text = "Look for a bias or a start value that makes everything negative before a ReLU, and leave it out."
        return title, help_text, where
    curve = observed.training.curve if observed.training is not None else ()
    guess = math.log(observed.classes)
    if not curve or curve[-1].loss < NO_BETTER * guess:
        return None
    title = f"After {curve[-1].step:,} steps the loss is {curve[-1].loss:.2f}, and guessing has {guess:.2f}"
    return title, "Check that every layer gets a gradient, and try a smaller network first.", Where()


@mistake("S30", said_by=("output",))
def squeezed_batch(observed: Observed) -> Said | None:
    """Notice a squeeze that takes the batch axis of a single picture."""
    shapes = {one.batch: one.shape for one in observed.whole.trials} if observed.whole is not None else {}
    alone, several = shapes.get(1), shapes.get(2) or shapes.get(7)
    squeezes = [one for one in observed.on_path() if one.op == "squeeze" and "dim" not in one.settings]
    if alone is None or several is None or len(alone) >= len(several) or not squeezes:
        return None
    title = f"{named(squeezes[-1])} takes the batch axis away: one picture gets the shape {alone}"
    return title, "Leave .squeeze() out, or write .squeeze(1) for one axis alone.", squeezes[-1].where


@mistake("S22", informs=True)
def eval_missing(observed: Observed) -> Said | None:
    """Notice a notebook that measures a network with dropout or batch norm without calling eval()."""
    practice = observed.practice
    places = [one.where for one in practice.measurements if not one.in_loop]
    if practice.evaluates or not places:
        return None
    switched = [
        one for one in observed.on_path(Role.DROPOUT, Role.NORM) if one.role is Role.DROPOUT or one.op == "batch_norm"
    ]
    if not switched:
        return None
    title = f"{named(switched[0])} works otherwise while training, and nothing says model.eval() before you measure"
    help_text = f"Write model.eval() before it{at(places[0])}, and model.train() before you train on."
    return title, f"{help_text} The grader always does so.", places[0]
