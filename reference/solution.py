"""A network for the course's tiny images: three convolutions, two poolings, then flatten and two dense layers.

Under the recipe of `rubrics/first_cnn.toml` (500 steps of 64 pictures, 4,000 generated pictures to train on), five
seeds reach 0.949 to 0.958 of 1,000 held-out pictures, 0.954 on average, in about ten seconds each on one core. The
best of three networks of dense layers alone reaches 0.54, one with a single convolution 0.78 (`bench/RESULTS.md`).
"""

import torch.nn as nn


class TinyImageNetwork(nn.Module):
    """Answer a batch of 3x32x32 pictures with one raw score for each of ten classes."""

    def __init__(self):
        super().__init__()

        # Looking for small things: each filter sees a 5x5 window and answers where its stroke or corner is.
        self.conv1 = nn.Conv2d(in_channels=3, out_channels=16, kernel_size=5)
        # Looking for arrangements of them: after a pooling, 3x3 positions cover a larger part of the picture.
        self.conv2 = nn.Conv2d(in_channels=16, out_channels=32, kernel_size=3)
        self.conv3 = nn.Conv2d(in_channels=32, out_channels=32, kernel_size=3)

        # Keeps the strongest answer of every 2x2 square; there is nothing to learn in it, so one serves twice.
        self.pool = nn.MaxPool2d(kernel_size=2)
        self.relu = nn.ReLU()

        # Deciding: what arrives here is 32 channels of 4x4 positions, so 32 * 4 * 4 = 512 numbers.
        self.flatten = nn.Flatten()
        self.dense1 = nn.Linear(in_features=32 * 4 * 4, out_features=64)
        self.dense2 = nn.Linear(in_features=64, out_features=10)

    def forward(self, x):
        # x:                                         3 x 32 x 32
        x = self.relu(self.conv1(x))  #             16 x 28 x 28    32 - 5 + 1 = 28
        x = self.pool(x)  #                         16 x 14 x 14    28 / 2     = 14
        x = self.relu(self.conv2(x))  #             32 x 12 x 12    14 - 3 + 1 = 12
        x = self.pool(x)  #                         32 x  6 x  6    12 / 2     =  6
        x = self.relu(self.conv3(x))  #             32 x  4 x  4     6 - 3 + 1 =  4
        x = self.flatten(x)  #                      512
        x = self.relu(self.dense1(x))  #            64
        return self.dense2(x)  #                    10 raw scores; the loss turns them into probabilities


model = TinyImageNetwork()
