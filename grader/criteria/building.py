"""Does it run: building the model, its size, its answer and one training step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.criteria.evidence import Evidence, Verdict, criterion
from grader.faults import GraderFault
from grader.records import Role, Trial
from grader.wording import counted, listed, sentence, size

if TYPE_CHECKING:
    from grader.records import Examination
    from grader.rubric import Rule

_TWO_THIRDS = 2 / 3
_ONE_THIRD = 1 / 3
_PRICED_REPAIRS = ("argument", "instance", "instantiate")
"""Guessing an argument, and making the network from the class; devices, imports and training cells cost nothing."""


def stop_place(evidence: Evidence) -> str:
    """Say where the student's code stopped, ``at cell 3, line 12, in `x = self.fc1(x)` ``; empty when not known.

    What the diagnosis says anyway is left out.
    """
    broke = evidence.broke
    if broke is None or broke.stage == "read" or not str(broke.where) or str(broke.where) in evidence.cause:
        return ""
    line = f", in `{broke.source}`" if broke.source and broke.source not in evidence.cause else ""
    return f" at {broke.where}{line}"


def reason(evidence: Evidence) -> str:
    """Say why the student's code stopped: the diagnosis, else the exception, else the outcome word."""
    if evidence.cause:
        return evidence.cause
    if evidence.broke:
        return sentence(f"Python says {evidence.broke.kind}: {evidence.broke.message}")
    return f"The program was stopped ({evidence.stopped})." if evidence.stopped else ""


