"""Put together what the text of a submission shows of its training, its measuring and its layers."""

from __future__ import annotations

from grader.records import Practice
from grader.source.practice import layers, loops, measuring
from grader.source.practice.text import MOST, Text
from grader.source.reading.notebook import Source


def practice(source: Source) -> Practice:
    """Return what the text shows; nothing where it is too odd to be read, as advice is worth no capture."""
    try:
        text = Text(source)
        training = loops.training_loops(text)
        return Practice(
            loops=tuple(one.told for one in training)[:MOST],
            measurements=measuring.measurements(text, training)[:MOST],
            evaluates=measuring.evaluates(text),
            in_forward=layers.made_in_forward(text)[:MOST],
            uncalled=layers.uncalled(text)[:MOST],
            scrambled=layers.scrambled(text)[:MOST],
        )
    except Exception:  # noqa: BLE001 - see above
        return Practice()
