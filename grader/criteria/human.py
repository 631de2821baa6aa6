"""What a human marks: the finding that waits for the marks says what there is to read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from grader.criteria.evidence import Evidence
from grader.records import Finding, Outcome, Passage
from grader.rubric import Mark
from grader.wording import counted

_NUMBERED = re.compile(r"(text|comments in) cell (\d{1,9})$")
_PLURALS = {"text": "text cells", "comments in": "comments in cells"}
_RANGES_SHOWN = 6
_PLACES_SHOWN = 5
_PASSAGES_SHOWN = 50
_PROBLEMS_SHOWN = 5
_RUN = 3
"""So many cells in a row are written as `2 to 4`."""


def pending(name: str, mark: Mark, evidence: Evidence) -> Finding:
    """Return the finding of a mark that no human has given yet."""
    plain: dict[str, Any] = {"human": True, "guide": mark.guide}
    rationale = "A human reads and marks this."
    if evidence.explanation is not None:
        rationale = _rationale(evidence.explanation, evidence.explanation_problems)
        plain["words"] = sum(one.words for one in evidence.explanation)
        plain["found"] = [{"where": one.where, "words": one.words} for one in evidence.explanation[:_PASSAGES_SHOWN]]
    return Finding(name, mark.title, Outcome.PENDING, None, mark.points, rationale, "", plain)


def _rationale(passages: Sequence[Passage], problems: Sequence[str]) -> str:
    said = " ".join(problems[:_PROBLEMS_SHOWN])
    if passages:
        words = counted(sum(one.words for one in passages), "word")
        return f"A human reads and marks this: {words} in {places(passages)}. {said}".rstrip()
    if problems:
        return f"A human decides: no explanation could be read. {said}"
    return "A human decides: no explanation was found in the notebook, its comments or beside it."


def places(passages: Iterable[Passage]) -> str:
    """Write where passages stand: `text cells 1, 3 and report.pdf`; many cells become ranges, many files a number."""
    cells: dict[str, list[int]] = {}
    others: list[str] = []
    for one in passages:
        match = _NUMBERED.match(one.where)
        if match:
            cells.setdefault(match.group(1), []).append(int(match.group(2)))
        else:
            others.append(one.where)
    found = [_numbered(kind, numbers) for kind, numbers in cells.items()] + others
    if len(found) > _PLACES_SHOWN:
        hidden = len(found) - _PLACES_SHOWN + 1
        found = [*found[: _PLACES_SHOWN - 1], f"{hidden} more places"]
    return " and ".join(part for part in (", ".join(found[:-1]), found[-1]) if part)


def _numbered(kind: str, numbers: Sequence[int]) -> str:
    """Write `text cell 3` or `text cells 1, 3, 5 to 9`."""
    if len(numbers) == 1:
        return f"{kind} cell {numbers[0]}"
    shown = _ranges(sorted(numbers))
    if len(shown) > _RANGES_SHOWN:
        shown = [*shown[:_RANGES_SHOWN], "…"]
    return f"{_PLURALS[kind]} {', '.join(shown)}"


def _ranges(numbers: Sequence[int]) -> list[str]:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return [
        part
        for run in runs
        for part in ([f"{run[0]} to {run[-1]}"] if len(run) >= _RUN else [str(number) for number in run])
    ]
