"""What each format writes: goldens, what stays blank, and what an LMS's own table keeps."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import Result

from grader.faults import OperatorFault
from grader.records import Lateness, Member, Outcome, Report, Submission
from grader.report.exports import gradescope
from grader.report.exports.entitled import entitled
from grader.report.feedback import feedback_markdown
from tests.exports.classroom import AWKWARD, CLASS, canvas_gradebook, found, marked, moodle_worksheet, points_of, read
from tests.intake import classes
from tests.report import samples

Export = Callable[..., Result]
Golden = Callable[[str, bytes], None]
TITLE = "First CNN, part 1 (4711)"


def mixed() -> list[Report]:
    """Return a class with one of each: decided, pending, our fault, a human's look, hostile, a group, half a mark."""
    reports = (samples.side_branch(), samples.good(), samples.our_fault(), samples.only_a_link(), samples.hostile())
    team = Submission(
        "7011",
        "Anna Li, Bo Berg",
        ("cnn.ipynb",),
        group=("Anna Li", "Bo Berg"),
        members=(Member("10011", "Anna Li", "anna@x.edu"), Member("10012", "Bo Berg")),
    )
    numbered = [
        replace(one, submission=replace(one.submission, id=str(10_001 + at))) for at, one in enumerate(reports[:-1])
    ]
    late = Lateness(2, 0.2, "all", "Handed in 25 hours after the deadline: 20 % of all points are taken.")
    numbered[0] = replace(numbered[0], lateness=late)
    return [*numbered, reports[-1], replace(marked(team, "10011"), submission=team)]


def readable(content: bytes) -> bytes:
    """Return an archive as text: the names of its members, each with what it holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(b"==== %s\n%s\n" % (name.encode(), archive.read(name)) for name in archive.namelist())


@pytest.mark.parametrize(
    ("to", "name"),
    [
        ("csv", "grades.csv"),
        ("json", "report.json"),
        ("canvas", "canvas.csv"),
        ("moodle", "moodle.csv"),
        ("nbgrader", "nbgrader.csv"),
        ("junit", "junit.xml"),
        ("moodle-feedback", "moodle_feedback.zip"),
        ("gradescope", "gradescope.zip"),
    ],
)
@pytest.mark.parametrize("automatic", [False, True])
def test_files_look_as_they_did(
    exported: Export, golden: Golden, tmp_path: Path, to: str, name: str, automatic: bool
) -> None:
    """Each format is as somebody read it last, and lies in `exports` under its own name."""
    done = exported(mixed(), "--to", to, *(["--automatic-only"] if automatic else []))
    assert done.exit_code == 0
    content = (tmp_path / "results" / "exports" / name).read_bytes()
    stem, _, ending = name.rpartition(".")
    kind = "txt" if ending == "zip" else ending
    golden(f"{stem}{'_automatic' if automatic else ''}.{kind}", readable(content) if ending == "zip" else content)


@pytest.mark.parametrize(("to", "name"), [("canvas", "canvas_merged.csv"), ("moodle", "moodle_merged.csv")])
def test_a_merged_table_looks_as_it_did(exported: Export, golden: Golden, tmp_path: Path, to: str, name: str) -> None:
    """What is merged, and every sentence on the screen, is as somebody read it last."""
    given, output = tmp_path / "given.csv", tmp_path / "merged.csv"
    given.write_bytes(canvas_gradebook() if to == "canvas" else moodle_worksheet())
    done = exported(mixed(), "--to", to, "--into", str(given), "--output", str(output))
    golden(name, output.read_bytes())
    golden(f"{to}_merged.txt", done.stdout.replace(str(tmp_path), "/tmp").encode())


def test_what_is_not_decided_is_blank_and_counted(exported: Export, tmp_path: Path) -> None:
    """A fault of ours, a doubt and pending marks are blank, with the reason and who it is; never a zero."""
    done = exported(mixed(), "--to", "nbgrader")
    line = done.stdout.splitlines()[0]
    assert "1 blank because the grader failed (gus (10003))" in line
    assert "1 blank because a human has to look (fay (10004))" in line
    assert "2 blank because marks of a human are pending (Ada Lovelace (10002) and" in line
    scores = {
        row["student_id"]: row["score"]
        for row in read((tmp_path / "results" / "exports" / "nbgrader.csv").read_bytes())
    }
    assert [scores[one] for one in ("10002", "10003", "10004")] == [""] * 3
    assert scores["10001"] == "28.2"


def test_automatic_points_do_not_wait_for_marks_but_faults_stay_blank() -> None:
    """With automatic points alone a pending mark is nothing to wait for; the grader's fault stays blank."""
    found_ = {one.id: one.earned for one in entitled(mixed(), automatic_only=True)}
    assert (found_["10002"].points, found_["10002"].most) == (30, 30)
    assert (found_["10001"].points, found_["10001"].taken) == (16.2, 4.05)
    assert found_["10003"].points is None
    assert found_["10004"].points is None


