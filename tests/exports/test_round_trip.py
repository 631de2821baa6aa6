"""An archive laid out as an LMS lays it out goes in, and everybody's own points come out for that LMS."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import Result

from grader.records import Submission
from tests.exports.classroom import AWKWARD, CLASS, canvas_gradebook, found, marked, moodle_worksheet, points_of, read
from tests.intake import classes
from tests.intake.classes import Student

Export = Callable[..., Result]
EXPECTED = {number: points_of(number) for number in AWKWARD}


def test_canvas(exported: Export, tmp_path: Path) -> None:
    """Each Canvas id has its own points in the assignment's column, and every other byte stays."""
    reports = [marked(one, one.id) for one in found(classes.canvas(CLASS))]
    gradebook, output = tmp_path / "gradebook.csv", tmp_path / "new.csv"
    gradebook.write_bytes(canvas_gradebook())
    done = exported(reports, "--to", "canvas", "--into", str(gradebook), "--output", str(output))
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, f"{len(AWKWARD)} students with points.")
    rows = read(output.read_bytes())
    title = "First CNN, part 1 (4711)"
    assert {row["ID"]: float(row[title]) for row in rows if row[title] and row["ID"]} == EXPECTED
    emptied = output.read_bytes()
    for number, points in EXPECTED.items():
        emptied = emptied.replace(f",7.50,{points:g},70".encode(), b",7.50,,70", 1)
        assert number.encode() in emptied
    assert emptied == gradebook.read_bytes()


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("german", [False, True])
def test_moodle(exported: Export, tmp_path: Path, flat: bool, german: bool) -> None:
    """Each participant has their own grade, in the worksheet's own way of writing numbers."""
    reports = [marked(one, one.id) for one in found(classes.moodle(CLASS, flat=flat))]
    worksheet, output = tmp_path / "worksheet.csv", tmp_path / "new.csv"
    worksheet.write_bytes(moodle_worksheet(german=german))
    done = exported(reports, "--to", "moodle", "--into", str(worksheet), "--output", str(output))
    assert done.exit_code == 0
    assert "1 row of --into belongs to nobody" in done.stdout
    identifier, grade, word = (
        ("ID", "Bewertung", "Teilnehmer/in") if german else ("Identifier", "Grade", "Participant ")
    )
    rows = {row[identifier].removeprefix(word): row[grade] for row in read(output.read_bytes()) if row[grade]}
    assert {number: float(text.replace(",", ".")) for number, text in rows.items()} == EXPECTED
    assert all(("," in text) == german for text in rows.values())


@pytest.mark.parametrize("flat", [False, True])
def test_moodle_feedback(exported: Export, tmp_path: Path, flat: bool) -> None:
    """Taken apart as Moodle does, each name is of one participant, whose page names that student and nobody else."""
    reports = [marked(one, one.id) for one in found(classes.moodle(CLASS, flat=flat))]
    output = tmp_path / "feedback.zip"
    assert exported(reports, "--to", "moodle-feedback", "--output", str(output)).exit_code == 0
    with zipfile.ZipFile(io.BytesIO(output.read_bytes())) as archive:
        pages = {tuple(name.split("_", 4)): archive.read(name).decode() for name in archive.namelist()}
    assert {parts[1:] for parts in pages} == {(number, "assignsubmission", "file", "feedback.md") for number in AWKWARD}
    for (_, number, *_), page in pages.items():
        assert f"{points_of(number):g} of 30" in page
        assert not any(name in page for other, name in AWKWARD.items() if name != AWKWARD[number] and other != number)


def gradescope_files() -> dict[str, bytes]:
    """Return Gradescope's export of the class, the last two of whom handed in together."""
    people = [{":name": one.name, ":sid": f"S{one.id}", ":email": f"{one.id}@x.edu"} for one in CLASS]
    teams = [*([one] for one in people[:-2]), people[-2:]]
    table = {f"submission_{7000 + at}": {":submitters": team} for at, team in enumerate(teams)}
    files = {f"assignment_9_export/{name}/cnn.ipynb": b"{}" for name in table}
    return {**files, "assignment_9_export/submission_metadata.yml": yaml.safe_dump(table, allow_unicode=True).encode()}


