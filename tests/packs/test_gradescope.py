"""`grader pack gradescope`: the archive unpacked into a container of Gradescope's layout, and its scripts run there."""

from __future__ import annotations

import re
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from grader.faults import OperatorFault
from grader.packing.gradescope import GradescopeOptions, run_gradescope
from grader.packing.outcome import FAILED
from tests.packs.conftest import ROOT, Machine
from tests.packs.container import Container, can_run
from tests.stress import stress

STRUCTURE = (ROOT / "rubrics" / "structure_only.toml").read_text(encoding="utf-8")
SEEN_LATER = '\n[gradescope]\nhidden = ["order"]\nafter_due_date = ["used"]\n'
QUICK = {
    '"../reference/solution.py"': f'"{ROOT / "reference" / "solution.py"}"',
    "steps = 500": "steps = 30",
    "train = 4000": "train = 320",
    "held_out = 1000": "held_out = 200",
    "seeds = 5": "seeds = 2",
    "held_out_seed = 2 ": "held_out_seed = 77 ",
}
HOSTILE = """
import posix
import sys
from torch import nn
tried = 0
for path in (sys.prefix + "/pyvenv.cfg", "/autograder/source/course/rubric.toml", "/autograder/source/pack.json"):
    try:
        tried += bool(str(posix.open(path, posix.O_RDONLY)))
    except OSError:
        pass
for path in ("/autograder/source", "/autograder/cache"):
    try:
        tried += bool(str(posix.listdir(path)))
    except OSError:
        pass
for path in ("results/results.json", "results/x", "run_autograder", "source/x"):
    try:
        tried += 100 * bool(str(posix.open("/autograder/" + path, posix.O_WRONLY | posix.O_CREAT, 0o666)))
    except OSError:
        pass
net = nn.Sequential(nn.Conv2d(3, 8 + tried, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear((8 + tried) * 225, 10))
"""
"""How many kernels it has tells what it could do (a call whose value nobody uses is sliced away); 9 is one thing, to read what its own Python says of itself."""

needs_container = pytest.mark.skipif(bool(can_run()), reason=can_run() or "-")


def packed(machine: Machine, text: str, name: str, **more: object) -> Path:
    """Return an archive of a rubric."""
    rubric, out = machine.folder / f"{name}.toml", machine.folder / f"{name}.zip"
    rubric.write_text(text, encoding="utf-8")
    quiet = Console(quiet=True)
    options = GradescopeOptions(rubric, out, wheel=machine.wheel, overwrite=True, **more)  # type: ignore[arg-type]
    assert run_gradescope(options, quiet, quiet) == 0
    return out


