"""Every layout is recognised by what lies there, read to the byte, and named with what to do when it is broken."""

from __future__ import annotations

import gzip
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from grader.data import idx, listing, npz
from grader.data.loaders import load, recognise
from grader.data.pictures import PictureSet, Split
from grader.faults import DataFault
from tests.data import makers


def whole(path: Path, shape: tuple[int, int, int] | None = None) -> PictureSet:
    found = load(path, shape)
    assert isinstance(found, PictureSet)
    return found


def split(path: Path, shape: tuple[int, int, int] | None = None) -> Split:
    found = load(path, shape)
    assert isinstance(found, Split)
    return found


def fault(path: Path, shape: tuple[int, int, int] | None = None) -> str:
    """Return what loading says; every sentence of ours names a place and says what to do."""
    with pytest.raises(DataFault) as caught:
        load(path, shape)
    assert caught.value.fix
    assert str(path) in caught.value.what
    assert "\n" not in str(caught.value)
    return caught.value.what


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "webp", "gif", "JPEG"])
def test_a_folder_for_each_class(tmp_path: Path, suffix: str) -> None:
    """The folder's name is the label; five formats are read, hidden files and notes are not."""
    flat = np.repeat(np.repeat(makers.noise(6, 1, 1, 1), 3, axis=3), 8, axis=1).repeat(8, axis=2)
    makers.write_folders(tmp_path, flat, ["dog", "cat", "dog", "cat", "dog", "dog"], suffix)
    (tmp_path / "dog" / ".hidden.png").write_bytes(b"")
    (tmp_path / "dog" / "notes.txt").write_text("barks")
    (tmp_path / ".git").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    found = whole(tmp_path)
    assert (found.classes, found.labels.tolist()) == (("cat", "dog"), [0, 0, 1, 1, 1, 1])
    assert np.abs(found.images[:, 0, 0, 0].astype(int) - flat[[1, 3, 0, 2, 4, 5], 0, 0, 0]).max() <= 3
    assert found.names[0] == str(tmp_path / "cat" / f"picture 001.{suffix}")


def test_the_first_frame_of_a_gif(tmp_path: Path) -> None:
    """An animation is its first picture."""
    (tmp_path / "dog").mkdir()
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "dog" / "a.gif", save_all=True, append_images=frames[1:])
    assert whole(tmp_path).images[0, :, 0, 0].tolist() == [255, 0, 0]


def test_what_spoils_a_folder_of_classes(tmp_path: Path) -> None:
    """An empty class, a picture of another kind and another size are named; nothing is left out in silence."""
    makers.write_folders(tmp_path, makers.noise(2, 4, 4, 3), ["cat", "dog"])
    (tmp_path / "fish").mkdir()
    assert "fish is the folder of a class and holds no pictures" in fault(tmp_path)
    (tmp_path / "fish").rmdir()
    (tmp_path / "cat" / "b.tiff").write_bytes(b"")
    assert "b.tiff is not a kind of picture that is read here." in fault(tmp_path)
    (tmp_path / "cat" / "b.tiff").unlink()
    assert "001.png is 4×4 pixels and should be" not in fault(tmp_path, (3, 32, 32))
    assert "000.png is 4×4 pixels and should be 32×32." in fault(tmp_path, (3, 32, 32))


