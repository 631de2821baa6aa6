"""What the text of a submission shows of its training, without running anything."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.claims import MOST_ITEMS, read_facts
from grader.records import Call, Given, Loss, Measurement, Practice, Where
from grader.source.practice import practice
from grader.source.reading.notebook import ReadLimits, read_submission
from tests.mistakes.silent.practising import RIGHT
from tests.mistakes.specimen import CUT, IMPORTS, Mistake

ORDERS = {
    "course_order": (Call.BACKWARD, Call.STEP, Call.ZERO),
    "zero_first": (Call.ZERO, Call.BACKWARD, Call.STEP),
    "function": (Call.ZERO, Call.BACKWARD, Call.STEP),
    "closure": (Call.ZERO, Call.BACKWARD, Call.STEP),
    "by_hand": (Call.BACKWARD, Call.STEP, Call.ZERO),
    "accumulates": (Call.BACKWARD, Call.STEP, Call.ZERO),
}


def read(*cells: str) -> Practice:
    """Read these cells of a notebook."""
    files = Mistake("", "", CUT.join((*cells, "")), ()).files if len(cells) > 1 else {"net.py": cells[0].encode()}
    return practice(read_submission(files, ReadLimits()))


@pytest.mark.parametrize("name", ORDERS)
def test_order_of_calls(name: str) -> None:
    """Functions, closures, conditions and weights moved by hand all show their order."""
    found = practice(read_submission(Mistake("", name, dict(RIGHT)[name], ()).files, ReadLimits()))
    assert [one.order for one in found.loops] == [ORDERS[name]]
    assert found.loops[0].sometimes is (name == "accumulates")


@pytest.mark.parametrize(
    ("loss", "call", "kind", "given_to_it"),
    [
        ("", "F.cross_entropy(model(x), y)", Loss.CROSS_ENTROPY, Given.ANSWER),
        ("", "nn.CrossEntropyLoss()(model(x), y)", Loss.CROSS_ENTROPY, Given.ANSWER),
        ("f = nn.NLLLoss()", "f(torch.log(model(x)), y)", Loss.NLL, Given.LOGARITHMS),
        ("f = nn.NLLLoss()", "f(F.log_softmax(model(x), 1), y)", Loss.NLL, Given.LOGARITHMS),
        (
            "f = nn.CrossEntropyLoss(); soft = nn.Softmax(1)",
            "f(soft(model(x)), y)",
            Loss.CROSS_ENTROPY,
            Given.PROBABILITIES,
        ),
        ("f = F.mse_loss", "f(model(x), y) + 0.1", Loss.SQUARES, Given.ANSWER),
        ("f = build_loss()", "f(model(x), y)", None, Given.ANSWER),
    ],
)
def test_loss(loss: str, call: str, kind: Loss | None, given_to_it: Given) -> None:
    """The loss is known through names and whichever way it is called; what cannot be followed is not guessed."""
    found = read(f"{IMPORTS}{loss}\nfor x, y in loader:\n    loss = {call}\n    loss.backward()\n")
    assert [(one.loss, one.given) for one in found.loops] == [(kind, given_to_it)]


def test_loaders_are_told_apart_by_their_pictures() -> None:
    """A function that tests is judged by the loader that each of its calls gives it."""
    text = (
        f"{IMPORTS}train = DataLoader(a, 16, shuffle=True)\ntest = DataLoader(b, 16)\n"
        "def right(loader):\n    return sum((model(x).argmax(1) == y).sum() for x, y in loader)\n"
        "for x, y in train:\n    F.cross_entropy(model(x), y).backward()\n"
    )
    assert [one.training for one in read(f"{text}right(train)\n").measurements] == [True]
    assert [one.training for one in read(f"{text}right(train)\nright(test)\n").measurements] == [False]


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_survived(text: str) -> None:
    """Whatever stands in a file, the answer is a record that goes through JSON."""
    found = read(text)
    assert read_facts(json.loads(json.dumps({"practice": dataclasses.asdict(found)}))).practice == found


def test_a_claim_is_bounded() -> None:
    """Of a long list the first items are read; what does not fit is nothing, whatever its type."""
    many = [dataclasses.asdict(Measurement(Where("a.py", None, 1))) for _ in range(500)]
    assert len(read_facts({"practice": {"measurements": many}}).practice.measurements) == MOST_ITEMS
    unfit: tuple[Any, ...] = (7, [], {"loops": [{"where": 3}]}, {"loops": {"a": 1}}, {"evaluates": {}}, {"nothing": 1})
    for wrong in unfit:
        assert read_facts({"practice": wrong}).practice == Practice()
