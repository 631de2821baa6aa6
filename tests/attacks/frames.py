"""Spoilt bytes of every kind that an untrusted process sends: streams of frames, documents, tensors.

An input is determined by its number. Each begins as something that is accepted and is changed in a few places, most
of them where the grammar has a rule.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.graph import operators
from grader.graph.document import TO_THE_END, Argument, Document, dump
from grader.sandbox.protocol import FRAME_LIMITS, HEADER, MAGIC, Kind, frame
from tests.graph.samples import CNN, blob, document, node, parameter, slot

EVERYTHING = document(
    [parameter("scale", 3, 1, 1), parameter("table", 8, role="buffer", trainable=False), parameter("one")],
    [
        node("mul.Tensor", slot(0), slot(1)),
        node("size.mul", 2, 3.5),
        node("_to_copy", slot(4), Argument("t", 0), Argument("y", 0), Argument("c"), None, False, Argument("m", 0)),
        node("gelu", slot(6), "tanh"),
        node("pad", slot(7), [1, 1, 2, 0], "constant", 0.0),
        node("slice.Tensor", slot(8), 2, 0, Argument("i", TO_THE_END), 2),
        node("cat", [slot(9), slot(9)], 1),
        node("mean.dim", slot(10), [2, 3], False, Argument("d")),
        node("einsum", Argument("e", (0, 1, 54, 55, 1, 0)), [slot(11)]),
        node("split.Tensor", slot(12), 1, 0, label="parts", line=3),
        node("getitem", slot(13), 0),
    ],
)
"""A document that runs, with arguments of every kind."""

SEEDS: tuple[Document, ...] = (CNN, EVERYTHING)

FORBIDDEN = (
    "aten.from_file.default", "aten.nonzero.default", "aten.masked_select.default", "aten.set_.source_Tensor",
    "aten.as_strided.default", "aten.resize_.default", "aten.convolution_backward.default",
    "aten._thnn_fused_lstm_cell.default", "aten._cudnn_rnn.default", "aten.native_batch_norm_backward.default",
    "aten.index_add_.default", "prims.add.default", "quantized.add.default", "aten.__class__.__init__",
    "aten.relu.__class__", "aten.relu.default.__call__", "__import__('os').system('true')", "os.system", "size.__add__",
    "size.eval", "getattr", "aten", "aten.", ".", "", "aten.relu", "relu", "aten.relu.default\0", "ATEN.RELU.DEFAULT",
    "lambda: 0", "aten._assert_async.msg", "aten.sym_size.default", "aten.empty_strided.default", "\ud800",
)  # fmt: skip
"""Operators that no document may name: files, results whose shape depends on data, strides, internals, code."""

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 63, 64, 255, 2**20, 2**20 + 1, -(2**20) - 1, 2**31, 2**40, 2**40 + 1, TO_THE_END,
    2**63, -(2**63), 2**64, 10**400, 0.5, -0.0, 1e308, "", "s", "n", "0x1p3", "nan", "inf", "0x1p99999", "é\0\x1b[2J",
    "x" * 301, "\ud800", [], {}, ["s", 0], ["s", 4], ["s", 99], ["s", -1], ["i", 2**20], ["i", 2**21], ["f", "inf"],
    ["f", "nan"], ["b", 1], ["n"], ["n", None], ["d"], ["c"], ["c", "cuda"], ["l", []], ["l", [["l", [["l", [["l", []]]]]]]],
    ["t", 0], ["t", 12], ["t", 63], ["t", 64], ["w", 24], ["w", 25], ["w", 63], ["m", 3], ["m", 4], ["y", 1],
    ["e", [0, 1, 52]], ["e", [0] * 200], ["e", [63]], ["e", "ij"], [[[[[[[[]]]]]]]], {"__class__": 1}, [1] * 9,
)  # fmt: skip

WORDS = (
    "9" * 5000,
    "9" * 4000,
    "-" + "9" * 5000,
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "1E400",
    "0.1e-999",
    "00",
    "0x1",
)
"""What stands for a number in JSON, or seems to."""


@dataclass(frozen=True, slots=True)
class Input:
    """What is fed to the grader.

    Attributes:
        kind: `stream`, `document` or `tensors`.
        data: the spoilt bytes.
        document: beside which tensors lie.
    """

    kind: str
    data: bytes
    document: bytes = b""


def make(number: int) -> Input:
    """Return input `number`."""
    chance = random.Random(number)
    match number % 4:
        case 0:
            return Input("stream", stream(chance))
        case 1:
            described = chance.choice(SEEDS)
            return Input("tensors", tensors(chance, blob(described)), dump(described))
        case _:
            return Input("document", spoilt_document(chance))


def stream(chance: random.Random) -> bytes:
    """Return frames of a job, of which some are spoilt."""
    described = chance.choice(SEEDS)
    payloads = {
        Kind.FACTS: b'{"files": []}',
        Kind.RESULT: b'{"outcome": "captured"}',
        Kind.DOCUMENT: dump(described),
        Kind.TENSORS: blob(described),
        Kind.LOGITS: bytes(400),
    }
    frames = [frame(kind, payloads[kind]) + payloads[kind] for kind in Kind if chance.random() < 0.8]
    for _ in range(chance.randrange(3)):
        frames = _reordered(chance, frames)
    data = bytearray(b"".join(frames))
    for _ in range(chance.choice((0, 1, 1, 2, 3))):
        data = _spoilt_stream(chance, data)
    return bytes(data)


def _reordered(chance: random.Random, frames: list[bytes]) -> list[bytes]:
    """Change which frames come, and their headers."""
    if not frames:
        return [MAGIC]
    changed, at = list(frames), chance.randrange(len(frames))
    one = bytearray(changed[at]).ljust(HEADER, b"\0")  # an earlier change may have cut it short
    match chance.randrange(8):
        case 0:
            changed.insert(chance.randrange(len(changed) + 1), changed[at])
        case 1:
            del changed[at]
        case 2:
            chance.shuffle(changed)
        case 3:
            one[4] = chance.randrange(256)
        case 4:
            one[chance.randrange(4)] ^= 1 << chance.randrange(8)
        case 5:
            limit = FRAME_LIMITS.get(one[4], 0)  # type: ignore[call-overload]
            length = chance.choice(
                (0, 1, limit, limit + 1, 2**63, 2**64 - 1, len(one) - HEADER + chance.choice((-1, 1)))
            )
            one[5:HEADER] = max(0, length).to_bytes(8, "little")
        case 6:
            del one[chance.randrange(len(one)) :]
        case _:
            one += bytes(chance.randrange(40))
    if changed and at < len(changed):
        changed[at] = bytes(one)
    return changed


def _spoilt_stream(chance: random.Random, data: bytearray) -> bytearray:
    """Change bytes anywhere: flip, cut, splice, repeat."""
    if not data:
        return bytearray(chance.randbytes(20))
    start, end = sorted((chance.randrange(len(data)), chance.randrange(len(data))))
    match chance.randrange(6):
        case 0:
            data[start] ^= 1 << chance.randrange(8)
        case 1:
            del data[start:]
        case 2:
            del data[start : min(end, start + 50)]
        case 3:
            data[start:start] = data[start:end]
        case 4:
            data[start:start] = chance.randbytes(chance.randrange(1, 30))
        case _:
            data += chance.choice((MAGIC, b"\0", data[: HEADER + 3], b"text after the frames"))
    return data


def spoilt_document(chance: random.Random) -> bytes:
    """Return a document that was spoilt as values, as text, or as both."""
    plain: Any = json.loads(dump(chance.choice(SEEDS)))
    for _ in range(chance.choice((0, 1, 1, 1, 1, 2, 4))):
        chance.choice(GRAMMAR)(chance, plain)
    text = json.dumps(plain)
    for _ in range(chance.choice((0, 0, 0, 0, 1))):
        text = spoilt_text(chance, text)
    data = text.encode("utf-8", "surrogatepass")
    if chance.random() < 0.1:
        data = spoilt_bytes(chance, data)
    return data


def _anywhere(chance: random.Random, plain: Any) -> None:
    """Put something hostile anywhere."""
    holders = _holders(plain)
    holder, key = chance.choice(holders)
    holder[key] = copy.deepcopy(chance.choice(HOSTILE))


def _moved(chance: random.Random, plain: Any) -> None:
    """Put one part of the document in the place of another, or beside it, or leave it out."""
    holders = _holders(plain)
    holder, key = chance.choice(holders)
    other, place = chance.choice(holders)
    value = copy.deepcopy(other[place])
    match chance.randrange(3):
        case 0:
            holder[key] = value
        case 1:
            del holder[key]
        case _ if isinstance(holder, list):
            holder.insert(key, value)
        case _:
            holder[chance.choice(("nodes", "mode", "__class__", "batch"))] = value


def _holders(plain: Any) -> list[tuple[Any, Any]]:
    """Return every place of a JSON value: what holds it, and its key."""
    found: list[tuple[Any, Any]] = []
    for key in list(plain) if isinstance(plain, dict) else range(len(plain)):
        found.append((plain, key))
        if isinstance(plain[key], (dict, list)):
            found.extend(_holders(plain[key]))
    return found


def _node(chance: random.Random, plain: Any) -> list[Any]:
    """Return one of the nodes; one of nobody's when an earlier change left none."""
    try:
        found = chance.choice(chance.choice(plain["graphs"])["nodes"])
        if isinstance(found, list) and len(found) == 4 and isinstance(found[1], list):
            return found
    except (KeyError, IndexError, TypeError):
        pass
    return ["", [["n"]], [0, 0, 0], ""]


