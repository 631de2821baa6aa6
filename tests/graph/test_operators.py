"""The allow-list: every name is an operator of this torch, and no dangerous one is among them."""

from __future__ import annotations

import pytest
import torch

from grader.graph import hazards, operators

DANGEROUS = {
    "set_": "lays a tensor over any storage",
    "set": "lays a tensor over any storage",
    "as_strided": "reads beyond what it was given",
    "as_strided_": "reads beyond what it was given",
    "as_strided_scatter": "writes beyond what it was given",
    "resize_": "leaves memory uninitialised",
    "resize": "leaves memory uninitialised",
    "resize_as_": "leaves memory uninitialised",
    "empty_strided": "is uninitialised, of any strides",
    "empty_permuted": "is uninitialised",
    "from_file": "maps and writes files",
    "item": "takes numbers out of tensors",
    "_local_scalar_dense": "takes numbers out of tensors",
    "equal": "takes a decision out of tensors",
    "nonzero": "gives shapes that depend on data",
    "nonzero_static": "gives shapes that depend on data",
    "masked_select": "gives shapes that depend on data",
    "unique_dim": "gives shapes that depend on data",
    "bincount": "gives shapes that depend on data",
    "repeat_interleave": "gives shapes that depend on data",
    "_unsafe_index": "does not check its indices",
    "_unsafe_index_put": "does not check its indices",
    "_index_put_impl_": "does not check its indices when asked not to",
    "max_unpool2d": "writes at indices that it is given",
    "max_unpool3d": "writes at indices that it is given",
    "embedding_bag": "reads at offsets that it is given",
    "_embedding_bag": "reads at offsets that it is given",
    "_fft_c2r": "reads beyond what it was given",
    "_nested_view_from_buffer": "reads beyond what it was given",
    "native_group_norm": "believes the sizes that it is told",
    "native_layer_norm": "is an inner part of layer_norm",
    "native_batch_norm": "believes the sizes of its statistics",
    "_weight_norm_interface": "believes the shape of its magnitude",
    "mkldnn_rnn_layer": "is an inner part of recurrent layers",
    "_thnn_fused_lstm_cell": "is an inner part of recurrent layers",
    "record_stream": "acts on the device",
    "pin_memory": "acts on the device",
    "_pin_memory": "acts on the device",
    "_assert_async": "ends the process on a device",
    "_print": "prints",
    "share_memory_": "shares memory",
    "requires_grad_": "changes what is trained",
    "retain_grad": "changes what is kept",
    "_foreach_add": "works on lists in place",
}  # fmt: skip


def packet(name: str) -> str:
    """Return an operator's own name: `aten.relu_.default` -> `relu_`."""
    return name.split(".")[1]


@pytest.mark.parametrize("name", operators.NAMES.split())
def test_every_name_is_an_operator(name: str) -> None:
    """Each name of the list is an operator of the torch that is installed, and is looked up by its full name."""
    full = f"aten.{name}" if "." in name else f"aten.{name}.default"
    assert isinstance(operators.TABLE[full], torch._ops.OpOverload)
    assert str(operators.TABLE[full]) == full


def test_names_are_listed_once() -> None:
    """No name is on the list twice, so that taking one out takes it out."""
    names = operators.NAMES.split()
    assert len(names) == len(set(names)) == len(operators.TABLE)


def test_none_is_dangerous() -> None:
    """Operators on files, storages, strides, unchecked indices and data-dependent shapes are left out."""
    found = {packet(name): DANGEROUS[packet(name)] for name in operators.TABLE if packet(name) in DANGEROUS}
    assert not found


def test_none_is_inner_or_backward() -> None:
    """No operator is a backward pass, and none belongs to another library, device or optimiser than plain ATen."""
    for name in operators.TABLE:
        own = packet(name)
        assert not any(
            word in own
            for word in ("backward", "cudnn", "mkldnn", "quantize", "sparse", "nested", "_foreach", "_amp", "miopen")
        )


def test_only_listed_ones_write_outside_of_their_name() -> None:
    """What changes an argument in place ends in an underscore; only two results of spectral norm go to `out`."""
    odd = {name for name, one in operators.TABLE.items() if one._schema.is_mutable and not packet(name).endswith("_")}
    assert odd == {"aten.div.out", "aten.mul.out"}
    assert odd <= set(hazards.CHECKS)


def test_every_check_is_of_a_listed_operator() -> None:
    """A check for an operator that is not on the list would never run; a misspelt one is found here."""
    assert set(hazards.CHECKS) <= set(operators.TABLE)
    assert set(operators.TABLE) >= operators.UNINITIALISED


def test_everything_uninitialised_is_known() -> None:
    """Whatever begins with `empty` or is a `new_empty` is cleared; there is no other one on the list."""
    assert {name for name in operators.TABLE if "empty" in name} == operators.UNINITIALISED


def test_no_operator_takes_a_free_string() -> None:
    """A string argument has a place in the table of words or is an equation; no other kind of name is asked for."""
    kinds = {str(place.type) for one in operators.TABLE.values() for place in one._schema.arguments}
    assert not {
        kind for kind in kinds if any(word in kind for word in ("Dimname", "Storage", "Stream", "QScheme", "Any"))
    }
    assert not any(ord(letter) > 127 for word in operators.WORDS for letter in word)