def test_gradescope(exported: Export, tmp_path: Path) -> None:
    """Each submission has a `results.json` with its own score under its own id."""
    handed = found(gradescope_files())
    reports = [marked(one, one.id.removeprefix("S") if one.id.startswith("S") else "10012") for one in handed]
    output = tmp_path / "results.zip"
    assert exported(reports, "--to", "gradescope", "--output", str(output)).exit_code == 0
    with zipfile.ZipFile(output) as archive:
        scores = {name.partition("/")[0]: json.loads(archive.read(name))["score"] for name in archive.namelist()}
    alone = {f"S{number}": points for number, points in list(EXPECTED.items())[:-2]}
    assert scores == {**alone, "7011": EXPECTED["10012"]}


def test_a_gradescope_class_in_canvas(exported: Export, tmp_path: Path) -> None:
    """Students are found by the university's id; both of a group get the group's points."""
    reports = [
        marked(one, one.id.removeprefix("S") if one.id.startswith("S") else "10012")
        for one in found(gradescope_files())
    ]
    gradebook, output = tmp_path / "gradebook.csv", tmp_path / "new.csv"
    gradebook.write_bytes(canvas_gradebook())
    assert exported(reports, "--to", "canvas", "--into", str(gradebook), "--output", str(output)).exit_code == 0
    title = "First CNN, part 1 (4711)"
    points = {row["ID"]: float(row[title]) for row in read(output.read_bytes()) if row[title] and row["ID"]}
    assert points == {**EXPECTED, "10013": EXPECTED["10012"]}


@pytest.mark.parametrize("platform", ["canvas", "moodle", "blackboard"])
def test_nbgrader(exported: Export, tmp_path: Path, platform: str) -> None:
    """Each id of the platform has its own score, and no name breaks the table."""
    ways = {
        "canvas": classes.canvas,
        "moodle": lambda students: classes.moodle(students, flat=False),
        "blackboard": classes.blackboard,
    }
    reports = [marked(one, one.id.removeprefix("u")) for one in found(ways[platform](CLASS))]
    output = tmp_path / "nbgrader.csv"
    assert exported(reports, "--to", "nbgrader", "--output", str(output)).exit_code == 0
    rows = read(output.read_bytes())
    assert {row["student_id"].removeprefix("u"): float(row["score"]) for row in rows} == EXPECTED
    assert {row["assignment"] for row in rows} == {"First CNN, part 1"}


def test_a_class_without_ids_goes_by_name(exported: Export, tmp_path: Path) -> None:
    """Without ids a name counts where it is one person's alone: namesakes and names without letters stay blank."""
    class_ = [Student("", name, {}, {}, late=False) for name in AWKWARD.values()]
    handed = [marked(Submission(f"file{at}", one.name, ()), str(10_001 + at)) for at, one in enumerate(class_)]
    gradebook, output = tmp_path / "gradebook.csv", tmp_path / "new.csv"
    gradebook.write_bytes(canvas_gradebook())
    done = exported(handed, "--to", "canvas", "--into", str(gradebook), "--output", str(output))
    assert done.exit_code == 0
    title = "First CNN, part 1 (4711)"
    points = {row["ID"]: float(row[title]) for row in read(output.read_bytes()) if row[title] and row["ID"]}
    assert points == {number: one for number, one in EXPECTED.items() if number not in ("10004", "10005", "10009")}
    assert "Found by name alone" in done.stdout
    assert "Not in --into, and so not exported: Alex Kim (file3), Alex Kim (file4) and 🦊🦊 (file8)." in done.stdout
