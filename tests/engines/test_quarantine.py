"""A submission that takes its workers with it: put aside in the gradebook, no points lost, until somebody asks again."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from grader.batch import run_batch
from grader.cli import app
from grader.engines.seam import Asked
from grader.faults import OperatorFault
from grader.gradebook import Gradebook
from grader.invocations import BatchOptions
from tests.engines.test_remote import Died
from tests.pipeline.conftest import ROOT, SUBMISSIONS

GREETING = {"ended": "done", "node": "n", "isolation": {"rung": "A"}, "result": {"fingerprint": {"torch": "2"}}}
BEGUN: list[str] = []


class Deadly(Executor):
    """An engine on which every worker dies at once."""

    def begin(self, settings: dict[str, Any], parcel: object) -> list[dict[str, Any]]:
        return [GREETING]

    def use(self, kinds: frozenset[str]) -> None:
        """Use whatever there is."""

    def slots(self) -> int:
        return 1

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        BEGUN.append(args[0]["order"]["id"])
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        future.set_exception(Died(f"worker {len(BEGUN)}"))
        return future


def deadly(asked: Asked) -> Executor:
    """Return that engine."""
    return Deadly()


def run(folder: Path, out: Path, *only: str, fresh: bool = False) -> tuple[int, int]:
    """Grade on that engine; return the exit code and how many jobs were begun."""
    BEGUN.clear()
    options = BatchOptions(
        folder,
        ROOT / "rubrics" / "structure_only.toml",
        out,
        only=only,
        fresh=fresh,
        engine="tests.engines.test_quarantine:deadly",
    )
    console = Console(file=io.StringIO())
    return run_batch(options, console, console), len(BEGUN)


def test_put_aside(tmp_path: Path) -> None:
    """Three workers, then none: the next run leaves it aside, and --only with --fresh tries again."""
    folder, out = tmp_path / "class", tmp_path / "out"
    folder.mkdir()
    (folder / "poison.py").write_bytes((SUBMISSIONS / "functional.py").read_bytes())
    assert run(folder, out) == (3, 3)
    (report,) = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    assert report["status"] == "grader_fault"
    assert "lost with worker 1, worker 2 and worker 3" in report["notes"][0]
    assert {one["outcome"] for one in report["findings"]} <= {"error", "pending"}
    assert run(folder, out) == (3, 0)
    (again,) = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    assert again["notes"] == report["notes"]
    with Gradebook.of(out) as book:
        assert len(book.history("poison")) == 1
    assert run(folder, out, "poison", fresh=True) == (3, 3)


def test_since(tmp_path: Path) -> None:
    """What was put aside before a --fresh began does not count for it."""
    moment = iter((10.0, 20.0, 30.0))
    with Gradebook.open(tmp_path / "g.sqlite", lambda: next(moment)) as book:
        book.save_quarantine("k", ("What.", "Why.", "Fix."))
        assert book.find_quarantine("k") == ("What.", "Why.", "Fix.")
        assert book.find_quarantine("k", 11.0) is None
        assert book.find_quarantine("other") is None


@pytest.mark.parametrize("words", [("--scheduler", "tls://h:1"), ("--insecure",), ("--tls-key", "k.pem")])
def test_options_of_another_engine(words: tuple[str, ...], tmp_path: Path) -> None:
    """They are refused where nothing would come of them."""
    whole = ["batch", str(tmp_path), "--rubric", "first_cnn", "--out", str(tmp_path / "out"), *words]
    with pytest.raises(OperatorFault, match="Add --engine dask"):
        app(whole, standalone_mode=False)
