"""A pickle is a program: none of these runs, none hangs, none fills the memory, and each is one sentence."""

from __future__ import annotations

import collections
import os
import pickle
import struct
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.data.loaders import load
from grader.data.pictures import PictureSet
from grader.data.unpickling import ByteArray, UnpicklingError, unpickled
from grader.faults import DataFault
from tests.data import makers
from tests.stress import STRESS


class Call:
    """Pickle as a call of `function`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        """Return the call."""
        return self.call


def hostile(marker: Path) -> dict[str, bytes]:
    """Return programs that would leave `marker` behind, or that only do harm."""
    text = str(marker)
    command = f"touch '{text}'"
    touch = f"open({text!r}, 'w').close()"
    laughs = b"\x80\x02)q\x00" + b"".join(
        b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86q" + bytes([n + 1]) for n in range(200)
    )
    return {
        "os.system": pickle.dumps(Call(os.system, command)),
        "os.system of protocol 0": pickle.dumps(Call(os.system, command), 0),
        "eval": pickle.dumps(Call(eval, f"__import__('os').system({command!r})")),
        "exec": pickle.dumps(Call(exec, touch), 2),
        "open": pickle.dumps(Call(open, text, "w")),
        "getattr": b"cbuiltins\ngetattr\n(cbuiltins\n__dict__\ntR.",
        "Path.touch": b"cpathlib\nPath.touch\n(cpathlib\nPath\n(V" + text.encode() + b"\ntRtR.",
        "INST": b"(V" + command.encode() + b"\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nV" + command.encode() + b"\no.",
        "NEWOBJ": b"\x80\x02cos\nsystem\n(V" + command.encode() + b"\nt\x81.",
        "NEWOBJ_EX": b"\x80\x04cos\nsystem\n(V" + command.encode() + b"\nt}\x92.",
        "EXT": b"\x80\x02\x82\x01.",
        "PERSID": b"Pname\n.",
        "a name by the stack": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
        "numpy's own eval": b"cnumpy.core.numeric\n_frombuffer.__globals__\n(tR.",
        "numpy.load": b"cnumpy\nload\n(V" + text.encode() + b"\ntR.",
        "a call of a value": b"\x80\x02K\x01)R.",
        "a call of an array": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R)R.",
        "a filled function": b"\x80\x02c_codecs\nencode\n}X\x08\x00\x00\x00__code__K\x01sb.",
        "a filled type": b"\x80\x02cnumpy\nndarray\n}X\x0c\x00\x00\x00__setstate__K\x01sb.",
        "bytes without end": b"\x80\x02c__builtin__\nbytes\n\x8a\x06\0\0\0\0\0\x01\x85R.",
        "a memo without end": b"\x80\x02K\x01r\xff\xff\xff\x7f.",
        "eight gigabytes of bytes": b"\x80\x04\x8e" + struct.pack("<Q", 2**33) + b".",
        "eight gigabytes of array": b"\x80\x05\x96" + struct.pack("<Q", 2**33) + b".",
        "a frame without end": b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"N.",
        "tuples of tuples as a key": laughs + b"}q\xffh\xc7K\x01s.",
        "tuples thirty thousand deep as a key": b"\x80\x02}" + b")" + b"\x85" * 30_000 + b"K\x01s.",
        "one text encoded again and again": b"\x80\x02X"
        + struct.pack("<I", 10**6)
        + b"a" * 10**6
        + b"q\0"
        + b"c_codecs\nencode\nq\x01("
        + b"h\x01h\x00X\x06\0\0\0latin1\x86R" * 2000
        + b"l.",
        "an array of objects": pickle.dumps({"data": np.array([{}, 1], dtype=object), "labels": [0]}),
        "an array of floats": pickle.dumps({"data": np.zeros((1, 3072)), "labels": [0]}, 2),
        "a type of objects": b"\x80\x02cnumpy\ndtype\nX\x02\0\0\0O8K\0K\x01\x87R.",
        "an ordered dictionary": pickle.dumps(collections.OrderedDict(labels=[0])),
        "no value": b"\x80\x02.",
        "nothing": b"",
        "no stop": b"\x80\x02}",
        "no mark": b"\x80\x02e.",
        "no such memo": b"\x80\x02h\x01.",
        "text": b"P6 this is no pickle",
        "no dictionary": pickle.dumps([1, 2]),
    }


@pytest.mark.parametrize("payload", hostile(Path("x")))
def test_a_hostile_batch_is_a_sentence(tmp_path: Path, payload: str) -> None:
    """As a batch and as the file of names: nothing is run, nothing is left behind, and it ends at once."""
    marker = tmp_path / "ran"
    content = hostile(marker)[payload]
    for name in ("data_batch_1", "batches.meta"):
        folder = tmp_path / name
        folder.mkdir()
        makers.cifar_python(folder, None, batches=1, count=2)
        (folder / name).write_bytes(content)
        tracemalloc.start()
        start = time.monotonic()
        with pytest.raises(DataFault, match="is not a Python batch of CIFAR-10") as caught:
            load(folder, None)
        seconds, (_, most) = time.monotonic() - start, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert caught.value.fix
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 600
        assert seconds < 30
        assert most < 300_000_000
        assert not marker.exists()


def test_the_payloads_are_real(tmp_path: Path) -> None:
    """Python's own reader does run them: a test of payloads that do nothing would hold nothing."""
    for name in ("os.system", "os.system of protocol 0", "eval", "exec", "open", "INST", "OBJ"):
        marker = tmp_path / name.replace(".", "_").replace(" ", "_")
        made = pickle.loads(hostile(marker)[name])
        if name == "open":
            made.close()
        assert marker.exists(), name


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_come_back(protocol: int) -> None:
    """Everything plain that a pickle can hold is what it was, in every protocol."""
    value = {
        "none": None, "yes": True, "no": False, "small": 7, "large": 2**70, "below": -3, "list": [1, [2, []]],
        "tuple": (1, (2, 3), (), (1, 2, 3, 4)), "dict": {"a": {}, b"b": 1}, "text": "Fr\u00f6sche \u86d9\n", "same": ["x"] * 3,
    }  # fmt: skip
    assert unpickled(pickle.dumps(value, protocol)) == value


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_bytes_come_back(protocol: int, order: Any) -> None:
    """Shape, order and content of an array survive, whichever way numpy wrote it."""
    array = np.array(makers.noise(5, 7), order=order)
    found = unpickled(pickle.dumps(array, protocol))
    assert isinstance(found, ByteArray)
    assert np.array_equal(found.values(), array)


