"""Read the blocks that are no commands: Python, TOML, YAML and JSON."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import yaml
from IPython.core.inputtransformer2 import TransformerManager

from grader.course import reading as course
from grader.criteria import DEFINITIONS
from grader.faults import GraderError
from grader.rubric import Rubric, parse
from tests.docs.blocks import ROOT, Block

_FIGURES = ("text", "mermaid")
_OTHERS = ("diff", "powershell", "docker", "dockerfile", "ini")


def complaint(block: Block, page: Sequence[Block] = ()) -> str:
    """Return what is wrong with a block; empty where nothing is. What a rubric names may stand higher on the page."""
    if block.language in (*_FIGURES, *_OTHERS):
        return ""
    read = _READERS.get(block.language)
    if read is None:
        return f"say behind the fence what it is: console, {', '.join((*_READERS, *_FIGURES))}"
    try:
        read(_with_earlier(block, page) if block.language == "toml" else block.text)
    except (ValueError, SyntaxError, yaml.YAMLError, GraderError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _with_earlier(block: Block, page: Sequence[Block]) -> str:
    if "requires" not in block.text or not block.text.startswith("[criteria."):
        return block.text
    kin = (one for one in page if one.line < block.line and one.text.startswith("[criteria."))
    return "\n".join((*(one.text for one in kin), block.text))


def _python(text: str) -> None:
    plain = TransformerManager().transform_cell(text)  # type: ignore[no-untyped-call]
    compile(plain, "a page", "exec")


def _toml(text: str) -> None:
    """Read a course file, or what there is of a rubric with the rest put to it; other TOML is only read."""
    found = tomllib.loads(text)
    if isinstance(found.get("rubric", found.get("data")), str):
        course.parse(text, "grader.toml")
    elif found.keys() <= Rubric.model_fields.keys():
        head = "" if "version" in found else 'version = 1\ntitle = "A rubric"\n'
        tail = "" if "criteria" in found else "".join(f"\n[criteria.{name}]\npoints = 1\n" for name in DEFINITIONS)
        parse(f"{head}{text}{tail}", "the block", DEFINITIONS, ROOT / "docs" / "examples")


_READERS: Mapping[str, Callable[[str], Any]] = {
    "python": _python,
    "toml": _toml,
    "yaml": yaml.safe_load,
    "json": json.loads,
}
