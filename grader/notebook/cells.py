"""Where the cells of the running notebook come from: Colab's page, the kernel's history, or the saved file."""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_SECONDS = 10  # that Colab's page is waited for
_NETWORK = re.compile(r"\btorch\b|\bnn\.|\bModule\b|\bSequential\b")
_IMPORTED = re.compile(r"^[ \t]*(?:from|import)[ \t]+(\w+)", re.MULTILINE)
_SAVED = ("__vsc_ipynb_file__", "__session__")
"""Variables in which VS Code and JupyterLab tell a kernel which file it belongs to."""


class Shell(Protocol):
    """What is used of IPython's `InteractiveShell`."""

    user_ns: dict[str, Any]

    def transform_cell(self, raw_cell: str) -> str:
        """Return a cell as plain Python."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a notebook.

    Attributes:
        origin: `colab` (as its page shows them), `history` (as the kernel ran them) or `file` (as they were saved).
        cells: (type, text) in order.
    """

    origin: str
    cells: tuple[tuple[str, str], ...]

    @property
    def code(self) -> tuple[str, ...]:
        """Return the texts of the code cells; the first one is cell 1."""
        return tuple(text for kind, text in self.cells if kind == "code")

    def notebook(self) -> bytes:
        """Return them as the JSON of a notebook, without outputs."""
        cells: list[dict[str, Any]] = [
            {"cell_type": kind, "metadata": {}, "source": text}
            | ({"outputs": [], "execution_count": None} if kind == "code" else {})
            for kind, text in self.cells
        ]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        return json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}).encode()

    def number(self, text: str) -> int | None:
        """Return the number of the last code cell with that text; None where there is none."""
        wanted = text.strip()
        return next((n for n in range(len(self.code), 0, -1) if self.code[n - 1].strip() == wanted), None)


def running() -> Shell | None:
    """Return the shell of the kernel that this process is; None where it is none."""
    ipython = sys.modules.get("IPython")
    found: Shell | None = ipython.get_ipython() if ipython is not None else None
    return found


def current(shell: Shell) -> Cells | None:
    """Return the cells of the notebook that `shell` runs; None where it has run nothing and no file is known.

    Colab's page is asked first. Then comes what the kernel ran, as long as there is a network in it, then the file.
    """
    page = _colab()
    if page is not None:
        return page
    ran = Cells("history", tuple(("code", text) for text in history(shell)))
    if any(_NETWORK.search(text) for text in ran.code[:-1]):
        return ran
    return _saved(shell, os.environ) or (ran if ran.code else None)


def history(shell: Shell) -> tuple[str, ...]:
    """Return what the kernel ran, the text at position n - 1 being that of the cell that shows [n].

    A cell that was mended and run again stays once, at its last run: the versions before are empty. So are cells that
    Python cannot read, but the last of them.
    """
    texts = [*map(str, _raw(shell))]
    bound = [_defined(shell, text) for text in texts]
    kept = list(texts)
    for index, names in enumerate(bound):
        later = bound[index + 1 :]
        unreadable = names is None and any(texts[index + 1 : -1])
        if unreadable or (names and any(names <= other for other in later if other is not None)):
            kept[index] = ""
    return tuple(kept)


def _raw(shell: Shell) -> Sequence[str]:
    """Return the inputs as they were typed, from [1]; as IPython transformed them where it does not say."""
    manager = getattr(shell, "history_manager", None)
    raw = getattr(manager, "input_hist_raw", None)
    found: Sequence[str] = raw or shell.user_ns.get("In", [""])
    return found[1:]


def _defined(shell: Shell, text: str) -> frozenset[str] | None:
    """Return the classes and functions that a cell defines; None where Python cannot read it."""
    try:
        tree = ast.parse(shell.transform_cell(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def _colab() -> Cells | None:
    """Return what Colab's page shows; None outside Colab, and where the page does not answer."""
    if "google.colab" not in sys.modules:
        return None
    try:
        from google.colab import _message  # type: ignore[import-not-found, unused-ignore]

        ask: Callable[..., Any] = _message.blocking_request
        answer = ask("get_ipynb", request="", timeout_sec=_SECONDS)
        found = tuple(_of_notebook(answer["ipynb"]))
    except Exception:  # noqa: BLE001 - an interface that Colab keeps for itself may change in any way
        return None
    return Cells("colab", found) if found else None


def _saved(shell: Shell, environment: Mapping[str, str]) -> Cells | None:
    """Return the file that the front end named; None where it named none that can be read."""
    named = [shell.user_ns.get(name) for name in _SAVED] + [environment.get("JPY_SESSION_NAME")]
    for name in filter(None, named):
        try:
            found = tuple(_of_notebook(json.loads(Path(str(name)).read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if found:
            return Cells("file", found)
    return None


def _of_notebook(notebook: Any) -> Iterator[tuple[str, str]]:
    for cell in notebook["cells"]:
        source = cell.get("source", "")
        yield str(cell["cell_type"]), source if isinstance(source, str) else "".join(map(str, source))


def modules_beside(cells: Cells, folder: Path) -> dict[str, bytes]:
    """Return the student's own modules in `folder` that the cells import, by path."""
    names = {name for text in cells.code for name in _IMPORTED.findall(text)} - {"grader"}
    paths = [path for name in sorted(names) for path in (folder / f"{name}.py", *sorted((folder / name).glob("*.py")))]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths if path.is_file()}
