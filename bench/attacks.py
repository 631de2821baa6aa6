"""Run the whole catalogue of attacks on every rung that this machine has, and say of each row what came of it.

python bench/attacks.py [--user N] [--rungs A C] [--rows 39 56] [--json FILE]

With --user, root runs it again as that ordinary user, with an interpreter that this user can read.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.attacks.catalogue import ATTACKS, NOT_APPLICABLE, ROWS, Attack  # noqa: E402 - the tests are no package
from tests.attacks.catalogue.field import Field, Ground, OtherWordError, ground  # noqa: E402
from tests.walls.readable import holding, readable, standing_on, why_not  # noqa: E402

CONTAINED, OTHER_WORD, THROUGH, NOT_THERE = "contained", "another word", "THROUGH", "not applicable"
WORST = (THROUGH, OTHER_WORD, CONTAINED)


@dataclass(frozen=True, slots=True)
class Line:
    """What came of one attack on one rung.

    Attributes:
        row: of the catalogue.
        attack: what it tries.
        rung: what it ran behind.
        expected: the word and the ending that its report should have.
        got: those that it has.
        verdict: what is to be made of it.
        why: the reason, where it is not contained.
        seconds: how long it took.
    """

    row: int
    attack: str
    rung: str
    expected: str
    got: str
    verdict: str
    why: str = ""
    seconds: float = 0.0


def tried(field: Field, name: str, attack: Attack) -> Line:
    """Run one attack, and everything that has to hold of it."""
    expected = f"{attack.word(field.rung) or 'ok'}, {attack.ending(field.rung)}"
    started = time.monotonic()
    try:
        field.contain(attack, name)
        verdict, why = CONTAINED, ""
    except OtherWordError as error:
        verdict, why = OTHER_WORD, str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a line of the table
        verdict, why = THROUGH, f"{type(error).__name__}: {error}"
    report = field.last
    got = f"{report.stopped or 'ok'}, {report.status}" if report is not None else "-"
    seconds = round(time.monotonic() - started, 2)
    return Line(attack.row, attack.title, field.rung, expected, got, verdict, why[:2000], seconds)


def on_a_rung(rung: str, python: str | None, place: Ground, rows: Sequence[int]) -> Iterator[Line]:
    """Run every attack on one rung, and name the rows that have none."""
    with standing_on(rung, python) as behind:
        field = Field(behind, place)
        try:
            for name, attack in ATTACKS.items():
                if attack.row in rows:
                    yield tried(field, name, attack)
        finally:
            field.stop()
    for row, one in NOT_APPLICABLE.items():
        if row in rows:
            yield Line(row, one.title, rung, "-", "-", NOT_THERE, one.reason)


def shown(line: Line) -> str:
    """Return a line of the table."""
    text = f"{line.row:>3}  {line.rung}  {line.attack[:58]:<58}  {line.expected:<38}  {line.got:<38}  {line.verdict}"
    return f"{text} ({line.why})" if line.verdict == NOT_THERE else text


def summary(rung: str, lines: Sequence[Line]) -> str:
    """Count rows: a row is worth as much as the worst of its attacks."""
    worst: dict[int, str] = {}
    for one in lines:
        before = worst.get(one.row, one.verdict)
        worst[one.row] = min(before, one.verdict, key=WORST.index) if one.verdict in WORST else before
    counts = {name: sum(one == name for one in worst.values()) for name in (*WORST, NOT_THERE)}
    who = pwd.getpwuid(os.geteuid()).pw_name if _has_name() else f"user {os.geteuid()}"
    odd = f", {counts[OTHER_WORD]} contained with another word" if counts[OTHER_WORD] else ""
    return (
        f"rung {rung} as {who}: {len(worst)} rows, {counts[CONTAINED]} contained{odd}, "
        f"{counts[NOT_THERE]} not applicable, {counts[THROUGH]} through ({len(lines)} lines)"
    )


def _has_name() -> bool:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return True


def run(rungs: Sequence[str], rows: Sequence[int], file: Path | None) -> int:
    """Run what was asked for and print it; return 1 when anything got through or has another word."""
    found: list[Line] = []
    summaries = []
    with tempfile.TemporaryDirectory() as cache, readable() as python, ground() as place:
        os.environ["GRADER_CACHE"] = cache
        there = holding(python)
        for rung in rungs:
            if rung not in there:
                summaries.append(f"rung {rung}: not run; {why_not(rung)}")
                continue
            lines = []
            for line in on_a_rung(rung, python, place, rows):
                print(shown(line), flush=True)
                lines.append(line)
            found += lines
            summaries.append(summary(rung, lines))
    odd = [one for one in found if one.verdict in (OTHER_WORD, THROUGH)]
    for one in odd:
        print(f"\nrow {one.row}, {one.attack}, rung {one.rung}: {one.verdict}\n{one.why}")
    print("", *summaries, sep="\n")
    if file is not None:
        plain = {"summaries": summaries, "lines": [asdict(one) for one in found]}
        file.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    return 1 if odd else 0


def as_user(user: int, rungs: Sequence[str], rows: Sequence[int], file: Path | None) -> int:
    """Run the same as an ordinary user, who gets an interpreter, a home and a file to write to."""
    with readable() as python, tempfile.TemporaryDirectory() as name:
        home = Path(name)
        os.chown(home, user, user)
        words = [python or sys.executable, str(Path(__file__).resolve()), "--rungs", *rungs, "--rows", *map(str, rows)]
        drop = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--inh-caps=-all"]
        done = subprocess.run(
            [*drop, *words, "--json", str(home / "found.json")],
            cwd=home,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": name, "LANG": "C.UTF-8"},
            check=False,
        )
        if file is not None and (home / "found.json").exists():
            shutil.copyfile(home / "found.json", file)
    return done.returncode


def main() -> int:
    """Read what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--user", type=int, help="run as this user; root may ask for it")
    parser.add_argument("--rungs", nargs="+", default=["A", "B", "C"], help="A, B, C; all when left out")
    parser.add_argument("--rows", nargs="+", type=int, default=list(ROWS), help="rows; all when left out")
    parser.add_argument("--json", type=Path, help="write what was found to this file as well")
    options = parser.parse_args()
    if options.user is not None and options.user != os.geteuid():
        return as_user(options.user, options.rungs, options.rows, options.json)
    return run(options.rungs, options.rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
