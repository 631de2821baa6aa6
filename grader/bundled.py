"""Files that come with the package: the course's rubric and the reference solution beside it."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).resolve().parent


def folder() -> Path:
    """Return the folder that holds `rubrics` and `reference`: in a wheel inside the package, else the checkout's."""
    packaged = HERE / "bundled_files"
    return packaged if packaged.is_dir() else HERE.parent


def course_rubric() -> Path:
    """Return the course's own rubric."""
    return folder() / "rubrics" / "first_cnn.toml"


def rubric_at(path: Path) -> Path:
    """Return where a rubric lies: one that comes with the package where only its name is given, such as `university`.

    A file of that name that lies here comes first.
    """
    packaged = folder() / "rubrics" / f"{path}.toml"
    is_name = path.name == str(path) and not path.suffix
    return packaged if is_name and not path.exists() and packaged.is_file() else path


def course_reference() -> Path:
    """Return the reference solution that this rubric names."""
    return folder() / "reference" / "solution.py"
