"""Layers that do nothing, do the same twice, or leave too little: S02 to S07, S10, S17, S18, S29."""

from __future__ import annotations

import math

from grader.advice.observed import Observed, Said, at, lengths, mistake
from grader.records import Layer, Role, SpotKind, Where
from grader.wording import counted, named, owner, percent, size, spatial

MANY = 5_000_000
"""Weights from which on a network is large for pictures like these."""

SHARE = 0.9
"""Of all weights in one dense layer, from which on it is worth a word."""


def _layer_named(observed: Observed, name: str) -> Where:
    layers = observed.examination.layers if observed.examination is not None else ()
    return next((one.where for one in layers if one.name == name), Where())


@mistake("S02", said_by=("activations",))
def nothing_non_linear(observed: Observed) -> Said | None:
    """Notice two weighted layers with nothing non-linear, or only a max-pooling, between them."""
    pairs = (*observed.whole.linear_pairs, *observed.whole.pooled_pairs) if observed.whole is not None else ()
    if not pairs:
        return None
    first, second = pairs[0]
    alone = (
        "together they can do no more than one" if observed.whole and observed.whole.linear_pairs else "only a pooling"
    )
    title = f"Nothing like ReLU stands between {first} and {second}: {alone}"
    return title, f"Put nn.ReLU() between {first} and {second}.", _layer_named(observed, second)


@mistake("S03", said_by=("used",))
def layers_in_a_list(observed: Observed) -> Said | None:
    """Notice layers whose weights are no parameters of the model."""
    names = observed.whole.unregistered if observed.whole is not None else ()
    if not names:
        return None
    where = _layer_named(observed, names[0])
    title = (
        f"The weights of {counted(len(names), 'layer')}{at(where)} are not in model.parameters(), so none is trained"
    )
    return title, "Keep these layers in nn.ModuleList([...]) in place of a Python list.", where


@mistake("S04")
def layers_made_in_forward(observed: Observed) -> Said | None:
    """Notice a layer that forward makes anew, with new weights, at every call."""
    spot = observed.spot(SpotKind.MADE_IN_FORWARD)
    written = observed.practice.in_forward
    if spot is None and not (written and observed.whole is not None and observed.whole.unregistered):
        return None
    where = written[0] if written else spot.where if spot is not None else Where()
    title = f"forward makes a layer{at(where)}: it has new weights at every call and never learns"
    return title, "Make it once in __init__ (self.conv = nn.Conv2d(...)) and call self.conv(x) in forward.", where


@mistake("S05", said_by=("used",))
def weights_never_used(observed: Observed) -> Said | None:
    """Notice layers with weights that forward never calls."""
    whole = observed.whole
    if whole is None or not whole.unused:
        return None
    ran = {one.name for one in whole.layers}
    names = list(dict.fromkeys(owner(one) for one in whole.unused))
    names = [one for one in names if one not in ran and all(one != other.unused for other in whole.twice)]
    if not names:
        return None
    where = next((one.where for one in observed.practice.uncalled if one.name == names[0]), Where())
    title = f"{names[0]} is made{at(where)}, and forward never calls it"
    return title, f"Call self.{names[0]} in forward, or delete it from __init__.", where


@mistake("S05")
def layer_never_called(observed: Observed) -> Said | None:
    """Notice a layer without weights, a pooling above all, that is made and never called."""
    whole = observed.whole
    if whole is None:
        return None
    weighted = {owner(one) for one in (*whole.unused, *whole.frozen)} | {one.name for one in whole.layers}
    found = [one for one in observed.practice.uncalled if one.name not in weighted]
    if not found:
        return None
    title = f"{found[0].name} is made{at(found[0].where)}, and forward never calls it"
    return title, f"Write x = self.{found[0].name}(x) where it belongs, or delete the line.", found[0].where


def _thrown_away(observed: Observed, role: Role) -> Said | None:
    """Return what is said of a layer that runs for nothing; several results are there to be used elsewhere."""
    whole = observed.whole
    if whole is None or any(one.kind == "return" for one in observed.repairs):
        return None
    lost = [one for one in whole.layers if one.role is role and not one.on_path]
    if not lost:
        return None
    name = lost[0].name
    title = f"{named(lost[0])} runs, and its result ({size(lost[0].outputs)}) is thrown away"
    return title, f"Write x = self.{name}(x), so that the next layer gets its result.", lost[0].where


