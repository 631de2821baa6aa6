"""What is done again and what is not: identical networks, other hardware, --fresh, an edited explanation."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import ROOT, SUBMISSIONS, small_rubric
from tests.pipeline.runs import grader, results, write_class
from tests.stress import stress

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with four of the examples."""
    return write_class(tmp_path_factory.mktemp("class"))


def report_of(out: Path) -> dict[str, Any]:
    """Return the first report of a batch."""
    found: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"][0]
    return found


def test_identical_networks_are_trained_once(tmp_path: Path) -> None:
    """A copy with another comment is captured and read by itself, and shares the training, its score, its confusions."""
    found = tmp_path / "class"
    found.mkdir()
    shutil.copy(SUBMISSIONS / "functional.py", found / "first.py")
    text = (SUBMISSIONS / "functional.py").read_text(encoding="utf-8")
    (found / "second.py").write_text(f"{text}\n# I did this all by myself.\n", encoding="utf-8")
    out = tmp_path / "out"
    words = ["batch", str(found), "--rubric", str(small_rubric(tmp_path)), "--out", str(out), "--workers", "2"]
    done = grader(*words)
    rows = results(out)["rows"]
    assert rows["first"][1:4] == rows["second"][1:4]
    assert rows["first"][4]["training"] == rows["second"][4]["training"]
    assert rows["first"][4]["capture"] != rows["second"][4]["capture"]
    assert "1 to train" in done.stderr
    assert re.search(r"Same network +2 ", done.stdout)
    pages = [(out / "students" / f"{name}.html").read_text(encoding="utf-8") for name in rows]
    tables = [page.partition('class="matrix"')[2].partition("</table>")[0] for page in pages]
    right = [int(one or 0) for one in re.findall(r'right-answer">(\d*)<', tables[0])]
    assert tables[0] == tables[1]
    assert right == [one["right"] for one in report_of(out)["score"]["classes"]]
    assert all(f'href="students/{name}.html"' in (out / "index.html").read_text(encoding="utf-8") for name in rows)
    logs = "".join(path.read_text(encoding="utf-8") for path in (out / "logs").glob("*.log"))
    assert logs.count("whose network is identical") == 1


@stress
def test_other_hardware_is_never_mixed_in_unasked(folder: Path, tmp_path: Path) -> None:
    """Results of another machine stop the batch in one line; with --mixed they stay, and every report says so."""
    out = tmp_path / "out"
    rubric = str(small_rubric(tmp_path))
    words = ["batch", str(folder), "--rubric", rubric, "--workers", "1", "--out", str(out)]
    grader(*words)
    with closing(sqlite3.connect(out / "gradebook.sqlite")) as book, book:
        # As another machine would have written it: its processor is part of every training's key.
        book.execute(
            "UPDATE trainings SET key = 'there' || key, fingerprint = json_set(fingerprint, '$.processor', 'Z80')"
        )
        book.execute("UPDATE reports SET training_key = 'there' || training_key WHERE training_key != ''")
    before = results(out)
    refused = grader(*words, check=False)
    assert refused.returncode == 2
    assert "Z80" in refused.stderr
    assert "--mixed" in refused.stderr
    assert results(out) == before
    grader(*words, "--mixed")
    reports = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    assert all(any("Z80" in note for note in one["notes"]) for one in reports if one["score"])
    after = results(out)
    assert {one: row[1] for one, row in after["rows"].items()} == {one: row[1] for one, row in before["rows"].items()}
    assert after["answers"] == before["answers"]
    grader(*words, "--fresh")
    reports = json.loads((out / "report.json").read_text(encoding="utf-8"))["reports"]
    assert not any("Z80" in note for one in reports for note in one["notes"])
    grader(*words)


@stress
def test_a_killed_fresh_run_goes_on(folder: Path, tmp_path: Path) -> None:
    """--fresh does everything again once: killed in the middle, the same command keeps what it had done again."""
    out = tmp_path / "out"
    words = ["batch", str(folder), "--rubric", str(small_rubric(tmp_path)), "--workers", "1", "--out", str(out)]
    grader(*words)
    fresh = [sys.executable, "-m", "grader.cli", *words, "--fresh"]
    process = subprocess.Popen(fresh, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("[2/"):
            break
    process.kill()
    process.wait()
    process.stderr.close()
    grader(*words, "--fresh")
    lines = [line for path in (out / "logs").glob("*.log") for line in path.read_text(encoding="utf-8").splitlines()]
    trained = [line for line in lines if "s of steps" in line]
    assert (
        len([line for line in trained if " run 2 " in line]) + len([line for line in trained if " run 3 " in line]) == 3
    )
    assert [line for line in lines if " run 3 " in line and "capture: reused" in line]
    grader(*words, "--fresh")
    last = [path.read_text(encoding="utf-8").splitlines() for path in (out / "logs").glob("*.log")]
    assert not [line for one in last for line in one if " run 4 " in line and "reused" in line]


@stress
def test_an_edited_explanation_is_read_again_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    """A word more in a README or in a Markdown cell touches that row alone, and no network is trained again."""
    mine = tmp_path / "class"
    shutil.copytree(folder, mine)
    out = tmp_path / "out"
    words = ["batch", str(mine), "--rubric", str(small_rubric(tmp_path)), "--workers", "1", "--out", str(out)]
    grader(*words)
    before = results(out)
    readme = next((mine / "two_files").glob("*.md"))
    readme.write_text(readme.read_text(encoding="utf-8") + "\nIt works.\n", encoding="utf-8")
    done = grader(*words)
    after = results(out)
    assert {one for one, row in after["rows"].items() if row != before["rows"][one]} == {"two_files"}
    assert after["answers"] == before["answers"]
    notebook = mine / "house_style.ipynb"
    plain = json.loads(notebook.read_text(encoding="utf-8"))
    next(cell for cell in plain["cells"] if cell["cell_type"] == "markdown")["source"].append("\nOne more sentence.")
    notebook.write_text(json.dumps(plain), encoding="utf-8")
    done = grader(*words)
    last = results(out)
    assert {one for one, row in last["rows"].items() if row != after["rows"][one]} == {"house_style"}
    assert last["rows"]["house_style"][4]["training"] == before["rows"]["house_style"][4]["training"]
    assert "0 to train" in done.stderr
    assert last["answers"] == before["answers"]