def test_an_error_beside_a_graded_report_is_blank() -> None:
    """One criterion with a fault of ours makes the sum unknown, whatever the status says."""
    wrong = replace(samples.CONV, outcome=Outcome.ERROR, points=None)
    report = replace(samples.good(), findings=(wrong,), human_points=20.0)
    assert entitled([report])[0].earned.points is None


def test_what_being_late_takes_is_said_everywhere(exported: Export, tmp_path: Path) -> None:
    """The screen names who gets less, nbgrader's table has both numbers, and the student reads the sentence."""
    done = exported(mixed(), "--to", "nbgrader")
    assert "1 of them less for being late (Ben Okri (10001))" in done.stdout
    row = read((tmp_path / "results" / "exports" / "nbgrader.csv").read_bytes())[0]
    assert [row[name] for name in ("raw_score", "late_submission_penalty", "score")] == ["35.25", "7.05", "28.2"]
    assert "20 % of all points are taken." in feedback_markdown(mixed()[0])
    assert mixed()[0].points == 20.25


def test_no_cell_that_we_write_is_a_formula(exported: Export, tmp_path: Path) -> None:
    """In fresh tables no text cell begins as a formula does; numbers stay numbers."""
    reports = [marked(one, one.id) for one in found(classes.moodle(CLASS, flat=False))] + [samples.hostile()]
    for to, name in (("canvas", "canvas.csv"), ("moodle", "moodle.csv"), ("nbgrader", "nbgrader.csv")):
        assert exported(reports, "--to", to, *(["--column", "=1+1"] if to == "canvas" else [])).exit_code == 0
        text = (tmp_path / "results" / "exports" / name).read_bytes().decode()
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        assert any("HYPERLINK" in cell for cell in cells)
        assert not [cell for cell in cells if cell != "-" and cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


class TestCanvas:
    """The gradebook that Canvas exported."""

    def merge(
        self, exported: Export, tmp_path: Path, gradebook: bytes, *words: str
    ) -> tuple[list[dict[str, str]], Result]:
        """Merge the awkward class into a gradebook; return its rows and what was said."""
        given, output = tmp_path / "given.csv", tmp_path / "merged.csv"
        given.write_bytes(gradebook)
        reports = [marked(one, one.id) for one in found(classes.canvas(CLASS))]
        done = exported(reports, "--to", "canvas", "--into", str(given), "--output", str(output), *words)
        return (read(output.read_bytes()) if output.exists() else []), done

    @pytest.mark.parametrize("column", ["4711", "First CNN, part 1", TITLE])
    def test_a_column_is_found_by_number_and_by_title(self, exported: Export, tmp_path: Path, column: str) -> None:
        """The number in brackets, the title before it, and both together name one column."""
        rows, _ = self.merge(exported, tmp_path, canvas_gradebook(), "--column", column)
        assert rows[2][TITLE] == "1.25"

    def test_a_new_column_stands_before_the_totals(self, exported: Export, tmp_path: Path) -> None:
        """A title that is not there becomes a column with its maximum, which is said."""
        rows, done = self.merge(exported, tmp_path, canvas_gradebook(), "--column", "Bonus")
        assert list(rows[0]).index("Bonus") == list(rows[0]).index("Final Score") - 1
        assert (rows[1]["Bonus"], rows[2]["Bonus"], rows[-1]["Bonus"]) == ("50", "1.25", "")
        assert "it is new, and Canvas makes an assignment of it" in done.stdout

    @pytest.mark.parametrize("column", ["4712", "Final Score", "ID"])
    def test_a_column_that_holds_no_points_is_refused(self, exported: Export, tmp_path: Path, column: str) -> None:
        """A number that is not there, a total and a column about people are the operator's mistake."""
        rows, done = self.merge(exported, tmp_path, canvas_gradebook(), "--column", column)
        assert isinstance(done.exception, OperatorFault)
        assert not rows

    def test_an_excused_student_stays_excused(self, exported: Export, tmp_path: Path) -> None:
        """EX is left alone and said, a grade that is written over is counted."""
        gradebook = canvas_gradebook().replace(b"7.50,,70", b"7.50,EX,70", 1).replace(b"7.50,,70", b"7.50,3.00,70", 1)
        rows, done = self.merge(exported, tmp_path, gradebook)
        assert [row[TITLE] for row in rows[2:4]] == ["EX", "2.25"]
        assert "Excused, and stay so: " in done.stdout
        assert "Other grades stood there before, and are written over: 1." in done.stdout

    def test_an_id_of_somebody_with_another_name_is_said(self, exported: Export, tmp_path: Path) -> None:
        """A number that two platforms share would give points to a stranger: the two names are shown."""
        gradebook = canvas_gradebook().replace(b'"O\'Brien, Se\xc3\xa1n"', b'"Stranger, Strange"')
        _, done = self.merge(exported, tmp_path, gradebook)
        assert "the name is not, please look: seánobrien is Stranger, Strange there." in done.stdout

    def test_another_maximum_is_said(self, exported: Export, tmp_path: Path) -> None:
        """Points of another scale are not rescaled without a word."""
        _, done = self.merge(exported, tmp_path, canvas_gradebook().replace(b"50.00", b"100.00"))
        assert "Canvas has 100.00 points for it, this gradebook 50; none is rescaled." in done.stdout

    @pytest.mark.parametrize("blob", [b"", b"a,b\n1,2\n", b'Student,ID\n"Doe, Jane,1\n', moodle_worksheet()])
    def test_what_is_no_gradebook_is_refused(self, exported: Export, tmp_path: Path, blob: bytes) -> None:
        """Nothing is written where the table is not Canvas's."""
        rows, done = self.merge(exported, tmp_path, blob)
        assert isinstance(done.exception, OperatorFault)
        assert not rows

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    def test_encoding_and_delimiter_stay(self, exported: Export, tmp_path: Path, encoding: str, delimiter: str) -> None:
        """A file that a spreadsheet saved in its own way comes back in that way."""
        stream = io.StringIO(newline="")
        original = csv.reader(io.StringIO(canvas_gradebook().decode("utf-8-sig"), newline=""))
        csv.writer(stream, delimiter=delimiter, lineterminator="\r\n").writerows(original)
        given, output = tmp_path / "given.csv", tmp_path / "merged.csv"
        given.write_bytes(stream.getvalue().encode(encoding))
        reports = [marked(one, one.id) for one in found(classes.canvas(CLASS))]
        done = exported(reports, "--to", "canvas", "--into", str(given), "--output", str(output))
        assert done.exit_code == 0
        rows = read(output.read_bytes(), encoding, delimiter)
        assert {row["ID"]: row[TITLE] for row in rows if row["ID"] in AWKWARD} == {
            number: f"{points_of(number):g}" for number in AWKWARD
        }


class TestMoodle:
    """The worksheet that Moodle gave out."""

    def merge(
        self, exported: Export, tmp_path: Path, sheet: bytes, reports: Iterable[Report]
    ) -> tuple[list[dict[str, str]], str]:
        """Merge reports into a worksheet; return its rows and what was said."""
        given, output = tmp_path / "given.csv", tmp_path / "merged.csv"
        given.write_bytes(sheet)
        done = exported(list(reports), "--to", "moodle", "--into", str(given), "--output", str(output))
        assert done.exit_code == 0
        return read(output.read_bytes()), done.stdout

    def test_a_team_gives_its_grade_to_everybody(self, exported: Export, tmp_path: Path) -> None:
        """Moodle's archive names the team, its worksheet who is in it; a team's number is nobody's identifier."""
        sheet = b"Identifier,Full name,Group,Grade,Last modified (grade)\n"
        sheet += b"Participant 11,Ann,Team A,,-\nParticipant 12,Bob,Team A,,-\nParticipant 13,Cid,Team B,,-\n"
        reports = [marked(Submission("13", "Team A", ()), "10007")]
        rows, _ = self.merge(exported, tmp_path, sheet, reports)
        assert [row["Grade"] for row in rows] == ["7.25", "7.25", ""]

    def test_comments_are_filled_where_there_are_none(self, exported: Export, tmp_path: Path) -> None:
        """An instructor's comment stays; elsewhere stands what costs points, as HTML that cannot run."""
        reports = [marked(one, one.id) for one in found(classes.moodle(CLASS, flat=False))]
        evil = replace(samples.CONV, outcome=Outcome.FAILED, points=0, rationale="<script>alert(1)</script>")
        reports[1] = replace(reports[1], findings=(evil,))
        sheet = moodle_worksheet().replace(b"-,\n", b"-,Well done.\n", 1)
        rows, _ = self.merge(exported, tmp_path, sheet, reports)
        assert rows[0]["Feedback comments"] == "Well done."
        assert "&lt;script&gt;" in rows[1]["Feedback comments"]
        assert "<script" not in rows[1]["Feedback comments"]

    def test_a_grade_that_is_closed_stays(self, exported: Export, tmp_path: Path) -> None:
        """Where Moodle says that a grade cannot be changed, nothing is, and it is said."""
        reports = [marked(one, one.id) for one in found(classes.moodle(CLASS, flat=False))]
        rows, said = self.merge(exported, tmp_path, moodle_worksheet().replace(b",Yes,", b",No,", 1), reports)
        assert [row["Grade"] for row in rows[:2]] == ["", "2.25"]
        assert "these cannot be changed, and they stay: Jörg" in said


def test_gradescope_adds_up_nothing_that_is_not_decided() -> None:
    """Without a decided sum neither the whole nor any test has a score, as Gradescope adds up what has one."""
    pending, fault = entitled([samples.good(), samples.our_fault()])
    for one in (pending, fault):
        assert "score" not in gradescope.results(one)
        assert not [test for test in gradescope.results(one)["tests"] if "score" in test]
    (decided,) = entitled([samples.good()], automatic_only=True)
    made = gradescope.results(decided, automatic_only=True)
    assert made["score"] == sum(test["score"] for test in made["tests"]) == 30


def test_one_submission_is_a_results_json(exported: Export, tmp_path: Path) -> None:
    """`--only` makes of a class's archive the one file that Gradescope's autograder writes."""
    assert exported(mixed(), "--to", "gradescope", "--only", "10001").exit_code == 0
    assert json.loads((tmp_path / "results" / "exports" / "results.json").read_bytes())["score"] == 28.2


def test_junit_counts_what_it_holds(exported: Export, tmp_path: Path) -> None:
    """The counts of each suite are those of its cases; an error never has points."""
    assert exported(mixed(), "--to", "junit").exit_code == 0
    root = ET.parse(tmp_path / "results" / "exports" / "junit.xml").getroot()
    assert len(root) == len(mixed())
    for suite in root:
        for attribute, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert int(suite.attrib[attribute]) == len(list(suite.iter(tag)))
    errors = [case for case in root.iter("testcase") if case.find("error") is not None]
    assert errors
    assert not [case for case in errors if "points=" in (case.findtext("system-out") or "").replace("max_points=", "")]


@pytest.mark.parametrize("report", samples.all_samples(), ids=lambda one: one.submission.id[:6])
def test_feedback_holds_no_evidence_and_no_markup(report: Report) -> None:
    """A page has every criterion's title and reason, nothing active, and none of the numbers kept beside them."""
    secret = replace(report.findings[0], evidence={"held_out": "label-of-picture-17"})
    page = feedback_markdown(replace(report, findings=(secret, *report.findings[1:])))
    assert "label-of-picture-17" not in page
    assert all(one.title.split("`")[0][:20] in page for one in report.findings)
    assert all(line.isprintable() for line in page.split("\n"))


@pytest.mark.parametrize("to", ["csv", "json", "junit"])
def test_what_holds_whole_reports_counts_reports(exported: Export, to: str) -> None:
    """These hold every criterion as it was judged, so nobody is called blank or late for them."""
    assert exported(mixed(), "--to", to).stdout.splitlines()[0] == f"{len(mixed())} reports."


def test_nothing_is_overwritten_silently(exported: Export, tmp_path: Path) -> None:
    """The same file again is unchanged; another one is refused, until --overwrite asks for it."""
    path = tmp_path / "points.csv"
    words = ("--to", "nbgrader", "--output", str(path))
    assert exported(mixed(), *words).stdout.splitlines()[-1] == f"Written to {path}"
    assert exported(mixed(), *words).stdout.splitlines()[-1] == f"Unchanged: {path}"
    before = path.read_bytes()
    assert isinstance(exported(mixed(), *words, "--automatic-only").exception, OperatorFault)
    assert path.read_bytes() == before
    assert exported(mixed(), *words, "--automatic-only", "--overwrite").exit_code == 0
    assert path.read_bytes() != before


def test_the_lms_table_itself_is_not_overwritten(exported: Export, tmp_path: Path) -> None:
    """--output that names the file of --into is refused as any file that is there."""
    given = tmp_path / "given.csv"
    given.write_bytes(canvas_gradebook())
    done = exported(mixed(), "--to", "canvas", "--into", str(given), "--output", str(given))
    assert isinstance(done.exception, OperatorFault)
    assert given.read_bytes() == canvas_gradebook()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "junit", "--into", "x.csv"), "--into goes with --to canvas and --to moodle alone"),
        (("--to", "csv", "--column", "x"), "--column goes with"),
        (("--to", "canvas", "--into", "nowhere.csv"), "nowhere.csv cannot be read"),
        (("--to", "csv", "--only", "nobody"), "There is no submission nobody"),
    ],
)
def test_mistakes_of_the_command_are_said(exported: Export, words: tuple[str, ...], said: str) -> None:
    """What is wrong with the command is the operator's, in one line."""
    done = exported(mixed(), *words)
    assert isinstance(done.exception, OperatorFault)
    assert said in str(done.exception)


