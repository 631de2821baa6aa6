"""The tensors beside a document: what survives, and blobs that lie."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import torch

from grader.graph import operators, tensors
from grader.graph.document import DocumentError, TensorEntry
from tests.graph.samples import CNN, CPU, blob, document, node, parameter, slot


def split(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Take a safetensors blob apart."""
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def joined(header: Any, data: bytes) -> bytes:
    """Put a safetensors blob together."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + data


def there_and_back(*given: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Write tensors and read them back."""
    entries = [tensors.entry(str(index), "parameter", one) for index, one in enumerate(given)]
    return tensors.read(document(entries, [node("relu", slot(0))]), tensors.dump(given), CPU)


@pytest.mark.parametrize("dtype", operators.DTYPES, ids=str)
def test_every_dtype_survives(dtype: torch.dtype) -> None:
    """Each dtype of the table travels, numbers and all."""
    given = (torch.arange(6).view(2, 3) % 2).to(dtype)
    (found,) = there_and_back(given)
    assert found.dtype == dtype
    assert torch.equal(found, given)


LAID_OUT = {
    "plain": torch.randn(2, 3, 4, 5),
    "channels last": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "transposed": torch.randn(4, 8).t(),
    "turned round": torch.randn(2, 3, 4).permute(2, 0, 1),
    "complex and transposed": torch.randn(4, 8, dtype=torch.complex64).t(),
    "a number": torch.tensor(3.0),
    "nothing": torch.empty(0, 3),
    "one by one": torch.randn(1, 8, 1, 1),
}


@pytest.mark.parametrize("name", LAID_OUT)
def test_strides_survive(name: str) -> None:
    """A tensor lies in memory as it lay when it was captured: kernels choose by it, and bits follow."""
    given = LAID_OUT[name]
    (found,) = there_and_back(given)
    assert torch.equal(found, given)
    wide = [dim for dim, size in enumerate(given.shape) if size > 1]
    assert [found.stride(dim) for dim in wide] == [given.stride(dim) for dim in wide]


@pytest.mark.parametrize("given", [torch.randn(1, 3).expand(4, 3), torch.randn(8)[::2], torch.randn(4, 4)[:, 1:3]])
def test_holes_and_overlaps_are_filled(given: torch.Tensor) -> None:
    """Memory with holes or overlaps comes back in plain order, with the same numbers."""
    (found,) = there_and_back(given)
    assert torch.equal(found, given)
    assert found.is_contiguous()


def test_the_conjugate_bit_is_resolved() -> None:
    """A lazily conjugated tensor travels as the numbers that it stands for."""
    given = torch.randn(3, dtype=torch.complex64).conj()
    assert torch.equal(there_and_back(given)[0], given)


def test_requires_grad_is_the_documents() -> None:
    """Only floating-point tensors that the document calls trainable get gradients."""
    entries = [parameter("a", 2), parameter("b", 2, trainable=False), replace(parameter("c", 2), dtype=4)]
    described = document(entries, [node("relu", slot(0))])
    data = tensors.dump([torch.zeros(2), torch.zeros(2), torch.zeros(2, dtype=torch.int64)])
    assert [one.requires_grad for one in tensors.read(described, data, CPU)] == [True, False, False]


def test_tensors_without_values_are_laid_out_alike() -> None:
    """On the meta device a tensor has the strides that the real one will have."""
    given = [LAID_OUT["channels last"], LAID_OUT["transposed"], LAID_OUT["turned round"]]
    described = document([tensors.entry("", "buffer", one) for one in given], [node("relu", slot(0))])
    assert [one.stride() for one in tensors.on_meta(described)] == [one.stride() for one in given]


@pytest.fixture
def nothing_allocated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every way to memory for a tensor's values fail the test."""

    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("memory was asked for")

    monkeypatch.setattr(tensors, "load", never)
    for name in ("empty", "zeros", "frombuffer", "tensor"):
        monkeypatch.setattr(torch, name, never)


HEADER, DATA = split(blob(CNN))


def header(**changes: Any) -> bytes:
    """Return the network's blob with other entries in its header; `first` stands for the first tensor's."""
    spoilt = {**HEADER, **changes}
    if "first" in changes:
        spoilt["0"] = {**HEADER["0"], **spoilt.pop("first")}
    return joined(spoilt, DATA)


