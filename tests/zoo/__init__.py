"""The zoo: small networks with one oddity each, for everything that must survive what students write.

Every network takes float32 pictures of shape (N, 3, 32, 32) and answers with scores of shape (N, 5), unless
that is its oddity. Where a network cannot run forward in evaluation mode at N = 1, 2, 7 or 64, a comment at
its definition says at which N and with what exception (torch 2.13, CPU). The weights are random: seed before
building where they matter.
"""

from . import (
    attention,
    control_flow,
    convolutions,
    devices,
    dtypes,
    gradients,
    hooks,
    mutation,
    normalisation,
    operations,
    outputs,
    parametrisation,
    plain,
    plain_classes,
    randomness,
    recurrent,
    sharing,
    sizes,
    state,
    storage,
    wrappers,
)
from .base import Builder

_THEMES = (
    plain,
    plain_classes,
    convolutions,
    operations,
    normalisation,
    parametrisation,
    recurrent,
    attention,
    sharing,
    storage,
    dtypes,
    devices,
    state,
    mutation,
    randomness,
    sizes,
    control_flow,
    gradients,
    hooks,
    outputs,
    wrappers,
)

ZOO: dict[str, Builder] = {name: builder for theme in _THEMES for name, builder in theme.MODELS.items()}
"""A zero-argument builder for each network, by the snake_case name of its defect or feature."""

assert len(ZOO) == sum(len(theme.MODELS) for theme in _THEMES), "two networks of the zoo have the same name"

__all__ = ["ZOO", "Builder"]
