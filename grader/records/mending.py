"""What would mend an error, and what the network would do then."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.records.network import Layer
from grader.records.outcomes import Where


@dataclass(frozen=True, slots=True)
class Fix:
    """One change that mends an error; a program can apply it.

    Attributes:
        change: `setting` (of a layer), `line` (`old` becomes `new` in the line that stopped), `word` (`old` becomes
            `new` wherever it stands) or `import` (`new` is a line to add at the top).
        layer: the layer whose setting changes, by the student's name for it; empty for another change.
        setting: `in_features`, `in_channels`, `num_features`, `kernel_size`, `start_dim` or `dim`; `flatten` for a
            Flatten that is missing before the layer, whose in_features is `value`; `out` for a layer to leave out.
        value: the number to type; None where there is none.
        old: text to be replaced.
        new: text in its place, or to be added.
    """

    change: str
    layer: str = ""
    setting: str = ""
    value: int | None = None
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        """Say it in few words: `in_features=7200 of fc1`, `nn.Linear in place of nn.Dense`."""
        if self.change == "import":
            return f"the line {self.new}"
        if self.change != "setting":
            return f"{self.new} in place of {self.old}"
        if self.setting == "out":
            return f"{self.layer} left out"
        if self.setting == "flatten":
            return f"an nn.Flatten() before {self.layer} and its in_features={self.value}"
        return f"{self.setting}={self.value} of {self.layer}"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a network that stopped would do with its error mended; it earns no points.

    Attributes:
        fixes: what was changed, in this order; each was the help for the error before it.
        works: whether all pictures get through then, from the first layer to the scores.
        layers: the layers that run then.
        code: of the error that comes next, in the catalogue; empty where it works.
        cause: what the diagnosis says about that error.
        help: what to do about it.
        where: the place of that error.
        parameters: numbers that it would learn; None where it does not work.
        accuracy: on pictures that it was not trained on; None where nothing was trained.
    """

    fixes: tuple[Fix, ...]
    works: bool
    layers: tuple[Layer, ...] = ()
    code: str = ""
    cause: str = ""
    help: str = ""
    where: Where = field(default_factory=Where)
    parameters: int | None = None
    accuracy: float | None = None