def _operator(chance: random.Random, plain: Any) -> None:
    """Name another operator: one that is not on the list, or one that is."""
    known = (*operators.TABLE, *operators.SIZES)
    _node(chance, plain)[0] = chance.choice(FORBIDDEN) if chance.random() < 0.6 else chance.choice(known)


def _argument(chance: random.Random, plain: Any) -> None:
    """Put a hostile argument into a place of a node."""
    arguments = _node(chance, plain)[1]
    value = copy.deepcopy(chance.choice(HOSTILE))
    if arguments and chance.random() < 0.7:
        arguments[chance.randrange(len(arguments))] = value
    else:
        arguments.insert(chance.randrange(len(arguments) + 1), value)


def _tag(chance: random.Random, plain: Any) -> None:
    """Give an argument another tag."""
    arguments = _node(chance, plain)[1]
    if arguments and isinstance(arguments[0], list) and arguments[0]:
        arguments[0][0] = chance.choice((*"sifbndltmycwe", "x", "", "sf", 0, None, ["s"]))


def _slots(chance: random.Random, plain: Any) -> None:
    """Let an argument refer to a slot of a later node, to its own, to none."""
    arguments = _node(chance, plain)[1]
    arguments[:1] = [["s", chance.choice((0, 1, 3, 5, 8, 9, 14, 15, 10**6, -1, -5))]]


