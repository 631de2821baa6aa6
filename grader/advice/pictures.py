"""What of a picture is looked at, and how its axes stand: S08, S09, S19, S20."""

from __future__ import annotations

import re

from grader.advice.observed import Observed, Said, at, lengths, mistake
from grader.records import Coverage, Layer, Role
from grader.wording import counted, named, percent, size

SOME = 0.15
"""Share of the pixels that kernels may leave over at the edge without a word; most designs leave a few rows."""

_MADE_FOR = re.compile(r"weight of size \[\d+, (\d+), .*expected input\[\d+, (\d+), ")


@mistake("S08")
def rows_as_colours(observed: Observed) -> Said | None:
    """Notice a first convolution that takes the rows of a picture for its colours."""
    colours, height, width = observed.shape
    first = next((one for one in _layers(observed) if one.role is Role.CONV), None)
    if first is not None and len(first.inputs) == 3:
        taken, *sides = first.inputs
        if taken in (height, width) and taken != colours and colours in sides and colours not in (height, width):
            title = f"{named(first)} takes the {taken} rows of a picture for colours: it gets {size(first.inputs)}"
            return (
                title,
                f"Bring the colours to the front: x.permute(0, 3, 1, 2), and in_channels={colours}.",
                first.where,
            )
    return _made_for_rows(observed)


def _layers(observed: Observed) -> tuple[Layer, ...]:
    return observed.examination.layers if observed.examination is not None else ()


def _made_for_rows(observed: Observed) -> Said | None:
    """Return what is said where the first convolution was made for as many channels as a picture has rows."""
    colours, height, width = observed.shape
    broke = observed.broke
    said = _MADE_FOR.search(broke.message) if broke is not None and broke.stage == "forward" else None
    if said is None or broke is None or any(one.role is Role.CONV for one in _layers(observed)):
        return None
    made, arrived = int(said[1]), int(said[2])
    if arrived != colours or made not in (height, width) or made == colours:
        return None
    name = broke.layer or "The first convolution"
    title = f"{name}{at(broke.where)} is made for {made} channels, and a picture has {made} rows and {colours} colours"
    help_text = f"Set in_channels to {colours}, and turn your own pictures with x.permute(0, 3, 1, 2)."
    return title, help_text, broke.where


@mistake("S09")
def reshaped_for_turned(observed: Observed) -> Said | None:
    """Notice a reshape where the axes of a picture were to be turned."""
    shape = tuple(observed.shape)
    for layer in observed.on_path():
        turned = layer.inputs != shape and sorted(layer.inputs) == sorted(shape) and len(set(shape)) > 1
        if layer.op in ("view", "reshape", "_unsafe_view", "unflatten") and turned and layer.outputs == shape:
            title = (
                f"{named(layer)} cuts {size(layer.inputs)} into {size(shape)} in memory's order: pixels are mixed up"
            )
            return title, "Write x.permute(0, 3, 1, 2) in its place: it turns the axes.", layer.where
    if observed.practice.scrambled:
        where = observed.practice.scrambled[0]
        title = f"A picture is reshaped to have its colours first{at(where)}: that mixes its pixels up"
        return title, "Turn its axes in place of that: arr.transpose(2, 0, 1), or x.permute(2, 0, 1).", where
    return None


def _edges(coverage: Coverage, observed: Observed) -> float:
    """Return the share of the pixels that lie in rows and columns at the edge which are never read."""
    _, height, width = observed.shape
    inner = (height - coverage.top - coverage.bottom) * (width - coverage.left - coverage.right)
    return 1 - inner / (height * width)


@mistake("S19")
def stride_beyond_kernel(observed: Observed) -> Said | None:
    """Notice a kernel that jumps over pixels: of the picture by what reaches the answer, else of a pooling's map."""
    whole = observed.whole
    if whole is None:
        return None
    holes = whole.coverage is not None and whole.coverage.unread > _edges(whole.coverage, observed) + 1e-9
    for layer in observed.on_path(Role.CONV, Role.POOL):
        if "kernel_size" not in layer.settings or max(lengths(layer, "dilation")) > 1:
            continue
        kernel, stride = lengths(layer, "kernel_size"), lengths(layer, "stride")
        jumps = [(k, s) for k, s in zip(kernel, stride, strict=False) if s > k]
        if not jumps or not (holes or layer.role is Role.POOL):
            continue
        wide, moves = jumps[0]
        lost = ""
        if holes and whole.coverage is not None:
            missed = whole.coverage.pixels - whole.coverage.read
            lost = f": {missed:,} of {whole.coverage.pixels:,} pixels ({percent(whole.coverage.unread)}) are never read"
        title = f"{named(layer)} is {wide} wide and moves {moves} at a time{lost}"
        return title, f"Set stride of {layer.name} to {wide} or less, or kernel_size to {moves}.", layer.where
    return None


def _lost_at(coverage: Coverage) -> str:
    lost = (
        (coverage.top, "row", "at the top"),
        (coverage.bottom, "row", "at the bottom"),
        (coverage.left, "column", "on the left"),
        (coverage.right, "column", "on the right"),
    )
    return ", ".join(f"{counted(number, noun)} {place}" for number, noun, place in lost if number)


def _cut(observed: Observed) -> Layer | None:
    """Return the first layer that takes a part of the picture alone."""
    shape = tuple(observed.shape)
    cuts = (one for one in observed.on_path() if one.op in ("slice", "narrow", "select", "index_select"))
    return next((one for one in cuts if one.inputs == shape or len(one.inputs) == len(shape)), None)


@mistake("S20")
def cut_off(observed: Observed) -> Said | None:
    """Notice that a part of the picture, or a whole colour, is cut off."""
    coverage, cut = observed.whole.coverage if observed.whole is not None else None, _cut(observed)
    if coverage is None:
        return None
    if 0 < coverage.channels < observed.shape[0]:
        first = next(iter(observed.on_path()), None)
        title = f"Only {coverage.channels} of the {counted(observed.shape[0], 'colour')} of a picture are looked at"
        help_text = f"Give the first convolution all of them: in_channels={observed.shape[0]}."
        return (title, help_text, first.where) if first is not None else None
    if cut is None or _edges(coverage, observed) <= SOME:
        return None
    title = f"{percent(_edges(coverage, observed))} of the picture is never looked at: {_lost_at(coverage)}"
    return f"{title}{at(cut.where)}", "Leave the crop out, or resize the picture in place of cutting it.", cut.where


@mistake("S20", informs=True)
def left_over(observed: Observed) -> Said | None:
    """Notice that kernels and strides leave much of the picture over at its edge."""
    coverage = observed.whole.coverage if observed.whole is not None else None
    grids = observed.on_path(Role.CONV, Role.POOL)
    if coverage is None or not grids or _edges(coverage, observed) <= SOME:
        return None
    title = f"{percent(_edges(coverage, observed))} of the picture is never looked at: {_lost_at(coverage)}"
    help_text = "Kernels and strides leave it over where they do not divide the side; padding=1 takes some of it in."
    return title, help_text, grids[0].where
