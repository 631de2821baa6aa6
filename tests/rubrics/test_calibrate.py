"""`grader rubric calibrate` as a whole: three networks captured and trained like any submission."""

from __future__ import annotations

import io
import json
import sys
from concurrent.futures import Future
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from rich.status import Status

from grader.calibrate import CalibrateOptions, Progress, baselines, run_calibrate
from grader.criteria import DEFINITIONS
from grader.faults import OperatorFault
from grader.rubric import load
from grader.work import run_capture, run_training
from tests.pipeline.conftest import small_rubric
from tests.stress import stress

TINY = {"train = 640": "train = 256", "held_out = 200": "held_out = 128", "steps = 60": "steps = 20"}


def tiny_rubric(folder: Path, **others: str) -> Path:
    """Write a rubric of 20 steps on 256 pictures, with two seeds of the reference."""
    path = small_rubric(folder)
    text = path.read_text(encoding="utf-8")
    for old, new in {**TINY, **others}.items():
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module", name="cache")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for pictures and for what the canary found, which takes seconds to find again."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _own_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the user's own cache."""
    monkeypatch.setenv("GRADER_CACHE", str(cache))


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.slow
def test_a_tiny_calibration(tmp_path: Path) -> None:
    """Six trainings, each said when it ends; the numbers are those of the seeds; the plot is there."""
    console, notices = (Console(file=io.StringIO(), width=80) for _ in range(2))
    options = CalibrateOptions(
        tiny_rubric(tmp_path), workers=2, out=tmp_path / "new" / "out", device="cpu", as_json=True
    )
    assert run_calibrate(options, console, notices) == 0
    plain = json.loads(printed(console))
    assert [one["name"] for one in plain["networks"]] == ["reference", "dense-only", "linear"]
    for one in plain["networks"]:
        assert len(one["accuracies"]) == len(one["seconds"]) == len(one["curves"]) == 2
        assert all(round(128 * share) == 128 * share for share in one["accuracies"])
        assert [point[0] for point in one["curves"][0]] == list(range(1, 21))
        assert one["curves"][0] != one["curves"][1]
        assert one["curves"][0][0][1] > 2  # ten classes: a network that knows nothing has a loss of 2.3
    dense = plain["networks"][1]
    assert dense["curves"][0][-1][1] < dense["curves"][0][0][1]
    assert (plain["setting"]["train"], plain["setting"]["held_out"]) == (256, 128)
    assert plain["full_points_from"] == pytest.approx(
        plain["networks"][0]["mean"] - 2 * plain["networks"][0]["deviation"]
    )
    assert len(printed(notices).splitlines()) == 6
    assert "6 of 6: linear, seed" in printed(notices)
    assert plain["plot"] == str(tmp_path / "new" / "out" / "calibration.png")
    with Image.open(plain["plot"]) as plot:
        assert plot.size == (1500, 690)


@stress
@pytest.mark.slow
def test_a_baseline_over_the_budget_and_no_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be trained or drawn is said, and everything else is there."""
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    console, notices = (Console(file=io.StringIO(), width=80) for _ in range(2))
    rubric = tiny_rubric(tmp_path, **{"parameters = 50_000_000": "parameters = 200_000"})
    assert run_calibrate(CalibrateOptions(rubric, workers=2, out=tmp_path, device="cpu"), console, notices) == 0
    text = " ".join(printed(console).split())
    assert "reference" in text
    assert "Not trained dense-only: dense_only.py cannot be graded" in text
    assert "Nobody knows: the dense-only network could not be trained." in text
    assert "pip install 'cnn-grader[report]'" in printed(notices)
    assert not (tmp_path / "calibration.png").exists()
    assert "The plot is" not in text


def test_a_missing_reference_and_a_file_in_the_way(tmp_path: Path) -> None:
    """Both are said before anything is trained."""
    rubric = tiny_rubric(tmp_path)
    (tmp_path / "file").write_text("")
    console = Console(file=io.StringIO())
    with pytest.raises(OperatorFault, match="cannot be made: "):
        run_calibrate(CalibrateOptions(rubric, out=tmp_path / "file" / "out"), console, console)
    gone = rubric.with_name("gone.toml")
    gone.write_text(rubric.read_text().replace("solution.py", "gone.py"))
    with pytest.raises(OperatorFault, match=r"gone\.py does not exist"):
        run_calibrate(CalibrateOptions(gone, out=tmp_path, device="cpu"), console, console)


def test_baselines_fit_the_rubric(tmp_path: Path) -> None:
    """Their widths follow from the rubric's input: 3 x 32 x 32 numbers and ten classes."""
    rubric = load(tiny_rubric(tmp_path), DEFINITIONS)
    assert baselines(rubric) == {
        "dense-only": "nn.Flatten(), nn.Linear(3072, 128), nn.ReLU(), nn.Linear(128, 10)",
        "linear": "nn.Flatten(), nn.Linear(3072, 10)",
    }


def test_only_finished_trainings_are_counted() -> None:
    """Captures, failures and what was stopped are no trainings; on a terminal the moving line has the number."""
    notices = Console(file=io.StringIO(), width=80)
    progress = Progress(notices, Status("", console=notices), 3)
    futures: list[Future[str]] = []

    def submit(_function: object, _order: object) -> Future[str]:
        futures.append(Future())
        return futures[-1]

    counting = progress.counting(submit)
    for function in (run_capture, run_training, run_training, run_training):
        counting(function, {"id": "reference, seed 0"})
    futures[0].set_result("captured")
    futures[1].set_result("trained")
    futures[2].set_exception(OSError())
    futures[3].cancel()
    assert printed(notices) == "1 of 3: reference, seed 0 is trained.\n"