def test_pictures_that_do_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of all pictures is known before room is made for them."""
    makers.write_folders(tmp_path, makers.noise(2, 4, 4, 3), ["cat", "dog"])
    monkeypatch.setattr(listing, "MOST_BYTES", 95)
    assert "2 pictures of 4×4 pixels" in fault(tmp_path)


@pytest.mark.parametrize(
    ("images", "numbers"),
    [("x_train", "y_train"), ("X_train", "Y_train"), ("images", "labels"), ("arr_0", "arr_1"), ("x", "y")],
)
def test_an_npz_of_one_set(tmp_path: Path, images: str, numbers: str) -> None:
    """The usual names are known, and a folder that holds the file will do."""
    pictures = makers.noise(20, 5, 6, 3)
    arrays: dict[str, Any] = {images: pictures, numbers: makers.labels(20)}
    np.savez(tmp_path / "a.npz", **arrays)
    for path in (tmp_path, tmp_path / "a.npz"):
        found = whole(path)
        assert np.array_equal(found.images, pictures.transpose(0, 3, 1, 2))
        assert found.labels.tolist() == makers.labels(20).tolist()
        assert found.classes == tuple("0123456789")


@pytest.mark.parametrize(
    ("stored", "shape"),
    [
        ((5, 6, 3), (3, 5, 6)),
        ((3, 5, 6), (3, 5, 6)),
        ((5, 6, 1), (1, 5, 6)),
        ((1, 5, 6), (1, 5, 6)),
        ((5, 6), (1, 5, 6)),
        ((5, 6, 4), (3, 5, 6)),
        ((3, 3, 1), (1, 3, 3)),
        ((3, 32, 3), (3, 32, 3)),
        ((3, 32, 3), (3, 3, 32)),
    ],
)
@pytest.mark.parametrize("kind", ["uint8", "int64", "float32", "float64"])
def test_axes_and_ranges(tmp_path: Path, stored: tuple[int, ...], shape: tuple[int, int, int], kind: str) -> None:
    """NHWC and NCHW, grey without an axis, alpha dropped; shares of one and whole numbers to 255 are the same."""
    pixels = makers.noise(12, *stored)
    pixels.flat[:2] = 0, 255
    array = pixels / 255 if kind.startswith("float") else pixels
    np.savez(tmp_path / "a.npz", images=array.astype(kind), labels=makers.labels(12, 3))
    found = whole(tmp_path / "a.npz", shape)
    assert found.shape == shape
    expected = pixels.reshape(12, *stored)
    if len(stored) == 2:
        expected = expected[:, None]
    elif stored != shape:
        expected = expected[..., :3].transpose(0, 3, 1, 2)
    assert np.array_equal(found.images, expected)


def test_both_sides_in_one_npz(tmp_path: Path) -> None:
    """A test set in the file is the held-out side; names, words and one-hot labels are understood."""
    train, test = makers.noise(20, 4, 4, 3), makers.noise(9, 4, 4, 3, seed=1)
    numbers, others = makers.labels(20, 3), makers.labels(9, 3)
    names = np.array(["cat", "ant", "bee"])
    forms: list[dict[str, Any]] = [
        {"y_train": numbers, "y_test": others, "classes": names},
        {"y_train": numbers[:, None], "y_test": others[:, None].astype(float), "class_names": names},
        {"y_train": np.eye(3)[numbers], "y_test": np.eye(3)[others], "label_names": names},
        {"y_train": names[numbers], "y_test": names[others].astype("S")},
    ]
    for form in forms:
        np.savez_compressed(tmp_path / "a.npz", x_train=train, x_test=test, **form)
        found = split(tmp_path / "a.npz")
        assert np.array_equal(found.held_out.images, test.transpose(0, 3, 1, 2))
        for side, expected in ((found.train, numbers), (found.held_out, others)):
            assert [side.classes[label] for label in side.labels] == names[expected].tolist()
        assert found.held_out.name(4) == f"{tmp_path / 'a.npz'}, x_test[4]"


PICTURES = makers.noise(6, 4, 4, 3)
LABELS = makers.labels(6, 3)
WRONG_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "holds nothing, and should hold x_train and y_train"),
    "other names": ({"a": PICTURES, "b": LABELS}, "holds a, b, and should hold"),
    "only a test set": ({"x_test": PICTURES, "y_test": LABELS}, "holds x_test, y_test, and should hold"),
    "four unnamed": ({f"arr_{n}": PICTURES for n in range(4)}, "holds arr_0, arr_1, arr_2, arr_3, and should"),
    "objects": ({"x": np.array([{}, 1], dtype=object), "y": LABELS}, "cannot be read as .npz (an array of object"),
    "rows": ({"x": PICTURES.reshape(6, 48), "y": LABELS}, "x has the shape 6×48, which is not that of pictures"),
    "two channels": ({"x": PICTURES[..., :2], "y": LABELS}, "x has the shape 6×4×4×2"),
    "either axes": ({"x": makers.noise(6, 3, 9, 3), "y": LABELS}, "x has the shape 6×3×9×3"),
    "normalised": ({"x": PICTURES / 127 - 1, "y": LABELS}, "x holds numbers from -1"),
    "sixteen greys": ({"x": PICTURES // 16 * 1.0, "y": LABELS}, "x holds numbers from 0 to 15, and should hold"),
    "not a number": ({"x": PICTURES * np.nan, "y": LABELS}, "x holds numbers from nan to nan"),
    "too large": ({"x": PICTURES.astype(int) * 2, "y": LABELS}, "x holds numbers from"),
    "texts": ({"x": PICTURES.astype(str), "y": LABELS}, "x holds <U3, not numbers"),
    "fewer labels": ({"x": PICTURES, "y": LABELS[:5]}, "holds 6 pictures and 5 labels"),
    "no pictures": ({"x": PICTURES[:0, :, :, 0], "y": LABELS[:0]}, "holds 0 pictures and 0 labels"),
    "half labels": ({"x": PICTURES, "y": LABELS + 0.5}, "y holds numbers that are not whole"),
    "endless labels": ({"x": PICTURES, "y": LABELS + np.inf}, "y holds numbers that are not whole"),
    "odd labels": ({"x": PICTURES, "y": np.ones((6, 2))}, "y has the shape 6×2 of float64"),
    "one label": ({"x": PICTURES, "y": np.array(1)}, "y has the shape () of int64"),
    "empty word": ({"x": PICTURES, "y": np.array(["a", " "] * 3)}, "y has an empty label"),
    "unnamed label": ({"x": PICTURES, "y": LABELS, "classes": np.array(["a", "b"])}, "y holds labels from 0 to 2"),
    "strange word": ({"x": PICTURES, "y": np.array(["c"] * 6), "classes": np.array(["a"])}, "has the label 'c'"),
    "doubled name": ({"x": PICTURES, "y": LABELS, "classes": np.array(["a", "b", "a"])}, "names a class twice"),
    "numbered names": ({"x": PICTURES, "y": LABELS, "classes": np.arange(3)}, "should hold the names of the classes"),
    "two ranges": (
        {"x_train": PICTURES, "y_train": LABELS, "x_test": PICTURES / 255, "y_test": LABELS},
        "do not have the same range",
    ),
    "two sizes": (
        {"x_train": PICTURES, "y_train": LABELS, "x_test": makers.noise(6, 5, 5, 3), "y_test": LABELS},
        "x_train holds pictures of (3, 4, 4) and",
    ),
    "unlearned class": (
        {"x_train": PICTURES, "y_train": LABELS, "x_test": PICTURES, "y_test": LABELS + 1},
        "holds pictures of the class '3', and",
    ),
}


@pytest.mark.parametrize("mistake", WRONG_ARRAYS)
def test_a_wrong_npz_is_named(tmp_path: Path, mistake: str) -> None:
    """Every mistake in an .npz names the file and the array."""
    arrays, expected = WRONG_ARRAYS[mistake]
    np.savez(tmp_path / "a.npz", **arrays)
    assert expected in fault(tmp_path / "a.npz")


def test_a_broken_npz_is_named(tmp_path: Path) -> None:
    """What is no archive, is cut short or has damaged bytes is one sentence, whatever the readers raise."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=PICTURES, y=LABELS)
    content = path.read_bytes()
    for broken in (b"", b"no archive", content[: len(content) // 2]):
        path.write_bytes(broken)
        assert "cannot be read as .npz" in fault(path)
    for position in range(0, len(content), 3):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :])
        try:
            load(path, None)
        except DataFault as error:
            assert str(path) in error.what  # noqa: PT017 - one of both must come out


