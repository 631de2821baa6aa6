"""Pictures that are mirrored and moved: pixel by pixel, repeatable, and only where they are trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from grader.records import Meaning
from grader.training.augmentation import Augmentation, Change
from grader.training.recipe import Pictures, Recipe, order, predict, train

CPU = torch.device("cpu")
PICTURE = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
"""Two rows of three pixels."""


def changed(*, mirrored: bool = False, down: int = 0, right: int = 0, padding: int = 0) -> list[list[float]]:
    """Return what a change makes of the picture; its second channel, ten times as bright, goes the same way."""
    change = Change(torch.tensor([mirrored]), torch.tensor([down]), torch.tensor([right]), padding)
    found = change(torch.stack([PICTURE, 10 * PICTURE])[None])
    assert torch.equal(found[0, 1], 10 * found[0, 0])
    rows: list[list[float]] = found[0, 0].tolist()
    return rows


def test_a_window_in_the_middle_is_the_picture() -> None:
    """The window that begins as far in as the padding is wide is the picture itself."""
    assert changed(down=1, right=1, padding=1) == PICTURE.tolist()
    assert changed() == PICTURE.tolist()


def test_a_window_in_the_corner() -> None:
    """The window at (0, 0) shows a row and a column of mean colour, and loses the last ones."""
    assert changed(padding=1) == [[0, 0, 0], [0, 1, 2]]
    assert changed(down=2, right=2, padding=1) == [[5, 6, 0], [0, 0, 0]]
    assert changed(down=2, right=0, padding=1) == [[0, 4, 5], [0, 0, 0]]


def test_a_mirrored_picture() -> None:
    """Left and right change places, top and bottom do not; a window is mirrored as it was cut."""
    assert changed(mirrored=True) == [[3, 2, 1], [6, 5, 4]]
    assert changed(mirrored=True, padding=1) == [[0, 0, 0], [2, 1, 0]]


def test_each_picture_has_its_own_change() -> None:
    """In one batch a picture is mirrored, one moved and one left, whatever its place in memory."""
    change = Change(torch.tensor([True, False, False]), torch.tensor([1, 0, 1]), torch.tensor([1, 0, 1]), 1)
    for layout in (torch.contiguous_format, torch.channels_last):
        batch = torch.stack([PICTURE, PICTURE, PICTURE])[:, None].repeat(1, 3, 1, 1).contiguous(memory_format=layout)
        found = change(batch)
        assert found[:, 0].tolist() == [[[3, 2, 1], [6, 5, 4]], [[0, 0, 0], [0, 1, 2]], PICTURE.tolist()]
        assert torch.equal(found[:, 0], found[:, 2])


def steps(augmentation: Augmentation, count: int = 64, number: int = 40) -> tuple[torch.Tensor, ...]:
    """Return what is drawn for some steps, each (steps, count)."""
    drawn = [augmentation.draw(count) for _ in range(number)]
    chosen = [(one.mirrored, one.down, one.right) for one in drawn if one is not None]
    return tuple(torch.stack(part) for part in zip(*chosen, strict=True))


def test_what_is_drawn() -> None:
    """Half of the pictures are mirrored, and every window is drawn equally often, in both directions by itself."""
    mirrored, down, right = steps(Augmentation(0, flips=True, crops=2), number=400)
    assert mirrored.float().mean().item() == pytest.approx(0.5, abs=0.02)
    for offsets in (down, right):
        shares = offsets.flatten().bincount() / offsets.numel()
        assert shares.tolist() == pytest.approx([0.2] * 5, abs=0.02)
    assert (down == right).float().mean().item() == pytest.approx(0.2, abs=0.02)


def test_draws_are_a_function_of_seed_and_step() -> None:
    """The same seed draws the same, whatever a network draws from torch's own generator; another seed does not."""
    first = steps(Augmentation(3, flips=True, crops=4))
    torch.manual_seed(99)
    torch.rand(1000)
    again = steps(Augmentation(3, flips=True, crops=4))
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))
    assert not torch.equal(first[0], steps(Augmentation(4, flips=True, crops=4))[0])


