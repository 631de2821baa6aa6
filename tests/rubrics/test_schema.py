"""The schema beside the rubrics is current, takes every rubric that is shipped, and marks what `rubric check` names."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from grader.rubric_schema import schema
from tests.rubrics.wrong import WRONG

ROOT = Path(__file__).parents[2]
FILE = ROOT / "rubrics" / "rubric.schema.json"
RUBRICS = sorted([*(ROOT / "rubrics").glob("*.toml"), *(ROOT / "docs").rglob("*.toml")])

BEYOND = {
    "passed above its points",
    "needs what is not there",
    "needs itself",
    "ten point nought classes",
    "not a number",
    "the training pictures again",
    "a mark named like a criterion",
    "a file that is not there",
    "a function that is not there",
    "a function of one argument",
    "no function",
    "a file that Python cannot read",
    "a file that fails",
    "an entry point that is not there",
    "no title anywhere",
    "no zone",
    "no moment",
}
"""Mistakes that no schema can see: they lie in other keys or files, or are numbers that JSON does not tell apart."""


def test_it_is_current() -> None:
    """`grader rubric schema > rubrics/rubric.schema.json` changes nothing."""
    assert json.loads(FILE.read_text(encoding="utf-8")) == schema()


@pytest.mark.parametrize("path", RUBRICS, ids=[one.name for one in RUBRICS])
def test_rubrics(path: Path) -> None:
    """Every rubric names the schema in its first line, by a path that is there, and is valid by it."""
    text = path.read_text(encoding="utf-8")
    first, *_ = text.splitlines()
    assert first.startswith("#:schema ")
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == FILE
    Draft202012Validator(schema()).validate(tomllib.loads(text))


def test_mistakes() -> None:
    """An editor marks every wrong key, type and bound while it is typed: all mistakes but those beyond a schema."""
    judge, unmarked = Draft202012Validator(schema()), set()
    for wrong in WRONG:
        try:
            plain = tomllib.loads(wrong.text)
        except tomllib.TOMLDecodeError:
            continue  # an editor marks that without a schema
        if judge.is_valid(plain):
            unmarked.add(wrong.name)
    assert unmarked == BEYOND