def test_an_npz_that_claims_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size comes from the array's own head, and is held to the archive and to a bound before room is made."""
    path = tmp_path / "a.npz"
    np.savez(path, x=PICTURES, y=LABELS)
    path.write_bytes(path.read_bytes().replace(b"(6, 4, 4, 3), }", b"(6, 4, 4,2**0),").replace(b"(6,), }", b"(9**9,)"))
    assert "cannot be read as .npz" in fault(path)
    huge = np.lib.format.magic(1, 0) + _header((10**12, 32, 32, 3))
    np.savez(path, y=LABELS)
    _add(path, "x.npy", huge)
    assert "x.npy says that it unpacks to 3,072,000,000,000,000 bytes" in fault(path)
    np.savez(path, x=PICTURES, y=LABELS)
    monkeypatch.setattr(npz, "MOST_BYTES", 100)
    assert "at most 100 are read" in fault(path)


def _header(shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return struct.pack("<H", len(text)) + text.encode()


def _add(path: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, content)


@pytest.mark.parametrize("packed", ["", ".gz"])
def test_mnist(tmp_path: Path, packed: str) -> None:
    """The four files are a split: t10k is held out. torchvision's folders around them are looked into."""
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)
    makers.mnist(tmp_path / "MNIST" / "raw", packed=packed)
    found = split(tmp_path)
    assert np.array_equal(found.train.images[:, 0], makers.noise(30, 28, 28, seed=1))
    assert np.array_equal(found.held_out.images[:, 0], makers.noise(10, 28, 28, seed=2))
    assert found.held_out.labels.tolist() == list(range(10))
    assert found.train.classes == tuple("0123456789")
    coloured = split(tmp_path, (3, 28, 28))
    assert np.array_equal(coloured.train.images, np.repeat(found.train.images, 3, axis=1))
    assert "28×28 pixels, and the rubric asks for 32×32." in str(_fault_of(tmp_path, (3, 32, 32)))


