"""The grammar of documents: what is read, and every way in which bytes are not a document."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.graph import document as grammar
from grader.graph.document import Argument, Document, DocumentError, dump, parse
from tests.graph.samples import CNN, document, node, parameter, slot
from tests.stress import STRESS

ANYTHING = document(
    [parameter("scale", 3, 1, 1), parameter("mask", role="constant", trainable=False)],
    [
        node("mul.Tensor", slot(0), slot(1)),
        node("size.mul", 2, 3.5),
        node(
            "_to_copy.default", slot(3), Argument("t", 0), Argument("y", 0), Argument("c"), None, True, Argument("m", 1)
        ),
        node("einsum.default", Argument("e", (0, 1, 52)), [slot(0), slot(1)]),
        node("pad.default", slot(0), [[1, 2], [None]], "constant", Argument("d"), Argument("i", grammar.TO_THE_END)),
    ],
)
"""A document with every kind of argument; it could not be run."""


def plain(described: Document = CNN) -> dict[str, Any]:
    """Return a document as JSON has it, to be spoilt."""
    found: dict[str, Any] = json.loads(dump(described))
    return found


def rejected(spoilt: Any) -> str:
    """Return why the bytes are not a document."""
    with pytest.raises(DocumentError) as raised:
        parse(spoilt if isinstance(spoilt, bytes) else json.dumps(spoilt).encode())
    return str(raised.value)


@pytest.mark.parametrize("one", [CNN, ANYTHING], ids=["a network", "every kind of argument"])
def test_survives(one: Document) -> None:
    """What was written is read, and written again byte by byte."""
    assert parse(dump(one)) == one
    assert dump(parse(dump(one))) == dump(one)


def test_graph_for_a_batch_size() -> None:
    """A graph for every batch size is preferred to one for the size asked for; none fits any other."""
    fixed = document(CNN.tensors, CNN.graphs[0].nodes, batch=7)
    both = Document(CNN.files, CNN.tensors, (*fixed.graphs, *CNN.graphs), complete=True)
    found = both.graph("eval", 7)
    assert found is not None
    assert found.batch is None
    assert fixed.graph("eval", 8) is None


Spoil = Callable[[dict[str, Any]], object]


def first_node(one: dict[str, Any]) -> list[Any]:
    """Return the first node of the first graph, `[operator, arguments, place, label]`."""
    found: list[Any] = one["graphs"][0]["nodes"][0]
    return found


def with_argument(value: Any) -> Spoil:
    """Put `value` in the place of the first node's first argument."""
    return lambda one: first_node(one)[1].__setitem__(0, value)


def with_tensor(position: int, value: Any) -> Spoil:
    """Put `value` into a field of the first tensor, `[name, role, shape, dtype, trainable, order]`."""
    return lambda one: one["tensors"][0].__setitem__(position, value)


def with_graph(key: str, value: Any) -> Spoil:
    """Put `value` under a key of the first graph."""
    return lambda one: one["graphs"][0].__setitem__(key, value)


def with_node(position: int, value: Any) -> Spoil:
    """Put `value` into a field of the first node."""
    return lambda one: first_node(one).__setitem__(position, value)


DEEP = ["l", [["l", [["l", [["l", []]]]]]]]

