"""What it is that is not here, and what is raised where it is needed."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from grader.extras import NETWORKS, install
from grader.sandbox.standins.packages import PACKAGES, is_network

_FREEZING = ("parameters()", "named_parameters()", "buffers()", "named_buffers()")
_LAYERS = ("children()", "named_children()", "modules()", "named_modules()", "_modules", "features", "layers")


class NotHereError(ModuleNotFoundError, TypeError):
    """The network is made of something that the grader's machine does not have; nobody's mistake.

    Also a TypeError, by which `list(…)` understands that a stand-in has no length.
    """


@dataclass(frozen=True, slots=True)
class Origin:
    """What is not here.

    Attributes:
        kind: `package`, `module` (probably a file of the student's), `network` (of the internet), `file`, or `pickle`
            (a file that is here and is not opened).
        root: the name of the package, module, repository or file.
        make: returns what stands for a dotted name below it.
        touched: notes a dotted name that the student's code used.
        star: returns the names that `from … import *` gives.
    """

    kind: str
    root: str
    make: Callable[[str], Any]
    touched: Callable[[str], None] = lambda name: None
    star: Callable[[types.ModuleType], list[str]] = lambda module: []

    def fault(self, name: str) -> Exception:
        """Return what is raised where the real thing, `name`, is needed."""
        if self.kind == "file":
            return FileNotFoundError(f"[Errno 2] No such file or directory: '{self.root}'")
        if self.kind == "module":
            return ModuleNotFoundError(f"No module named '{self.root}'", name=self.root)
        if self.kind == "network":
            said = f"{self.root} fetches a network from the internet, which the grader does not do"
            return NotHereError(said, name=self.root)
        if self.kind == "pickle":
            said = f"{self.root} holds more than weights, and the grader opens files of weights alone"
            return NotHereError(said, name=self.root)
        path = name.partition("(")[0]
        what = "the model needs it" if path == self.root else f"the model needs {path}"
        way = f" ({install(NETWORKS[self.root])} brings it)" if self.root in NETWORKS else ""
        return NotHereError(f"{self.root} is not installed on the grader's machine{way}, and {what}", name=self.root)

    def is_empty(self, name: str) -> bool:
        """Tell whether iterating over `name` may give nothing; a list of layers must not silently be empty."""
        if name.endswith(_FREEZING) or self.kind in ("file", "pickle"):
            return True
        return self.kind == "package" and not is_network(name) and not name.endswith(_LAYERS)


def kind_of(root: str) -> str:
    """Return what a module that is not here was: a package by its name, else probably a file of the student's."""
    return "package" if root in PACKAGES else "module"
