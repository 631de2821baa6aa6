"""What is known of a submission when it is compared, and the way of it into the process that compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grader.records import Layer, Submission
from grader.similarity.canonical import Piece


@dataclass(frozen=True, slots=True)
class Entry:
    """One submission.

    Attributes:
        id: the submission's.
        people: everything by which those who handed it in are known.
        pieces: its code.
        wanted: where statements begin that build the network: file, cell, line.
        passages: its explanation: where, text.
        network: its layers in order with all sizes; empty where none was captured whole.
        layers: those with weights, one string each, as they are shown.
    """

    id: str
    people: frozenset[str] = frozenset()
    pieces: tuple[Piece, ...] = ()
    wanted: tuple[tuple[str, int | None, int], ...] = ()
    passages: tuple[tuple[str, str], ...] = ()
    network: str = ""
    layers: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "id": self.id,
            "people": sorted(self.people),
            "pieces": [[one.file, one.cell, one.text] for one in self.pieces],
            "wanted": [list(one) for one in self.wanted],
            "passages": [list(one) for one in self.passages],
            "network": self.network,
            "layers": list(self.layers),
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> Entry:
        """Read what `to_json` returned."""
        return cls(
            plain["id"],
            frozenset(plain["people"]),
            tuple(Piece(*one) for one in plain["pieces"]),
            tuple((file, cell, line) for file, cell, line in plain["wanted"]),
            tuple((where, text) for where, text in plain["passages"]),
            plain["network"],
            tuple(plain["layers"]),
        )


@dataclass(frozen=True, slots=True)
class Template:
    """What the course gave out: a file's name, its code and its words."""

    name: str
    pieces: tuple[Piece, ...] = ()
    passages: tuple[str, ...] = ()


def people_of(submission: Submission) -> frozenset[str]:
    """Return ids, addresses and names of everybody who handed a submission in."""
    words = [submission.id, submission.email, *submission.group]
    words += [word for one in submission.members for word in (one.id, one.email, one.name)]
    return frozenset(" ".join(one.split()).casefold() for one in words if one.strip())


def network_of(layers: Sequence[Layer]) -> str:
    """Return the layers on the way to the scores, in order, with their settings and sizes and without names."""
    return "; ".join(
        f"{one.op} {sorted(one.settings.items())} {one.inputs} {one.outputs} {one.parameters}"
        for one in layers
        if one.on_path
    )


def weighted_of(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Return the layers with weights as `conv2d 3 to 8, kernel_size 3x3`; the size of the pictures plays no part."""
    return tuple(_layer(one) for one in layers if one.on_path and one.parameters)


_USUAL: dict[str, set[int]] = {"kernel_size": set(), "stride": {1}, "padding": {0}, "dilation": {1}, "groups": {1}}
"""Settings that are told, and the value that nobody needs to be told."""


def _layer(one: Layer) -> str:
    ends = f"{one.inputs[0]} to {one.outputs[0]}" if one.inputs and one.outputs else f"{one.parameters:,} weights"
    settings = ", ".join(
        f"{key} {'x'.join(map(str, value)) if isinstance(value, list | tuple) else value}"
        for key, value in sorted(one.settings.items())
        if key in _USUAL and set(value if isinstance(value, list | tuple) else (value,)) != _USUAL[key]
    )
    return f"{one.op} {ends}" + (f", {settings}" if settings else "")
