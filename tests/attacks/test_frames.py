"""Spoilt frames, documents and tensors are accepted or refused, quickly and in little memory, and nothing else happens.

`make test` feeds 600 inputs, GRADER_STRESS=1 feeds 10,000, in processes of their own: bytes that end the decoder's
process are a failure with the number of the input. What is accepted is held to a second writing of the grammar.
"""

from __future__ import annotations

import json
import math
import random
import signal
import tracemalloc
from collections import Counter
from typing import Any

import pytest
import torch

from grader.graph import operators
from grader.graph import tensors as table
from grader.graph.document import Argument, Document, DocumentError, dump, parse
from grader.graph.replay import Program
from grader.graph.survey import survey
from grader.sandbox.protocol import FRAME_LIMITS, HEADER, Channel, FrameError, FrameReader
from tests.attacks import frames
from tests.attacks.forks import in_a_child
from tests.attacks.frames import Input
from tests.graph.samples import CPU, SHAPE, blob
from tests.stress import STRESS

COUNT = 10_000 if STRESS else 600
CHUNK = 200
MEMORY = 2**30
"""Bytes that a process may have on top of what it begins with."""

SECONDS = 5.0
"""Processor time after which an input hangs."""

META = torch.device("meta")


def bounded(number: Any, low: int, high: int) -> bool:
    """Tell whether a value is an integer, not a truth value, from `low` to `high`."""
    return type(number) is int and low <= number <= high


def shown(text: Any) -> bool:
    """Tell whether a value is a short text that can be written to a file."""
    return type(text) is str and len(text) <= 300 and text.encode("utf-8").decode("utf-8") == text


def hold_argument(one: Argument, slot: int, depth: int = 0) -> None:
    """Hold an argument of the node that fills `slot` to the grammar."""
    assert type(one) is Argument
    match one.tag:
        case "s":
            assert bounded(one.value, 0, slot - 1)
        case "i":
            assert bounded(one.value, -1_048_576, 1_048_576) or one.value == 9_223_372_036_854_775_807
        case "f":
            assert type(one.value) is float
            assert not math.isnan(one.value)
        case "b":
            assert type(one.value) is bool
        case "n" | "d" | "c":
            assert one.value is None
        case "t" | "m" | "y" | "w":
            assert bounded(one.value, 0, 63)
        case "e":
            assert len(one.value) <= 200
            assert all(bounded(letter, 0, 63) for letter in one.value)
        case "l":
            assert depth < 3
            assert len(one.value) <= 4096
            for inner in one.value:
                hold_argument(inner, slot, depth + 1)
        case _:
            raise AssertionError(one.tag)


def hold(document: Document) -> None:
    """Hold a document that was accepted to the grammar, written down a second time."""
    assert len(document.files) <= 1_000
    assert all(map(shown, document.files))
    assert type(document.complete) is bool
    assert len(document.tensors) <= 10_000
    for entry in document.tensors:
        assert shown(entry.name)
        assert entry.role in ("parameter", "buffer", "constant")
        assert len(entry.shape) <= 8
        assert all(bounded(size, 0, 1_099_511_627_776) for size in entry.shape)
        assert sorted(entry.order) == list(range(len(entry.shape)))
        assert bounded(entry.dtype, 0, 63)
        assert type(entry.trainable) is bool
    assert len(document.graphs) <= 8
    assert {graph.mode for graph in document.graphs} == {"train", "eval"}
    for graph in document.graphs:
        assert graph.batch is None or bounded(graph.batch, 1, 4096)
        assert len(graph.nodes) <= 50_000
        first = 1 + len(document.tensors)
        assert bounded(graph.output, 0, first + len(graph.nodes) - 1)
        for index, node in enumerate(graph.nodes):
            assert shown(node.operator)
            assert shown(node.label)
            assert bounded(node.place[0], -1, len(document.files) - 1)
            assert bounded(node.place[1], 0, 1_000_000)
            assert bounded(node.place[2], 0, 10_000_000)
            assert len(node.arguments) <= 64
            for argument in node.arguments:
                hold_argument(argument, first + index)


def hold_program(program: Program) -> None:
    """Hold a program to what a document may call: operators of the two tables, no more arguments than places."""
    for step in program.steps:
        name = step.node.operator
        assert name in operators.TABLE or name in operators.SIZES
        if name in operators.TABLE:
            assert len(step.node.arguments) <= len(operators.TABLE[name]._schema.arguments)


def feed_stream(data: bytes, chance: random.Random) -> str:
    """Feed a stream in pieces of any size, as a pipe would."""
    reader, whole = FrameReader(), data
    try:
        while data:
            size = chance.choice((1, 7, HEADER, 4096, len(data)))
            reader.feed(data[:size])
            data = data[size:]
    except FrameError:
        return "refused"
    finally:
        assert list(reader.frames) == sorted(reader.frames)
        assert all(len(payload) <= FRAME_LIMITS[kind] for kind, payload in reader.frames.items())
        assert sum(HEADER + len(payload) for payload in reader.frames.values()) <= len(whole)
    return "accepted" if reader.complete else "unfinished"


