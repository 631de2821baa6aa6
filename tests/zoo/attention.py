"""Attention over the places of a map, through torch's layers and through its bare function."""

from torch import Tensor, nn
from torch.nn import functional

from .base import Builder, SmallNet


def places(features: Tensor) -> Tensor:
    """Pool maps to 8x8 and return the 64 places as a sequence, (N, 64, 8)."""
    return functional.max_pool2d(features, 4).flatten(2).transpose(1, 2)


class MultiheadAttention(SmallNet):
    """Self-attention with dropout, which takes another path through torch in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)

    def middle(self, features: Tensor) -> Tensor:
        sequence = places(features)
        mixed, _ = self.attention(sequence, sequence, sequence, need_weights=False)
        maps = mixed.transpose(1, 2).view(features.size(0), 8, 8, 8)
        return functional.interpolate(maps, scale_factor=4)


class TransformerEncoder(SmallNet):
    """A whole encoder layer, whose fast path in evaluation mode is one fused operator."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def middle(self, features: Tensor) -> Tensor:
        mixed: Tensor = self.encoder(places(features))
        maps = mixed.transpose(1, 2).reshape(features.size(0), 8, 8, 8)
        return functional.interpolate(maps, size=(32, 32), mode="bilinear")


class ScaledDotProduct(SmallNet):
    """`scaled_dot_product_attention` with a dropout that depends on the mode, then bicubic enlargement."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(8, 24)

    def middle(self, features: Tensor) -> Tensor:
        query, key, value = self.project(places(features)).chunk(3, -1)
        dropout = 0.1 if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
        maps = mixed.transpose(1, 2).reshape(features.size(0), 8, 8, 8)
        return functional.interpolate(maps, size=32, mode="bicubic")


MODELS: dict[str, Builder] = {
    "multihead_attention": MultiheadAttention,
    "transformer_encoder": TransformerEncoder,
    "scaled_dot_product": ScaledDotProduct,
}
