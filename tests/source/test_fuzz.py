"""Spoilt notebooks and modules are read, sliced and planned for: nothing is raised, nothing hangs, something is said.

`make test` spoils 60, GRADER_STRESS=1 spoils 2,000, in processes of their own: text that ends the process of the parser
is a failure with its number, and so is one that takes five seconds of processor time.
"""

from __future__ import annotations

import ast
import json
import signal
from collections import Counter
from typing import Any

from grader.sandbox.protocol import Channel
from grader.source.entry import Hints, plans, why_nothing
from grader.source.reading.notebook import ReadLimits, read_submission
from grader.source.slicing import slice_for
from grader.source.statements import Statement, compiled, statements
from tests.attacks.forks import in_a_child
from tests.source.spoilt import spoilt
from tests.stress import STRESS

COUNT = 2_000 if STRESS else 60
CHUNK = 200
SECONDS = 5.0
"""Processor time after which a text hangs."""


def report(files: dict[str, bytes]) -> str:
    """Do with a submission what the child does before student code runs; return how it ended."""
    source = read_submission(files, ReadLimits())
    json.dumps([problem.message for problem in source.problems], ensure_ascii=False).encode("utf-8")
    program = statements(source.cells)
    kept = [one for name in _bound(program) for one in slice_for(program, [name])]
    found = plans(source, None, Hints())
    for plan in found:
        assert ast.parse(plan.expression, mode="eval")
        kept += [*plan.statements, *(one for module in plan.modules.values() for one in module)]
    for statement in kept:
        compiled(statement)
        assert statement.line >= 1
    if found:
        return "planned"
    broke = why_nothing(source)
    assert broke.stage == "read"
    assert broke.message
    return broke.kind


def _bound(program: tuple[Statement, ...]) -> list[str]:
    """Return some names that a program binds, to be sliced for."""
    stored = {
        node.id
        for one in program
        for node in ast.walk(one.node)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    return sorted(stored)[:4]


def fuzz(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
    """Report on submissions `first` to `first + count - 1`; say before each which it is, and count how they end."""
    del blobs
    ends: Counter[str] = Counter()
    failed: dict[int, str] = {}
    for number in range(arguments["first"], arguments["first"] + arguments["count"]):
        print(f"call {number}", flush=True)  # noqa: T201 - the parent listens to it
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        one = spoilt(number)
        try:
            ends[f"{one.how}: {report(one.files)}"] += 1
        except BaseException as error:  # noqa: BLE001 - whatever it is, its number is what matters
            failed[number] = f"{one.how}: {type(error).__name__}: {error}"[:300]
    signal.setitimer(signal.ITIMER_PROF, 0)
    channel.result({"ends": ends, "failed": failed})


def test_spoilt_submissions_are_reported() -> None:
    """Whatever was spoilt, there are plans or a reason why there are none; of each way to spoil some have plans."""
    ends: Counter[str] = Counter()
    failed: dict[str, str] = {}
    for first in range(0, COUNT, CHUNK):
        ended = in_a_child(fuzz, {"first": first, "count": min(CHUNK, COUNT - first)})
        assert ended.answer is not None, f"submission {ended.reached} ended the process: {ended.how}"
        ends.update(ended.answer["ends"])
        failed.update(ended.answer["failed"])
    assert not failed
    assert ends.total() == COUNT
    for how in ("cells", "structure", "bytes"):
        assert ends[f"{how}: planned"] > COUNT // 50, ends
    assert sum(count for end, count in ends.items() if "planned" not in end) > COUNT // 20, ends


def test_a_submission_is_its_number() -> None:
    """The same number is the same submission, so that a failure can be looked at again."""
    assert [spoilt(number) for number in range(40)] == [spoilt(number) for number in range(40)]
