"""The last finder: what the student imports and is not here is imported as a stand-in, and noted.

Imports of libraries are left alone: many try a package and go on without it.
"""

from __future__ import annotations

import ast
import builtins
import importlib.util
import linecache
import sys
import types
from collections.abc import Container, Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

from grader.records import Repair
from grader.sandbox.standins import known
from grader.sandbox.standins.datasets import loaders_of_one_process
from grader.sandbox.standins.installed import data_sets_replaced
from grader.sandbox.standins.missing import Missing, refused_as_layers
from grader.sandbox.standins.origin import Origin, kind_of
from grader.sandbox.standins.packages import ASIDE
from grader.source.guessing.guesses import Hints

MOST_TOUCHED = 300
"""Names of which it is kept that the student's code used them."""

_OURS = globals()

_HANDLERS = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
_OPTIONAL = {"torch.utils.tensorboard": "tensorboard"}
"""Parts of torch that need a package besides."""


class MissingFinder(MetaPathFinder, Loader):
    """Offers a stand-in for any module that the student imports, but the submission's own and torch's."""

    def __init__(self, local: frozenset[str], students: Container[str], hints: Hints) -> None:
        """Remember the submission's own modules, which are never faked, and the names of its compiled code.

        hints: the shape and the classes that data sets have.
        """
        self.local, self.students = local, students
        self.used: list[str] = []
        """Roots of what was imported as a stand-in."""
        self.touched: dict[str, None] = {}
        """Dotted names that were used."""
        self._known = known.stand_ins(hints)
        self._unbound: set[str] | None = None

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Offer a stand-in, unless the student's code has something else for the case that the import fails."""
        root = fullname.split(".", maxsplit=1)[0]
        if root in self.local or root in ("torch", "grader"):
            return None
        frame = _importing(sys._getframe(1))
        if (
            frame is None
            or frame.f_code.co_filename not in self.students
            or has_fallback(frame.f_code.co_filename, frame.f_lineno)
        ):
            return None
        if root not in self.used:
            self.used.append(root)
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        """Make the stand-in."""
        module = self.make(spec.name)
        return module if isinstance(module, types.ModuleType) else Missing(spec.name, self._origin(spec.name))

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""

    def star(self, module: types.ModuleType) -> list[str]:
        """Return what `from … import *` gives: the names that the student's code reads and nothing else binds."""
        frame = _importing(sys._getframe(2))
        if self._unbound is None:
            self._unbound = unbound(self.students)
        bound = frame.f_globals.keys() if frame is not None else set()
        return sorted({*(self._unbound - bound), *(key for key in vars(module) if not key.startswith("_"))})

    def make(self, name: str) -> Any:
        """Return what stands for a dotted name: something that works where that is cheap, else a stand-in."""
        parent, _, last = name.rpartition(".")
        if parent in self._known and name not in self._known and last[:1].isupper():
            other = self._known[parent].get("*")
            if other is not None:
                return other(last)
        module = Missing(name, self._origin(name))
        vars(module).update({key: value for key, value in self._known.get(name, {}).items() if key != "*"})
        return module

    def _origin(self, name: str) -> Origin:
        root = name.split(".", maxsplit=1)[0]
        return Origin(kind_of(root), root, self.make, self._touch, self.star)

    def _touch(self, name: str) -> None:
        if len(self.touched) < MOST_TOUCHED:
            self.touched[name] = None

    def said(self, needed: str = "") -> list[Repair]:
        """Return what to tell of the packages that were not here; needed: the one that the model failed for."""
        spare = [root for root in self.used if root != needed]
        message = f"Not needed for the model, and left out: {', '.join(spare)}."
        return [Repair("import", message)] if spare else []


class AsideFinder(MetaPathFinder):
    """Offers the stand-in of a package that no network is made of before the package itself is found."""

    def __init__(self, finder: MissingFinder) -> None:
        """Take the finder whose stand-ins are offered."""
        self._finder = finder

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """Offer it to the student's own imports."""
        aside = fullname.split(".", maxsplit=1)[0] in ASIDE
        return self._finder.find_spec(fullname, path, target) if aside else None


@contextmanager
def missing_packages(
    local: frozenset[str], students: Container[str], hints: Hints | None = None
) -> Iterator[MissingFinder]:
    """Let the student's own imports of what is not here give stand-ins."""
    finder = MissingFinder(local, students, hints or Hints())
    missing = [name for name, package in _OPTIONAL.items() if importlib.util.find_spec(package) is None]
    before = {name: sys.modules.get(name) for name in missing}
    with refused_as_layers(), loaders_of_one_process(), data_sets_replaced(hints or Hints()):
        aside = AsideFinder(finder)
        sys.meta_path.append(finder)
        sys.meta_path.insert(0, aside)
        sys.modules.update({name: finder.make(_OPTIONAL[name]) for name in missing})
        try:
            yield finder
        finally:
            sys.meta_path.remove(finder)
            sys.meta_path.remove(aside)
            for name, module in before.items():
                sys.modules.pop(name)
                sys.modules.update({name: module} if module is not None else {})


def _importing(frame: types.FrameType | None) -> types.FrameType | None:
    """Return the frame that imports: the first outside of the import machinery."""
    while frame is not None and (frame.f_code.co_filename.startswith("<frozen importlib") or frame.f_globals is _OURS):
        frame = frame.f_back
    return frame


def has_fallback(name: str, line: int) -> bool:
    """Tell whether an import stands in a `try` that has something else for the case that it fails.

    try:                                        try:
        from apex import FusedNorm as Norm          import timm
    except ImportError:                         except ImportError:
        Norm = nn.LayerNorm      (yes)              raise SystemExit("pip install timm")      (no)
    """
    for one in ast.walk(_tree(name)):
        if isinstance(one, ast.Try) and one.body[0].lineno <= line <= (one.body[-1].end_lineno or 0):
            for handler in one.handlers:
                if _catches(handler) and any(isinstance(part, _BINDING) for part in ast.walk(handler)):
                    return True
    return False


_BINDING = (ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)


def _catches(handler: ast.ExceptHandler) -> bool:
    names = {one.id for one in ast.walk(handler.type) if isinstance(one, ast.Name)} if handler.type else _HANDLERS
    return bool(names & _HANDLERS)


def unbound(students: Container[str]) -> set[str]:
    """Return the names that the student's code reads and nothing in it binds."""
    read: set[str] = set()
    bound = set(dir(builtins))
    for name in [one for one in tuple(linecache.cache) if one in students]:
        for node in ast.walk(_tree(name)):
            if isinstance(node, ast.Name):
                (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
            elif isinstance(node, ast.arg):
                bound.add(node.arg)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                bound.add(node.name)
            elif isinstance(node, ast.alias):
                bound.add((node.asname or node.name).split(".")[0])
            elif isinstance(node, ast.ExceptHandler) and node.name:
                bound.add(node.name)
    return read - bound


def _tree(name: str) -> ast.AST:
    """Return the tree of what was compiled as `name`; an empty one where it cannot be parsed as it is."""
    try:
        return ast.parse("".join(linecache.getlines(name)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
