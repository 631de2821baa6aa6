import torch.nn as nn


class ConvBlock(nn.Module):
    """One convolution, a max pool and an activation, because I needed it three times."""

    def __init__(self, channels_in, channels_out, kernel=3):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2)
        self.act = nn.ELU()
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        # pooling first: same result (ELU keeps the order of numbers) and 4x less to calculate
        return self.act(self.pool(self.conv(x)))
