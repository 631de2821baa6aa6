"""The allow-list: every operator that a captured graph may contain, named one by one.

A deny-list misses the next dangerous operator (`aten.from_file` writes files), so nothing is allowed by
pattern. Left out on purpose: internal and backward operators, operators whose result shape depends on data
(`nonzero`, `masked_select`), anything that touches files, processes, storages or strides (`set_`, `as_strided`,
`resize_`, `from_file`). Those that crash on hostile arguments are checked by `grader.graph.hazards` first.

The document names an operator by a string; the string is only ever looked up in `TABLE`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import torch

SIZE_LIMIT = 2**40
"""Largest magnitude that arithmetic on sizes may reach."""

# One line a family; `name` stands for `name.default`.
NAMES = """
conv1d conv2d conv3d conv1d.padding conv2d.padding conv3d.padding conv_transpose1d conv_transpose2d.input
conv_transpose3d.input linear bilinear matmul mm bmm addmm baddbmm mv dot einsum

max_pool1d max_pool2d max_pool3d max_pool2d_with_indices max_pool1d_with_indices avg_pool1d avg_pool2d avg_pool3d
adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d

batch_norm layer_norm group_norm instance_norm rms_norm dropout dropout_ feature_dropout feature_dropout_
alpha_dropout alpha_dropout_ feature_alpha_dropout feature_alpha_dropout_ native_dropout

relu relu_ relu6 relu6_ leaky_relu leaky_relu_ prelu rrelu rrelu_ elu elu_ selu selu_ celu celu_ gelu gelu_ silu silu_
mish mish_ hardtanh hardtanh_ hardswish hardswish_ hardsigmoid hardsigmoid_ sigmoid sigmoid_ tanh tanh_ softplus
log_sigmoid softshrink hardshrink threshold threshold_ glu softmax.int _softmax log_softmax.int _log_softmax logsumexp

add.Tensor add.Scalar add_.Tensor add_.Scalar sub.Tensor sub.Scalar sub_.Tensor sub_.Scalar rsub.Scalar rsub.Tensor
mul.Tensor mul.Scalar mul_.Tensor mul_.Scalar div.Tensor div.Scalar div_.Tensor div_.Scalar div.Tensor_mode
div.Scalar_mode div_.Tensor_mode div_.Scalar_mode floor_divide floor_divide.Scalar remainder.Tensor remainder.Scalar
fmod.Tensor fmod.Scalar pow.Tensor_Scalar pow.Tensor_Tensor pow.Scalar pow_.Scalar square square_ sqrt sqrt_ rsqrt
rsqrt_ reciprocal exp exp_ expm1 log log_ log1p log2 log10 sin cos tan asin acos atan sinh cosh abs abs_ neg neg_ sign
sgn floor ceil round trunc frac clamp clamp_ clamp.Tensor clamp_min clamp_min_ clamp_max clamp_max_ maximum minimum
erf erfc addcmul addcdiv addcmul_ addcdiv_ lerp.Scalar lerp.Tensor lerp_.Scalar lerp_.Tensor nan_to_num logit
xlogy.Tensor atan2 hypot

mean mean.dim sum sum.dim_IntList prod prod.dim_int std std.dim std.correction var var.dim var.correction
var_mean.correction std_mean.correction amax amin max max.dim max.other min min.dim min.other argmax argmin any
any.dim all all.dim norm.Scalar norm.ScalarOpt_dim linalg_vector_norm linalg_norm cumsum cumprod median median.dim
topk sort count_nonzero

eq.Tensor eq.Scalar ne.Tensor ne.Scalar lt.Tensor lt.Scalar le.Tensor le.Scalar gt.Tensor gt.Scalar ge.Tensor
ge.Scalar logical_and logical_or logical_not logical_xor bitwise_and.Tensor bitwise_or.Tensor bitwise_not where.self
where.ScalarSelf where.ScalarOther where.Scalar masked_fill.Scalar masked_fill.Tensor masked_fill_.Scalar
masked_fill_.Tensor isnan isinf isfinite

flatten.using_ints unflatten.int view reshape _unsafe_view view_as reshape_as squeeze squeeze.dim squeeze.dims
unsqueeze unsqueeze_ squeeze_ squeeze_.dim permute transpose.int transpose_ t movedim.int movedim.intlist swapaxes
moveaxis.int moveaxis.intlist expand expand_as repeat tile broadcast_to contiguous clone alias detach detach_
lift_fresh lift_fresh_copy cat concat concatenate stack hstack vstack dstack chunk split.Tensor split_with_sizes
split.sizes unsafe_chunk unsafe_split.Tensor tensor_split.sections unbind.int slice.Tensor select.int narrow
index_select gather index.Tensor index_put index_put_ flip roll rot90 fliplr flipud unfold im2col col2im pixel_shuffle
pixel_unshuffle channel_shuffle tril triu diagonal pad constant_pad_nd reflection_pad1d reflection_pad2d
reflection_pad3d replication_pad1d replication_pad2d replication_pad3d _pad_circular pad_sequence meshgrid
meshgrid.indexing one_hot embedding copy_ fill_.Scalar fill_.Tensor fill.Scalar zero_ scatter.src scatter.value
scatter_add cosine_similarity pairwise_distance cdist outer cross_entropy_loss

