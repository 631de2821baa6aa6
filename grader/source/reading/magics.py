"""Turn the text of a notebook cell into Python, line n staying line n.

IPython's own transformer does the work; what it shortens (a magic continued over three lines becomes one) is
filled up with empty lines, and the `get_ipython()` calls that it leaves become harmless.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any

from grader.source.reading.syntax import Unreadable, parse, text_of

FOREIGN = frozenset(
    "! bash bigquery cmd cython dot file html javascript js julia latex markdown perl pypy python python2 python3 r "
    "ruby script sh shell sql svg sx system timeit writefile".split()
)
"""Cell magics whose body is another language, runs in another process or binds nothing."""

_TRANSFORMABLE = 200_000
"""Characters; IPython reads the cell anew for every magic in it, so a longer one would take minutes."""
_PASSES = 300
_OURS = frozenset({"leading_empty_lines", "leading_indent"})
"""IPython's steps that move or split lines; they are done here instead."""
_CELL_MAGIC = re.compile(r"%%\s*([\w!]*)[ \t]*(.*)")
_BARE_COMMAND = re.compile(r"(pip3?|conda|apt|apt-get|cd|ls|pwd|mkdir|rm|cp|mv|cat|git|wget|curl|clear|who|whos)(\s|$)")
"""What IPython runs as a magic without a percent sign, when it stands alone in a cell."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that a cell writes: `%%writefile net.py` makes the module `net`.

    Attributes:
        path: as the student wrote it.
        append: whether the text goes to the end of what is there (`-a`).
        text: its content, on the lines of the cell that it stands on.
    """

    path: str
    append: bool
    text: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cell as Python.

    Attributes:
        text: as many lines as the student wrote; empty when the cell is no Python at all.
        files: the files that it writes.
    """

    text: str
    files: tuple[Written, ...] = ()


def clean(text: str) -> Cleaned:
    """Take the magics out of one cell; text that is already Python is left alone."""
    text = lines_of(text)
    body, written = _without_cell_magic(text)
    if body is None:
        return Cleaned("", () if written is None else (written,))
    if isinstance(parse(body), Unreadable):
        body = _transformed(body)
    return _harmless(body)


def lines_of(text: str) -> str:
    """Give every line the same end and drop lone surrogates, which no file can hold."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.encode("utf-8", "replace").decode("utf-8")


def _without_cell_magic(text: str) -> tuple[str | None, Written | None]:
    """Blank leading `%%time` lines; None where the body is not the notebook's Python."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        magic = _CELL_MAGIC.match(line.strip())
        if magic is None:
            break
        name, rest = magic.group(1).lower(), magic.group(2).split()
        if name in ("writefile", "file") and rest:
            body = "\n" * (index + 1) + "\n".join(lines[index + 1 :])
            return None, Written(rest[-1].strip("'\""), "-a" in rest[:-1], body)
        if name in FOREIGN:
            return None, None
        lines[index] = ""
    commands = [line for line in lines if line.strip() and not line.strip().startswith("#")]
    if len(commands) == 1 and _BARE_COMMAND.match(commands[0]):
        return None, None
    return "\n".join(lines), None


def _transformed(text: str) -> str:
    """Run IPython's transformations one by one, putting back the lines that each one swallows."""
    if len(text) > _TRANSFORMABLE:
        return text

    transformer: Any = import_module("IPython.core.inputtransformer2")  # 0.2 s, and few cells need it
    manager = transformer.TransformerManager()
    lines = [line + "\n" for line in text.split("\n")]
    blank = next((index for index, line in enumerate(lines) if line.strip()), len(lines))
    head, lines = lines[:blank], _unindented(lines[blank:])
    try:
        for transform in manager.cleanup_transforms:
            if getattr(transform, "__name__", "") not in _OURS:
                lines = transform(lines)
        for _ in range(_PASSES):
            changed, after = manager.do_one_token_transform(lines)
            if not changed:
                break
            lines = _refilled(lines, after)
    except Exception:  # noqa: BLE001 - whatever hostile text does to IPython, the cell is then reported as it is
        return text
    return "".join(head + lines).removesuffix("\n")


def _unindented(lines: list[str]) -> list[str]:
    """Take the first line's indentation off every line that has it.

    IPython 7 and 8, Colab's among them, do that; IPython 9 leaves a cell alone when a later line has less.
    """
    indent = lines[0][: len(lines[0]) - len(lines[0].lstrip())] if lines else ""
    return [line.removeprefix(indent) for line in lines]


def _refilled(before: list[str], after: list[str]) -> list[str]:
    r"""Put empty lines after the one line that replaced several.

    !pip install torch \       (2 lines, IPython makes them one)
        torchvision
    """
    missing = len(before) - len(after)
    if missing <= 0:
        return after
    pairs = zip(before, after, strict=False)
    place = next((index for index, (old, new) in enumerate(pairs) if old != new), len(after) - 1)
    return after[: place + 1] + ["\n"] * missing + after[place + 1 :]


def _harmless(text: str) -> Cleaned:
    """Replace what calls the shell or a magic by a statement that does nothing."""
    if "get_ipython()" not in text:
        return Cleaned(text)
    files = []
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if "get_ipython()." in line:
            lines[index], written = _quiet(line, index)
            files += [written] if written is not None else []
    return Cleaned("\n".join(lines), tuple(files))


def _quiet(line: str, index: int) -> tuple[str, Written | None]:
    """Replace one `get_ipython()` line: `%time net = Net()` keeps its code, `files = !ls` an empty list.

    A notebook that was saved as a module has its cell magics as calls: `get_ipython().run_cell_magic('time', '', …)`.
    """
    tree = parse(line.strip())
    if isinstance(tree, Unreadable) or len(tree.body) != 1:
        return line, None
    statement, indent = tree.body[0], line[: len(line) - len(line.lstrip())]
    if not isinstance(statement, ast.Expr | ast.Assign):
        return line, None
    call = statement.value
    if not (isinstance(call, ast.Call) and text_of(call.func).startswith("get_ipython().")):
        return line, None
    words = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
    if text_of(call.func).endswith("run_cell_magic") and len(words) == 3:
        body, written = _without_cell_magic(f"%%{words[0]} {words[1]}\n{words[2]}")
        if written is not None:
            written = replace(written, text="\n" * index + written.text.removeprefix("\n"))
        return indent + ("pass" if body is None else f"exec({body!r})"), written
    target = "" if isinstance(statement, ast.Expr) else f"{text_of(statement.targets[0])} = "
    code = _code_of(words)
    if code:
        return indent + target + code, None
    return indent + (f"{target}[]" if target else "pass"), None


def _code_of(words: list[str]) -> str:
    """Return the Python that a line magic runs in the notebook's own namespace; empty when there is none."""
    name, line = [*words, "", ""][:2]
    line = line.strip()
    if name == "time" and not isinstance(parse(line), Unreadable):
        return line
    if name == "run":
        path = PurePosixPath(line.split()[0] if line else "")
        if path.suffix in (".py", ".ipynb") and path.stem.isidentifier():
            return f"from {path.stem} import *"
    return ""
