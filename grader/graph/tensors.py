"""The tensor table beside a document: safetensors in and out, shapes checked before anything is allocated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch
from safetensors.torch import load, save

from grader.graph import operators
from grader.graph.document import Document, DocumentError, TensorEntry

MAX_HEADER = 4 * 2**20

STORED = {
    torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
    torch.complex64: "F32", torch.complex128: "F64",
}  # fmt: skip
"""How safetensors calls each dtype; complex numbers travel as pairs."""


def entry(name: str, role: str, tensor: torch.Tensor) -> TensorEntry:
    """Describe `tensor` for the table."""
    return TensorEntry(
        name=name[:300],
        role=role,
        shape=tuple(tensor.shape),
        dtype=operators.DTYPES.index(tensor.dtype),
        trainable=bool(tensor.requires_grad),
        order=_order(tensor),
    )


def _order(tensor: torch.Tensor) -> tuple[int, ...]:
    """Return the dimensions from slowest to fastest; the plain order where strides are not a permutation."""
    plain = tuple(range(tensor.dim()))
    if tensor.is_contiguous():
        return plain
    order = tuple(sorted(plain, key=lambda dim: (-int(tensor.stride()[dim]), dim)))
    return order if tensor.permute(order).is_contiguous() else plain


def dump(tensors: Sequence[torch.Tensor]) -> bytes:
    """Write the tensors' values as safetensors with the keys `0`, `1`, …."""
    return save({str(index): _flat(one.detach()) for index, one in enumerate(tensors)})


def _flat(tensor: torch.Tensor) -> torch.Tensor:
    laid_out = tensor.permute(_order(tensor)).contiguous()
    return torch.view_as_real(laid_out.resolve_conj()).contiguous() if laid_out.is_complex() else laid_out


def check_header(document: Document, blob: bytes) -> None:
    """Hold the blob's header to the document's table; raise DocumentError before anything is allocated."""
    size = int.from_bytes(blob[:8], "little")
    if len(blob) < 8 or size > MAX_HEADER or 8 + size > len(blob):
        raise DocumentError("tensors: the header's length is wrong")
    try:
        header: Any = json.loads(blob[8 : 8 + size])
    except (ValueError, RecursionError) as error:
        raise DocumentError("tensors: the header is not JSON") from error
    expected = {str(index): _stored(one) for index, one in enumerate(document.tensors)}
    if not isinstance(header, dict) or set(header) - {"__metadata__"} != set(expected):
        raise DocumentError("tensors: the header does not name the tensors of the document")
    for key, (dtype, shape) in expected.items():
        found = header[key]
        if not isinstance(found, dict) or found.get("dtype") != dtype or found.get("shape") != shape:
            raise DocumentError(f"tensors: number {key} is not what the document says")


def _stored(one: TensorEntry) -> tuple[str, list[int]]:
    """Return the dtype and the shape under which safetensors has `one`."""
    if one.dtype >= len(operators.DTYPES):
        raise DocumentError("tensors: an unknown dtype")
    dtype = operators.DTYPES[one.dtype]
    return STORED[dtype], [one.shape[dim] for dim in one.order] + ([2] if dtype.is_complex else [])


def _read_as(found: torch.Tensor) -> tuple[str, list[int]]:
    """Return the dtype and the shape of a tensor that safetensors read, as it calls them."""
    return STORED.get(found.dtype, ""), list(found.shape)


def read(document: Document, blob: bytes, device: torch.device) -> tuple[torch.Tensor, ...]:
    """Return the table's tensors on `device`, with requires_grad and strides as captured."""
    check_header(document, blob)
    try:
        loaded = load(blob)
    except Exception as error:  # safetensors raises its own exception class for every malformed blob
        raise DocumentError(f"tensors: {type(error).__name__}") from error
    flat = [loaded[str(index)] for index in range(len(document.tensors))]
    # Two parsers read the header, and a key that stands in it twice need not mean the same to both.
    if any(_read_as(found) != _stored(one) for one, found in zip(document.tensors, flat, strict=True)):
        raise DocumentError("tensors: the header says two things")
    return tuple(_restore(one, found, device) for one, found in zip(document.tensors, flat, strict=True))


def _back(one: TensorEntry) -> list[int]:
    """Return the permutation from the order in memory to the order of the shape."""
    return sorted(range(len(one.order)), key=lambda position: one.order[position])


def _restore(one: TensorEntry, flat: torch.Tensor, device: torch.device) -> torch.Tensor:
    dtype = operators.DTYPES[one.dtype]
    values = torch.view_as_complex(flat) if dtype.is_complex else flat
    tensor = values.permute(_back(one)).to(device).clone()
    trainable = one.trainable and (dtype.is_floating_point or dtype.is_complex)
    return tensor.requires_grad_(trainable)


def on_meta(document: Document) -> tuple[torch.Tensor, ...]:
    """Return the table's tensors without values, to learn shapes and costs before anything is allocated."""
    return tuple(_meta(one) for one in document.tensors)


def _meta(one: TensorEntry) -> torch.Tensor:
    """Lay a tensor without values out as the real one will be: `view` of a transposed weight depends on it."""
    laid_out = torch.empty([one.shape[dim] for dim in one.order], dtype=operators.DTYPES[one.dtype], device="meta")
    return laid_out.permute(_back(one))
