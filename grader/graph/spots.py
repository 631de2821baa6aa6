"""Find the calls of a captured network that stand out: dropout that stays on, noise, a detach, a layer called twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from grader.graph import operators, roles
from grader.graph.document import Argument, Document
from grader.graph.flow import Flow
from grader.graph.survey import Survey, place
from grader.records import Role, Spot, SpotKind, Twice, Where
from grader.wording import owner

MOST = 10
"""Spots that are kept of one network."""

_SWITCH = {"dropout": 2, "feature_dropout": 2, "alpha_dropout": 2, "feature_alpha_dropout": 2, "native_dropout": 2}
"""Where these operators take whether they are on; the probability comes before it."""
_BY_BATCH = 5
"""Where batch_norm takes whether it goes by the batch."""


def spots(train: Survey, evaluation: Survey) -> tuple[Spot, ...]:
    """Return the calls that stand out, at most `MOST`; a detach is looked for where the network trains."""
    found = (*_random(evaluation), *_by_batch(evaluation), *_cuts(train))
    return tuple(dict.fromkeys(found))[:MOST]


def twice(document: Document, evaluation: Survey, unused: Sequence[str]) -> tuple[Twice, ...]:
    """Return the layers that are called several times while another with weights of their shape is never called."""
    shapes = {entry.name: entry.shape for entry in document.tensors}
    left = {shapes[name]: owner(name) for name in reversed(unused) if len(shapes[name]) > 1}
    called = [
        (index, weight)
        for index in sorted(evaluation.flow.on_path)
        if evaluation.role(index) in (Role.CONV, Role.DENSE)
        for weight in evaluation.flow.reads[index]
        if len(document.tensors[weight].shape) > 1
    ]
    times = Counter(weight for _, weight in called)
    found = []
    for weight, count in times.items():
        other = left.get(document.tensors[weight].shape)
        if count > 1 and other is not None:
            second = [index for index, one in called if one == weight][1]
            found.append(Twice(evaluation.layer_name(second), count, other, _place(evaluation, second)))
    return tuple(found)


def _random(surveyed: Survey) -> Iterator[Spot]:
    """Yield what draws random numbers on the way to the answer, the weights of layers made in forward apart."""
    drawing = {index for index in surveyed.flow.to_output if _draws(surveyed, index)}
    made = set()
    for index in sorted(surveyed.flow.on_path):
        if surveyed.calls[index].name not in roles.CONV | {"linear"}:
            continue
        own = _drawn_for(surveyed, index, drawing)
        if own:
            made |= own
            yield Spot(SpotKind.MADE_IN_FORWARD, surveyed.layer_name(index), _place(surveyed, index))
    for index in sorted(drawing - made):
        name = surveyed.calls[index].name
        node = surveyed.graph.nodes[index]
        kind = SpotKind.DROPOUT if name in _SWITCH else SpotKind.NOISE
        share = _number(node.arguments, 1) if kind is SpotKind.DROPOUT else 0.0
        yield Spot(kind, surveyed.layer_name(index), _place(surveyed, index), share)


def _draws(surveyed: Survey, index: int) -> bool:
    node, name = surveyed.graph.nodes[index], surveyed.calls[index].name
    if name in _SWITCH:
        return _is_on(node.arguments, _SWITCH[name]) and _number(node.arguments, 1) > 0
    return node.operator in operators.RANDOM and "rrelu" not in name


def _drawn_for(surveyed: Survey, index: int, drawing: set[int]) -> set[int]:
    """Return the draws that the weights of a call come from, those of its pictures left out."""
    weights = [one for one in surveyed.flow.before[index] if one not in surveyed.flow.from_input]
    return drawing & _before(surveyed.flow, weights)


def _before(flow: Flow, start: Sequence[int]) -> set[int]:
    found, todo = set(start), list(start)
    while todo:
        for one in flow.before[todo.pop()]:
            if one not in found:
                found.add(one)
                todo.append(one)
    return found


def _by_batch(surveyed: Survey) -> Iterator[Spot]:
    for index in sorted(surveyed.flow.on_path):
        node = surveyed.graph.nodes[index]
        if surveyed.calls[index].name == "batch_norm" and _is_on(node.arguments, _BY_BATCH):
            yield Spot(SpotKind.BATCH_STATISTICS, surveyed.layer_name(index), _place(surveyed, index))


def _cuts(surveyed: Survey) -> Iterator[Spot]:
    """Yield each detach of something that weights went into; in `with torch.no_grad():` it stands at what follows."""
    graph, flow = surveyed.graph, surveyed.flow
    for index in sorted(flow.on_path):
        if surveyed.calls[index].name == "detach":
            after = [one for one in sorted(flow.on_path) if index in flow.before[one]]
            where = _place(surveyed, index)
            hidden = graph.nodes[index].place[2] == 0 and after
            yield Spot(SpotKind.DETACH, "detach", _place(surveyed, after[0]) if hidden else where)


def _place(surveyed: Survey, index: int) -> Where:
    return place(surveyed.document, surveyed.graph.nodes[index].place)


def _is_on(arguments: Sequence[Argument], at: int) -> bool:
    return at < len(arguments) and arguments[at].tag == "b" and bool(arguments[at].value)


def _number(arguments: Sequence[Argument], at: int) -> float:
    given = arguments[at] if at < len(arguments) else Argument("n")
    return float(given.value) if given.tag in "if" else 0.0