def test_an_array_whose_shape_lies_is_refused() -> None:
    """A shape that does not say the length of the content reads no foreign memory."""
    good = pickle.dumps(makers.noise(5, 7), 2)
    assert b"K\x05K\x07\x86" in good
    for shape in (
        b"K\x06K\x07\x86",
        b"K\x05J\xff\xff\xff\xff\x86",
        b"K\x05K\x07K\x02\x87",
        b"K\x05N\x86",
        b"K\x23\x85" + b"0",
    ):
        with pytest.raises(UnpicklingError):
            unpickled(good.replace(b"K\x05K\x07\x86", shape))


@settings(max_examples=20_000 if STRESS else 100, deadline=None)
@given(st.data())
def test_damaged_batches_are_a_value_or_a_sentence(data: st.DataObject) -> None:
    """Whatever bytes are changed, inserted or cut, only UnpicklingError comes out."""
    content = bytearray(makers.python2_batch(makers.noise(2, 12), [0, 1]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    try:
        unpickled(bytes(content))
    except UnpicklingError as error:
        assert str(error)  # noqa: PT017 - a value will do as well


def test_a_full_batch_is_read_at_once(tmp_path: Path) -> None:
    """10,000 pictures, as CIFAR-10 has them, take well under seconds."""
    data, numbers = makers.noise(10_000, 3072), makers.labels(10_000).tolist()
    names = [f"picture_{number}.png" for number in range(10_000)]
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({"data": data, "labels": numbers, "filenames": names}, 2))
    start = time.monotonic()
    found = load(tmp_path, (3, 32, 32))
    assert time.monotonic() - start < 15
    assert isinstance(found, PictureSet)
    assert np.array_equal(found.images, data.reshape(-1, 3, 32, 32))
