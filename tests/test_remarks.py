"""Sentences on what costs no points: what a model carries, and a network that arrives already trained."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from grader.claims import examination_from
from grader.criteria import Evidence
from grader.records import Carried, Meaning, Where
from grader.remarks import remarks
from tests.criteria.samples import CNN, GOOD, TRAINING, changed

TABLE = Carried("table", (10, 3072), 30_720, Where("net.py", None, 4))


def started(handed_in: float, at_start: float, **more: Any) -> Evidence:
    """Return the good evidence with what its network knew before its first step."""
    fields: dict[str, Any] = {"asked_at_start": 512, "chance_at_start": 0.1, **more}
    training = replace(TRAINING, accuracy_handed_in=handed_in, accuracy_at_start=at_start, **fields)
    return replace(GOOD, training=training)


def test_nothing_to_say() -> None:
    """A network that carries little and knows nothing gets no remark, nor does one that nobody asked."""
    assert remarks(GOOD) == ()
    assert remarks(started(0.13, 0.13)) == ()
    assert remarks(changed(constants=10_000, carried=(TABLE,))) == ()
    assert remarks(replace(GOOD, examination=None, training=None)) == ()


def ends_in(meaning: Meaning) -> tuple[str, ...]:
    """Return the remarks on a network that was trained and whose answer is that."""
    return remarks(changed(meaning=meaning))


def test_what_a_network_ends_in() -> None:
    """A map at the end is said in one sentence with what was done about it; raw scores are not worth a word."""
    assert ends_in(Meaning.LOGITS) == ()
    (softmax,), (relu,) = ends_in(Meaning.PROBABILITIES), ends_in(Meaning.RELU)
    assert softmax == (
        "The network ends in a softmax; it was trained on the logarithm of its probabilities, so that this costs "
        "nothing."
    )
    assert relu == (
        "The network ends in a ReLU on its scores, which stops the gradient of every score below 0; it was trained "
        "and scored on what stands before it, so that this costs nothing."
    )
    said = [one for meaning in Meaning for one in ends_in(meaning)]
    assert len(set(said)) == len(Meaning) - 1


def test_an_end_that_was_not_trained() -> None:
    """Where nothing was trained nothing is said of it, nor where the network broke before its end."""
    softmax = changed(meaning=Meaning.PROBABILITIES)
    assert remarks(replace(softmax, training=None)) == ()
    assert remarks(replace(softmax, examination=None)) == ()


def test_what_is_carried() -> None:
    """More than a modest amount is named with its largest part; over budget the criterion says it."""
    (said,) = remarks(changed(constants=31_000, carried=(TABLE,)))
    assert said == (
        "The model carries 31,000 numbers besides the weights that learn, 30,720 of them in table (10 x 3,072; "
        "net.py, line 4); that is within the budget."
    )
    assert remarks(changed(constants=31_000, carried=(TABLE,), over_budget="too much")) == ()


def test_a_network_that_arrives_trained() -> None:
    """What it knew is said with chance beside it, and what the rubric makes of it."""
    knew = (
        "The network knew 83 % of the training pictures before its first step (10 % is chance): it arrives already "
        "trained."
    )
    assert remarks(started(0.83, 0.83)) == (f"{knew} The rubric takes it as submitted.",)
    drawn = started(0.83, 0.11, recipe={"weights": "fresh"})
    assert remarks(drawn) == (f"{knew} The rubric has its weights drawn anew, after which it knew 11 %.",)


def test_knowledge_that_is_no_weight() -> None:
    """What still knows the pictures when the weights were drawn anew lies elsewhere."""
    found = remarks(started(0.83, 0.8, recipe={"weights": "fresh"}))
    assert found[1].endswith("what it knows lies in what it carries besides its weights.")
    assert len(remarks(started(0.83, 0.8))) == 1


@pytest.mark.parametrize(
    ("accuracy", "more", "expected"),
    [
        (0.30, {}, True),
        (0.28, {}, False),  # the lower end of the interval is 24 %
        (1.0, {"asked_at_start": 4}, True),
        (0.5, {"asked_at_start": 4}, False),
        (0.6, {"chance_at_start": 0.55}, False),
        (0.3, {"chance_at_start": None}, True),
    ],
)
def test_from_when_on(accuracy: float, more: dict[str, Any], expected: bool) -> None:
    """The lower end of the 95 % interval has to lie 15 points above chance, the commonest class's share."""
    assert bool(remarks(started(accuracy, accuracy, **more))) == expected


def test_what_is_carried_is_read_back() -> None:
    """An examination that went through JSON is the same; one from before has nothing to tell."""
    examination = replace(CNN, constants=30_720, carried=(TABLE,))
    plain = json.loads(json.dumps(asdict(examination)))
    assert examination_from(plain) == examination
    del plain["carried"]
    assert examination_from(plain) == replace(examination, carried=())
