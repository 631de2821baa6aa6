"""The report as HTML: the same words as in the terminal, inert, and folded where nothing is to be done."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from rich.panel import Panel
from rich.text import Text

from grader.diagnosis import Explanation
from grader.records import Break, Outcome, Report, Where
from grader.report.html_check import check_html
from grader.report.html_parts import part, text
from grader.report.mishaps import Mishap

from . import samples
from .test_terminal import every_sample

TAGS = frozenset("style div section p span table thead tbody tr th td br details summary i".split())


class Page(HTMLParser):
    """Reads a page: its tags, its attributes, and its text."""

    def __init__(self, markup: str) -> None:
        """Read `markup` to its end."""
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.words = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Hold it to the tag that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep text that is seen."""
        if "style" not in self.open:
            self.words += data + " "


@every_sample
def test_nothing_but_our_own_markup(make: Callable[[], Report]) -> None:
    """Whatever a student called things, the page has our tags alone, loads nothing, and closes what it opens."""
    markup = check_html(make())
    page = Page(markup)
    assert page.tags <= TAGS
    assert page.attributes <= {"class", "scope", "style", "tabindex"}
    assert page.open == []
    assert "url(" not in markup
    assert "@import" not in markup


@every_sample
def test_no_character_acts(make: Callable[[], Report]) -> None:
    """No control character of a name reaches the page."""
    assert not [one for one in check_html(make()) if not one.isprintable() and one != "\n"]


@pytest.mark.parametrize(
    "evil", ["<script>x</script>", "<img src=x onerror=y>", '"><b>', "&lt;b&gt;", "\x1b[31m", "</style>"]
)
def test_text_is_text(evil: str) -> None:
    """Markup in a student's text is shown as it is written, in a plain text and in a styled one."""
    broke = Break("live", evil, evil, Where(evil, 3, 1), evil)
    page = Page(check_html(samples.good(), Mishap(broke, 3, Explanation("E00", evil, evil)), evil))
    assert page.tags <= TAGS
    assert page.words.count(evil.replace("\x1b", "\\x1b")) >= 5


def test_what_failed_is_open_and_what_passed_is_folded() -> None:
    """A failed check and its next step are seen at once; what passed is counted and opens on a click."""
    report = samples.forward_break()
    markup = check_html(report)
    folded = "".join(re.findall(r"<details>.*?</details>", markup, re.DOTALL))
    outside = markup.replace(folded, "")
    failed = next(one for one in report.findings if one.outcome is Outcome.FAILED)
    assert failed.title in Page(outside).words
    assert failed.title not in Page(folded).words
    assert all(one.title in Page(markup).words for one in report.findings)
    assert "2 checks passed (8 points)" in Page(markup).words


def test_the_page_says_what_the_terminal_says() -> None:
    """Layers, shapes, the break, the formula and the score are all there."""
    words = " ".join(Page(check_html(samples.good())).words.split())
    for said in (
        "16×16×16 → 32×6×6",
        "(16 - 5)/2 + 1 = 6.5, rounded down",
        "79.1 % of 4,000 pictures",
        "87,722 parameters",
    ):
        assert said in words


def test_maps_are_drawn_to_scale() -> None:
    """A map of half the side is drawn with half the side."""
    drawn = re.findall(r'style="height:(\d+)px;width:(\d+)px', check_html(samples.good()))
    assert drawn == [("72", "72"), ("72", "72"), ("36", "36"), ("14", "14")]


def test_styles_become_classes() -> None:
    """A span keeps its place and its style; text outside it has none."""
    assert text(Text.assemble("a", ("b", "red"), "c")) == 'a<span class="red">b</span>c'
    assert text(Text("two\nlines", "dim")) == '<span class="dim">two<br>lines</span>'


def test_an_unknown_part_is_refused() -> None:
    """What has no form as HTML is never left out silently."""
    with pytest.raises(TypeError, match="Panel has no form"):
        part(Panel("x"))