def test_draws_do_not_depend_on_the_batch_of_a_network() -> None:
    """A network that takes 32 pictures alone sees in two batches of a step what others see in one."""
    whole, halves = Augmentation(3, flips=True, crops=4), Augmentation(3, flips=True, crops=4)
    for one, other in zip(steps(whole, 64, 10), steps(halves, 32, 20), strict=True):
        assert torch.equal(one, other.view(10, 64))


def test_flips_and_crops_are_apart() -> None:
    """Either may be on alone, and neither changes what is drawn for the other."""
    both, flips, crops = (
        steps(Augmentation(0, flips=flips, crops=crops)) for flips, crops in ((True, 4), (True, 0), (False, 4))
    )
    assert torch.equal(both[0], flips[0])
    assert torch.equal(both[1], crops[1])
    assert not crops[0].any()
    assert not flips[1].any()
    assert Augmentation(0, flips=False, crops=0).draw(64) is None


IMAGES = np.random.default_rng(0).integers(0, 256, (96, 3, 8, 8), dtype=np.uint8)
LABELS = torch.arange(96) % 4


def learnt(recipe: Recipe, shown: list[torch.Tensor] | None = None) -> list[bytes]:
    """Train a small network with dropout; return its weights, and append the pictures that it saw to `shown`."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3), nn.Linear(144, 4))
    pictures = Pictures(IMAGES, IMAGES, CPU, torch.channels_last)

    def answer(batch: torch.Tensor) -> torch.Tensor:
        if shown is not None:
            shown.append(batch)
        scores: torch.Tensor = model(batch)
        return scores

    train(answer, list(model.parameters()), pictures, LABELS, recipe, Meaning.LOGITS)
    return [one.detach().numpy().tobytes() for one in model.parameters()]


OFF = Recipe(steps=12, batch=16, seed=1)
ON = replace(OFF, flips=True, crops=2)


def test_training_is_repeatable() -> None:
    """The same recipe gives the same weights to the bit; flips and crops each make others."""
    assert learnt(ON) == learnt(ON)
    found = [learnt(one) for one in (OFF, replace(OFF, flips=True), replace(OFF, crops=2), ON)]
    assert all(one != other for place, one in enumerate(found) for other in found[:place])


def test_off_is_as_before() -> None:
    """With both off every step is shown the pictures of the plan as they are, to the bit."""
    shown: list[torch.Tensor] = []
    learnt(OFF, shown)
    pictures = Pictures(IMAGES, IMAGES, CPU, torch.channels_last)
    plan = order(96, OFF.batch, OFF.steps, OFF.seed)
    assert all(torch.equal(seen, pictures.batch(wanted)) for seen, wanted in zip(shown, plan, strict=True))


def test_dropout_is_as_before() -> None:
    """What is drawn for pictures leaves torch's own generator alone, from which networks draw."""
    states = []
    for recipe in (OFF, ON):
        learnt(recipe)
        states.append(torch.get_rng_state())
    assert torch.equal(*states)


def test_pictures_keep_their_layout() -> None:
    """A changed batch has the recipe's memory format, so that the network runs the same kernels."""
    shown: list[torch.Tensor] = []
    learnt(ON, shown)
    assert all(one.is_contiguous(memory_format=torch.channels_last) for one in shown)
    assert {tuple(one.shape) for one in shown} == {(16, 3, 8, 8)}


def test_answers_see_the_pictures_as_they_are() -> None:
    """A picture that is answered is never changed, whatever the recipe says."""
    pictures = Pictures(IMAGES, IMAGES, CPU, torch.contiguous_format)
    seen = predict(lambda batch: batch.flatten(1), pictures, 16, ON.seed)
    assert np.array_equal(seen, pictures.batch(torch.arange(96)).flatten(1).numpy())
