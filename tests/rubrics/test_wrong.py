"""Every mistake in a rubric is named with its line, the nearest key and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.criteria import DEFINITIONS
from grader.faults import RubricFault
from grader.rubric import load
from tests.rubrics.wrong import FILES, WRONG, Wrong


@pytest.mark.parametrize("wrong", WRONG, ids=[one.name for one in WRONG])
def test_mistakes(wrong: Wrong, tmp_path: Path) -> None:
    """Exactly the lines that are marked are named, each with what is wrong there."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    rubric = tmp_path / "rubric.toml"
    rubric.write_text(wrong.text, encoding="utf-8")
    with pytest.raises(RubricFault) as caught:
        load(rubric, DEFINITIONS)
    found = caught.value.mistakes
    assert [line for line, _, _ in found] == wrong.lines
    for (_, key, problem), said in zip(found, wrong.says, strict=True):
        assert said in f"{key} {problem}"


def test_there_are_many() -> None:
    """The set has 40 mistakes or more, all different."""
    assert len({one.name for one in WRONG}) == len(WRONG) >= 40
