"""Is it the CNN that was asked for: convolution, pooling, flatten, dense and activations on the path.

All of them look at the layers that ran, so a network that breaks at its dense layer keeps what it showed before.
"""

from __future__ import annotations

import math

from grader.criteria.building import reason, stop_place
from grader.criteria.evidence import Evidence, Verdict, criterion
from grader.faults import GraderFault
from grader.records import Layer, Role
from grader.rubric import Parameter, Rule
from grader.wording import counted, named, size, spatial

_USUAL_KERNEL = 3
_PLACES_SHOWN = 3


def lengths(layer: Layer, setting: str, missing: int | None = None) -> tuple[int, ...]:
    """Return a setting as one number per axis of the map; raise GraderFault where it is not there."""
    value = layer.settings.get(setting) or missing
    axes = max(len(spatial(layer.inputs)), 1)
    if isinstance(value, int):
        return (value,) * axes
    if isinstance(value, tuple | list) and value:
        return tuple(int(one) for one in value) * (axes if len(value) == 1 else 1)
    raise GraderFault(f"the layer {layer.name} came without its {setting}")


@criterion("The network has a convolutional layer that sees its neighbourhood")
def convolution(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge the best convolution: on the path, wider than one pixel, smaller than its picture, with weights."""
    del rule
    found = [_convolution(layer, evidence) for layer in evidence.layers if layer.role is Role.CONV]
    expected = "At least one convolution was to look at small pieces of the picture on its way to the scores"
    if not found:
        help_text = f"Start forward with a layer such as nn.Conv2d({evidence.shape[0]}, 16, 3)."
        help_text = help_text if evidence.complete else evidence.help
        return Verdict(0, f"{expected}; no convolution ran.{_only_ran(evidence)}", help_text)
    best = max(found, key=lambda verdict: verdict.share or 0)
    return best if best.share == 1 else Verdict(best.share, f"{expected}. {best.rationale}", best.help, best.evidence)


def _only_ran(evidence: Evidence) -> str:
    if evidence.complete:
        return ""
    return f" (The network stopped{stop_place(evidence)}; what comes after that could not be seen.)"


def _convolution(layer: Layer, evidence: Evidence) -> Verdict:
    kernel, around = lengths(layer, "kernel_size"), spatial(layer.inputs)
    reach = tuple(d * (k - 1) + 1 for k, d in zip(kernel, lengths(layer, "dilation", 1), strict=True))
    numbers = {"layer": layer.name, "kernel_size": list(kernel), "input": list(layer.inputs)}
    if not layer.on_path:
        found = f"{named(layer)} runs, but its result is not used for the scores."
        return Verdict(
            1 / 4, found, f"Write x = self.{layer.name}(x), so that the next layer gets its result.", numbers
        )
    if not _learns(layer, evidence):
        return Verdict(1 / 4, f"{named(layer)} is on the way to the scores, but its weights do not learn.", "", numbers)
    if max(reach, default=1) <= 1:
        found = f"The kernel of {named(layer)} is {size(kernel)}: it looks at one pixel at a time."
        return Verdict(1 / 2, found, f"Give {layer.name} a kernel_size of 3 or 5.", numbers)
    if all(width >= length for width, length in zip(reach, around, strict=True)):
        found = (
            f"The kernel of {named(layer)} is {size(kernel)} on a map of {size(around)}: it sees everything at once."
        )
        help_text = f"Give {layer.name} a kernel_size of 3 or 5." if min(around) > _USUAL_KERNEL else ""
        return Verdict(1 / 2, found, help_text, numbers)
    return Verdict(1, f"{named(layer)} looks at pieces of {size(kernel)} of a map of {size(around)}.", "", numbers)


def _learns(layer: Layer, evidence: Evidence) -> bool:
    """Tell whether a layer has trainable weights; shared ones are counted where they are used first."""
    examination = evidence.examination
    lame = (*examination.unregistered, *examination.frozen) if examination else ()
    same = (other for other in evidence.layers if other.name == layer.name)
    return not {layer.name, f"{layer.name}.weight"} & set(lame) and any(other.parameters > 0 for other in same)


_SHRINK = Parameter(0.25, 0, 1, "share of the area that a pool which moves one pixel must take away for full points")


@criterion("A pooling layer makes the maps smaller", parameters={"shrink": _SHRINK})
def pooling(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge the best pooling: max, average, adaptive or mean over the map, on the path, with a smaller result."""
    found = [_pooling(layer, rule.number("shrink")) for layer in evidence.layers if layer.role is Role.POOL]
    expected = "At least one pooling layer was to make the maps smaller on the way to the scores"
    if not found:
        return Verdict(0, f"{expected}; none ran.{_strided(evidence)}{_only_ran(evidence)}", _where_to_pool(evidence))
    best = max(found, key=lambda verdict: verdict.share or 0)
    return best if best.share == 1 else Verdict(best.share, f"{expected}. {best.rationale}", best.help, best.evidence)


def _strided(evidence: Evidence) -> str:
    jumps = [layer for _, layer in evidence.on_path(Role.CONV) if max(lengths(layer, "stride", 1)) > 1]
    if not jumps:
        return ""
    return f" ({named(jumps[0])} shrinks the map by its stride, but the task asks for a pooling layer.)"


def _where_to_pool(evidence: Evidence) -> str:
    if not evidence.complete:
        return evidence.help
    around = [(layer, spatial(layer.outputs)) for _, layer in evidence.on_path(Role.CONV)]
    if not around or min(around[-1][1], default=0) <= 1:
        return ""
    layer, before = around[-1]
    after = [length // 2 for length in before]
    return f"Put nn.MaxPool2d(2) after {layer.name}: it makes {size(before)} into {size(after)}."


def _pooling(layer: Layer, enough: float) -> Verdict:
    before, after = spatial(layer.inputs), spatial(layer.outputs) or (1,)
    left = math.prod(after) / math.prod(before or (1,))
    change = f"{size(before)} into {size(after)}"
    numbers = {"layer": layer.name, "input": list(layer.inputs), "output": list(layer.outputs)}
    if not layer.on_path:
        found = f"{named(layer)} runs, but its result is not used for the scores."
        return Verdict(
            1 / 3, found, f"Write x = self.{layer.name}(x), so that the next layer gets its result.", numbers
        )
    if left >= 1:
        return Verdict(1 / 3, f"{named(layer)} makes {change}, which is no smaller.", _wider_step(layer), numbers)
    if left > 1 - enough:
        found = f"{named(layer)} makes {change}: only {100 * (1 - left):.0f} % of the map goes."
        return Verdict(2 / 3, found, _wider_step(layer), numbers)
    return Verdict(1, f"{named(layer)} makes maps of {change}.", "", numbers)


def _wider_step(layer: Layer) -> str:
    if "kernel_size" not in layer.settings or max(lengths(layer, "stride", 1)) > 1:
        return ""
    kernel, before = lengths(layer, "kernel_size"), spatial(layer.inputs)
    after = [length // width for length, width in zip(before, kernel, strict=True)]
    if max(kernel) <= 1 or min(after) < 1:
        return ""
    wider = f"it then moves {kernel[0]} pixels and makes {size(before)} into {size(after)}"
    return f"Leave the stride of {layer.name} out: {wider}."


def _last_grid(evidence: Evidence) -> tuple[int, Layer | None]:
    """Return position and layer of the last convolution or pooling on the path; -1 and None where there is none."""
    grids = evidence.on_path(Role.CONV, Role.POOL)
    return grids[-1] if grids else (-1, None)


@criterion("The maps are laid out in one row before the dense layers")
def flatten(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge whether a flatten, or a pooling down to one number per channel, follows the last map."""
    del rule
    at, last = _last_grid(evidence)
    after = [layer for position, layer in evidence.on_path(Role.FLATTEN) if position > at and _is_row(layer)]
    if after:
        one = after[0]
        numbers = {"layer": one.name, "input": list(one.inputs), "output": list(one.outputs)}
        return Verdict(1, f"{named(one)} lays {size(one.inputs)} out as {size(one.outputs)}.", "", numbers)
    if last is not None and last.role is Role.POOL and math.prod(spatial(last.outputs)) == 1:
        return Verdict(1, f"{named(last)} leaves one number for each of {counted(last.outputs[0], 'channel')}.")
    mixed = _mixed(evidence)
    if mixed is not None:
        found, help_text = _about_mixing(mixed)
        return Verdict(0, f"Each picture was to be laid out in a row of its own. {found}", help_text)
    start = f"After {named(last)} the maps of a picture" if last else "The numbers of a picture"
    shape = f" ({size(last.outputs)})" if last else ""
    missing = f"{start}{shape} were to be laid out in one row; nothing does that.{_only_ran(evidence)}"
    if not evidence.complete:
        return Verdict(0, missing, evidence.help)
    return Verdict(0, missing, f"Put nn.Flatten() after {last.name}." if last else "")


def _is_row(layer: Layer) -> bool:
    """Tell whether a picture became one row; after `torch.flatten(x)` all pictures together are."""
    return len(layer.outputs) == 1 and layer.outputs[0] == math.prod(layer.inputs)


def _mixed(evidence: Evidence) -> Layer | None:
    """Return the first layer that cuts the numbers of several pictures together; its result keeps the batch axis."""
    cuts = (layer for layer in evidence.layers if layer.on_path and layer.op in ("view", "reshape", "_unsafe_view"))
    return next((layer for layer in cuts if math.prod(layer.outputs) > math.prod(layer.inputs)), None)


def _about_mixing(layer: Layer) -> tuple[str, str]:
    found = f"{named(layer)} cuts the numbers of several pictures into common rows of {layer.outputs[-1]}."
    return found, f"Write torch.flatten(x, 1) in its place; each picture is then a row of {math.prod(layer.inputs)}."


@criterion("A dense layer answers with one score per class")
def dense(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge the dense layers after the last map: at least one, on whole pictures, the last one a score per class."""
    del rule
    expected = f"After the flatten a dense layer (nn.Linear) was to answer with {evidence.classes} scores"
    if not evidence.complete:
        return Verdict(
            0, f"{expected}, but the network stopped{stop_place(evidence)}. {reason(evidence)}", evidence.help
        )
    at, _ = _last_grid(evidence)
    layers = evidence.on_path(Role.DENSE)
    mixed, on_maps = _mixed(evidence), [layer for _, layer in layers if len(layer.inputs) > 1]
    if on_maps and mixed is not None:
        found, help_text = _about_mixing(mixed)
        return Verdict(1 / 2, f"{expected} for each picture. {found}", help_text)
    after = [layer for position, layer in layers if position > at]
    if on_maps and (not after or after[-1] in on_maps):
        return _on_maps(on_maps[-1], expected)
    if not after:
        return Verdict(0, f"{expected}; no dense layer follows the convolutions and poolings.", _first_dense(evidence))
    last = after[-1]
    numbers = {"layer": last.name, "in_features": last.inputs[-1], "out_features": last.outputs[-1]}
    if last.outputs[-1] == 1 and evidence.classes == 2:
        return Verdict(
            1, f"{named(last)} turns {size(last.inputs)} into one score, which tells two classes apart.", "", numbers
        )
    if last.outputs[-1] != evidence.classes:
        found = f"{expected}; {named(last)}, the last one, answers with {counted(last.outputs[-1], 'number')}."
        return Verdict(1 / 2, found, f"Set out_features of {last.name} to {evidence.classes}.", numbers)
    found = f"{named(last)} turns {size(last.inputs)} into {evidence.classes} scores."
    return Verdict(1, found, "", numbers)


def _on_maps(layer: Layer, expected: str) -> Verdict:
    total = math.prod(layer.inputs)
    found = (
        f"{expected}; {named(layer)} works on {size(layer.inputs)} and so looks at rows of {layer.inputs[-1]} numbers, "
        "not at whole pictures."
    )
    help_text = f"Put nn.Flatten() before {layer.name} and set its in_features to {total} ({size(layer.inputs)})."
    return Verdict(1 / 2, found, help_text, {"layer": layer.name, "input": list(layer.inputs)})


def _first_dense(evidence: Evidence) -> str:
    row = [layer.outputs for layer in evidence.layers if layer.on_path and len(layer.outputs) == 1]
    return f"End forward with nn.Linear({row[-1][0]}, {evidence.classes})." if row else ""


@criterion("Something non-linear stands between the layers", requires=("built", "budget"))
def activations(evidence: Evidence, rule: Rule) -> Verdict:
    """Judge the places between two weighted layers: one without activation, or only a max-pooling, costs half."""
    del rule
    examination = evidence.examination
    if examination is None or not examination.complete:
        return Verdict(
            None, "Not judged, because the network stopped before its last layer.", evidence={"because": "output"}
        )
    if examination.over_budget:
        return Verdict(
            None, "Not judged, because the network is larger than the budget.", evidence={"because": "budget"}
        )
    linear, pooled = examination.linear_pairs, examination.pooled_pairs
    numbers = {"linear_pairs": [list(pair) for pair in linear], "pooled_pairs": [list(pair) for pair in pooled]}
    if not linear and not pooled:
        return Verdict(1, "Between any two layers with weights there is an activation such as ReLU.", "", numbers)
    places = " nor between ".join(f"{first} and {second}" for first, second in (*linear, *pooled)[:_PLACES_SHOWN])
    first, second = (*linear, *pooled)[0]
    help_text = f"Put nn.ReLU() between {first} and {second}."
    if not linear:
        found = f"No activation such as ReLU stands between {places}, only a max-pooling."
        return Verdict(1 / 2, found, help_text, numbers)
    found = f"No activation such as ReLU stands between {places}: two layers together can do no more than one."
    return Verdict(1 / 2 if len(linear) + len(pooled) == 1 else 0, found, help_text, numbers)
