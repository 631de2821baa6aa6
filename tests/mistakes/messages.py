"""Write `docs/messages.md`: what `grader check` says about every broken example in `submissions/`.

python -m tests.mistakes.messages --refresh
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from grader import submissions
from grader.engines.local import LocalSlot
from grader.pipeline import grade
from grader.records import Report, Submission
from grader.report.terminal import show_check
from grader.sandbox.launch import worker
from grader.what_if import with_what_if
from tests.mistakes.capturing import assignment

ROOT = Path(__file__).parents[2]
ENDLESS = "endless_loop"
PAGE = ROOT / "docs" / "messages.md"
_HEAD = """# What a student reads

What `grader check` prints for every example in `submissions/` that is broken or loses a check, word for word, at 80
columns and without colour. `python -m tests.mistakes.messages --refresh` writes this page; a test holds it to what the
command says.

| example | what this student did | the true cause, as the grader says it | what to type |
| --- | --- | --- | --- |
"""


def page() -> str:
    """Return the page; every broken example is checked for it."""
    expected: dict[str, dict[str, Any]] = tomllib.loads(
        (ROOT / "submissions" / "EXPECTED.toml").read_text(encoding="utf-8")
    )
    broken = {name: one for name, one in expected.items() if one["failed"]}
    found = _reports(set(broken))
    rows = "".join(_row(name, broken[name]["what"], found[name]) for name in broken)
    screens = "".join(f"\n## {name}\n\n```text\n{_printed(found[name])}```\n" for name in broken)
    return f"{_HEAD}{rows}{screens}"


def _reports(names: set[str]) -> dict[str, Report]:
    wanted = [one for one in submissions.discover(ROOT / "submissions").submissions if one.id in names]
    waits = [one for one in wanted if one.id == ENDLESS]  # for twenty seconds, beside the others
    with ThreadPoolExecutor(2) as pool:
        several = pool.map(_checked, ([one for one in wanted if one not in waits], waits))
    return {name: report for found in several for name, report in found.items()}


def _checked(several: Sequence[Submission]) -> dict[str, Report]:
    """Check one after the other, in a slot of their own."""
    asked, slot = assignment(), LocalSlot(0, worker, lambda *stage: None)

    def run(function: Callable[..., dict[str, Any]], order: dict[str, Any]) -> dict[str, Any]:
        return function(order, slot)

    try:
        return {one.id: with_what_if(grade(one, asked, run), one, asked, run) for one in several}
    finally:
        slot.close()


def _row(name: str, what: str, report: Report) -> str:
    failed = [one for one in report.findings if one.outcome == "failed"]
    first = next((one for one in failed if one.help), failed[0])
    cells = (f"[{name}](#{name})", what, first.rationale, first.help)
    return f"| {' | '.join(' '.join(one.replace('|', '/').split()) for one in cells)} |\n"


def _printed(report: Report) -> str:
    file = StringIO()
    show_check(Console(file=file, width=80, color_system=None, force_terminal=False), report)
    return file.getvalue()


if __name__ == "__main__":
    current = page()
    if "--refresh" in sys.argv[1:]:
        PAGE.write_text(current, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != current:
        sys.exit("docs/messages.md is not what the command says: run this again with --refresh.")