def _count(chance: random.Random, plain: Any) -> None:
    """Give a node too many arguments, or too few."""
    arguments = _node(chance, plain)[1]
    if chance.random() < 0.5:
        del arguments[chance.randrange(len(arguments) + 1) :]
    else:
        arguments.extend(copy.deepcopy(arguments[:1] or [["n"]]) * chance.choice((1, 5, 70)))


def _nested(chance: random.Random, plain: Any) -> None:
    """Nest lists in one another, or fill one up."""
    value: Any = ["i", 1]
    for _ in range(chance.choice((1, 3, 4, 5, 50))):
        value = ["l", [value] * chance.choice((1, 1, 2))] if chance.random() < 0.9 else ["l", value]
        if len(json.dumps(value)) > 50_000:
            break
    if chance.random() < 0.3:
        value = ["l", [["i", 1]] * chance.choice((4096, 4097))]
    _node(chance, plain)[1][:1] = [value]


def _thousands(chance: random.Random, plain: Any) -> None:
    """Repeat a node thousands of times, or a tensor, or a graph."""
    match chance.randrange(4):
        case 0:
            one = _node(chance, plain)
            count = chance.choice((100, 100, 100, 2_000))
            plain["graphs"] = [
                {"mode": mode, "batch": None, "output": 0, "nodes": [one] * count} for mode in ("train", "eval")
            ]
        case 1:
            plain["graphs"] = [{"mode": "train", "batch": 1, "output": 0, "nodes": [0] * chance.choice((50_001, 3))}]
        case 2 if isinstance(plain.get("tensors"), list):
            plain["tensors"] = plain["tensors"][:1] * chance.choice((1_000, 1_000, 10_001))
        case _ if isinstance(plain.get("graphs"), list):
            plain["graphs"] = plain["graphs"] * chance.choice((2, 4, 5))


