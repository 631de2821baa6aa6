"""Find out how pictures are stored by what lies at a path, and read them.

| layout | what lies there |
| --- | --- |
| course | `1.png` … `N.png`, or a folder `data` of them, and `y.csv` |
| sides | `train` and `held_out` (or `test`), each in one of the other layouts or as `.npz` |
| CIFAR-10 | `data_batch_1.bin` … or `data_batch_1` …, `test_batch`, `batches.meta` |
| MNIST | `train-images-idx3-ubyte` … and `t10k-…`, packed with gzip or not |
| folders | a folder of pictures for each class |
| npz | a file `.npz`, or a folder that holds one |

Where a source brings its own test set, that is the held-out side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from grader.data import cifar, class_folders, course, idx, listing, npz
from grader.data.arrays import Shape, united
from grader.data.listing import Listing
from grader.data.pictures import PictureSet, Split
from grader.faults import DataFault

_HELD_OUT = ("held_out", "held-out", "test", "val", "valid", "validation")
_INNER = ("cifar-10-batches-py", "cifar-10-batches-bin", "MNIST/raw", "FashionMNIST/raw", "raw")
"""Where torchvision and the archives put the files, seen from the folder that was named."""

_KNOWN = (
    "Name a folder with y.csv and 1.png, 2.png, …, with a folder for each class, with the files of CIFAR-10 or MNIST, "
    "or a file .npz."
)
_PACKED = (".zip", ".gz", ".tgz", ".tar", ".7z", ".rar")


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to store pictures.

    Attributes:
        name: what it is called.
        recognised: whether a folder is stored in this way.
        listed: the files of the pictures, for layouts where each picture is a file; else None.
        load: the pictures, in the size and channels of a shape (C, H, W) if there is one.
    """

    name: str
    recognised: Callable[[Path], bool]
    listed: Callable[[Path], Listing] | None
    load: Callable[[Path, Shape | None], PictureSet | Split]


@dataclass(frozen=True, slots=True)
class Found:
    """What was recognised, and where; `sides` are training and held-out, for a source that keeps them apart."""

    layout: str
    path: Path
    listed: Callable[[Path], Listing] | None
    read: Callable[[Path, Shape | None], PictureSet | Split]
    sides: tuple[Found, Found] | None = None

    def load(self, shape: Shape | None) -> PictureSet | Split:
        """Return the pictures; raise DataFault for what is wrong with them."""
        if self.sides is None:
            return self.read(self.path, shape)
        train, held_out = (side.load(shape) for side in self.sides)
        if isinstance(train, Split) or isinstance(held_out, Split):
            raise DataFault(
                f"{self.path} keeps two sides apart, and one of them again holds two.",
                fix="Name the side that is meant.",
            )
        return united(train, held_out)


def _listed_layout(name: str, recognised: Callable[[Path], bool], listed: Callable[[Path], Listing]) -> Layout:
    return Layout(name, recognised, listed, lambda path, shape: listing.load(listed(path), shape))


_COURSE = _listed_layout("course", course.recognised, course.listed)
_FOLDERS = _listed_layout("folder per class", class_folders.recognised, class_folders.listed)
_NPZ = Layout("npz", lambda path: False, None, npz.load)
_ARRAYS = (
    Layout("CIFAR-10 binary", cifar.recognised_binary, None, cifar.load_binary),
    Layout("CIFAR-10 Python", cifar.recognised_python, None, cifar.load_python),
    Layout("IDX", idx.recognised, None, idx.load),
)


def load(path: Path, shape: Shape | None) -> PictureSet | Split:
    """Return the pictures at `path` as uint8 (N, C, H, W), already split where the source brings its own test set.

    With a `shape` (C, H, W), colour becomes grey or grey colour as it asks; another size is a fault: nothing is ever
    resized.

    Raises:
        DataFault: nothing known lies there, or something is wrong with it; names the file and what to do.
    """
    found = recognise(path)
    try:
        return found.load(shape)
    except OSError as error:
        raise _unreadable(path, error) from error


def recognise(path: Path) -> Found:
    """Return how the pictures at `path` are stored.

    Raises:
        DataFault: in no way that is known here.
    """
    try:
        found = _recognise(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    if found is not None:
        return found
    if not path.exists():
        raise DataFault(f"{path} does not exist.", fix=_KNOWN)
    if path.suffix.lower() in _PACKED:
        raise DataFault(f"{path} is packed.", fix="Unpack it and name the folder that comes out.")
    if path.is_file():
        raise DataFault(f"{path} is not a folder and not .npz.", fix=_KNOWN)
    raise DataFault(f"{path} holds no pictures in a layout that is known here.", fix=_KNOWN)


def _unreadable(path: Path, error: OSError) -> DataFault:
    where = error.filename or path
    return DataFault(f"{where} cannot be read ({error.strerror or error}).", fix="Check the path and its permissions.")


def _recognise(path: Path) -> Found | None:
    if path.is_file():
        return _found(_NPZ, path) if path.suffix.lower() == ".npz" else None
    if not path.is_dir():
        return None
    if _COURSE.recognised(path):
        return _found(_COURSE, path)
    for place in (path, *(path / inner for inner in _INNER)):
        for layout in _ARRAYS if place.is_dir() else ():
            if layout.recognised(place):
                return _found(layout, place)
    sides = _sides(path)
    if sides is not None:
        return sides
    if _FOLDERS.recognised(path):
        return _found(_FOLDERS, path)
    archives = sorted(path.glob("*.npz"))
    return _found(_NPZ, archives[0]) if len(archives) == 1 else None


def _sides(path: Path) -> Found | None:
    """Return training and held-out pictures that lie in folders, or files .npz, of these names."""
    train = _side(path / "train")
    held_out = next((side for name in _HELD_OUT if (side := _side(path / name)) is not None), None)
    if train is None or held_out is None:
        return None
    return Found(f"sides: {train.layout}", path, None, _NPZ.load, (train, held_out))


def _side(path: Path) -> Found | None:
    """Return one side; a folder that holds pictures and no table is a class called `train`."""
    archive = path.with_name(f"{path.name}.npz")
    if archive.is_file():
        return _found(_NPZ, archive)
    if not path.is_dir():
        return None
    if (path / course.TABLE).is_file() or (path / "data" / course.TABLE).is_file():
        return _found(_COURSE, path)
    return _found(_FOLDERS, path) if _FOLDERS.recognised(path) else None


def _found(layout: Layout, path: Path) -> Found:
    return Found(layout.name, path, layout.listed, layout.load)