SPOILT: dict[str, tuple[Spoil, str]] = {
    "a key too many": (lambda one: one.update(code="print()"), "not an object with the keys"),
    "a key too few": (lambda one: one.pop("files"), "not an object with the keys"),
    "another format": (lambda one: one.update(format=2), "an unknown format"),
    "the format is true": (lambda one: one.update(format=True), "an unknown format"),
    "the format is 1.0": (lambda one: one.update(format=1.0), "an unknown format"),
    "complete is a number": (lambda one: one.update(complete=1), "complete: not true or false"),
    "files is a text": (lambda one: one.update(files="net.py"), "files: not a list"),
    "too many files": (lambda one: one.update(files=["a"] * 1001), "files: 1001 items; at most 1000"),
    "a file is a number": (lambda one: one.update(files=[3]), "files: not a text"),
    "a file's name is long": (lambda one: one.update(files=["a" * 301]), "at most 300 characters"),
    "too many tensors": (lambda one: one.update(tensors=[0] * 10_001), "tensors: 10001 items"),
    "a tensor lacks a field": (lambda one: one["tensors"][0].pop(), "tensor: not a list of 6"),
    "a tensor of an unknown role": (with_tensor(1, "secret"), "unknown role"),
    "a tensor's role is a list": (with_tensor(1, []), "unknown role"),
    "a tensor's name is None": (with_tensor(0, None), "name: not a text"),
    "a negative size": (with_tensor(2, [-1, 3, 3, 3]), "shape: not an integer from 0"),
    "a giant size": (with_tensor(2, [2**41, 3, 3, 3]), "shape: not an integer"),
    "a size is true": (with_tensor(2, [True, 3, 3, 3]), "shape: not an integer"),
    "a size is 3.0": (with_tensor(2, [4, 3.0, 3, 3]), "shape: not an integer"),
    "nine dimensions": (with_tensor(2, [1] * 9), "shape: 9 items"),
    "an order that names a dimension twice": (with_tensor(5, [0, 1, 2, 2]), "not a permutation"),
    "an order that is too short": (with_tensor(5, [0, 1, 2]), "not a permutation"),
    "a dtype of True": (with_tensor(3, True), "dtype: not an integer"),
    "a dtype by name": (with_tensor(3, "float32"), "dtype: not an integer"),
    "a dtype far beyond the table": (with_tensor(3, 64), "dtype: not an integer"),
    "trainable is 1": (with_tensor(4, 1), "trainable: not true or false"),
    "no graphs": (lambda one: one.update(graphs=[]), "one for train and one for eval"),
    "no graph for evaluation": (lambda one: one["graphs"].pop(), "one for train and one for eval"),
    "too many graphs": (lambda one: one.update(graphs=one["graphs"] * 5), "graphs: 10 items"),
    "a graph with a key too many": (lambda one: one["graphs"][0].update(hook=1), "graph: not an object"),
    "a graph that is a list": (lambda one: one["graphs"].__setitem__(0, []), "graph: not an object"),
    "a graph of an unknown mode": (with_graph("mode", "both"), "unknown mode"),
    "a graph whose mode is a list": (with_graph("mode", ["train"]), "unknown mode"),
    "a batch of none": (with_graph("batch", 0), "batch: not an integer from 1"),
    "a batch of 5000": (with_graph("batch", 5000), "batch: not an integer from 1 to 4096"),
    "an output beyond the last slot": (with_graph("output", 10), "output: not an integer from 0 to 9"),
    "a negative output": (with_graph("output", -1), "output: not an integer"),
    "too many nodes": (lambda one: one["graphs"][0].update(nodes=[0] * 50_001), "nodes: 50001 items"),
    "a node with a field too many": (lambda one: first_node(one).append(1), "node: not a list of 4"),
    "a node that is an object": (lambda one: one["graphs"][0]["nodes"].__setitem__(0, {}), "node: not a list of 4"),
    "an operator that is a list": (with_node(0, ["relu"]), "operator: not a text"),
    "too many arguments": (with_node(1, [["i", 1]] * 65), "arguments: 65 items"),
    "a place of two numbers": (with_node(2, [0, 0]), "place: not a list of 3"),
    "a place in a file that is not there": (with_node(2, [1, 0, 0]), "file: not an integer from -1 to 0"),
    "a cell before the first": (with_node(2, [0, -1, 0]), "cell: not an integer"),
    "a line of 1.5": (with_node(2, [0, 0, 1.5]), "line: not an integer"),
    "a label that is long": (with_node(3, "a" * 301), "label: not a text"),
    "a label that is None": (with_node(3, None), "label: not a text"),
    "an argument that is a number": (with_argument(3), "not a tagged value"),
    "an argument that is an object": (with_argument({"s": 0}), "not a tagged value"),
    "an empty argument": (with_argument([]), "not a tagged value"),
    "an argument of three": (with_argument(["i", 1, 2]), "not a tagged value"),
    "an unknown tag": (with_argument(["x", 1]), "not a tagged value"),
    "two tags": (with_argument(["sf", 1]), "not a tagged value"),
    "the empty tag": (with_argument(["", 1]), "not a tagged value"),
    "a tag that is a list": (with_argument([["s"], 1]), "not a tagged value"),
    "its own slot": (with_argument(["s", 5]), "slot: not an integer from 0 to 4"),
    "a slot of a later node": (with_argument(["s", 6]), "slot: not an integer"),
    "a negative slot": (with_argument(["s", -1]), "slot: not an integer"),
    "a slot that is true": (with_argument(["s", True]), "slot: not an integer"),
    "a slot without number": (with_argument(["s"]), "slot: not an integer"),
    "a later slot within a list": (with_argument(["l", [["l", [["s", 5]]]]]), "slot: not an integer"),
    "an integer above the limit": (with_argument(["i", 2**20 + 1]), "integer: not an integer from"),
    "an integer below the limit": (with_argument(["i", -(2**20) - 1]), "integer: not an integer from"),
    "an integer of 64 bits": (with_argument(["i", 2**63]), "integer: not an integer from"),
    "an integer that is true": (with_argument(["i", True]), "integer: not an integer"),
    "an integer as a text": (with_argument(["i", "3"]), "integer: not an integer"),
    "the open end as a float": (with_argument(["i", float(2**63 - 1)]), "integer: not an integer"),
    "a float as a number": (with_argument(["f", 1.5]), "not a hexadecimal float"),
    "a float in words": (with_argument(["f", "one"]), "not a hexadecimal float"),
    "a float that is too large": (with_argument(["f", "0x1p99999"]), "not a hexadecimal float"),
    "nan": (with_argument(["f", "nan"]), "float: not a number"),
    "a boolean of 0": (with_argument(["b", 0]), "boolean: not true or false"),
    "None with a value": (with_argument(["n", 0]), "n takes no value"),
    "a device with a name": (with_argument(["c", "cuda"]), "c takes no value"),
    "a default with a value": (with_argument(["d", 1]), "d takes no value"),
    "a list that is a text": (with_argument(["l", "abc"]), "list: not a list"),
    "a list without items": (with_argument(["l"]), "list: not a list"),
    "a list that is too long": (with_argument(["l", [["i", 1]] * 4097]), "list: 4097 items"),
    "a list of plain numbers": (with_argument(["l", [1, 2]]), "not a tagged value"),
    "four lists in one another": (with_argument(DEEP), "lists nest too deeply"),
    "a word by its letters": (with_argument(["w", "same"]), "literal: not an integer"),
    "a negative word": (with_argument(["w", -1]), "literal: not an integer"),
    "a dtype by its name": (with_argument(["t", "float32"]), "literal: not an integer"),
    "an equation as a text": (with_argument(["e", "ij,jk"]), "equation: not a list"),
    "a long equation": (with_argument(["e", [0] * 201]), "equation: 201 items"),
    "an equation of large numbers": (with_argument(["e", [64]]), "letter: not an integer"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_rejected(name: str) -> None:
    """Whatever the grammar does not allow is refused with what and why."""
    spoil, reason = SPOILT[name]
    one = plain()
    spoil(one)
    assert reason in rejected(one)


BYTES = {
    "nothing": b"",
    "not JSON": b"{",
    "a pickle": b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.",
    "not UTF-8": b'{"format": "\xff\xfe\xfa"}',
    "a number of 5000 digits": b"[" + b"9" * 5000 + b"]",
    "60,000 lists in one another": b"[" * 60_000,
    "closed lists in one another": b"[" * 60_000 + b"]" * 60_000,
    "60,000 objects in one another": b'{"a":' * 60_000,
    "only a list": b"[]",
    "only null": b"null",
    "NaN": b"NaN",
}


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_document(name: str) -> None:
    """Bytes that break parsers are refused, not raised as what the parser calls it."""
    assert rejected(BYTES[name])


def test_nan_is_no_number() -> None:
    """The words NaN and Infinity, which Python's JSON allows, are no integers."""
    blob = dump(CNN).replace(b'["i",1]', b'["i",NaN]', 1)
    assert "integer" in rejected(blob)
    assert "integer" in rejected(blob.replace(b"NaN", b"Infinity"))


def test_too_many_bytes_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """A document over 32 MiB is refused before JSON is parsed."""

    def never(*args: Any) -> Any:
        raise AssertionError("it was parsed")

    monkeypatch.setattr(json, "loads", never)
    assert "at most 33554432 are read" in rejected(b" " * (32 * 2**20 + 1))


def test_half_a_surrogate_pair_is_replaced() -> None:
    """A name that no file could be written with is shown with a question mark."""
    one = plain()
    one["tensors"][0][0] = "conv\ud800"
    assert parse(json.dumps(one).encode()).tensors[0].name == "conv?"


def mutate(one: Any, chance: random.Random) -> None:
    """Change one place of a JSON value, anywhere in it."""
    holders: list[tuple[Any, Any]] = []

    def collect(value: Any) -> None:
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            holders.append((value, key))
            if isinstance(value[key], (dict, list)):
                collect(value[key])

    collect(one)
    holder, key = chance.choice(holders)
    other_holder, other_key = chance.choice(holders)
    match chance.randrange(6):
        case 0:
            del holder[key]
        case 1:
            holder[key] = copy.deepcopy(other_holder[other_key])
        case 2:
            holder[key] = chance.choice(
                [None, True, False, 0, -1, 1, 2**20, 2**63 - 1, 2**63, 0.5, "", "s", "n", [], {}, ["s", 0]]
            )
        case 3 if isinstance(holder[key], int):
            holder[key] += chance.choice([-1, 1, 2**32])
        case 4 if isinstance(holder[key], list):
            holder[key] = holder[key] * chance.choice([2, 100])
        case _ if isinstance(holder, dict):
            holder[chance.choice(["nodes", "mode", "__class__"])] = holder[key]
        case _:
            holder.insert(key, copy.deepcopy(other_holder[other_key]))


@settings(max_examples=10_000 if STRESS else 300, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4), st.sampled_from([CNN, ANYTHING]))
def test_mutated_documents(chance: random.Random, changes: int, described: Document) -> None:
    """A document changed at random is refused, or it is a document that survives being written and read."""
    one = plain(described)
    for _ in range(changes):
        mutate(one, chance)
    try:
        found = parse(json.dumps(one).encode())
    except DocumentError:
        return
    assert parse(dump(found)) == found


@settings(max_examples=10_000 if STRESS else 300, deadline=None)
@given(st.data())
def test_mutated_bytes(data: st.DataObject) -> None:
    """Bytes of a document changed at random are refused, or they are a document."""
    blob = bytearray(dump(CNN))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(blob) - 1))
        blob[start : start + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    try:
        found = parse(bytes(blob))
    except DocumentError:
        return
    assert parse(dump(found)) == found
