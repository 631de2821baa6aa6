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


def course_reference() -> Path:
    """Return the reference solution that this rubric names."""
    return folder() / "reference" / "solution.py"
