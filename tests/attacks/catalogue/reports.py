"""Group F: the report and its reader."""

from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from grader.logs import Logs
from grader.records import Status
from grader.report.exports.csv import write_grades
from grader.report.exports.report_json import write_report
from grader.report.terminal import show_batch
from grader.report.terminal_check import show_check
from tests.attacks.catalogue.attack import Attack, NotApplicable, Seen, module, network
from tests.attacks.catalogue.forging import notebook

FAULT = Status.STUDENT_FAULT


def printed(seen: Seen, width: int = 120) -> str:
    """Return what the terminal shows of the report, to its reader and in a batch."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None, force_terminal=False)
    show_check(console, seen.report)
    show_batch(console, [seen.report], 1.0, {"capture": 0, "training": 0, "report": 0}, Path("out"))
    return stream.getvalue()


def written(seen: Seen) -> dict[str, str]:
    """Return every file that a batch writes of the report."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_report([seen.report], folder / "report.json")
        write_grades([seen.report], folder / "grades.csv")
        logs = Logs(folder / "logs", 1)
        logs.output(seen.report.submission.id, seen.output)
        logs.write(seen.report.submission.id, [seen.said])
        return {
            "report.json": (folder / "report.json").read_text(encoding="utf-8"),
            "grades.csv": (folder / "grades.csv").read_text(encoding="utf-8"),
            "log": "".join(one.read_text(encoding="utf-8") for one in (folder / "logs").iterdir()),
        }


def acts(text: str) -> set[str]:
    """Return the characters of a text that act instead of being seen."""
    return {
        one
        for one in text
        if (unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} and one not in "\n\t")
        or unicodedata.bidirectional(one) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    }


def inert(seen: Seen) -> None:
    """Nothing that acts reaches a reader."""
    assert not acts(printed(seen))
    files = written(seen)
    assert not acts(files["grades.csv"])
    assert not acts(files["log"])
    assert not acts(files["report.json"])


def no_formula(seen: Seen) -> None:
    """No cell of the table is calculated by a spreadsheet."""
    inert(seen)
    for row in csv.reader(io.StringIO(written(seen)["grades.csv"])):
        assert not [one for one in row if re.match(r"\s*[=+\-@\t\r]", one)]


def no_command(seen: Seen) -> None:
    """No line of the log begins with a command of the CI's."""
    inert(seen)
    for text in (written(seen)["log"], printed(seen)):
        assert not [line for line in text.splitlines() if line.strip().startswith(("::", "##["))], text


def structured(seen: Seen) -> None:
    """Tables and documents have the fields that they should have, and the text is in one of them."""
    files = written(seen)
    (row,) = csv.DictReader(io.StringIO(files["grades.csv"]))
    assert None not in row
    assert row["id"].lstrip("'") == seen.report.submission.id
    (found,) = json.loads(files["report.json"])["reports"]
    assert found["points"] == seen.report.points
    assert set(found) == set(seen.report.to_json())


def one_line_each(seen: Seen) -> None:
    """Every line of the log begins with its time, and what the student printed is marked."""
    inert(seen)
    for line in written(seen)["log"].splitlines():
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d run 1  ", line), line
        assert "student 17: 100 points" not in line or "printed | " in line or "\\n" in line


def small(seen: Seen) -> None:
    """Assert that what is kept for one submission is small, however much it printed."""
    files = written(seen)
    assert len(files["report.json"]) < 64_000
    assert len(files["log"]) < 400_000
    assert len(printed(seen)) < 64_000


def called(name: str) -> Callable[[Path], None]:
    """Return a maker of a notebook of that name."""

    def make(path: Path) -> None:
        path.with_name(f"{name}.py").write_bytes(network())

    return make


TERMINAL = "\x1b[2J\x1b]0;owned\x07\x1b]52;c;cm0gLXJm\x07\x1b]8;;http://evil\x1b\\\\here\x9b31m\u202e\u2028\r"
COMMANDS = "::add-mask::100\n::error file=a,line=1::forged\n::stop-commands::x\n##[error]forged\n  ::set-output name=score::100"

ROWS: tuple[Attack | NotApplicable, ...] = (
    Attack(
        91,
        "codes of the terminal in prints and errors",
        module(f"print({TERMINAL!r}, flush=True)\nraise ValueError({TERMINAL!r})"),
        "student-error",
        FAULT,
        proof=inert,
    ),
    Attack(
        91,
        "codes of the terminal in the names of layers and classes",
        module(
            f"self.add_module({TERMINAL.replace('.', '')!r}, nn.Conv2d(3, 4, 3))\ntype(self).__name__ = {TERMINAL!r}\nself.conv.__class__ = type({TERMINAL!r}, (nn.Conv2d,), {{}})"
        ),
        proof=inert,
    ),
    Attack(
        91,
        "codes of the terminal in the name of an error",
        module(f"raise type({TERMINAL!r}, (Exception,), {{}})('x')"),
        "student-error",
        FAULT,
        proof=inert,
    ),
    Attack(
        91,
        "codes of the terminal as the last words",
        module(f"print({TERMINAL!r}, flush=True); os._exit(1)"),
        "exited-without-result",
        FAULT,
        proof=inert,
    ),
    Attack(91, "codes of the terminal in a file's name", called("ada\x1b[2J\u202eevil"), proof=inert),
    Attack(91, "codes of the terminal in the explanation", notebook(network().decode(), "# " + TERMINAL), proof=inert),
    NotApplicable(
        92,
        "markup in HTML or Markdown feedback",
        "There are no HTML or Markdown reports yet: reports are text for a terminal, JSON and CSV.",
    ),
    *(
        Attack(93, f"a file called {name!r}", called(name), proof=no_formula)
        for name in ("=cmd|'calc'!A0", "+1+1", "-1+1", "@SUM(A1)")
    ),
    Attack(
        94,
        "commands of a CI in prints and errors",
        module(f"print({COMMANDS!r}, flush=True)\nraise ValueError('x\\n' + {COMMANDS!r})"),
        "student-error",
        FAULT,
        proof=no_command,
    ),
    Attack(94, "commands of a CI as the name of a file", called("::error::forged"), proof=no_command),
    *(
        Attack(95, f"a file called {name!r}", called(name), proof=structured)
        for name in ('a","points":100,"x":"', "a,100,100", "\\write18{id}", "{{7*7}}", "a: !!python,object", "<b>a")
    ),
    Attack(
        96,
        "a forged line in prints, errors and last words",
        module(
            "print('x\\nstudent 17: 100 points\\r\\nrun 1  student 17: 100 points', flush=True)\nraise ValueError('x\\nstudent 17: 100 points')"
        ),
        "student-error",
        FAULT,
        proof=one_line_each,
    ),
    Attack(96, "a forged line in a file's name", called("a\nstudent 17: 100 points"), proof=one_line_each),
    Attack(
        97,
        "as much feedback as there can be",
        module("print('A' * 1_000_000)\nfor _ in range(10_000): print('B' * 80)\nraise ValueError('C' * 1_000_000)"),
        "student-error",
        FAULT,
        proof=small,
    ),
)