@mistake("S06", said_by=("convolution",))
def convolution_thrown_away(observed: Observed) -> Said | None:
    """Notice a convolution whose result reaches no score."""
    return _thrown_away(observed, Role.CONV)


@mistake("S06", said_by=("pooling",))
def pooling_thrown_away(observed: Observed) -> Said | None:
    """Notice a pooling whose result reaches no score."""
    return _thrown_away(observed, Role.POOL)


@mistake("S07")
def called_in_place_of_another(observed: Observed) -> Said | None:
    """Notice a layer that is called twice while another of its size is never called."""
    found = observed.whole.twice if observed.whole is not None else ()
    if not found:
        return None
    one = found[0]
    title = f"{one.name} is called {one.times} times{at(one.where)}, and {one.unused}, which has the same size, never"
    return title, f"If that is a slip, write self.{one.unused}(x) in that line.", one.where


@mistake("S10", said_by=("dense", "flatten", "output"))
def dense_on_maps(observed: Observed) -> Said | None:
    """Notice a last dense layer that works on rows of maps."""
    dense = observed.on_path(Role.DENSE)
    if not dense or len(dense[-1].inputs) != 3:
        return None
    last = dense[-1]
    title = f"{named(last)} gets maps of {size(last.inputs)} and looks at rows of {last.inputs[-1]} numbers"
    help_text = f"Put nn.Flatten() before it and set its in_features to {math.prod(last.inputs)}."
    return title, help_text, last.where


@mistake("S17", said_by=("memorises",))
def too_little_left(observed: Observed) -> Said | None:
    """Notice a place where fewer numbers than classes are left of a picture."""
    narrowest = observed.whole.narrowest if observed.whole is not None else None
    if narrowest is None or narrowest[1] >= observed.classes:
        return None
    name, left = narrowest
    where = _layer_named(observed, name)
    title = f"Only {counted(left, 'number')} of a picture {'is' if left == 1 else 'are'} left at {name}{at(where)}"
    help_text = (
        f"Pool less or give it more channels, until {observed.classes} or more stay for {observed.classes} classes."
    )
    return title, help_text, where


def _reach(layer: Layer) -> list[int]:
    kernel, dilation = lengths(layer, "kernel_size"), lengths(layer, "dilation")
    return [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=False)]


@mistake("S18", said_by=("convolution",), informs=True)
def kernel_of_whole_map(observed: Observed) -> Said | None:
    """Notice a convolution that sees its whole map at once, or whose map is a single pixel."""
    for layer in observed.on_path(Role.CONV):
        around, reach = spatial(layer.inputs), _reach(layer)
        if len(around) != 2 or max(reach) <= 1 or any(k < n for k, n in zip(reach, around, strict=False)):
            continue
        if max(around) == 1:
            title = f"{named(layer)} works on a map of 1 x 1: only the middle of its {size(reach)} kernel counts"
            return title, f"Set kernel_size of {layer.name} to 1, or pool less before it.", layer.where
        title = f"The kernel of {named(layer)} ({size(reach)}) sees its whole map ({size(around)}) at once"
        return (
            title,
            "It is a dense layer in disguise; to look for small things, use a kernel_size of 3 or 5.",
            layer.where,
        )
    return None


@mistake("S18", said_by=("pooling",))
def pooling_of_one_pixel(observed: Observed) -> Said | None:
    """Notice a pooling with a window of one pixel that changes nothing."""
    for layer in observed.on_path(Role.POOL):
        if "kernel_size" in layer.settings and max(_reach(layer)) == 1 and layer.inputs == layer.outputs:
            title = f"{named(layer)} pools windows of 1 pixel, which changes nothing"
            return title, f"Set the kernel of {layer.name} to 2: it then halves the map.", layer.where
    return None


@mistake("S29", informs=True)
def giant_dense_layer(observed: Observed) -> Said | None:
    """Notice a dense layer that holds nearly all weights of a large network."""
    whole = observed.examination
    dense = [one for one in whole.layers if one.role is Role.DENSE and one.inputs] if whole is not None else []
    if whole is None or not dense:
        return None
    largest = max(dense, key=lambda one: one.parameters)
    if largest.parameters < MANY or largest.parameters < SHARE * whole.parameters:
        return None
    share = percent(largest.parameters / whole.parameters)
    title = f"{named(largest)} holds {largest.parameters:,} of {whole.parameters:,} weights ({share})"
    less = largest.parameters // 4
    return title, f"Put nn.MaxPool2d(2) before the flatten: about {less:,} are left.", largest.where