def _fault_of(path: Path, shape: tuple[int, int, int]) -> DataFault:
    with pytest.raises(DataFault) as caught:
        load(path, shape)
    return caught.value


def test_mnist_that_is_broken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing file, another magic number, a length that is not there and an endless one are each said."""
    makers.mnist(tmp_path)
    images, numbers = (tmp_path / f"train-{name}-ubyte" for name in ("images-idx3", "labels-idx1"))
    content = images.read_bytes()
    for broken, expected in (
        (content[:-1], "should hold 23,520 bytes after its head, and holds 23,519"),
        (content + b"\0", "and holds more"),
        (content[:7], "does not begin as an IDX file of 3 axes does"),
        (b"\0\0\x0d\x03" + content[4:], "does not begin as an IDX file"),
        (content[:4] + b"\xff" * 12, "says that it holds"),
    ):
        images.write_bytes(broken)
        assert expected in fault(tmp_path)
    images.write_bytes(content)
    numbers.unlink()
    assert "has no train-labels-idx1-ubyte" in fault(tmp_path)
    makers.write_idx(numbers, makers.labels(29).astype(np.uint8))
    assert "holds 30 pictures and 29 labels" in fault(tmp_path)
    monkeypatch.setattr(idx, "MOST_BYTES", 100)
    assert "says that it holds 23,520 bytes" in fault(tmp_path)


def test_a_gzip_bomb_is_read_no_further_than_its_head_says(tmp_path: Path) -> None:
    """A packed file may unpack to a thousand times its size: one byte more than promised is the last that is read."""
    makers.mnist(tmp_path, packed=".gz")
    bomb = b"\0\0\x08\x03" + struct.pack(">3I", 30, 28, 28) + bytes(200_000_000)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bomb, 1))
    assert "should hold 23,520 bytes after its head, and holds more" in fault(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(bomb[:1000])[:-20])
    assert "train-images-idx3-ubyte.gz cannot be read" in fault(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"not packed")
    assert "train-images-idx3-ubyte.gz cannot be read" in fault(tmp_path)


@pytest.mark.parametrize("protocol", ["binary", None, 0, 1, 2, 3, 4, 5])
def test_cifar_10(tmp_path: Path, protocol: str | int | None) -> None:
    """Binary files, the batches of Python 2 and those of every protocol since give the same split with its names."""
    if isinstance(protocol, str):
        makers.cifar_binary(tmp_path)
    else:
        makers.cifar_python(tmp_path, protocol)
    found = split(tmp_path)
    expected = np.concatenate([makers.noise(20, 3072, seed=seed) for seed in (0, 1)])
    assert np.array_equal(found.train.images, expected.reshape(-1, 3, 32, 32))
    assert np.array_equal(found.held_out.images, makers.noise(20, 3, 32, 32, seed=2).reshape(-1, 3, 32, 32))
    assert found.train.classes == makers.NAMES
    assert found.train.labels.tolist() == [*range(10)] * 4
    assert found.train.name(21).endswith("data_batch_2" + (".bin" if protocol == "binary" else "") + ", picture 2")
    (tmp_path / ("test_batch.bin" if protocol == "binary" else "test_batch")).unlink()
    assert len(whole(tmp_path, (1, 32, 32))) == 40


def test_grey_is_what_pillow_makes_of_colour(tmp_path: Path) -> None:
    """An array and a PNG of the same pixels become the same grey."""
    pixels = makers.noise(40, 9, 11, 3)
    np.savez(tmp_path / "a.npz", images=pixels, labels=makers.labels(40, 2))
    found = whole(tmp_path / "a.npz", (1, 9, 11))
    assert all(
        np.array_equal(grey[0], np.asarray(Image.fromarray(colour).convert("L")))
        for grey, colour in zip(found.images, pixels, strict=True)
    )


def test_binary_batches_that_are_broken(tmp_path: Path) -> None:
    """A length that is no multiple, a label without a name and a missing first batch are said."""
    makers.cifar_binary(tmp_path)
    path = tmp_path / "data_batch_2.bin"
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert "data_batch_2.bin has 61,459 bytes, which is no multiple of 3,073" in fault(tmp_path)
    path.write_bytes(b"\x0b" + content[1:])
    assert "data_batch_2.bin holds labels from 0 to 11, and there are 10 names" in fault(tmp_path)
    path.unlink()
    (tmp_path / "data_batch_1.bin").unlink()
    assert "has no data_batch_1.bin" in fault(tmp_path)


def test_sides_that_lie_apart(tmp_path: Path) -> None:
    """Folders `train` and `held_out` or `test` are a split; a class that only one side has is in both lists."""
    makers.write_folders(tmp_path / "train", makers.noise(6, 4, 4, 3), ["cat", "dog", "eel"] * 2)
    makers.write_folders(tmp_path / "test", makers.noise(4, 4, 4, 3, seed=1), ["dog", "cat"] * 2)
    found = split(tmp_path)
    assert (len(found.train), len(found.held_out), found.held_out.classes) == (6, 4, ("cat", "dog", "eel"))
    assert recognise(tmp_path / "train").layout == "folder per class"
    makers.write_folders(tmp_path / "test", makers.noise(1, 4, 4, 3), ["emu"])
    assert "holds pictures of the class 'emu'" in fault(tmp_path)


def test_classes_may_be_called_train_and_test(tmp_path: Path) -> None:
    """Folders of these names that hold the pictures themselves are classes."""
    makers.write_folders(tmp_path, makers.noise(4, 4, 4, 3), ["train", "test"] * 2)
    assert whole(tmp_path).classes == ("test", "train")


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    """Nothing there, an archive, another file and an empty folder each get their own sentence."""
    assert "does not exist" in fault(tmp_path / "nowhere")
    (tmp_path / "a.zip").write_bytes(b"")
    assert "a.zip is packed" in fault(tmp_path / "a.zip")
    (tmp_path / "a.mat").write_bytes(b"")
    assert "a.mat is not a folder and not .npz" in fault(tmp_path / "a.mat")
    assert "holds no pictures in a layout that is known here" in fault(tmp_path)