@criterion("The model can be built", requires=())
def built(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge whether a model can be made from what was handed in; naming it for the grader costs a third."""
    del rule
    broke = evidence.broke
    if evidence.examination is None and (broke is None or broke.stage != "forward"):
        if broke is None and evidence.stopped is None:
            raise GraderFault("no model and no reason for its absence came back from the sandbox")
        place = stop_place(evidence)
        place = f" It stopped{place}." if place else ""
        rationale = f"The model was to be built from what you handed in.{place} {reason(evidence)}"
        return Verdict(0, rationale, evidence.help, {"stopped": evidence.stopped})
    repairs = evidence.repaired(*_PRICED_REPAIRS)
    if repairs:
        return Verdict(_TWO_THIRDS, f"The model could be built only with help. {repairs}")
    examination = evidence.examination
    if examination is None:
        return Verdict(1, "The model was built.")
    learns = counted(examination.parameters, "number")
    return Verdict(1, f"The model was built; it learns {learns}.", evidence={"parameters": examination.parameters})


@criterion("The network stays within the budget")
def budget(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge whether parameters, FLOPs, activations and constants stay within the rubric's budget."""
    del rule
    examination = evidence.examination
    if examination is None:
        return Verdict(None, "The network's size is not known, because it never ran.")
    numbers = {"parameters": examination.parameters, "flops": examination.flops, "constants": examination.constants}
    if examination.over_budget:
        return Verdict(0, sentence(examination.over_budget), _smaller(evidence), numbers)
    cost = f"{counted(examination.parameters, 'parameter')} and {examination.flops:,} operations per picture"
    return Verdict(1, f"The network has {cost}, which is within the budget.", evidence=numbers)


_MODEST = 10_000
"""Numbers besides the weights that are not the reason why a network is too large."""


def _smaller(evidence: Evidence) -> str:
    if evidence.examination is not None and _carries_most(evidence.examination):
        return f"Leave {evidence.examination.carried[0]} out, or make it an nn.Parameter that learns."
    dense = [layer for layer in evidence.layers if layer.role is Role.DENSE]
    largest = max(dense, key=lambda layer: layer.parameters, default=None)
    if largest is None or evidence.examination is None or 2 * largest.parameters < evidence.examination.parameters:
        return ""
    return (
        f"{largest.name} alone has {counted(largest.parameters, 'weight')}, as {size(largest.inputs)} arrive there: "
        "put an nn.MaxPool2d(2) before the Flatten, which makes them four times fewer."
    )


def _carries_most(examination: Examination) -> bool:
    """Tell whether a network is large by what it carries besides its weights."""
    large = examination.constants > max(_MODEST, examination.parameters // 2)
    return large and bool(examination.carried)


@criterion("The network answers every picture with one score per class", requires=("built", "budget"))
def output(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge the answer to batches of 1, 2 and 7: one row of finite scores per picture, one score per class."""
    del rule
    examination = evidence.examination
    expected = f"A batch of 7 pictures was to be answered with 7 rows of {evidence.classes} scores"
    if examination is None or not examination.complete:
        return Verdict(
            0,
            f"{expected}, but the network stopped{stop_place(evidence)}.{_arrived(evidence)} {reason(evidence)}",
            evidence.help,
        )
    if not examination.trials:
        if examination.over_budget:
            return Verdict(None, "The network was not run, because it is larger than the budget.")
        raise GraderFault("the network was replayed but never asked for an answer")
    single = evidence.classes == 2 and examination.meaning.is_single
    right = [trial for trial in examination.trials if _is_right(trial, evidence.classes, single=single)]
    wrong = [trial for trial in examination.trials if trial not in right]
    share, problem, help_text = _answers(right, wrong, evidence)
    numbers = {"trials": [[trial.batch, list(trial.shape or ())] for trial in examination.trials]}
    return Verdict(share, problem if share == 1 else f"{expected}. {problem}", help_text, numbers)


def _answers(right: list[Trial], wrong: list[Trial], evidence: Evidence) -> tuple[float, str, str]:
    """Return share, sentence and help for the batches that were answered as expected and those that were not."""
    repaired = evidence.repaired("return")
    if not right:
        if fixed := _fixed_batch(evidence):
            problem = f"It works only with {counted(fixed, 'picture')}, so forward has that number written into it."
            return _TWO_THIRDS, problem, evidence.help or "Write x.view(x.size(0), -1) in place of a fixed number."
        return max((_wrong_answer(trial, evidence) for trial in reversed(wrong)), key=lambda one: one[0])
    if wrong:
        works, fails = (listed([str(one.batch) for one in group]) for group in (right, wrong))
        problem = f"It works for batches of {works} but not of {fails}. {_wrong_answer(wrong[0], evidence)[1]}"
        return _TWO_THIRDS, problem, _squeezed(wrong[0], evidence) or evidence.help
    if repaired:
        rows = "End forward with one tensor: return the class scores and nothing else."
        return _TWO_THIRDS, repaired, rows if "flatten" not in repaired else "End forward with torch.flatten(x, 1)."
    batches = listed([str(trial.batch) for trial in right])
    if right[0].shape != (right[0].batch, evidence.classes):
        return 1, f"Batches of {batches} pictures get one score for each picture, which tells two classes apart.", ""
    return 1, f"Batches of {batches} pictures get one row of {evidence.classes} scores for each picture.", ""


def _fixed_batch(evidence: Evidence) -> int | None:
    """Return the only number of pictures with which the network runs and learns; None when 1, 2 or 7 do as well."""
    examination = evidence.examination
    if examination is None or examination.step is not None or any(trial.shape for trial in examination.trials):
        return None
    path = [layer for layer in examination.layers if layer.on_path]
    enough = [(evidence.classes,), *([(1,), ()] if evidence.classes == 2 else [])]
    return examination.only_batch if path and path[-1].outputs in enough else None


def _is_right(trial: Trial, classes: int, *, single: bool) -> bool:
    """Tell whether pictures were answered with a row of scores each, or a single score where that is enough."""
    rows = [(trial.batch, classes), *([(trial.batch, 1), (trial.batch,)] if single else [])]
    return trial.shape in rows and trial.finite


def _arrived(evidence: Evidence) -> str:
    """Say what came in where forward stopped; the first axis is the batch of 7."""
    if evidence.broke is None or not evidence.broke.inputs:
        return ""
    into = f" at {evidence.broke.layer}" if evidence.broke.layer else ""
    return f" What came in there{into} has the shape ({', '.join(map(str, evidence.broke.inputs[0]))})."


def _squeezed(trial: Trial, evidence: Evidence) -> str:
    if trial.batch == 1 and trial.shape in ((evidence.classes,), ()):
        return "squeeze() also removes the batch axis when there is one picture: leave it out, or write squeeze(-1)."
    return ""


def _wrong_answer(trial: Trial, evidence: Evidence) -> tuple[float, str, str]:
    """Return share, sentence and help for one batch that was not answered as expected."""
    if trial.shape is None:
        said = sentence(trial.error.removeprefix("DocumentError: "))
        return 0, f"With {counted(trial.batch, 'picture')} it stopped: {said}", evidence.help
    went_in = f"{counted(trial.batch, 'picture')} went in and an answer of shape {trial.shape} came out"
    match trial.shape:
        case (rows, width) if rows == trial.batch and width == evidence.classes:
            return 0, f"{went_in}, but some scores are not finite numbers (inf or nan).", ""
        case (rows, width) if rows == trial.batch:
            dense = evidence.on_path(Role.DENSE)
            last = f" of {dense[-1][1].name}" if dense and dense[-1][1].outputs[-1:] == (width,) else ""
            help_text = f"Set out_features{last} to {evidence.classes}." if last else ""
            return _ONE_THIRD, f"{went_in}: {width} scores for {evidence.classes} classes.", help_text
        case (rows,) if rows == trial.batch and evidence.layers and evidence.classes > 2:
            help_text = "End forward with the scores themselves: leave argmax, max or squeeze at its end out."
            return 0, f"{went_in}: one number for each picture, where a score for each class belongs.", help_text
        case (rows, _):
            help_text = "Flatten each picture by itself: torch.flatten(x, 1) in place of view or reshape."
            return 0, f"{went_in}: numbers of different pictures share a row.", help_text if rows > trial.batch else ""
        case (rows, _, _, *_) if rows == trial.batch:
            help_text = "Put nn.Flatten() after the last pooling layer, before the dense layers."
            return 0, f"{went_in}: nothing laid the maps of a picture out in one row.", help_text
        case _:
            return 0, f"{went_in}.", evidence.help


@criterion("One training step changes the weights", requires=("built", "output", "budget"))
def training_step(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge whether a loss, its gradients and one optimiser step work; needing more than one picture is fine."""
    del rule
    examination = evidence.examination
    if examination is None or not examination.complete:
        return Verdict(None, "A training step needs a network that runs to its end.")
    expected = "One training step was to give a finite loss and change the weights"
    if examination.step is not None:
        return Verdict(0, f"{expected}. {evidence.cause or sentence(examination.step)}", evidence.help)
    if examination.step_batch_one is not None:
        note = (
            "With a single picture it does not work, which is normal for batch normalisation; if your own last batch "
            f"has one picture, write drop_last=True in the DataLoader. ({examination.step_batch_one})"
        )
        return Verdict(1, f"One training step works. {note}", evidence={"batch_one": False})
    return Verdict(1, "One training step works: the loss is finite and the weights changed.")
