"""No page loads, runs or leads to anything that is not ours, whatever a student wrote."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

import mistune
import pytest

from grader.records import Report
from grader.report.feedback import feedback_markdown, markdown, prose
from grader.report.pages.class_page import class_page
from grader.report.pages.file_names import page_name
from grader.report.pages.student_page import instructor_page, own_page
from tests.report import samples
from tests.report.test_terminal import every_sample

from .made import EVIL, of_class, student
from .markup import ATTRIBUTES, OURS, Page

every_page = pytest.mark.parametrize(
    "render",
    [
        lambda report: class_page(of_class((report, samples.good()))),
        lambda report: instructor_page(student(report, EVIL, EVIL)),
        lambda report: own_page(student(report, EVIL, EVIL)),
    ],
    ids=["class", "instructor", "own"],
)


@every_sample
@every_page
def test_nothing_but_our_own_markup(make: Callable[[], Report], render: Callable[[Report], str]) -> None:
    """Our tags and attributes alone, all closed; what a link leads to lies beside the page."""
    page = Page(render(make()))
    assert set(page.tags) <= OURS
    assert {name for name, _ in page.attributes} <= ATTRIBUTES
    assert page.open == []
    links = page.values("href")
    assert all(
        re.fullmatch(r"#[a-z]+|\.\./index\.html|students/[\w.-]+\.html|[\w.-]+\.student\.html", one) for one in links
    ), links


@every_sample
@every_page
def test_no_character_acts(make: Callable[[], Report], render: Callable[[Report], str]) -> None:
    """No control character of a name reaches a page."""
    assert not [one for one in render(make()) if not one.isprintable() and one != "\n"]


@every_page
def test_the_policy_names_all_that_may_act(render: Callable[[Report], str]) -> None:
    """It forbids everything else, and the digests are those of the style and of the script on the page."""
    page = Page(render(samples.good()))
    (policy,) = [one for one in page.values("content") if one.startswith("default-src")]
    rules = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["style-src"] == digest(page.style)
    assert rules["script-src"] == (digest(page.script) if page.script else "'none'")
    assert page.tags.count("style") == 1
    assert page.tags.count("script") == bool(page.script)
    for active in ("url(", "@import", "://"):
        assert active not in page.style + page.script


def digest(text: str) -> str:
    """Return a digest as a policy writes it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_only_the_class_page_has_a_script() -> None:
    """What students get needs none."""
    report = samples.good()
    assert "script" in Page(class_page(of_class((report,)))).tags
    assert "script" not in Page(instructor_page(student(report))).tags + Page(own_page(student(report))).tags


@pytest.mark.parametrize(
    "evil",
    [
        *("<script>x</script>", "[x](http://evil)", "![x](http://evil)", "http://evil.example", "www.evil.example"),
        *("<http://evil.example>", "a@evil.example", "**x**", "`x`", "- x", "1. x", "# x", "===", "| a | b |", "~~x~~"),
        *("&lt;b&gt;", "\\[x](y)", "<!-- x", "---", "+ x", "10) x", "> x"),
    ],
)
def test_markdown_is_text(evil: str) -> None:
    """A student's text becomes one paragraph that says it as it was written."""
    render = mistune.create_markdown(escape=False, plugins=["url", "table", "strikethrough"])
    shown = str(render(markdown(evil)))
    assert re.fullmatch(r"<p>[^<]*</p>\n", shown), shown
    page = Page(shown)
    assert page.words.strip() == evil.strip()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Write `x.view(-1)`, not *x*.", "<p>Write <code>x.view(-1)</code>, not *x*.</p>"),
        ("`- a` - b <b>", "<p><code>- a</code> - b &lt;b&gt;</p>"),
        ("one ` alone <b>", "<p>one ` alone &lt;b&gt;</p>"),
        ("``a`` <b> `c`", "<p>``a`` &lt;b&gt; `c`</p>"),
        ("`<script>` [x](http://evil)", "<p><code>&lt;script&gt;</code> [x](http://evil)</p>"),
        ("in `x` <img src=a> `y`", "<p>in <code>x</code> &lt;img src=a&gt; <code>y</code></p>"),
    ],
)
def test_code_in_a_sentence_stays_code(said: str, shown: str) -> None:
    """What stands between single backticks is code; where they do not come in pairs, all of it is text."""
    render = mistune.create_markdown(escape=False, plugins=["url", "table", "strikethrough"])
    assert str(render(prose(said))) == f"{shown}\n"


def test_hostile_markdown_has_no_markup() -> None:
    """Of the whole report of an attacker the renderer makes the tags of our own words alone."""
    render = mistune.create_markdown(escape=False, plugins=["url", "table", "strikethrough"])
    tags = set(Page(str(render(feedback_markdown(samples.hostile())))).tags)
    assert tags <= {"h1", "h2", "p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td", "code"}


HOSTILE = (
    *("../../etc/passwd", "a/b", "a\\b", "..", ".", "", "Ada", "ada", "ADA", "con", "nul", "LPT1", "a.student", "a.b"),
    *("x" * 500, "x" * 501, "\udcff", "\udcfe", "深い", "index", "=cmd|x", "a b", "a-b", "a\x00b", "-rf", "ada."),
)


def test_names_of_pages_never_meet() -> None:
    """Every id has its own file on every system, in the folder itself, no longer than systems take."""
    names = [page_name(one) for one in HOSTILE]
    assert len({one.casefold() for one in names}) == len(HOSTILE)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", one) for one in names)
    assert "con" not in names
    assert page_name("48213") == "48213"


def test_a_derived_name_is_nobodys_id() -> None:
    """Who is called like the file of another gets a file of their own."""
    taken = page_name("Ada")
    assert page_name(taken) != taken
