"""The page of a class: who is on it, what can be sorted, what is to be taught again."""

from __future__ import annotations

import re
from dataclasses import replace

from grader.records import Outcome
from grader.report.pages.class_page import class_page, needs_human
from grader.report.pages.file_names import page_name
from tests.report import samples

from .made import many, of_class
from .markup import Page

MEBIBYTE = 2**20


def rows(markup: str) -> list[str]:
    """Return the rows of the table of students."""
    table = markup.partition('id="class-table"')[2].partition("</table>")[0]
    return re.findall(r"<tr data-status.*?</tr>", table)


def test_everybody_has_a_row_and_a_link() -> None:
    """Each row has as many cells as there are columns, the first leads to the student's page."""
    markup = class_page(of_class())
    columns = len(re.findall(r"<th scope=\"col\" data-key", markup))
    found = rows(markup)
    assert len(found) == len(samples.all_samples())
    assert {len(re.findall(r"<t[dh][ >]", one)) for one in found} == {columns}
    for report in samples.all_samples():
        assert f'href="students/{page_name(report.submission.id)}.html"' in markup


def test_points_are_sorted_by_their_value() -> None:
    """A cell carries the number that it is sorted by, and none where there is no verdict."""
    (row,) = rows(class_page(of_class((samples.side_branch(),))))
    assert 'data-value="20.25">20.25 + 15</td>' in row
    assert 'class="number failed" data-value="0">0<span class="unseen"> failed</span>' in row
    assert 'class="number skipped" data-value=""' in row
    assert 'data-value="0.561000">56.1 % <span class="dim">(54.6 – 57.6)' in row


def test_late_stands_only_where_somebody_was() -> None:
    """A class in which everybody was in time has no such column."""
    report = samples.good()
    late = replace(report, submission=replace(report.submission, id="bob", late=True))
    assert 'data-key="late"' not in class_page(of_class((report,)))
    assert "<td>late</td>" in class_page(of_class((report, late)))


def test_who_needs_a_humans_eye() -> None:
    """Doubt and a fault of ours need one; marks that everybody waits for do not."""
    assert needs_human(samples.good()) == ""
    assert "Only a link" in needs_human(samples.only_a_link())
    assert "900 s" in needs_human(samples.our_fault())
    assert [row.partition('data-human="')[2][:3] for row in rows(class_page(of_class((samples.only_a_link(),))))] == [
        "yes"
    ]


def test_most_failed_first() -> None:
    """The criterion that the class failed most stands first, with how many failed of those judged."""
    markup = class_page(of_class())
    words = " ".join(Page(markup).words.split())
    taught = words.partition("What to teach again")[2]
    first = max(
        {one.criterion: one.title for report in samples.all_samples() for one in report.findings}.items(),
        key=lambda item: sum(
            one.criterion == item[0] and one.outcome is Outcome.FAILED
            for report in samples.all_samples()
            for one in report.findings
        ),
    )[1]
    assert taught.index(first) == min(taught.index(one.title) for one in samples.PASSED if one.title in taught)
    assert "E02" in taught


def test_three_hundred_are_small() -> None:
    """A class of 300 is well under 3 MB, and so is one in which every reason is long."""
    assert len(class_page(of_class(many(300))).encode()) < MEBIBYTE
    long = tuple(
        replace(samples.hostile(), submission=replace(samples.hostile().submission, id=f"{index}", student="x" * 5000))
        for index in range(300)
    )
    assert len(class_page(of_class(long)).encode()) < 3 * MEBIBYTE


def test_a_class_without_scores() -> None:
    """Where nothing was trained there is no picture of accuracies, and where nothing was graded none of points."""
    assert "<h3>Accuracy</h3>" not in class_page(of_class((samples.build_break(),)))
    assert "<h3>Automatic points</h3>" not in class_page(of_class((samples.our_fault(),)))


def test_what_a_screen_reader_and_a_keyboard_need() -> None:
    """Headings in order, a caption, headers with their scope, regions that scroll by keys, a live count."""
    page = Page(class_page(of_class()))
    assert page.tags.count("h1") == 1
    assert page.tags.count("caption") == page.tags.count("table")
    assert page.tags.count("th") == len(page.values("scope"))
    assert page.values("tabindex") == ["0"] * page.tags.count("table")
    assert "polite" in page.values("aria-live")
    assert page.values("role").count("img") == page.tags.count("figure")
