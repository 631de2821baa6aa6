"""Devices named in forward."""

import torch
from torch import Tensor

from .base import Builder, SmallNet


class NamesTheCpu(SmallNet):
    """Forward moves the features to the CPU by name and adds zeros made there."""

    def middle(self, features: Tensor) -> Tensor:
        zeros = torch.zeros(features.size(0), 8, 32, 32, device=torch.device("cpu"))
        return features.to("cpu").float() + zeros


class MovesToOwnDevice(SmallNet):
    """Forward moves the features to the device where they are."""

    def middle(self, features: Tensor) -> Tensor:
        return features.to(features.device)


class CallsCuda(SmallNet):
    """Forward moves the features to a GPU without asking whether there is one."""

    # Without CUDA, every N: AssertionError, "Torch not compiled with CUDA enabled".

    def middle(self, features: Tensor) -> Tensor:
        return features.cuda()


class AsksForCuda(SmallNet):
    """Forward branches on `is_cuda`."""

    def middle(self, features: Tensor) -> Tensor:
        return features if features.is_cuda else features.to(features.device)


MODELS: dict[str, Builder] = {
    "names_the_cpu": NamesTheCpu,
    "moves_to_own_device": MovesToOwnDevice,
    "calls_cuda": CallsCuda,
    "asks_for_cuda": AsksForCuda,
}