def _entry(chance: random.Random, plain: Any) -> None:
    """Change what the table says of a tensor."""
    try:
        one = chance.choice(plain["tensors"])
        rank = len(one[2])
        match chance.randrange(6):
            case 0:
                one[2][chance.randrange(rank)] = chance.choice((0, -1, 2**40, 2**40 + 1, 2**31, 1, 1.0, True, "3"))
            case 1:
                one[2] = [2**40] * chance.choice((1, 2, 8, 9))
                one[5] = list(range(len(one[2])))
            case 2:
                one[5] = chance.choice(
                    ([0] * rank, list(range(rank))[::-1], [*range(rank), rank], [-1] * rank, [8], [True])
                )
            case 3:
                one[3] = chance.choice((*range(14), 63, 64, -1, True))
            case 4:
                one[1] = chance.choice(("parameter", "buffer", "constant", "PARAMETER", "__class__", None, ["buffer"]))
            case _:
                one[4] = chance.choice((True, False, 1, 0, None))
    except (KeyError, IndexError, TypeError, ValueError):
        return  # an earlier change left nothing of the kind


def _graph(chance: random.Random, plain: Any) -> None:
    """Change a graph's mode, batch or output: an output may be any slot, also one of the table."""
    try:
        one = chance.choice(plain["graphs"])
        match chance.randrange(3):
            case 0:
                one["output"] = chance.choice((0, 1, 2, 5, 13, 14, 15, 10**6, -1, True, None))
            case 1:
                one["batch"] = chance.choice((None, 1, 2, 4096, 4097, 0, -1, True, 2.0))
            case _:
                one["mode"] = chance.choice(("train", "eval", "both", "", None, ["train"]))
    except (KeyError, IndexError, TypeError):
        return  # an earlier change left nothing of the kind


GRAMMAR: tuple[Callable[[random.Random, Any], None], ...] = (
    _anywhere, _anywhere, _moved, _operator, _argument, _argument, _tag, _slots, _count, _nested, _thousands, _entry,
    _entry, _graph,
)  # fmt: skip


def spoilt_text(chance: random.Random, text: str) -> str:
    """Change a document as text: its numbers, its keys, its strings, its depth."""
    at = chance.randrange(len(text) + 1)
    match chance.randrange(8):
        case 0:
            digits = [index for index, one in enumerate(text) if one.isdigit()]
            at = chance.choice(digits) if digits else 0
            return text[:at] + chance.choice(WORDS) + text[at + 1 :]
        case 1:
            key = chance.choice(("format", "graphs", "tensors", "complete", "nodes", "mode", "batch", "output"))
            value = chance.choice(("1", "[]", "null", '"eval"', "true", "{}"))
            return text.replace(f'"{key}":', f'"{key}":{value},"{key}":', 1)
        case 2:
            return text.replace(
                "relu", chance.choice(("\\ud800", "\\ud800\\ud800", "\\u0000", "\\udc00x", "\ud800")), 1
            )
        case 3:
            depth = chance.choice((5, 500, 5_000, 100_000))
            opened, closed = chance.choice((("[", "]"), ('{"a":', "}")))
            return text[:at] + opened * depth + chance.choice((closed * depth, "")) + text[at:]
        case 4:
            return text[:at]
        case 5:
            return text + chance.choice((" ", "\0", "{}", text, "//", " " * 100_000))
        case 6:
            return text[:at] + chance.choice(('"', "\\", ",", "]", "}", "\n", "\0", "'", ":")) + text[at:]
        case _:
            return chance.choice((" " * 50_000, "\ufeff", "[", "")) + text


