"""The pages of one student: what the instructor sees, and what the student gets."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from grader.records import Break, CurvePoint, Report, Submission, Where
from grader.report.feedback import feedback_markdown
from grader.report.pages.diagram import diagram
from grader.report.pages.figures import histogram, learning_curve
from grader.report.pages.student_page import instructor_page, own_page
from tests.report import samples

from .made import student
from .markup import Page

OTHERS = "Bob Other"
SECRET = (OTHERS, "bob@example.org", "dog", "McNemar", "alone is right", "taken for", "capture-ada")
"""What stands in the report of the instructor and not in that of the student."""


def words(markup: str) -> str:
    """Return what is read on a page, blanks as they are seen."""
    return " ".join(Page(markup).words.split())


def ada() -> Submission:
    """Return a submission of two."""
    return replace(samples.good().submission, group=("Ada Lovelace", OTHERS), email="bob@example.org")


def test_the_instructor_sees_everything() -> None:
    """Verdict, network, checks, score, confusions, source and what made it are there."""
    found = words(instructor_page(student(replace(samples.good(), submission=ada()))))
    for said in (*SECRET[:-1], "all 7 checks passed", "conv 3×3", "What a human marks", "1100", "import torch", "Why."):
        assert said in found, said


def test_the_student_sees_nothing_of_others_or_of_held_out_pictures() -> None:
    """Accuracy and the reference are numbers; classes, confusions, the comparison and the group are left out."""
    report = replace(samples.good(), submission=ada())
    for shown in (words(own_page(student(report))), feedback_markdown(report)):
        for said in SECRET:
            assert said not in shown, said
        assert "79.1 % of 4,000 pictures" in shown
        assert "78.7 % over 3 seeds" in shown


def test_why_there_are_no_confusions() -> None:
    """Where a score has no table of confusions the reason is said; where there is no score, nothing is."""
    scored = replace(student(samples.good()), matrix=None)
    broken = replace(student(samples.forward_break()), matrix=None)
    assert "not all here any more" in words(instructor_page(scored))
    assert "Which classes" not in words(instructor_page(broken))


def test_markdown_says_what_the_page_says() -> None:
    """Each verdict with its reason and its next step stands in both."""
    report = samples.side_branch()
    page, text = words(own_page(student(report))), feedback_markdown(report).replace("\\", "")
    for one in report.findings:
        assert one.title in page
        assert one.title in text
        assert one.help in page
        assert one.help in text
    assert "was taken out" in page
    assert "was taken out" in text


def test_boxes_follow_the_maps() -> None:
    """Sides follow the root of a map's, so a map of a quarter of the area is drawn with 0.71 of the side."""
    drawn = [float(one) for one in re.findall(r'width="([\d.]+)" height="\1"', diagram(samples.good()))]
    sides = list(dict.fromkeys(drawn))
    assert sides[0] > sides[1] > sides[2]
    assert math.isclose(sides[1], sides[0] * math.sqrt(16 / 32), abs_tol=10)


def test_each_box_names_its_layer() -> None:
    """Name, kind, shape, parameters and line stand under it; what changes no shape stands beside it."""
    found = words(diagram(samples.good()))
    for said in ("conv1", "conv 3×3", "16×32×32", "448 param.", "cell 3, line 12", "+ relu", "1152", "dense"):
        assert said in found
    assert "stops here" not in found


def test_the_layer_that_stops_is_marked() -> None:
    """It stands last, with its name and its line."""
    found = words(diagram(samples.forward_break()))
    assert "✗ fc1 stops here cell 3, line 15" in found


def test_what_is_off_the_path_is_said() -> None:
    """A layer whose result is thrown away has no box, and is named."""
    found = words(diagram(samples.side_branch()))
    assert "not on the way to the scores: pool2 (cell 4, line 3)" in found


def test_a_long_network_loses_its_middle() -> None:
    """A hundred blocks fit a page, and how many are left out is said."""
    report = replace(samples.good(), layers=(*samples.LENET[:1], *(samples.LENET[2], samples.LENET[3]) * 60))
    found = diagram(report)
    assert found.count("<g>") == 33
    assert "90 more" in words(found)


def test_nothing_is_drawn_of_nothing() -> None:
    """Where no layer ran, there is no picture."""
    assert diagram(samples.build_break()) == ""


def test_a_curve_breaks_where_a_loss_is_no_number() -> None:
    """Two pieces are drawn, and the reader is told."""
    curve = tuple(CurvePoint(step, math.nan if step == 3 else 2.0 / step) for step in range(1, 7))
    found = learning_curve(curve, None)
    assert found.count('class="curve"') == 2
    assert "the loss was not a number" in found
    assert "nan" not in found
    assert learning_curve(tuple(CurvePoint(one, math.inf) for one in range(5)), None) == ""


def test_a_histogram_counts_everybody() -> None:
    """The numbers over its bars add up; points beyond the most widen it."""
    found = histogram([0, 0, 3, 29.99, 30, 33, -1], 30)
    counts = re.findall(r'text-anchor="middle">(\d+)</text><rect|text-anchor="middle">(\d+)</text><path', found)
    assert sum(int(first or last) for first, last in counts) == 7
    assert "33</text>" in found


def test_lines_of_the_network_are_marked() -> None:
    """The cell with the layers is marked, the line that calls one and the one that stopped as well."""
    report = samples.forward_break()
    text = "\n".join(f"line {number}" for number in range(12, 25))
    markup = instructor_page(student(replace(report, broke=replace_place(report), model=None), text))
    assert markup.count('class="cell model"') == 1
    assert '<span class="here">line 12</span>' in markup
    assert '<span class="stopped">line 15</span>' in markup
    assert "<span>line 17</span>" in markup


def replace_place(report: Report) -> Break:
    """Return the break of a report without its file, as its notebook is called otherwise here."""
    assert report.broke is not None
    return replace(report.broke, where=Where(None, 3, 15))


def test_fifty_megabytes_stay_small() -> None:
    """A submission of endless text makes a page of less than half a megabyte."""
    page = instructor_page(student(samples.hostile(), "<b>" * 20_000_000, "&" * 5_000_000))
    assert len(page.encode()) < 2**19
