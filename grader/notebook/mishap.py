"""The last exception of a running kernel: where it was raised in the student's cells, and what it means."""

from __future__ import annotations

import difflib
import linecache
import re
import sys
import traceback
from typing import TYPE_CHECKING, Any

from grader.diagnosis import explain
from grader.diagnosis.scene import LIVE
from grader.faults import GraderError
from grader.records import Break, Where
from grader.report.mishaps import Mishap

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import FrameType

    from grader.notebook.cells import Cells, Shell
    from grader.records import Shape

_OLD_NAME = re.compile(r"<ipython-input-(\d+)-")
_CELL_NAME = re.compile(r"ipykernel_\d+|ipython-input")
"""In the names under which the kernels of Colab compile cells, with no table that says which one it is."""
_ALIKE = 0.6  # share of a cell's text from which a later cell is the same one, mended
_MOST = 2000  # characters of a message


def last_mishap(shell: Shell, cells: Cells | None, classes: int, shape: Shape) -> Mishap | None:
    """Explain the kernel's last exception; None where there is none, or its cell was mended and run again."""
    error = getattr(sys, "last_value", None)
    if not isinstance(error, BaseException) or isinstance(error, KeyboardInterrupt | SystemExit | GraderError):
        return None
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _count(shell, frame)]
    if isinstance(error, SyntaxError):
        count = _count_of_file(shell, error.filename or "")
        text, line, source = _cell(shell, count), error.lineno, (error.text or "").strip()
    elif frames:
        frame, line = frames[-1]
        count = _count(shell, frame)
        text = _cell(shell, count)
        source = linecache.getline(frame.f_code.co_filename, line).strip()
    else:
        return None
    if text and _mended(text, _texts(shell)[(count or 0) + 1 : -1]):
        return None
    layer, inputs = _failing_layer(frame for frame, _ in traceback.walk_tb(error.__traceback__))
    where = Where(None, cells.number(text) if cells is not None and text else None, line)
    broke = Break(LIVE, type(error).__name__, _text(error), where, source[:300], layer, inputs)
    return Mishap(broke, count, explain(broke, None, classes, shape))


def cells_by_name(shell: Shell) -> Mapping[str, tuple[str, int | None]]:
    """Return the names under which cells are compiled, each with a file's name and the number in brackets."""
    known = getattr(getattr(shell, "compile", None), "_filename_map", {})
    return {str(name): ("", int(count)) for name, count in known.items()}


def _text(error: BaseException) -> str:
    try:
        return str(error)[:_MOST]
    except Exception:  # noqa: BLE001 - a student's own __str__ may raise anything
        return ""


def _count(shell: Shell, frame: FrameType) -> int | None:
    return _count_of_file(shell, frame.f_code.co_filename)


def _count_of_file(shell: Shell, name: str) -> int | None:
    """Return the number in brackets of the cell that is compiled under that name."""
    known = getattr(getattr(shell, "compile", None), "_filename_map", {})
    if name in known:
        return int(known[name])
    old = _OLD_NAME.match(name)
    if old:
        return int(old[1])
    return _count_of_text(shell, "".join(linecache.getlines(name))) if _CELL_NAME.search(name) else None


def _count_of_text(shell: Shell, text: str) -> int | None:
    """Return the number of the last cell with that text, as it was typed or as IPython made it plain Python."""
    plain = shell.user_ns.get("In", [""])
    for count in range(len(_texts(shell)) - 1, 0, -1):
        candidates = (_texts(shell)[count], plain[count] if count < len(plain) else "")
        if text.strip() and text.strip() in (str(one).strip() for one in candidates):
            return count
    return None


def _texts(shell: Shell) -> Sequence[str]:
    manager = getattr(shell, "history_manager", None)
    raw = getattr(manager, "input_hist_raw", None)
    found: Sequence[str] = raw or shell.user_ns.get("In", [""])
    return found


def _cell(shell: Shell, count: int | None) -> str:
    texts = _texts(shell)
    return str(texts[count]) if count is not None and 0 < count < len(texts) else ""


def _mended(text: str, later: Iterable[str]) -> bool:
    """Tell whether one of the cells that ran later is this one again."""
    return any(difflib.SequenceMatcher(None, text, str(one)).ratio() >= _ALIKE for one in later)


def _failing_layer(frames: Iterable[FrameType]) -> tuple[str | None, tuple[Shape, ...]]:
    """Return the name of the deepest module that was called, as its network calls it, and its inputs' shapes."""
    outermost: Any = None
    found: tuple[str | None, tuple[Shape, ...]] = (None, ())
    for frame in frames:
        module = frame.f_locals.get("self")
        if frame.f_code.co_name != "_call_impl" or not hasattr(module, "named_modules"):
            continue
        outermost = module if outermost is None else outermost
        name = next((name for name, one in outermost.named_modules() if one is module), "")
        shapes = [getattr(one, "shape", None) for one in frame.f_locals.get("args", ())]
        found = (name or found[0], tuple(tuple(map(int, shape)) for shape in shapes if shape is not None))
    return found
