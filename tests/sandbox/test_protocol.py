"""Frames: what one job may send, in which order, and streams that are something else."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.sandbox.protocol import (
    FRAME_LIMITS,
    HEADER,
    MAGIC,
    Channel,
    FrameError,
    FrameReader,
    Kind,
    Limits,
    frame,
    pack,
    unpack,
)


def stream(*frames: tuple[Kind, bytes]) -> bytes:
    """Return the bytes of frames, one after the other."""
    return b"".join(frame(kind, payload) + payload for kind, payload in frames)


def read(data: bytes) -> FrameReader:
    """Read a stream in one piece."""
    reader = FrameReader()
    reader.feed(data)
    return reader


EVERYTHING = [(kind, kind.name.encode() * 5) for kind in Kind]


def test_a_channel_is_read() -> None:
    """What a child writes to its channel arrives, by kind."""
    incoming, outgoing = os.pipe()
    channel = Channel(outgoing)
    channel.facts({"cells": 3})
    channel.result({"outcome": "captured"})
    channel.document(b"{}")
    channel.tensors(b"")
    channel.logits(b"\0" * 8)
    os.close(outgoing)
    with open(incoming, "rb") as stream:
        reader = read(stream.read())
    assert json.loads(reader.frames[Kind.FACTS]) == {"cells": 3}
    assert reader.frames[Kind.TENSORS] == b""
    assert list(reader.frames) == list(Kind)
    assert reader.complete


def test_a_slow_reader() -> None:
    """A frame larger than a pipe is written in as many parts as it takes."""
    incoming, outgoing = os.pipe()
    reader = FrameReader()

    def drain() -> None:
        while chunk := os.read(incoming, 5000):
            reader.feed(chunk)

    thread = threading.Thread(target=drain)
    thread.start()
    payload = bytes(range(256)) * 4096
    Channel(outgoing).tensors(payload)
    os.close(outgoing)
    thread.join(20)
    os.close(incoming)
    assert reader.frames == {Kind.TENSORS: payload}


@given(st.lists(st.sampled_from(list(Kind)), unique=True).map(sorted), st.data())
def test_any_cut_will_do(kinds: list[Kind], data: st.DataObject) -> None:
    """Frames arrive whole however the stream is cut into pieces."""
    frames = [(kind, data.draw(st.binary(max_size=40))) for kind in kinds]
    rest = stream(*frames)
    reader = FrameReader()
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        reader.feed(rest[:size])
        rest = rest[size:]
    assert reader.frames == dict(frames)
    assert reader.complete


@given(st.integers(0, len(stream(*EVERYTHING)) - 1))
def test_a_stream_that_breaks_off(length: int) -> None:
    """A stream is complete at the end of a frame and nowhere else; the frames before stay."""
    reader = read(stream(*EVERYTHING)[:length])
    ends = [len(stream(*EVERYTHING[:count])) for count in range(len(EVERYTHING) + 1)]
    assert reader.complete == (length in ends)
    assert len(reader.frames) == sum(length >= one for one in ends[1:])


@pytest.mark.parametrize("first", list(Kind))
@pytest.mark.parametrize("second", list(Kind))
def test_order(first: Kind, second: Kind) -> None:
    """Kinds come in their order, each at most once; earlier frames are kept when a later one is refused."""
    data = stream((first, b"1"), (second, b"2"))
    if second > first:
        assert read(data).frames == {first: b"1", second: b"2"}
        return
    reader = FrameReader()
    with pytest.raises(FrameError, match="out of order"):
        reader.feed(data)
    assert reader.frames == {first: b"1"}


@pytest.mark.parametrize("kind", list(Kind))
def test_limits_of_frames(kind: Kind) -> None:
    """A length above the kind's limit is refused from the header alone, before a byte of it arrives."""
    reader = FrameReader()
    with pytest.raises(FrameError, match="at most"):
        reader.feed(MAGIC + bytes([kind]) + (FRAME_LIMITS[kind] + 1).to_bytes(8, "little"))
    allowed = FrameReader()
    allowed.feed(MAGIC + bytes([kind]) + FRAME_LIMITS[kind].to_bytes(8, "little"))
    assert not allowed.complete


@pytest.mark.parametrize("kind", [0, 6, 255])
def test_unknown_kinds(kind: int) -> None:
    """A kind that is none is refused."""
    with pytest.raises(FrameError, match="unknown kind"):
        read(MAGIC + bytes([kind]) + bytes(8))


@pytest.mark.parametrize(
    "data",
    [
        b'{"score": 100, "outcome": "captured"}',
        b"\x80\x04\x95" + bytes(20),
        b"\0" * HEADER,
        b"grdr" + bytes(9),
        stream((Kind.FACTS, b"{}")) + b"and more text",
        stream((Kind.FACTS, b"{}"))[1:],
    ],
)
def test_what_is_no_frame(data: bytes) -> None:
    """Text, pickles, zeros, another magic, text after a frame and a shifted stream are no frames."""
    with pytest.raises(FrameError):
        read(data)


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(st.binary(max_size=30), st.sampled_from([frame(Kind.FACTS, b"ab"), frame(Kind.RESULT, b""), MAGIC])),
        max_size=8,
    )
)
def test_garbage(pieces: list[bytes]) -> None:
    """Any bytes are frames, the beginning of frames, or refused; nothing else is raised."""
    reader = FrameReader()
    try:
        for piece in pieces:
            reader.feed(piece)
    except FrameError:
        return
    sent = sum(HEADER + len(payload) for payload in reader.frames.values())
    assert sent <= sum(map(len, pieces))


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.none()), st.dictionaries(st.text(), st.binary()))
def test_payloads(arguments: dict[str, object], blobs: dict[str, bytes]) -> None:
    """A job's arguments and files arrive as they were packed, whatever the files are called."""
    try:
        payload = pack(arguments, blobs)
    except UnicodeEncodeError:
        return
    assert unpack(payload) == (arguments, blobs)


def test_limits_are_plain_values() -> None:
    """Limits cross the border as JSON."""
    limits = Limits(wall_seconds=2.5, cpu_seconds=3)
    assert Limits(**json.loads(json.dumps(limits.to_json()))) == limits
    assert limits.to_json() == asdict(limits)
