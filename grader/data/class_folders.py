"""List a folder for each class: `cat/anything.png`, `dog/anything.jpg`; the folder's name is the label."""

from __future__ import annotations

from pathlib import Path

from grader.data.decode import SUFFIXES
from grader.data.listing import Entry, Listing
from grader.faults import DataFault

# Pictures of other kinds are named instead of being left out in silence.
_OTHER_PICTURES = (".tif", ".tiff", ".heic", ".heif", ".avif", ".jp2", ".jfif", ".svg", ".ppm", ".pgm", ".npy")


def recognised(folder: Path) -> bool:
    """Tell whether a folder in it holds a picture."""
    return any(_is_picture(path) for place in _folders(folder) for path in place.iterdir())


def listed(folder: Path) -> Listing:
    """Return the pictures of every class, classes and names in order, and everything that is wrong with them.

    Hidden folders and files, and files that are no pictures, are left out.
    """
    entries: list[Entry] = []
    faults: list[DataFault] = []
    for place in _folders(folder):
        files = sorted(path for path in place.iterdir() if not path.name.startswith("."))
        entries += [Entry(path, place.name) for path in files if _is_picture(path)]
        faults += [_of_another_kind(path) for path in files if path.suffix.lower() in _OTHER_PICTURES]
        if not any(_is_picture(path) for path in files):
            faults.append(
                DataFault(
                    f"{place} is the folder of a class and holds no pictures ({', '.join(SUFFIXES)}).",
                    fix="Put the pictures of the class into it, or remove the folder.",
                )
            )
    return Listing(str(folder), tuple(entries), tuple(faults))


def _folders(folder: Path) -> list[Path]:
    """Return the folders that may be classes; `.git` and `__MACOSX` are none."""
    return sorted(place for place in folder.iterdir() if place.is_dir() and not place.name.startswith((".", "__")))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file()


def _of_another_kind(path: Path) -> DataFault:
    return DataFault(f"{path} is not a kind of picture that is read here.", fix="Save it as PNG.")
