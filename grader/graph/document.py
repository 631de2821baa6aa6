"""The wire format of a captured model: plain JSON, parsed here into frozen records without torch.

A document holds a table of tensors (their values travel beside it, as safetensors) and one graph for each mode.
Slots are integers: 0 is the batch of pictures, then one for each tensor of the table, then one for each node.
No string of a document is ever used as a name, attribute, keyword or source: operators are looked up in a table
of our own, arguments are bound by position to the operator's schema, words are positions in a list of ours.
The strings that remain (`label`, `files`, `name`) are only ever shown.

Arguments are tagged lists, `["s", 3]`:

    s slot    i integer    f float, as hex    b boolean    n None    d the schema's default    l list
    t dtype   m memory format   y layout   c device (always the trainer's)   w word   e einsum equation
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Any

FORMAT = 1

MAX_BYTES = 32 * 2**20
MAX_NODES = 50_000
MAX_TENSORS = 10_000
MAX_LIST = 4_096
MAX_TEXT = 300
MAX_DEPTH = 3
MAX_RANK = 8
MAX_GRAPHS = 8
MAX_BATCH = 1_024
"""Pictures in the batch of a network that takes no other number."""

INTEGER_LIMIT = 2**20
"""Largest magnitude of an integer argument."""
TO_THE_END = 2**63 - 1
"""What export writes for the open end of a slice: the one integer above the limit that is allowed."""

TAGS = "sifbndltmycwe"


class DocumentError(ValueError):
    """The bytes are not a document; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its tag and its value (a list of arguments under `l`)."""

    tag: str
    value: Any = None


@dataclass(frozen=True, slots=True)
class Node:
    """One call.

    Attributes:
        operator: key into the table of operators.
        arguments: in the order of the operator's schema.
        place: (index into `files`, cell or 0, line or 0); (-1, 0, 0) when unknown.
        label: the student's module path, only shown.
    """

    operator: str
    arguments: tuple[Argument, ...]
    place: tuple[int, int, int]
    label: str

    def passing(self) -> Node:
        """Return a call in its place that answers with its first argument."""
        return replace(self, operator="aten.alias.default", arguments=self.arguments[:1])


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """One storage.

    Attributes:
        name: the student's name for it, only shown.
        role: `parameter`, `buffer` or `constant`.
        shape: its sizes.
        dtype: position in the list of dtypes.
        trainable: requires_grad.
        order: dimensions from the slowest to the fastest in memory, so that strides survive.
    """

    name: str
    role: str
    shape: tuple[int, ...]
    dtype: int
    trainable: bool
    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """One captured mode.

    Attributes:
        mode: `train` or `eval`.
        batch: None when it runs at any batch size, else the only one.
        nodes: in order of execution.
        output: the slot that holds the scores.
    """

    mode: str
    batch: int | None
    nodes: tuple[Node, ...]
    output: int


@dataclass(frozen=True, slots=True)
class Document:
    """A captured model.

    Attributes:
        files: the submission's files that nodes refer to, only shown.
        tensors: the table; slot `1 + index`.
        graphs: at least one of each mode.
        complete: False when the student's forward broke and this is the part before the break.
    """

    files: tuple[str, ...]
    tensors: tuple[TensorEntry, ...]
    graphs: tuple[Graph, ...]
    complete: bool

    def graph(self, mode: str, batch: int) -> Graph | None:
        """Return the graph for `mode` that runs with `batch` pictures, the general one first."""
        fitting = [one for one in self.graphs if one.mode == mode and one.batch in (None, batch)]
        return min(fitting, key=lambda one: one.batch is not None, default=None)

    def batch(self, wanted: int) -> int:
        """Return `wanted` where it trains and answers with so many pictures, else another number for which it does.

        Raises:
            DocumentError: there is none, or only one above `MAX_BATCH`.
        """
        own = {one.batch for one in self.graphs if one.batch is not None}
        sizes = [size for size in own | {wanted} if all(self.graph(mode, size) for mode in ("train", "eval"))]
        if wanted not in sizes and not any(size <= MAX_BATCH for size in sizes):
            raise DocumentError(f"no graphs for a batch of {wanted}, nor for one of another size")
        return wanted if wanted in sizes else max(size for size in sizes if size <= MAX_BATCH)


def dump(document: Document) -> bytes:
    """Write `document` as compact JSON."""
    plain = {
        "format": FORMAT,
        "files": document.files,
        "complete": document.complete,
        "tensors": [[t.name, t.role, t.shape, t.dtype, t.trainable, t.order] for t in document.tensors],
        "graphs": [
            {
                "mode": graph.mode,
                "batch": graph.batch,
                "output": graph.output,
                "nodes": [[n.operator, [_plain(a) for a in n.arguments], n.place, n.label] for n in graph.nodes],
            }
            for graph in document.graphs
        ],
    }
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()


def _plain(argument: Argument) -> list[Any]:
    if argument.tag == "l":
        return ["l", [_plain(one) for one in argument.value]]
    if argument.tag == "f":
        return ["f", float(argument.value).hex()]
    return [argument.tag] if argument.value is None else [argument.tag, argument.value]


def parse(blob: bytes) -> Document:
    """Read a document from untrusted bytes; raise DocumentError where the grammar forbids something."""
    if len(blob) > MAX_BYTES:
        raise DocumentError(f"{len(blob)} bytes; at most {MAX_BYTES} are read")
    try:
        plain = json.loads(blob)
    except (ValueError, RecursionError, MemoryError) as error:
        raise DocumentError(f"not JSON: {type(error).__name__}") from error
    fields = _object(plain, "document", {"format", "files", "complete", "tensors", "graphs"})
    if type(fields["format"]) is not int or fields["format"] != FORMAT:
        raise DocumentError("an unknown format")
    files = tuple(_text(one, "files") for one in _list(fields["files"], "files", 1_000))
    tensors = tuple(_tensor(one) for one in _list(fields["tensors"], "tensors", MAX_TENSORS))
    graphs = tuple(_graph(one, len(tensors), len(files)) for one in _list(fields["graphs"], "graphs", MAX_GRAPHS))
    if {graph.mode for graph in graphs} != {"train", "eval"}:
        raise DocumentError("graphs: one for train and one for eval are needed")
    return Document(files, tensors, graphs, _boolean(fields["complete"], "complete"))


def _tensor(plain: Any) -> TensorEntry:
    name, role, shape, dtype, trainable, order = _tuple(plain, "tensor", 6)
    if role not in ("parameter", "buffer", "constant"):
        raise DocumentError("tensor: an unknown role")
    sizes = tuple(_integer(one, "shape", 0, 2**40) for one in _list(shape, "shape", MAX_RANK))
    dims = tuple(_integer(one, "order", 0, MAX_RANK) for one in _list(order, "order", MAX_RANK))
    if sorted(dims) != list(range(len(sizes))):
        raise DocumentError("tensor: order is not a permutation of its dimensions")
    return TensorEntry(
        _text(name, "name"), role, sizes, _integer(dtype, "dtype", 0, 63), _boolean(trainable, "trainable"), dims
    )


def _graph(plain: Any, tensors: int, files: int) -> Graph:
    fields = _object(plain, "graph", {"mode", "batch", "output", "nodes"})
    if fields["mode"] not in ("train", "eval"):
        raise DocumentError("graph: an unknown mode")
    batch = None if fields["batch"] is None else _integer(fields["batch"], "batch", 1, 4_096)
    first = 1 + tensors
    listed = _list(fields["nodes"], "nodes", MAX_NODES)
    nodes = tuple(_node(one, first + index, files) for index, one in enumerate(listed))
    output = _integer(fields["output"], "output", 0, first + len(nodes) - 1)
    return Graph(fields["mode"], batch, nodes, output)


def _node(plain: Any, slot: int, files: int) -> Node:
    name, arguments, place, label = _tuple(plain, "node", 4)
    where = _tuple(place, "place", 3)
    return Node(
        operator=_text(name, "operator"),
        arguments=tuple(_argument(one, slot, 0) for one in _list(arguments, "arguments", 64)),
        place=(
            _integer(where[0], "file", -1, files - 1),
            _integer(where[1], "cell", 0, 10**6),
            _integer(where[2], "line", 0, 10**7),
        ),
        label=_text(label, "label"),
    )


def _argument(plain: Any, slot: int, depth: int) -> Argument:
    """Read one argument of the node that fills `slot`; it can only refer to slots before its own."""
    if not isinstance(plain, list) or not 1 <= len(plain) <= 2 or plain[0] not in tuple(TAGS):
        raise DocumentError("argument: not a tagged value")
    tag = plain[0]
    value = plain[1] if len(plain) == 2 else None
    if tag in "ndc":
        if value is not None:
            raise DocumentError(f"argument: {tag} takes no value")
        return Argument(tag)
    if tag == "l":
        if depth >= MAX_DEPTH:
            raise DocumentError("argument: lists nest too deeply")
        return Argument("l", tuple(_argument(one, slot, depth + 1) for one in _list(value, "list", MAX_LIST)))
    return Argument(tag, _scalar(tag, value, slot))


def _scalar(tag: str, value: Any, slot: int) -> Any:
    match tag:
        case "s":
            return _integer(value, "slot", 0, slot - 1)
        case "i":
            return (
                value
                if type(value) is int and value == TO_THE_END
                else _integer(value, "integer", -INTEGER_LIMIT, INTEGER_LIMIT)
            )
        case "f":
            return _float(value)
        case "b":
            return _boolean(value, "boolean")
        case "e":
            return tuple(_integer(one, "letter", 0, 63) for one in _list(value, "equation", 200))
        case _:
            return _integer(value, "literal", 0, 63)


def _float(value: Any) -> float:
    try:
        number = float.fromhex(_text(value, "float"))
    except (ValueError, OverflowError) as error:
        raise DocumentError("float: not a hexadecimal float") from error
    if math.isnan(number):
        raise DocumentError("float: not a number")
    return number


def _object(plain: Any, what: str, keys: set[str]) -> dict[str, Any]:
    if not isinstance(plain, dict) or set(plain) != keys:
        raise DocumentError(f"{what}: not an object with the keys {', '.join(sorted(keys))}")
    return plain


def _list(plain: Any, what: str, limit: int) -> list[Any]:
    if not isinstance(plain, list):
        raise DocumentError(f"{what}: not a list")
    if len(plain) > limit:
        raise DocumentError(f"{what}: {len(plain)} items; at most {limit} are read")
    return plain


def _tuple(plain: Any, what: str, length: int) -> list[Any]:
    if not isinstance(plain, list) or len(plain) != length:
        raise DocumentError(f"{what}: not a list of {length}")
    return plain


def _text(plain: Any, what: str) -> str:
    if not isinstance(plain, str) or len(plain) > MAX_TEXT:
        raise DocumentError(f"{what}: not a text of at most {MAX_TEXT} characters")
    return plain.encode("utf-8", "replace").decode()  # half a surrogate pair could not be written anywhere


def _integer(plain: Any, what: str, low: int, high: int) -> int:
    if type(plain) is not int or not low <= plain <= high:
        raise DocumentError(f"{what}: not an integer from {low} to {high}")
    return plain


def _boolean(plain: Any, what: str) -> bool:
    if type(plain) is not bool:
        raise DocumentError(f"{what}: not true or false")
    return plain
