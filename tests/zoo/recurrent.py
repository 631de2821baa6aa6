"""Recurrent layers that read the rows of the maps one after the other."""

# mypy: disable-error-code="no-any-return"

import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import Builder

ROW = 32 * 8


class RowReader(nn.Module):
    """Turn a picture into 32 rows of 256 numbers; subclasses read them."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def rows(self, pictures: Tensor) -> Tensor:
        """Return the rows of the convolved pictures, (N, 32, 256)."""
        return functional.relu(self.conv(pictures)).permute(0, 2, 1, 3).flatten(2)


class LstmBothWays(RowReader):
    """A two-layer bidirectional LSTM with dropout, which takes seconds to capture."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.LSTM(ROW, 16, num_layers=2, dropout=0.2, batch_first=True, bidirectional=True)
        self.dense = nn.Linear(32, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        outputs, _ = self.reader(self.rows(pictures))
        return self.dense(outputs[:, -1])


class GruLastState(RowReader):
    """A GRU whose last hidden state is used in place of its outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.GRU(ROW, 16, batch_first=True)
        self.dense = nn.Linear(16, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        _, hidden = self.reader(self.rows(pictures))
        return self.dense(hidden[-1])


class GruCellInLoop(RowReader):
    """A Python loop calls one GRU cell four times, starting from zeros of the batch's size."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(ROW, 16)
        self.dense = nn.Linear(16, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        rows = self.rows(pictures)
        hidden = torch.zeros(rows.size(0), 16)
        for step in range(4):
            hidden = self.cell(rows[:, step], hidden)
        return self.dense(hidden)


class PlainRnn(RowReader):
    """The plain tanh recurrence, time first, so that the batch is the second axis on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.reader = nn.RNN(ROW, 16)
        self.dense = nn.Linear(16, 5)

    def forward(self, pictures: Tensor) -> Tensor:
        outputs, _ = self.reader(self.rows(pictures).transpose(0, 1))
        return self.dense(outputs[-1])


MODELS: dict[str, Builder] = {
    "lstm_both_ways": LstmBothWays,
    "gru_last_state": GruLastState,
    "gru_cell_in_loop": GruCellInLoop,
    "plain_rnn": PlainRnn,
}