def spoilt_bytes(chance: random.Random, data: bytes) -> bytes:
    """Change a document as bytes: what is no UTF-8, and other encodings."""
    at = chance.randrange(len(data) + 1)
    match chance.randrange(4):
        case 0:
            return data[:at] + chance.choice((b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80")) + data[at:]
        case 1:
            return data.decode("utf-8", "replace").encode(chance.choice(("utf-16", "utf-32", "utf-8-sig", "utf-16-le")))
        case 2:
            return chance.choice((b"", b"\0", b"null", b"\x80\x04.", b"[]", b"0", b'""', b"\xff\xfe", b"\0\0\xfe\xff"))
        case _:
            return data[:at] + chance.randbytes(8) + data[at:]


def tensors(chance: random.Random, whole: bytes) -> bytes:
    """Return a blob of tensors of which the header, the data or both are spoilt."""
    size = int.from_bytes(whole[:8], "little")
    header, data = json.loads(whole[8 : 8 + size]), whole[8 + size :]
    for _ in range(chance.choice((0, 1, 1, 2))):
        _header(chance, header, len(data))
    text = json.dumps(header)
    if chance.random() < 0.4:
        text = _header_text(chance, text)
    data = _values(chance, data)
    written = text.encode("utf-8", "surrogatepass")
    length = len(written)
    if chance.random() < 0.2:
        length = chance.choice((0, 1, length - 1, length + 1, length + 8, 2**22, 2**22 + 1, 2**31, 2**63, 2**64 - 1))
    blob_bytes = length.to_bytes(8, "little") + written + data
    return blob_bytes[: chance.randrange(len(blob_bytes))] if chance.random() < 0.1 else blob_bytes


def _header(chance: random.Random, header: dict[str, Any], size: int) -> None:
    """Change what the header says of a tensor, or which tensors it names."""
    key = chance.choice(sorted(header))
    one = header[key]
    if not isinstance(one, dict):
        return
    match chance.randrange(8):
        case 0:
            one["data_offsets"] = chance.choice(
                (
                    [0, 0],
                    [0, size],
                    [4, 0],
                    [-4, 0],
                    [0, size + 4],
                    [size, size],
                    [2**63, 2**63],
                    [0, 2**64],
                    [0],
                    [],
                    [0.0, 4.0],
                )
            )
        case 1:
            one["data_offsets"] = copy.deepcopy(
                chance.choice([other.get("data_offsets") for other in header.values() if isinstance(other, dict)])
            )
        case 2:
            one["dtype"] = chance.choice(
                ("F32", "I32", "F64", "BOOL", "f32", "F8_E4M3", "", None, "F4", 32, ["F32"], "C64")
            )
        case 3:
            one["shape"] = chance.choice(
                (
                    [],
                    [0],
                    [-1],
                    [2**63],
                    [2**40, 2**40],
                    [4, 3, 3],
                    [4.0],
                    [True],
                    None,
                    "4",
                    [*(one.get("shape") or []), 1],
                )
            )
        case 4:
            header[chance.choice(("__metadata__", "99", "-1", "0 ", "00", "__class__", "\ud800"))] = chance.choice(
                (copy.deepcopy(one), {"format": "pt"}, {"a": 1}, None, [])
            )
        case 5:
            del header[key]
        case 6:
            one.pop(chance.choice(("dtype", "shape", "data_offsets")), None)
        case _:
            one["stride"] = [1]


def _header_text(chance: random.Random, text: str) -> str:
    """Change the header as text: keys that stand in it twice, depth, size."""
    match chance.randrange(5):
        case 0:
            return text.replace('{"dtype"', '{"dtype": "I32", "dtype"', 1)
        case 1:
            twice = '"0": {"dtype": "I32", "shape": [1], "data_offsets": [0, 4]}'
            return text[:1] + twice + ", " + text[1:] if chance.random() < 0.5 else text[:-1] + ", " + twice + "}"
        case 2:
            return text + " " * chance.choice((1, 7, 100_000, 4 * 2**20))
        case 3:
            return text[:-1] + ', "__metadata__": ' + "[" * chance.choice((1, 500, 100_000)) + "}"
        case _:
            return spoilt_text(chance, text)


def _values(chance: random.Random, data: bytes) -> bytes:
    """Put numbers that are none among the values, or change how many there are."""
    match chance.randrange(6):
        case 0:
            return b"\xff" * len(data)
        case 1:
            return bytes.fromhex("0000807f") * (len(data) // 4)
        case 2:
            return data[: chance.randrange(len(data) + 1)]
        case 3:
            return data + chance.randbytes(chance.choice((1, 4, 100)))
        case _:
            return data
