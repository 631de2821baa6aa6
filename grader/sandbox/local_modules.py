"""Import the submission's own modules from memory, as far as the model needs them."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from grader.source.statements import Statement, compiled


class LocalModules(MetaPathFinder, Loader):
    """Import the submission's own modules from memory, and run only what is needed of them."""

    def __init__(self, modules: Mapping[str, Sequence[Statement]]) -> None:
        """Serve `modules`: the statements to run, by dotted name."""
        self.modules = modules

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Offer a module or a package of the submission."""
        inside = any(name.startswith(f"{fullname}.") for name in self.modules)
        if fullname not in self.modules and not inside:
            return None
        return ModuleSpec(fullname, self, is_package=inside)

    def exec_module(self, module: types.ModuleType) -> None:
        """Run the slice of the module."""
        for statement in self.modules.get(module.__name__, ()):
            exec(compiled(statement), module.__dict__)  # noqa: S102 - the sandbox exists for this line


@contextmanager
def local_modules(modules: Mapping[str, Sequence[Statement]]) -> Iterator[None]:
    """Let `modules` be imported before anything that is installed under the same name."""
    finder = LocalModules(modules)
    roots = {name.split(".")[0] for name in modules}
    hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] in roots}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in list(sys.modules):
            if name.split(".")[0] in roots:
                del sys.modules[name]
        sys.modules.update(hidden)