def feed_document(data: bytes) -> str:
    """Read a document, bind its graphs and run them without values."""
    try:
        document = parse(data)
    except DocumentError:
        return "refused"
    hold(document)
    assert parse(dump(document)) == document
    for graph in document.graphs:
        try:
            program = Program(graph, tuple(torch.empty(0, device="meta") for _ in document.tensors), META)
        except DocumentError:
            return "not bound"
        hold_program(program)
        try:
            survey(document, graph, SHAPE, 2)
        except Exception:  # noqa: BLE001 - an operator may raise anything; the examiner refuses the document then
            return "not run"
    return "accepted"


def feed_tensors(data: bytes, described: bytes) -> str:
    """Hold a blob to its document and read it."""
    document = parse(described)
    try:
        table.check_header(document, data)
        header = True
    except DocumentError:
        header = False
    try:
        found = table.read(document, data, CPU)
    except DocumentError:
        return "not read" if header else "refused"
    assert header
    for entry, tensor in zip(document.tensors, found, strict=True):
        assert tuple(tensor.shape) == entry.shape
        assert tensor.dtype == operators.DTYPES[entry.dtype]
        assert tensor.requires_grad == entry.trainable
    return "accepted"


def feed(number: int, one: Input) -> str:
    """Do with an input what the grader does with it; return how it ended."""
    match one.kind:
        case "stream":
            return feed_stream(one.data, random.Random(number))
        case "document":
            return feed_document(one.data)
        case _:
            return feed_tensors(one.data, one.document)


def decode_alone(one: Input) -> None:
    """Decode an input with what is Python alone."""
    try:
        match one.kind:
            case "stream":
                FrameReader().feed(one.data)
            case "document":
                parse(one.data)
            case _:
                table.check_header(parse(one.document), one.data)
    except (FrameError, DocumentError):
        pass


def memory(one: Input) -> int:
    """Return the bytes that decoding an input takes at its worst moment."""
    tracemalloc.start()
    try:
        decode_alone(one)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def fuzz(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
    """Feed inputs `first` to `first + count - 1`; say before each which it is, and count how they end."""
    del blobs
    torch.set_num_threads(1)
    ends: Counter[str] = Counter()
    failed: dict[int, str] = {}
    for number in range(arguments["first"], arguments["first"] + arguments["count"]):
        print(f"call {number}", flush=True)  # noqa: T201 - the parent listens to it
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        one = frames.make(number)
        try:
            ends[f"{one.kind} {feed(number, one)}"] += 1
            most = memory(one) if number % 3 == 0 else 0  # watching every allocation takes as long as the rest
            assert most <= 2**18 + 100 * len(one.data), f"{most} bytes for {len(one.data)}"
        except BaseException as error:  # noqa: BLE001 - a panic of Rust code is no Exception
            failed[number] = f"{one.kind}: {type(error).__name__}: {error}"
    signal.setitimer(signal.ITIMER_PROF, 0)
    channel.result({"ends": ends, "failed": failed})


def test_spoilt_input() -> None:
    """Whatever was spoilt, the input is accepted or refused; of each kind some are and some are not."""
    ends: Counter[str] = Counter()
    failed: dict[str, str] = {}
    for first in range(0, COUNT, CHUNK):
        ended = in_a_child(fuzz, {"first": first, "count": min(CHUNK, COUNT - first)}, MEMORY)
        assert ended.answer is not None, f"input {ended.reached} ended the process: {ended.how}"
        ends.update(ended.answer["ends"])
        failed.update(ended.answer["failed"])
    assert not failed
    assert ends.total() == COUNT
    for kind in ("stream", "document", "tensors"):
        for end in ("accepted", "refused"):
            assert ends[f"{kind} {end}"] > COUNT // 100, ends
    assert ends["document not bound"] > COUNT // 100
    assert ends["document not run"] > COUNT // 100


def test_an_input_is_its_number() -> None:
    """The same number is the same input, so that a failure can be looked at again."""
    assert [frames.make(number) for number in range(40)] == [frames.make(number) for number in range(40)]


@pytest.mark.parametrize("described", frames.SEEDS, ids=["a network", "every kind of argument"])
def test_what_is_spoilt_is_good(described: Document) -> None:
    """The documents and tensors that the inputs begin with are accepted and run."""
    assert feed_document(dump(described)) == "accepted"
    assert feed_tensors(blob(described), dump(described)) == "accepted"


@pytest.mark.parametrize("name", frames.FORBIDDEN)
def test_forbidden_operators(name: str) -> None:
    """What is not on the list is not bound, whatever it is called."""
    spoilt = dump(frames.EVERYTHING).replace(b'"aten.gelu.default"', dump_text(name), 1)
    assert feed_document(spoilt) == "not bound"


def dump_text(text: str) -> bytes:
    """Write a text as JSON."""
    return json.dumps(text).encode()