LIES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "header's length is wrong"),
    "seven bytes": (b"1234567", "header's length is wrong"),
    "a header longer than the blob": ((2**20).to_bytes(8, "little") + b"{}", "header's length is wrong"),
    "a header of 5 MB": (joined(b" " * 5 * 2**20, DATA), "header's length is wrong"),
    "a header of 2**63 bytes": (b"\xff" * 8 + b"{}", "header's length is wrong"),
    "a header that is not JSON": (joined(b"{,}", DATA), "not JSON"),
    "a header that is not text": (joined(b"\xff\xfe\xfd", DATA), "not JSON"),
    "a header of deep lists": (joined(b"[" * 100_000, DATA), "not JSON"),
    "a header that is a list": (joined([], DATA), "does not name the tensors"),
    "an empty header": (joined({}, DATA), "does not name the tensors"),
    "a missing tensor": (joined({key: one for key, one in HEADER.items() if key != "2"}, DATA), "does not name"),
    "a tensor too many": (header(**{"4": HEADER["0"]}), "does not name the tensors"),
    "a tensor by another name": (
        joined({**{k: v for k, v in HEADER.items() if k != "0"}, "00": HEADER["0"]}, DATA),
        "does not name",
    ),
    "an entry that is a list": (header(**{"0": []}), "number 0 is not what the document says"),
    "an entry without shape": (header(**{"0": {"dtype": "F32"}}), "number 0 is not what"),
    "another shape of the same size": (header(first={"shape": [12, 3, 3, 1]}), "number 0 is not what"),
    "a giant shape": (header(first={"shape": [2**40, 3, 3, 3]}), "number 0 is not what"),
    "a negative shape": (header(first={"shape": [-4, 3, 3, -3]}), "number 0 is not what"),
    "a shape that is a text": (header(first={"shape": "4333"}), "number 0 is not what"),
    "another dtype": (header(first={"dtype": "I32"}), "number 0 is not what"),
    "a dtype that is not known": (header(first={"dtype": "PICKLE"}), "number 0 is not what"),
}


@pytest.mark.parametrize("name", LIES)
@pytest.mark.usefixtures("nothing_allocated")
def test_headers_that_lie(name: str) -> None:
    """A header that is not the document's table is refused before anything is allocated."""
    data, reason = LIES[name]
    with pytest.raises(DocumentError, match=reason):
        tensors.read(CNN, data, CPU)


@pytest.mark.usefixtures("nothing_allocated")
def test_documents_that_lie() -> None:
    """A document that claims a giant tensor, or one of a dtype beyond the table, is refused by the header."""
    giant = TensorEntry("conv.weight", "parameter", (2**40, 3, 3, 3), 0, True, (0, 1, 2, 3))
    with pytest.raises(DocumentError, match="number 0 is not what the document says"):
        tensors.read(replace(CNN, tensors=(giant, *CNN.tensors[1:])), blob(CNN), CPU)
    unknown = replace(CNN.tensors[0], dtype=len(operators.DTYPES))
    with pytest.raises(DocumentError, match="an unknown dtype"):
        tensors.read(replace(CNN, tensors=(unknown, *CNN.tensors[1:])), blob(CNN), CPU)


OFFSETS: dict[str, bytes] = {
    "trailing bytes": blob(CNN) + b"more",
    "missing bytes": blob(CNN)[:-4],
    "no bytes": joined(HEADER, b""),
    "offsets beyond the end": header(first={"data_offsets": [2**40, 2**40 + 432]}),
    "offsets that overlap": header(first={"data_offsets": HEADER["1"]["data_offsets"]}),
    "offsets that run backwards": header(first={"data_offsets": [432, 0]}),
    "offsets for another size": header(first={"data_offsets": [0, 4]}),
    "no offsets": joined({**HEADER, "0": {"dtype": "F32", "shape": [4, 3, 3, 3]}}, DATA),
    "offsets that are texts": header(first={"data_offsets": ["0", "432"]}),
}


@pytest.mark.parametrize("name", OFFSETS)
def test_offsets_that_lie(name: str) -> None:
    """Bytes that are too many, too few or claimed twice are refused."""
    with pytest.raises(DocumentError, match="tensors: "):
        tensors.read(CNN, OFFSETS[name], CPU)


def test_a_name_twice() -> None:
    """Two parsers may read a key that stands twice differently; then the shapes are compared once more."""
    lying = json.dumps({**HEADER["0"], "shape": [12, 9]})
    for order in (0, 1):
        entries = [json.dumps(HEADER["0"]), lying]
        twice = ",".join(f'"0":{one}' for one in (entries if order else entries[::-1]))
        rest = json.dumps({key: one for key, one in HEADER.items() if key != "0"})[1:]
        data = joined(f"{{{twice},{rest}".encode(), DATA)
        try:
            found = tensors.read(CNN, data, CPU)
        except DocumentError:
            continue
        assert [tuple(one.shape) for one in found] == [one.shape for one in CNN.tensors]
