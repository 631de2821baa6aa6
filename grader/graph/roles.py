"""Which operator plays which part, in the course's words."""

from __future__ import annotations

from grader.records import Role, Shape

CONV = frozenset({"conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"})
MAX_POOL = frozenset(
    {"max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices", "adaptive_max_pool1d", "adaptive_max_pool2d"}
)
POOL = MAX_POOL | {
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
}  # fmt: skip
GLOBAL_POOL = frozenset({"mean", "amax", "max", "sum"})
"""Pools when they run over the height and width of a map."""

FLATTEN = frozenset({"flatten", "view", "reshape", "_unsafe_view", "squeeze"})
"""Flatten when they turn maps into one row a picture."""

DENSE = frozenset({"linear", "addmm", "mm", "matmul", "bilinear"})
"""Dense layers when one side is a tensor of the model's own."""

NORM = frozenset({"batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm"})
DROPOUT = frozenset({"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout", "native_dropout"})
ACTIVATION = frozenset(
    {
        "relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardtanh",
        "hardswish", "hardsigmoid", "sigmoid", "tanh", "softplus", "log_sigmoid", "softshrink", "hardshrink",
        "threshold", "glu", "softmax", "_softmax", "log_softmax", "_log_softmax", "clamp", "clamp_min", "clamp_max",
    }
)  # fmt: skip

PLUMBING = frozenset(
    {
        "detach", "alias", "contiguous", "clone", "lift_fresh", "lift_fresh_copy", "lift", "to", "_to_copy", "type_as",
        "sym_size", "sym_numel", "getitem", "zeros", "ones", "full", "zeros_like", "ones_like", "full_like", "empty",
        "new_zeros", "new_ones", "new_full", "new_empty", "empty_like", "scalar_tensor", "arange", "linspace", "eye",
        "rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "copy_", "fill_", "zero_", "expand_as",
        "broadcast_to", "resolve_conj", "view_as",
    }
)  # fmt: skip
"""Calls that a person would not list as a layer."""

LINEAR = PLUMBING | {
    "add", "sub", "rsub", "neg", "cat", "concat", "stack", "mean", "sum", "permute", "transpose", "t", "view",
    "reshape", "flatten", "squeeze", "unsqueeze", "expand", "slice", "select", "chunk", "split", "narrow", "pad",
    "constant_pad_nd", "reflection_pad2d", "replication_pad2d", "_pad_circular", "avg_pool1d", "avg_pool2d",
    "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d", "upsample_nearest2d", "upsample_bilinear2d",
    "upsample_bicubic2d", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle", "roll", "flip", "unbind",
    "split_with_sizes", "unflatten", "_unsafe_view", "movedim", "swapaxes", "repeat", "tile", "im2col", "col2im",
    "unfold",
}  # fmt: skip
"""Operators that keep two weighted layers one linear function; `mul` and `div` count when one side is a number."""


def base(operator: str) -> str:
    """Return an operator's own name: `aten.relu_.default` -> `relu`, `size.add` -> `size`."""
    parts = operator.split(".")
    name = parts[1] if parts[0] == "aten" and len(parts) > 1 else parts[0]
    return name.removesuffix("_") if not name.startswith("_") and name.endswith("_") else name


def role(name: str, inputs: Shape, outputs: Shape, *, weighted: bool) -> Role:
    """Return the part that the operator `name` plays between two shapes without their batch axis."""
    if name in CONV:
        return Role.CONV
    if name in POOL or (name in GLOBAL_POOL and is_global_pool(inputs, outputs)):
        return Role.POOL
    if name in FLATTEN and len(inputs) > 1 and len(outputs) == 1:
        return Role.FLATTEN
    if name == "select" and len(inputs) == 2 and inputs[1] == 1 and outputs == inputs[:1]:
        return Role.FLATTEN  # the last step of x[:, :, 0, 0], where there is one pixel left
    if name in DENSE and weighted:
        return Role.DENSE
    for names, one in ((ACTIVATION, Role.ACTIVATION), (NORM, Role.NORM), (DROPOUT, Role.DROPOUT)):
        if name in names:
            return one
    return Role.OTHER


def is_global_pool(inputs: Shape, outputs: Shape) -> bool:
    """Tell whether maps (C, H, W) became one number a channel: (C,) or (C, 1, 1)."""
    return len(inputs) == 3 and outputs in ((inputs[0],), (inputs[0], 1, 1))
