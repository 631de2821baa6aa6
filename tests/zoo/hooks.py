"""Hooks: functions that change numbers or gradients outside of forward."""

# mypy: disable-error-code="no-any-return"

from torch import Tensor, nn

from .base import Builder, SmallNet, inner_convolution


def _double_output(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    del module, inputs
    return output * 2


def _double_input(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    del module
    return (inputs[0] * 2,)


def _triple(gradient: Tensor) -> Tensor:
    return gradient * 3


def _triple_input_gradient(
    module: nn.Module, inputs: tuple[Tensor, ...] | Tensor, outputs: tuple[Tensor, ...] | Tensor
) -> tuple[Tensor, ...]:
    del module, outputs
    return (inputs[0] * 3,)


class HookedLayer(SmallNet):
    """Run one more convolution; subclasses hang a hook on it."""

    def __init__(self) -> None:
        super().__init__()
        self.extra = inner_convolution()

    def middle(self, features: Tensor) -> Tensor:
        return self.extra(features)


class ForwardHook(HookedLayer):
    """A forward hook doubles what the layer returns."""

    def __init__(self) -> None:
        super().__init__()
        self.extra.register_forward_hook(_double_output)


class ForwardPreHook(HookedLayer):
    """A forward-pre-hook doubles what the layer receives."""

    def __init__(self) -> None:
        super().__init__()
        self.extra.register_forward_pre_hook(_double_input)


class WeightGradientHook(HookedLayer):
    """A hook on the weight triples its gradient, which no forward pass shows."""

    def __init__(self) -> None:
        super().__init__()
        self.extra.weight.register_hook(_triple)  # type: ignore[no-untyped-call]


class FullBackwardHook(HookedLayer):
    """A module's backward hook triples the gradient that it hands down."""

    def __init__(self) -> None:
        super().__init__()
        self.extra.register_full_backward_hook(_triple_input_gradient)


class FeatureGradientHook(SmallNet):
    """Forward hangs a hook on the features, which triples their gradient, where there is one."""

    def middle(self, features: Tensor) -> Tensor:
        if features.requires_grad:
            features.register_hook(_triple)  # type: ignore[no-untyped-call]
        return features


MODELS: dict[str, Builder] = {
    "forward_hook": ForwardHook,
    "forward_pre_hook": ForwardPreHook,
    "weight_gradient_hook": WeightGradientHook,
    "full_backward_hook": FullBackwardHook,
    "feature_gradient_hook": FeatureGradientHook,
}
