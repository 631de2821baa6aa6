"""Sources as other programs write them: real digits and made-up pictures in every layout."""

from __future__ import annotations

import gzip
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from grader.data.pictures import PictureSet

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def digits() -> PictureSet:
    """Return 1,797 real pictures: handwritten digits of 8×8 grey pixels."""
    found = load_digits()
    images = np.rint(found.images * (255 / 16)).astype(np.uint8)[:, None]
    return PictureSet(images, found.target.astype(np.int64), tuple("0123456789"), "digits")


def noise(count: int, *shape: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return random bytes of shape (count, *shape)."""
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def labels(count: int, classes: int = 10) -> NDArray[np.int64]:
    """Return labels that go round the classes."""
    return np.arange(count, dtype=np.int64) % classes


def write_folders(place: Path, images: NDArray[np.uint8], names: list[str], suffix: str = "png") -> Path:
    """Write pictures (N, H, W, 3) into a folder for each name."""
    for position, (image, name) in enumerate(zip(images, names, strict=True)):
        (place / name).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / name / f"picture {position:03}.{suffix}")
    return place


def write_idx(path: Path, array: NDArray[np.uint8]) -> Path:
    """Write one file of MNIST, packed when its name says so."""
    content = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def mnist(place: Path, train: int = 30, test: int = 10, packed: str = "") -> Path:
    """Write a small MNIST of random pictures."""
    for side, count, seed in (("train", train, 1), ("t10k", test, 2)):
        write_idx(place / f"{side}-images-idx3-ubyte{packed}", noise(count, 28, 28, seed=seed))
        write_idx(place / f"{side}-labels-idx1-ubyte{packed}", labels(count).astype(np.uint8))
    return place


def cifar_binary(place: Path, batches: int = 2, count: int = 20) -> Path:
    """Write small binary batches of random pictures."""
    files = [*(f"data_batch_{number}" for number in range(1, batches + 1)), "test_batch"]
    for seed, name in enumerate(files):
        rows = np.concatenate([labels(count).astype(np.uint8)[:, None], noise(count, 3072, seed=seed)], axis=1)
        (place / f"{name}.bin").write_bytes(rows.tobytes())
    (place / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    return place


def cifar_python(place: Path, protocol: int | None, batches: int = 2, count: int = 20) -> Path:
    """Write small Python batches with the pictures of `cifar_binary`; protocol None writes as Python 2 did."""
    files = [*(f"data_batch_{number}" for number in range(1, batches + 1)), "test_batch"]
    for seed, name in enumerate(files):
        data, numbers = noise(count, 3072, seed=seed), labels(count).tolist()
        if protocol is None:
            content = python2_batch(data, numbers)
        else:
            plain: dict[Any, Any] = {b"data": data, b"labels": numbers, b"batch_label": b"", b"filenames": [b"a.png"]}
            content = pickle.dumps(plain, protocol)
        (place / name).write_bytes(content)
    meta = {"num_cases_per_batch": count, "label_names": list(NAMES), "num_vis": 3072}
    (place / "batches.meta").write_bytes(pickle.dumps(meta, 2 if protocol is None else protocol))
    return place


def python2_batch(data: NDArray[np.uint8], numbers: list[int]) -> bytes:
    """Return the pickle that cPickle of Python 2 wrote with protocol 2, which is what the data set's own site has."""

    def text(value: str) -> bytes:
        return b"U" + bytes([len(value)]) + value.encode()

    def whole(value: int) -> bytes:
        return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)

    array = b"cnumpy.core.multiarray\n_reconstruct\nq\x06cnumpy\nndarray\nq\x07K\x00\x85q\x08U\x01bq\x09\x87q\x0aRq\x0b"
    kind = b"cnumpy\ndtype\nq\x0cU\x02u1q\x0dK\x00K\x01\x87q\x0eRq\x0f(K\x03U\x01|q\x10NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    shape = whole(data.shape[0]) + whole(data.shape[1]) + b"\x86q\x11"
    state = b"(K\x01" + shape + kind + b"\x89T" + struct.pack("<i", data.size) + data.tobytes() + b"tb"
    listed = b"]q\x12(" + b"".join(map(whole, numbers)) + b"e"
    return b"\x80\x02}q\x01(" + text("labels") + listed + text("data") + array + state + b"u."
