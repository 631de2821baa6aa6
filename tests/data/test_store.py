"""Pictures on disk: written once, whole or not at all, and mapped by whoever needs them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from grader.data import patterns
from grader.data.pictures import Split
from grader.data.standard import scale_and_shift
from grader.data.store import NAMES, StoredSplit, is_complete, store

PARTS = ("train_images", "train_labels", "held_out_images", "held_out_labels")


@pytest.fixture(scope="module", name="split")
def small_split() -> Split:
    """Return thirty pictures to train on and ten to be examined with."""
    return patterns.split(30, 10, seed=1, held_out_seed=2)


def paths(stored: StoredSplit) -> list[Path]:
    """Return the four files."""
    return [stored.train_images, stored.train_labels, stored.held_out_images, stored.held_out_labels]


def test_what_is_stored_is_what_was_given(split: Split, tmp_path: Path) -> None:
    """The four arrays are mapped read-only, with the same bytes."""
    stored = store(split, tmp_path / "made" / "on demand")
    arrays = [np.load(path, mmap_mode="r") for path in paths(stored)]
    expected: list[NDArray[Any]] = [
        split.train.images,
        split.train.labels,
        split.held_out.images,
        split.held_out.labels,
    ]
    assert all(isinstance(array, np.memmap) and not array.flags.writeable for array in arrays)
    assert [array.dtype for array in arrays] == [np.uint8, np.int64, np.uint8, np.int64]
    assert [array.tobytes() for array in arrays] == [array.tobytes() for array in expected]
    assert [path.stem for path in paths(stored)] == list(PARTS)
    assert (stored.train_count, stored.held_out_count, stored.shape) == (30, 10, (3, 32, 32))
    assert stored.classes == patterns.CLASSES
    assert stored.content_hash == split.content_hash()
    assert stored.content_hash.startswith(stored.folder.name)


def test_a_second_time_nothing_is_written(split: Split, tmp_path: Path) -> None:
    """What is there and complete is used again."""
    first = store(split, tmp_path)
    before = [path.stat().st_mtime_ns for path in paths(first)]
    assert store(split, tmp_path) == first
    assert [path.stat().st_mtime_ns for path in paths(first)] == before


def test_other_pictures_get_another_folder(split: Split, tmp_path: Path) -> None:
    """The folder is named by its content, so nothing is ever overwritten by something else."""
    other = patterns.split(30, 10, seed=1, held_out_seed=3)
    assert store(split, tmp_path).folder != store(other, tmp_path).folder


def test_nothing_else_is_left_behind(split: Split, tmp_path: Path) -> None:
    """The cache holds the folder alone, and the folder its four files, the same standardised, and names."""
    stored = store(split, tmp_path)
    assert list(tmp_path.iterdir()) == [stored.folder]
    assert sorted(path.name for path in stored.folder.iterdir()) == sorted(
        [NAMES, *(f"{part}.npy" for part in (*PARTS, "train_ready", "held_out_ready"))]
    )


@pytest.mark.parametrize("damage", ["missing", "empty", "cut short", "another shape", "another type", "no folder"])
@pytest.mark.parametrize("part", PARTS)
def test_an_incomplete_folder_is_written_anew(split: Split, tmp_path: Path, damage: str, part: str) -> None:
    """A file that a full disk or a power cut spoiled is noticed and replaced."""
    stored = store(split, tmp_path)
    path = stored.folder / f"{part}.npy"
    whole = path.read_bytes()
    match damage:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "cut short":
            path.write_bytes(whole[:-1])
        case "another shape":
            np.save(path, np.load(path)[1:])
        case "another type":
            np.save(path, np.load(path).astype(np.int16))
        case _:
            stored.folder.rename(tmp_path / "elsewhere")
    assert not is_complete(stored)
    again = store(split, tmp_path)
    assert again == stored
    assert is_complete(again)
    assert path.read_bytes() == whole
    assert not list(tmp_path.glob("writing-*"))


def test_a_faster_process_keeps_its_folder(split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes second leaves the first one's files alone: a trainer may be opening them."""
    before: list[int] = []
    replace_folder = Path.replace

    def overtaken(draft: Path, target: Path) -> Path:
        if not before:  # the other process finishes just before us
            before.append(0)
            first = store(split, tmp_path)
            before[0] = first.train_images.stat().st_ino
        return replace_folder(draft, target)

    monkeypatch.setattr(Path, "replace", overtaken)
    stored = store(split, tmp_path)
    assert stored.train_images.stat().st_ino == before[0]
    assert list(tmp_path.iterdir()) == [stored.folder]


def test_many_at_once_agree(split: Split, tmp_path: Path) -> None:
    """Eight writers at once give one complete folder, also where an incomplete one lay."""
    broken = store(split, tmp_path)
    broken.held_out_labels.unlink()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: store(split, tmp_path), range(8)))
    assert set(found) == {broken}
    assert is_complete(broken)
    assert [path.name for path in tmp_path.iterdir()] == [broken.folder.name]


def test_a_cache_that_cannot_be_written_says_so(split: Split, tmp_path: Path) -> None:
    """A cache below a file raises OSError, not an endless attempt."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        store(split, tmp_path / "file" / "cache")


def test_json_there_and_back(split: Split, tmp_path: Path) -> None:
    """A stored split crosses a pipe as plain JSON; another version is refused."""
    stored = store(split, tmp_path)
    plain = json.loads(json.dumps(stored.to_json()))
    assert StoredSplit.from_json(plain) == stored
    with pytest.raises(ValueError, match="version 2"):
        StoredSplit.from_json({**plain, "version": 2})


def test_a_moved_folder_is_incomplete(split: Split, tmp_path: Path) -> None:
    """A record whose folder is gone is not taken on trust."""
    stored = store(split, tmp_path)
    assert not is_complete(replace(stored, folder=tmp_path / "gone"))


def test_pictures_are_standardised_once(split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides by what is trained on, channels last, as torch would do it to the bit; written anew where cut short."""
    stored = store(split, tmp_path)
    scale, shift = scale_and_shift(split.train.images)
    for side, pictures in (("train", split.train.images), ("held_out", split.held_out.images)):
        found = np.load(stored.ready()[f"{side}_ready"])
        wanted = torch.from_numpy(pictures).float().mul_(torch.from_numpy(scale).view(-1, 1, 1))
        wanted.add_(torch.from_numpy(shift).view(-1, 1, 1))
        assert np.array_equal(found, wanted.permute(0, 2, 3, 1).numpy())
    (stored.folder / "train_ready.npy").write_bytes(b"")
    assert set(stored.ready()) == {"held_out_ready"}
    assert len(store(split, tmp_path).ready()) == 2
    monkeypatch.setattr("grader.data.standard.READY_BYTES", 1000)
    assert store(split, tmp_path / "large").ready() == {}
