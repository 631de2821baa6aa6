"""torchvision where it is installed: its networks and transforms are real, its data sets are stand-ins all the same.

train = torchvision.datasets.CIFAR10("data", download=True)         neither a file nor the internet is there
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

from grader.sandbox.standins.datasets import data_sets
from grader.source.guessing.guesses import Hints

_DATA_SETS = "torchvision.datasets"


class DataSetsFinder(MetaPathFinder):
    """Finds torchvision's data sets where they are installed, and has them replaced."""

    def __init__(self, hints: Hints) -> None:
        """Keep the shape and the classes that data sets have."""
        self._hints = hints

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Find the real module."""
        spec = PathFinder.find_spec(fullname, path) if fullname == _DATA_SETS else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Replacing(spec.loader, self._hints)
        return spec


class _Replacing(Loader):
    """Loads a module, then puts stand-ins in the place of its data sets."""

    def __init__(self, loader: Loader, hints: Hints) -> None:
        self._loader, self._hints = loader, hints

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self._loader.exec_module(module)
        stand_ins = data_sets(self._hints)
        for name, found in list(vars(module).items()):
            if isinstance(found, type):
                setattr(module, name, stand_ins.get(name) or stand_ins["*"](name))


@contextmanager
def data_sets_replaced(hints: Hints) -> Iterator[None]:
    """Let an installed torchvision be imported with stand-ins for data sets; hints: their shape and classes."""
    finder = DataSetsFinder(hints)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
