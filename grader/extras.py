"""Optional packages: where one is missing, one line says what to install."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

from grader.faults import MissingPackageFault

NETWORKS = {"torchvision": "images"}
"""Packages of which networks may be made, and the extra that brings each."""


def install(extra: str) -> str:
    """Return the command that installs what an `extra` of our distribution brings."""
    return f"pip install 'cnn-grader[{extra}]'"


def is_installed(package: str) -> bool:
    """Tell whether an optional `package` is there, without importing it."""
    return importlib.util.find_spec(package) is not None


def missing(extra: str, package: str) -> MissingPackageFault:
    """Return the fault for an absent `package` that the `extra` of our distribution brings."""
    return MissingPackageFault(f"{package} is not installed.", fix=f"Run {install(extra)}")


@contextmanager
def bringing(extra: str, package: str) -> Iterator[None]:
    """Import an optional package inside this block; what is missing inside that package is its own trouble.

    Raises:
        MissingPackageFault: it is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != package:
            raise
        raise missing(extra, package) from None
