"""The numbers that a program may have written into its network as a batch size."""

from __future__ import annotations

import pytest

from grader.source.batches import batch_sizes
from grader.source.reading.notebook import Cell, Source


def sizes(*texts: str) -> tuple[int, ...]:
    """Return the batch sizes found in a notebook of these cells."""
    return batch_sizes(Source(tuple(Cell("net.ipynb", number, text) for number, text in enumerate(texts, 1))))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = x.view(32, -1)", (32,)),
        ("x = torch.reshape(x, (16, -1))", (16,)),
        ("x = x.reshape((16, 400))", (16,)),
        ("h = torch.zeros(8, 64)", (8,)),
        ("BATCH = 20\nx = x.view(BATCH, -1)", (20,)),
        ("self.batch = 12\nx = x.view(self.batch, 5, 5)", (12,)),
        ("assert x.shape[0] == 48", (48,)),
        ("assert 24 == x.size(0)", (24,)),
        ("assert x.shape == (10, 3, 32, 32)", (10,)),
        ("assert len(x) == 25", (25,)),
        ("loader = DataLoader(data, batch_size=128)", (128,)),
        ("bs = 40", (40,)),
        ("x = x.view(-1, 400)", ()),
        ("x = x.view(x.size(0), -1)", ()),
        ("x = x.view(5000, -1)", ()),
        ("epochs = 10", ()),
        ("batch_first = True", ()),
        ("x.view(", ()),
    ],
)
def test_a_number(text: str, found: tuple[int, ...]) -> None:
    """A number counts as a batch size by where it stands, or by its name."""
    assert sizes(text) == found


def test_the_likeliest_first() -> None:
    """What is written into a shape comes before what a loader is given; each number is tried once."""
    assert sizes("batch_size = 64", "x = x.view(32, -1)\ny = y.view(64, -1)") == (32, 64)


def test_not_too_many() -> None:
    """A dozen numbers are tried, however many there are."""
    assert len(sizes("\n".join(f"x.view({number}, -1)" for number in range(2, 90)))) == 12