upsample_nearest1d.vec upsample_nearest2d.vec upsample_nearest2d upsample_nearest3d.vec upsample_bilinear2d.vec
upsample_bilinear2d upsample_bicubic2d.vec upsample_bicubic2d upsample_linear1d.vec upsample_trilinear3d.vec
_upsample_nearest_exact2d.vec grid_sampler affine_grid_generator

zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full empty.memory_format empty_like new_empty
scalar_tensor arange arange.start arange.start_step linspace eye rand randn randint randint.low rand_like randn_like
randint_like bernoulli bernoulli.p bernoulli_.float bernoulli_.Tensor normal_ uniform_ exponential_ normal_functional

to.dtype to.device to.dtype_layout to.other _to_copy type_as _cast_Float scaled_dot_product_attention _weight_norm
lstm.input gru.input rnn_tanh.input rnn_relu.input lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell

fft_fft fft_ifft fft_rfft fft_irfft fft_fft2 fft_ifft2 fft_rfft2 fft_irfft2 fft_fftn fft_ifftn fft_fftshift
fft_ifftshift real imag view_as_real view_as_complex complex angle conj _conj resolve_conj polar

div.out mul.out linalg_vecdot vdot linalg_cross linalg_matrix_exp matrix_exp linalg_householder_product linalg_qr
linalg_solve_ex linalg_solve mH mT matrix_H adjoint numpy_T eye.m lift aminmax sym_size.int sym_numel
"""

# Python arithmetic on sizes; the names are ours, the functions are these and no others.
SIZES: dict[str, Callable[..., Any]] = {
    "size.add": operator.add,
    "size.sub": operator.sub,
    "size.mul": operator.mul,
    "size.floordiv": operator.floordiv,
    "size.truediv": operator.truediv,
    "size.mod": operator.mod,
    "size.pow": operator.pow,
    "size.neg": operator.neg,
    "size.max": max,
    "size.min": min,
    "size.float": float,
    "size.int": int,
    "size.floor": math.floor,
    "size.ceil": math.ceil,
    "size.sqrt": math.sqrt,
    "getitem": operator.getitem,
}


def _resolve(name: str) -> torch._ops.OpOverload | None:
    """Find `name` of our own list in ATen; None where this torch does not have it."""
    packet, _, overload = name.partition(".")
    found = getattr(torch.ops.aten, packet, None)
    return getattr(found, overload or "default", None) if found is not None else None


TABLE: dict[str, torch._ops.OpOverload] = {
    str(found): found for found in (_resolve(name) for name in NAMES.split()) if found is not None
}
"""`aten.conv2d.default` -> the operator itself."""

# Uninitialised memory returned 60 of the 64 labels of the batch before, so it is always cleared.
UNINITIALISED = frozenset({"aten.empty.memory_format", "aten.empty_like.default", "aten.new_empty.default"})

# Nodes that only assert something about sizes or dtypes that capture already fixed.
ASSERTIONS = frozenset(
    {
        "aten._assert_tensor_metadata.default",
        "aten._assert_scalar.default",
        "aten._assert_async.msg",
        "aten.sym_constrain_range_for_size.default",
        "aten.sym_constrain_range.default",
    }
)

# Operators whose random numbers come from torch's generator.
RANDOM = frozenset(
    name
    for name in TABLE
    if any(word in name for word in ("dropout", "rand", "bernoulli", "normal_", "uniform_", "exponential_", "rrelu"))
)

WORDS = (
    "none", "tanh", "mean", "sum", "same", "valid", "floor", "trunc", "constant", "reflect", "replicate",
    "circular", "nearest", "bilinear", "bicubic", "ij", "xy", "zeros", "border", "reflection", "ortho",
    "forward", "backward", "fro", "nuc",
)  # fmt: skip
"""The only strings that an operator can be given; a document refers to them by position."""

EINSUM = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,.-> "
"""The alphabet of an einsum equation; a document spells one by positions in it."""

DTYPES = (
    torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool, torch.complex64, torch.complex128,
)  # fmt: skip
MEMORY_FORMATS = (torch.contiguous_format, torch.channels_last, torch.preserve_format, torch.channels_last_3d)
LAYOUTS = (torch.strided,)