def test_a_roster_adds_the_ids_that_the_archive_lacks(exported: Export, tmp_path: Path) -> None:
    """Namesakes of a class without ids are told apart by the roster's logins."""
    roster, given, output = tmp_path / "roster.csv", tmp_path / "given.csv", tmp_path / "merged.csv"
    roster.write_text("username,id,name\nakim,10004,Alex Kim\nakim2,10005,Alex Kim\n")
    given.write_bytes(canvas_gradebook())
    reports = [marked(Submission("akim2", "Alex Kim", ()), "10005")]
    words = ("--to", "canvas", "--into", str(given), "--output", str(output))
    assert "Not in --into" in exported(reports, *words).stdout
    assert exported(reports, *words, "--roster", str(roster), "--overwrite").exit_code == 0
    assert {row["ID"] for row in read(output.read_bytes()) if row[TITLE] == "5.25"} == {"10005"}


def test_a_namesake_without_an_id_takes_nobodys_row(exported: Export, tmp_path: Path) -> None:
    """Who is found by the number keeps the row, also where somebody of the same name is found by nothing."""
    given, output = tmp_path / "given.csv", tmp_path / "merged.csv"
    given.write_bytes(b"Student,ID,Section,CNN (1)\n" + b'"Kim, Alex",10004,S,\n')
    reports = [marked(Submission(one, "Alex Kim", ()), number) for one, number in (("10004", "10004"), ("x", "10005"))]
    words = ("--to", "canvas", "--into", str(given), "--output", str(output), "--column", "CNN")
    assert "Not in --into, and so not exported: Alex Kim (x)." in exported(reports, *words).stdout
    assert output.read_bytes() == given.read_bytes().replace(b"S,\n", b"S,4.25\n")


def test_a_table_with_every_cell_in_quotes_keeps_them(exported: Export, tmp_path: Path) -> None:
    """A filled cell is in quotes where the one before was."""
    given, output = tmp_path / "given.csv", tmp_path / "merged.csv"
    given.write_bytes(b'"Student","ID","Section","CNN (1)"\n"Kim, Alex","10004","S",""')
    reports = [marked(Submission("10004", "Alex Kim", ()), "10004")]
    words = ("--to", "canvas", "--into", str(given), "--output", str(output), "--column", "CNN")
    assert exported(reports, *words).exit_code == 0
    assert output.read_bytes() == given.read_bytes().replace(b'"S",""', b'"S","4.25"')
