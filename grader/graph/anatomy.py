"""What a surveyed graph says about a design: linear stretches, the narrowest point, whether its modes agree."""

from __future__ import annotations

from dataclasses import dataclass

from grader.graph import roles
from grader.graph.replay import slots_of
from grader.graph.survey import Survey
from grader.records import Role


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between a weighted layer and those before it."""

    weighted: frozenset[int] = frozenset()
    bent: bool = False
    """A non-linearity lies on some way in, so the layers do not collapse into one."""
    pooled: bool = False
    """A max-pooling lies on the way; it is not linear, but it is not an activation either."""


def joined_pairs(surveyed: Survey) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Return the pairs of weighted layers joined linearly, and those joined by max-pooling alone.

    Only stretches that are linear on every way count: in a residual block the skip connection is linear, the
    sum is not. A depthwise convolution and the pointwise one after it are one separable layer.
    """
    memo: dict[int, Between] = {}
    linear: list[tuple[str, str]] = []
    pooled: list[tuple[str, str]] = []
    for index in sorted(surveyed.flow.on_path):
        if not _is_weighted(surveyed, index):
            continue
        found = _inputs(surveyed, index, memo)
        if found.bent:
            continue
        for before in sorted(found.weighted):
            if _is_depthwise(surveyed, before):
                continue
            pair = (surveyed.layer_name(before), surveyed.layer_name(index))
            (pooled if found.pooled else linear).append(pair)
    return tuple(dict.fromkeys(linear)), tuple(dict.fromkeys(pooled))


def _is_weighted(surveyed: Survey, index: int) -> bool:
    return surveyed.role(index) in (Role.CONV, Role.DENSE)


def _is_depthwise(surveyed: Survey, index: int) -> bool:
    return int(surveyed.calls[index].settings.get("groups") or 1) > 1


def _inputs(surveyed: Survey, index: int, memo: dict[int, Between]) -> Between:
    """Join what every node before `index` lets through."""
    found = Between()
    for before in surveyed.flow.before[index]:
        if before in surveyed.flow.from_input:
            one = _through(surveyed, before, memo)
            found = Between(found.weighted | one.weighted, found.bent or one.bent, found.pooled or one.pooled)
    return found


def _through(surveyed: Survey, index: int, memo: dict[int, Between]) -> Between:
    """Return what can be seen looking back from the result of node `index`; nodes come in order, so memo fills up."""
    todo = [index]
    while todo:
        one = todo[-1]
        if one in memo:
            todo.pop()
            continue
        if _is_weighted(surveyed, one):
            memo[one] = Between(frozenset({one}))
        elif not _is_linear(surveyed, one) and surveyed.calls[one].name not in roles.MAX_POOL:
            memo[one] = Between(bent=True)
        else:
            missing = [b for b in surveyed.flow.before[one] if b in surveyed.flow.from_input and b not in memo]
            if missing:
                todo.extend(missing)
                continue
            found = _inputs(surveyed, one, memo)
            pooled = found.pooled or surveyed.calls[one].name in roles.MAX_POOL
            memo[one] = Between(found.weighted, found.bent, pooled)
        todo.pop()
    return memo[index]


def _is_linear(surveyed: Survey, index: int) -> bool:
    call = surveyed.calls[index]
    if surveyed.role(index) in (Role.NORM, Role.DROPOUT, Role.FLATTEN):
        return True
    if call.name in ("mul", "div"):
        return call.data == 1
    return call.name in roles.LINEAR or surveyed.graph.nodes[index].operator.startswith("size.")


def narrowest(surveyed: Survey) -> tuple[str, int] | None:
    """Return the layer on the path, the last ones aside, after which the fewest numbers a picture are left.

    Only where everything passes counts: beside a gate of four numbers (squeeze and excitation) the maps go on.
    """
    on_path = sorted(_passages(surveyed))
    weighted = [index for index in sorted(surveyed.flow.on_path) if _is_weighted(surveyed, index)]
    if not weighted:
        return None
    found = [
        (_numbers(surveyed.calls[index].outputs), index)
        for index in on_path
        if index < weighted[-1] and surveyed.calls[index].outputs
    ]
    if not found:
        return None
    numbers, index = min(found)
    return surveyed.layer_name(index), numbers


def _passages(surveyed: Survey) -> list[int]:
    """Return the nodes on the path that no way from the picture to the answer goes around; sizes are no way."""
    on_path = [index for index in sorted(surveyed.flow.on_path) if surveyed.calls[index].outputs]
    last: dict[int, int] = {}  # node, or -1 for the picture -> the last node that needs it
    for index in on_path:
        for before in surveyed.flow.before[index]:
            last[before] = index
        if 0 in slots_of(surveyed.graph.nodes[index].arguments):
            last[-1] = index
    found = []
    needed = last.get(-1, -1)
    for index in on_path:
        if needed <= index:
            found.append(index)
        needed = max(needed, last.get(index, -1))
    return found


def _numbers(shape: tuple[int, ...]) -> int:
    total = 1
    for one in shape:
        total *= one
    return total


def weighted_layers(surveyed: Survey) -> list[tuple[str, tuple[int, ...]]]:
    """Return (operator, tensors) of every weighted call on the path, to compare the two modes."""
    return [
        (surveyed.calls[index].name, surveyed.flow.reads[index])
        for index in sorted(surveyed.flow.on_path)
        if _is_weighted(surveyed, index)
    ]


def modes_disagree(train: Survey, evaluation: Survey) -> str | None:
    """Say which weighted layers answer without having been trained; auxiliary heads of training are fine."""
    trained = weighted_layers(train)
    extra = [one for one in weighted_layers(evaluation) if one not in trained]
    if extra:
        name, tensors = extra[0]
        shown = evaluation.document.tensors[tensors[0]].name if tensors else name
        return f"in evaluation the answer comes through {name} ({shown}), which is not on the way while training"
    if trained and not weighted_layers(evaluation):
        return "in evaluation the answer does not come through the layers that are trained"
    return None
