"""Which file of a folder is the main program, and what its other files are called when they are imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from grader.source.reading.syntax import Unreadable, parse

_FOREIGN_FOLDERS = frozenset({"__MACOSX", "__pycache__", "site-packages", "node_modules", "venv", "env"})
_ELSEWHERE = frozenset({"/", "..", "~", "$HOME"})
"""How a path begins that leads out of the submission."""
_DEFINES = re.compile(r"\b(nn\.Module|LightningModule|Sequential)\b|\(\s*Module\s*\)")
_PREFERRED = re.compile(r"main|train|model|solution|submission|assignment|homework|hw|project|cnn|notebook|net")


@dataclass(frozen=True, slots=True)
class Choice:
    """The main program.

    Attributes:
        main: its path.
        rivals: other files for which as much speaks; empty when the choice is clear.
    """

    main: str
    rivals: tuple[str, ...]


def own_files(paths: Iterable[str]) -> list[str]:
    """Return the Python files and notebooks that the student wrote, sorted."""
    kept = []
    for path in paths:
        parts = PurePosixPath(path.replace("\\", "/")).parts
        ours = not any(part.startswith(".") or part in _FOREIGN_FOLDERS for part in parts)
        if ours and path.lower().endswith((".py", ".ipynb")):
            kept.append(path)
    return sorted(kept)


def defines_network(text: str) -> bool:
    """Tell whether code has to do with PyTorch's modules."""
    return _DEFINES.search(text) is not None


def choose(texts: Mapping[str, str]) -> Choice:
    """Choose the main program; texts: path -> all code of the file.

    A notebook goes before modules; then: has to do with a model at all, is imported by nobody, its name. What
    is left is decided by the path, and reported.
    """
    imports = {path: _imported(text) for path, text in texts.items()}
    defines = {path for path, text in texts.items() if defines_network(text)}
    used = {
        path: {other for other in texts if other != path and imports[path] & set(module_names(other, path))}
        for path in texts
    }
    imported = {other for others in used.values() for other in others}

    def rank(path: str) -> tuple[bool, ...]:
        concerned = path in defines or bool(used[path] & defines)
        notebook = path.lower().endswith(".ipynb")
        stem = PurePosixPath(path).stem.lower()
        return (not concerned, not notebook, path in imported, _PREFERRED.search(stem) is None)

    ranks = {path: rank(path) for path in texts}
    order = sorted(texts, key=lambda path: (ranks[path], len(PurePosixPath(path).parts), path))
    rivals = tuple(path for path in order[1:] if ranks[path] == ranks[order[0]] and not ranks[path][0])
    return Choice(order[0], rivals)


def module_names(path: str, main: str) -> tuple[str, ...]:
    """Return the dotted names under which a file can be imported by the main program beside it.

    `src/net.py` is `net` for `src/train.py` and `src.net` for a program in the root. A cell that writes
    `/content/pkg/net.py` writes into a folder of its own machine: `pkg.net` or `net`.
    """
    folder = PurePosixPath(main).parent
    whole = PurePosixPath(path.removeprefix("./"))
    inside = [whole.relative_to(folder)] if main and whole.is_relative_to(folder) else []
    if whole.parts[:1] and whole.parts[0] in _ELSEWHERE:
        inside = [PurePosixPath(*whole.parts[first:]) for first in range(1, len(whole.parts))]
    names = [_dotted(one) for one in [*inside, whole]]
    return tuple(dict.fromkeys(name for name in names if name))


def _dotted(path: PurePosixPath) -> str:
    parts = list(path.with_suffix("").parts)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


def _imported(text: str) -> set[str]:
    """Return every module that a program imports, `from net import layers` as `net` and `net.layers`."""
    tree = parse(text)
    found: set[str] = set()
    for node in ast.walk(tree) if not isinstance(tree, Unreadable) else ():
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found.add(base)
            found.update(f"{base}.{alias.name}".lstrip(".") for alias in node.names)
    return found
