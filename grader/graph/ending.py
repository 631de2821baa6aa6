"""The end of a network: which maps its scores pass last, what its answer therefore is, and the network without them.

A softmax, a sigmoid, a tanh or a ReLU on the scores tells nobody which class wins that the scores did not tell before,
but trained through some of them a network learns less: a ReLU gives no gradient to a class whose score is negative.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from grader.graph import roles
from grader.graph.document import Argument, Document, Graph, Node
from grader.graph.flow import Flow, flow
from grader.graph.survey import Survey
from grader.records import Meaning

SOFTMAX = frozenset({"softmax", "_softmax"})
LOG_SOFTMAX = frozenset({"log_softmax", "_log_softmax"})
PASSED = roles.PLUMBING | {"view", "reshape", "flatten", "squeeze", "unsqueeze"}
"""Calls that leave every number as it is."""

LOOKED_THROUGH = {
    "relu": (Meaning.RELU, Meaning.RELU_SCORE),
    "sigmoid": (Meaning.SIGMOID, Meaning.PROBABILITY),
    "tanh": (Meaning.TANH, Meaning.TANH_SCORE),
}
"""What several scores, and a single one, are after each map."""


@dataclass(frozen=True, slots=True)
class Map:
    """One of the last maps.

    Attributes:
        node: its position among the graph's nodes.
        name: `relu`, `sigmoid`, `tanh`, `softmax`, `log_softmax`, or `log` of a softmax.
    """

    node: int
    name: str


def last_maps(graph: Graph, traced: Flow, *, single: bool) -> tuple[Map, ...]:
    """Return the maps that the scores pass last, the last one first; one number a picture passes no softmax."""
    found: list[Map] = []
    index = max(traced.to_output, default=-1)  # a change in place comes after the node that it changes
    while index >= 0:
        name = _map(graph, traced, index, single=single)
        if name:
            found.append(Map(index, name))
        elif roles.base(graph.nodes[index].operator) not in PASSED:
            break
        before = [one for one in traced.before[index] if one in traced.from_input]
        index = before[0] if len(before) == 1 else -1
    return tuple(found)


def _map(graph: Graph, traced: Flow, index: int, *, single: bool) -> str:
    """Return the name of the map that a node is; empty where it is none."""
    node = graph.nodes[index]
    name = roles.base(node.operator)
    if _is_relu(node, name):
        return "relu"
    if name in ("sigmoid", "tanh"):
        return name
    if single:
        return ""
    if name in SOFTMAX | LOG_SOFTMAX:
        return name.removeprefix("_") if _number(node, 1) in (1, -1) else ""
    if name == "log" and len(traced.before[index]) == 1:
        (before,) = traced.before[index]
        return "log" if _map(graph, traced, before, single=single) == "softmax" else ""
    return ""


def _is_relu(node: Node, name: str) -> bool:
    """Tell whether a node is a ReLU, however it is written: `clamp(min=0)` is one, `clamp(0, 6)` is none."""
    match name:
        case "relu":
            return True
        case "clamp_min":
            return _number(node, 1) == 0
        case "clamp":
            return _number(node, 1) == 0 and all(one.tag in "nd" for one in node.arguments[2:])
        case "threshold":
            return _number(node, 1) == _number(node, 2) == 0
        case _:
            return False


def _number(node: Node, place: int) -> float | None:
    """Return an argument that is a number; None where it is none."""
    given = node.arguments[place] if place < len(node.arguments) else Argument("n")
    return given.value if given.tag in "if" else None


def meaning(train: Survey, evaluation: Survey) -> Meaning:
    """Return what the numbers at the end of a network are.

    Training decides, unless it ends in raw scores: a sigmoid in evaluation alone makes ties of large scores.
    """
    trained, answered = _meaning(train), _meaning(evaluation)
    raw = trained in (Meaning.LOGITS, Meaning.SCORE)
    if raw and answered.is_looked_through and answered.is_single == trained.is_single:
        return answered
    return trained


def _meaning(surveyed: Survey) -> Meaning:
    single = surveyed.answer[1:] in ((), (1,))
    names = [one.name for one in last_maps(surveyed.graph, surveyed.flow, single=single)]
    looked_through = next((name for name in names if name in LOOKED_THROUGH), None)
    if looked_through is not None:
        return LOOKED_THROUGH[looked_through][single]
    if single:
        return Meaning.SCORE
    if not names:
        return Meaning.LOGITS
    return Meaning.PROBABILITIES if names[0] == "softmax" else Meaning.LOG_PROBABILITIES


def as_trained(document: Document, meaning: Meaning) -> Document:
    """Return the network that is trained and scored: as it was handed in, or without the last maps of its graphs.

    A map that is left out answers with its input. A softmax goes with the ReLU, sigmoid or tanh beside it, and stays
    where it stands alone, as the loss takes its logarithm.
    """
    if not meaning.is_looked_through:
        return document
    graphs = tuple(_without_maps(document, graph, single=meaning.is_single) for graph in document.graphs)
    return replace(document, graphs=graphs)


def _without_maps(document: Document, graph: Graph, *, single: bool) -> Graph:
    maps = last_maps(graph, flow(document, graph), single=single)
    if all(one.name not in LOOKED_THROUGH for one in maps):
        return graph
    nodes = list(graph.nodes)
    for one in maps:
        nodes[one.node] = nodes[one.node].passing()
    return replace(graph, nodes=tuple(nodes))