def quick() -> str:
    """Return the course's rubric with some pictures and some steps."""
    text = (ROOT / "rubrics" / "first_cnn.toml").read_text(encoding="utf-8")
    for old, new in QUICK.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return an empty folder that everybody may enter; pytest's own is its user's alone."""
    with tempfile.TemporaryDirectory(prefix="autograder-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@needs_container
@pytest.mark.slow
def test_structure_in_a_container(machine: Machine, folder: Path) -> None:
    """Set up, graded, told by the rubric who sees what; then broken, and out of time: a message, and no score."""
    image = Container(folder)
    image.unpack(packed(machine, STRUCTURE + SEEN_LATER, "structure"))
    done = image.setup()
    assert done.returncode == 0, done.stdout
    assert "rung C" in done.stdout
    found = image.submit(ROOT / "submissions" / "wrong_in_features.ipynb")
    seen = {one["tags"][0]: one["visibility"] for one in found["tests"]}
    assert (seen["order"], seen["used"], seen["pooling"]) == ("hidden", "after_due_date", "visible")
    assert found["score"] == sum(one["score"] for one in found["tests"]) == 11
    assert found["output"].startswith("# Ada Lovelace")
    assert "Set in\\_features of dense1 to 128" in found["output"]
    # What is seen later is not told before, and no sum tells it.
    assert "usual order" not in found["output"]
    assert "of 20" not in found["output"]
    assert "Stopped" not in image.log
    nothing = image.submit(ROOT / "LICENSE")
    assert nothing["score"] == 0
    assert "no notebook" in nothing["output"]
    script, manifest = folder / "run_autograder", folder / "source" / "pack.json"
    whole = script.read_text()
    script.write_text(re.sub(r"--kill-after=10 \d+", "--kill-after=10 0.2", whole))
    assert image.submit(ROOT / "submissions" / "functional.py")["tests"] == []
    assert "time or memory ran out" in image.log
    script.write_text(whole)
    manifest.write_text("{}")
    broken = image.submit(ROOT / "submissions" / "functional.py")
    assert (broken["output"], broken["tests"], broken["visibility"]) == (FAILED, [], "visible")
    assert "score" not in broken
    assert "KeyError: 'version'" in image.log


@needs_container
@stress
@pytest.mark.slow
def test_a_training_in_a_container(machine: Machine, folder: Path) -> None:
    """Accuracy has its points; the reference came with the archive and is not trained again; nothing can be read."""
    image = Container(folder)
    image.unpack(packed(machine, quick(), "training"))
    assert image.setup().returncode == 0
    found = image.submit(ROOT / "submissions" / "house_style.ipynb")
    accuracy = next(one for one in found["tests"] if one["tags"] == ["accuracy"])
    assert accuracy["max_score"] == 6
    assert accuracy["score"] >= 0
    assert "200 pictures" in found["output"]
    assert "trained first" not in image.log
    hostile = folder / "net.py"
    hostile.write_text(HOSTILE)
    assert "3×32×32 | 9×30×30" in image.submit(hostile)["output"]
    assert stat.S_IMODE((folder / "source" / "course" / "rubric.toml").stat().st_mode) == 0o600


@needs_container
@stress
@pytest.mark.slow
def test_a_host_without_walls(machine: Machine, folder: Path) -> None:
    """Structure is graded by another user than root; accuracy is blank, and says why; the course's files stay closed."""
    image = Container(folder, landlock=False)
    image.unpack(packed(machine, quick(), "walls"))
    assert "rung E" in image.setup().stdout
    found = image.submit(ROOT / "submissions" / "functional.py")
    by_name = {one["tags"][0]: one for one in found["tests"]}
    assert found["score"] == 23
    for name in ("accuracy", "memorises"):
        assert not {"score", "max_score", "status"} & set(by_name[name])
        assert "Nothing was trained" in by_name[name]["output"]
    assert found["output"].startswith("Nothing was trained")
    hostile = folder / "net.py"
    hostile.write_text(HOSTILE)
    assert "3×32×32 | 9×30×30" in image.submit(hostile)["output"]


def test_what_is_in_it(machine: Machine) -> None:
    """Without a training no pictures, no reference; the scripts can be executed; the same rubric makes the same bytes."""
    out = packed(machine, STRUCTURE, "bytes")
    with zipfile.ZipFile(out) as archive:
        modes = {one.filename: one.external_attr >> 16 for one in archive.infolist()}
    assert set(modes) == {
        "setup.sh",
        "run_autograder",
        "failed.json",
        "pack.json",
        "constraints.txt",
        "course/rubric.toml",
        machine.wheel.name,
    }
    assert {name for name, mode in modes.items() if mode == 0o755} == {"setup.sh", "run_autograder"}
    first = out.read_bytes()
    assert packed(machine, STRUCTURE, "bytes").read_bytes() == first


def test_an_archive_that_is_there(tmp_path: Path) -> None:
    """It is written over when that is said; a name that Gradescope refuses is refused here."""
    quiet = Console(quiet=True)
    out = tmp_path / "autograder.zip"
    out.write_bytes(b"mine")
    with pytest.raises(OperatorFault, match="is there already"):
        run_gradescope(GradescopeOptions(ROOT / "rubrics" / "structure_only.toml", out), quiet, quiet)
    with pytest.raises(OperatorFault, match=r"no \.zip"):
        run_gradescope(GradescopeOptions(ROOT / "rubrics" / "structure_only.toml", tmp_path / "x.tar"), quiet, quiet)
