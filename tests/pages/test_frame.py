"""The notebook in its frame: marked, bounded, and without a right to anything."""

from __future__ import annotations

import re
from dataclasses import replace

from grader.records import LaidOut, LaidOutCell
from grader.report.pages.notebook_frame import notebook_frame
from grader.report.pages.notebook_view import Layout
from grader.report.pages.sample_pictures import sample_pictures
from grader.report.pages.student_page import instructor_page, own_page
from tests.report import samples

from .made import EVIL, PIXEL, SHOWN, student
from .markup import Page


def frame(markup: str) -> Page:
    """Return what stands in the one frame of a page."""
    (inner,) = Page(markup).values("srcdoc")
    return Page(inner)


def test_the_cells_of_the_network_are_marked() -> None:
    """Of the notebook's three cells it is the one that defines the layers."""
    (inner,) = Page(instructor_page(student(samples.good(), laid_out="<pre>class Net</pre>"))).values("srcdoc")
    assert inner.count("<section class=model>") == 1
    assert "cell 3 · makes or is the network</p><pre>class Net</pre>" in inner
    assert "<p>cell 1</p><pre>import torch</pre>" in inner
    assert "2 more cells left out here" in inner


def test_a_child_that_lies_gets_a_frame_without_rights() -> None:
    """Whatever it sends stays between the quotes of one attribute, below a policy of ours; no permission is given."""
    evil = f'"></iframe>{EVIL}<meta http-equiv=refresh content="0;url=//x">'
    markup = instructor_page(student(samples.good(), laid_out=evil))
    page = Page(markup)
    assert page.tags.count("iframe") == 1
    assert "script" not in page.tags
    assert page.values("sandbox") == [""]
    (inner,) = page.values("srcdoc")
    assert not [one for one in markup if not one.isprintable() and one != "\n"]
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', inner.partition("<section>")[0])
    for rule in ("default-src 'none'", "script-src 'none'", "form-action 'none'", "base-uri 'none'", "img-src data:"):
        assert rule in policy
        assert rule in page.values("content")[1]


def test_the_page_allows_the_style_of_its_frame_alone() -> None:
    """The policy of a page with a frame has one more digest than that of one without."""
    with_frame, without = (instructor_page(student(samples.good(), laid_out=one)) for one in ("<p>x</p>", ""))
    styles = [re.findall(r"style-src ([^;]*);", one)[0].split() for one in (with_frame, without)]
    assert [len(one) for one in styles] == [2, 1]
    assert "frame-src" not in with_frame


def test_text_stays_beside_the_frame_and_on_paper() -> None:
    """What the grader read stands below, closed; it is what is printed."""
    page = instructor_page(student(samples.good(), "text_of_the_cell", laid_out="<p>laid out</p>"))
    assert "As text, as the grader read it" in page
    assert "text_of_the_cell" in page.partition("As text")[2]
    assert ".screen{display:none}" in page


def test_why_there_is_text_alone() -> None:
    """A notebook that is not laid out says why in a line; the text is there all the same."""
    page = replace(
        student(samples.good()), layout=Layout(problems=("Laying out the notebook was stopped (wall-limit).",))
    )
    shown = instructor_page(page)
    assert "was stopped (wall-limit)" in shown
    assert "import torch" in shown
    assert "<iframe" not in shown


def test_a_students_own_page_has_no_frame() -> None:
    """Nobody needs their own notebook again; the pictures that were handed out are theirs to see."""
    page = own_page(student(samples.good(), laid_out="<p>x</p>"))
    assert "<iframe" not in page
    assert PIXEL in page


def test_wrong_answers_come_first() -> None:
    """Each picture says its class in words, and the answer with how sure the network is."""
    shown = sample_pictures(SHOWN)
    words = " ".join(Page(shown).words.split())
    assert words.startswith("1 of 3 are answered right")
    assert words.endswith("✗ dog 51 % is cat ✗ no answer is dog ✓ cat 90 %")
    assert Page(shown).values("alt") == [f"a training picture of the class {one}" for one in ("cat", "dog", "cat")]
    assert sample_pictures(()) == ""


def test_a_short_notebook_has_a_low_frame() -> None:
    """The height follows the lines and pictures, within bounds."""
    heights = [
        int(re.findall(r'height="(\d+)"', notebook_frame(LaidOut("a", (LaidOutCell(1, one),)), samples.good()))[0])
        for one in ("", "<img>", "x\n" * 30, "x\n" * 100_000)
    ]
    assert heights == sorted(heights)
    assert heights[0] < 200
    assert heights[-1] <= 20_000
