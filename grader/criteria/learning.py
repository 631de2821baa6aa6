"""Can it learn: every weight is used, the same picture gets the same answer, 64 pictures are learnt by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.criteria.evidence import Evidence, Verdict, criterion
from grader.faults import GraderFault
from grader.rubric import Parameter, Rule
from grader.wording import counted, listed, percent, sentence

if TYPE_CHECKING:
    from grader.records import Examination, Training

_NEEDS_OUTPUT = ("built", "output", "budget")
_BY_HEART = 64


def training_of(evidence: Evidence) -> Training | None:
    """Return the training; None when none was asked for. Raise GraderFault when it was and there is none."""
    if evidence.trained and evidence.training is None:
        raise GraderFault("training was asked for and did not finish")
    return evidence.training


NOT_TRAINED = Verdict(
    None,
    "Not judged, because this run did not train the network; with --train the grader trains it.",
    evidence={"because": "training"},
)


@criterion("Every weight is used and learns", requires=_NEEDS_OUTPUT)
def used(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge whether every layer with weights is used and gets a gradient; half when no more than half do not."""
    del rule
    examination = evidence.examination
    if examination is None or not examination.complete:
        return Verdict(None, "Which weights learn is only known when the network runs to its end.")
    groups = (
        (examination.unused, "is not used for the answer", "are not used for the answer"),
        (examination.unregistered, "is not among the model's parameters", "are not among the model's parameters"),
        (examination.frozen, "is frozen (requires_grad is False)", "are frozen (requires_grad is False)"),
        (examination.unreached, "gets no gradient", "get no gradient"),
    )
    problems = [f"{_listed(names)} {one if len(names) == 1 else many}" for names, one, many in groups if names]
    learning = {layer.name for layer in evidence.layers if layer.parameters > 0 and layer.on_path}
    named = {_layer_of(name) for names, *_ in groups for name in names if names is not examination.unregistered}
    # Layers in a Python list have no names of their own, so each counts, whatever it is called.
    lame = len(named) + len(examination.unregistered)
    layers = len((learning - set(examination.unregistered)) | named) + len(examination.unregistered)
    numbers = {"layers": layers, "not_learning": sorted({*named, *examination.unregistered})}
    if not problems:
        return Verdict(1, f"All weights of {counted(len(learning), 'layer')} are used and learn.", "", numbers)
    found = f"All weights were to be used and to learn, and {lame} of {layers} layers do not. {'; '.join(problems)}."
    return Verdict(1 / 2 if 2 * lame <= layers else 0, found, _use(examination), numbers)


def _listed(names: tuple[str, ...]) -> str:
    """Write names as a list; where all are called alike, `4 layers (conv2d)`."""
    alike = len(names) > 1 and len(set(names)) == 1
    return f"{counted(len(names), 'layer')} ({names[0]})" if alike else listed(names)


def _layer_of(parameter: str) -> str:
    """Return `conv1` for `conv1.weight`; a layer's own name stays as it is."""
    layer, _, last = parameter.rpartition(".")
    return layer if layer and not last.isdigit() else parameter


def _use(examination: Examination) -> str:
    if examination.unregistered:
        count = counted(len(examination.unregistered), "layer")
        return (
            f"Keep the layers in nn.ModuleList([...]) in place of a Python list, so that the model has these {count}."
        )
    if examination.unused:
        name = _layer_of(examination.unused[0])
        return f"Call self.{name} in forward, or delete it from __init__."
    if examination.frozen:
        return f"Leave requires_grad of {examination.frozen[0]} as it is (True)."
    return ""


@criterion("The same picture always gets the same answer", requires=_NEEDS_OUTPUT)
def repeatable(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge whether a picture gets the same answer twice, and alone the same as in a batch."""
    del rule
    examination = evidence.examination
    if examination is None or not examination.complete:
        return Verdict(None, "Two answers can only be compared when the network runs to its end.")
    if examination.repeatable is None:
        return Verdict(1, "A picture gets the same answer twice, and alone the same as among others.")
    expected = "While testing, a picture was to get the same answer each time, whatever pictures stand beside it"
    return Verdict(0, f"{expected}. {sentence(examination.repeatable)}")


_AT = Parameter(0.9, 0, 1, "share of the 64 training pictures that must be learnt by heart")


@criterion(
    "The network can learn 64 pictures by heart", requires=(*_NEEDS_OUTPUT, "training_step"), parameters={"at": _AT}
)
def memorises(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge whether the network learns 64 training pictures by heart, with the loss that fits its output."""
    training = training_of(evidence)
    if training is None:
        return NOT_TRAINED
    if training.memorised is None:
        raise GraderFault("learning by heart was asked for and not tried")
    needed, reached = rule.number("at"), training.memorised
    numbers = {"memorised": reached, "at": needed}
    found = f"It learnt {round(reached * _BY_HEART)} of {_BY_HEART} pictures by heart ({percent(reached)})"
    if reached >= needed:
        return Verdict(1, f"{found}; {percent(needed)} was expected.", "", numbers)
    return Verdict(0, f"{found}, and {percent(needed)} was expected.", _wider(evidence), numbers)


def _wider(evidence: Evidence) -> str:
    """Name the bottleneck where fewer numbers than classes are left of a picture."""
    narrowest = evidence.examination.narrowest if evidence.examination else None
    if narrowest is None or narrowest[1] >= evidence.classes:
        return ""
    name, left = narrowest
    return (
        f"Only {counted(left, 'number')} per picture {'is' if left == 1 else 'are'} left at {name}, for "
        f"{evidence.classes} classes: give {name} more channels or pool less, until {evidence.classes} or more stay."
    )
