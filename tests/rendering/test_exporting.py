"""A notebook through nbconvert: what is shown, and that nothing of it acts."""

from __future__ import annotations

import base64
import io
import json
import re
import time
from html.parser import HTMLParser

import pytest
from PIL import Image

from grader.rendering.cleaning import cleaned
from grader.rendering.exporting import cells
from grader.rendering.pictures import MOST, MOST_BYTES, WIDEST, Pictures
from grader.rendering.slimming import MOST_OUTPUT, MOST_OUTPUTS, Room, slim

from .notebooks import code, data, laid_out, notebook, picture, printed, text

SOURCE = re.compile(r'src="(data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=]+)"')
TAGS = frozenset(
    "div span pre p code em strong ul ol li h4 h5 h6 img br hr table thead tbody tr th td blockquote del".split()
)
EVIL = (
    "<script>alert(1)</script><iframe src=//x></iframe><img src=x onerror=y><a href='javascript:x'>go</a>"
    "<form action=//x><input></form><svg onload=x><style>*{}</style><meta http-equiv=refresh content='0;//x'>"
    "<base href=//x><object data=//x></object><p style='color:red' onclick=x>words</p>\x1b[2J\x00\u202e[x](http://x.example)"
    "![y](http://y.example/p.png) <http://z.example> =HYPERLINK(1)"
)


class Shape(HTMLParser):
    """The tags and attributes of a piece of HTML, and whether it is whole."""

    def __init__(self, markup: str) -> None:
        """Read it."""
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.names |= {name for name, _ in attrs}
        if tag not in ("img", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Hold it to the last that was opened."""
        assert self.open.pop() == tag


def test_layout_code_and_outputs_are_shown() -> None:
    """Headings, lists and emphasis are laid out, code has its words marked, what was printed stands below."""
    said, made = laid_out(text("# Why\n\n- *two* layers"), code("import torch  # all of it", printed("a < b\n")))
    assert "<h4>Why</h4>" in said
    assert "<li><em>two</em> layers</li>" in said
    assert '<span class="kn">import</span>' in made
    assert '<pre class="printed stdout">a &lt; b\n</pre>' in made


@pytest.mark.parametrize(
    "metadata", [{"widgets": {"a": {}}}, {"widgets": {"application/x": {"version": 2}}}, {"widgets": []}]
)
def test_broken_widgets_stop_nothing(metadata: dict[str, object]) -> None:
    """Colab writes widgets without their state, on which nbconvert itself stops."""
    widget = data(**{"application_vnd.jupyter.widget-view+json": {"model_id": "a"}})
    (made,) = laid_out(code("bar()", widget), **metadata)
    assert "[a widget, which is not shown here]" in made


@pytest.mark.parametrize(
    "broken",
    [
        {"cells": [{"source": "x = 1"}]},
        {"cells": [{"cell_type": "code", "source": ["x", " = 1"], "outputs": None, "metadata": None}]},
        {"cells": ["no cell", {"cell_type": "code", "source": "x = 1", "id": 7, "outputs": ["none", {}]}]},
        {
            "worksheets": [
                {"cells": [{"cell_type": "code", "input": "x = 1", "outputs": [{"output_type": "pyout", "text": "1"}]}]}
            ]
        },
    ],
)
def test_what_is_mended(broken: dict[str, object]) -> None:
    """Missing types, ids, metadata and outputs, and notebooks of version 3, are shown like any other."""
    (made,) = cells(slim(json.dumps(broken), Room()).notebook)
    assert '<span class="mi">1</span>' in made


@pytest.mark.parametrize("kind", ["text", "code", "printed", "html", "latex", "raw", "error"])
def test_nothing_of_a_hostile_notebook_acts(kind: str) -> None:
    """Wherever it stands, an attack leaves words and tags of layout, all closed; no address and no handler."""
    cell = {
        "text": text(EVIL),
        "code": code(EVIL),
        "printed": code("x", printed(EVIL)),
        "html": code("x", data(text_html=EVIL, text_plain=EVIL), data(text_html=EVIL), data(**{"image_svg+xml": EVIL})),
        "latex": code("x", data(text_latex=EVIL), data(application_javascript=EVIL)),
        "raw": {"cell_type": "raw", "source": EVIL},
        "error": code("x", {"output_type": "error", "ename": EVIL, "evalue": EVIL, "traceback": [EVIL]}),
    }[kind]
    (made,) = laid_out(cell)
    shape = Shape(made)
    assert shape.tags <= TAGS
    assert shape.names <= {"class", "src", "alt"}
    assert shape.open == []
    assert not SOURCE.findall(made)
    assert not [one for one in made if not one.isprintable() and one not in "\n\u202e"]


def test_a_link_says_where_it_leads() -> None:
    """Its address is a word beside it."""
    (made,) = laid_out(text("[the paper](http://x.example/a?b&c) and http://y.example"))
    assert "the paper <span>(http://x.example/a?b&amp;c)</span>" in made
    assert "href" not in made


def test_pictures_are_drawn_anew() -> None:
    """Output, attachment and text: each is a small file of ours without what stood beside its pixels."""
    secret = picture(said="secret " * 50)
    found = laid_out(
        code("plot()", data(image_png=secret, text_plain="<Figure>")),
        text("![a](attachment:p.png)", attachments={"p.png": {"image/png": secret}}),
        text(f"![b](data:image/png;base64,{secret}) <img src='data:image/png;base64,{secret}'>"),
        code("big()", data(image_jpeg=picture((3000, 2000), "JPEG"))),
    )
    sources = [SOURCE.findall(one) for one in found]
    assert [len(one) for one in sources] == [1, 1, 2, 1]
    blobs = [base64.b64decode(one.partition(",")[2]) for several in sources for one in several]
    assert not [one for one in blobs if b"secret" in one]
    assert Image.open(io.BytesIO(blobs[-1])).width == WIDEST


def test_pictures_are_few_and_bounded() -> None:
    """Beyond the allowance a word stands in place of a picture; what is no picture, or a bomb of one, is none."""
    room = Pictures()
    assert room.add("bm8gcGljdHVyZQ==") is None
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    assert room.add(base64.b64encode(bomb.getvalue()).decode()) is None
    assert sum(room.add(picture()) is not None for _ in range(MOST + 5)) == MOST - 2
    assert room.size <= MOST_BYTES
    (made,) = laid_out(code("x", *[data(image_png=picture())] * (MOST - 10), data(image_png="////")))
    assert "[a picture, left out here]" in made


def test_fifty_megabytes_are_laid_out_small_and_soon() -> None:
    """Endless lines, one endless line and many outputs are cut, and how much is left out is said."""
    lines = code("x", printed("step\n" * 5_000_000))
    line = code("y", printed("9" * 25_000_000))
    many = code("z", *[printed("w" * 3_000)] * 300)
    started = time.process_time()
    found = laid_out(lines, line, many)
    assert time.process_time() - started < 10
    assert "4,999,956 lines are left out here" in found[0]
    assert len(found[1]) < 2 * MOST_OUTPUT
    assert "260 more outputs are left out here" in found[2]
    assert sum(map(len, found)) < 2 * MOST_OUTPUTS


def test_a_bar_that_rewrites_its_line_is_its_last_state() -> None:
    """A progress bar of thousands of states is one line."""
    (made,) = laid_out(code("train()", printed("\r".join(f"{one} %" for one in range(101)) + "\ndone")))
    assert ">100 %\ndone</pre>" in made


def test_cells_beyond_the_allowance_are_counted() -> None:
    """What is shown of a notebook of ten thousand cells says how many are missing."""
    found = slim(notebook(*[code("x = 1")] * 10_000), Room())
    assert (len(found.notebook.cells), found.left_out) == (400, 9_600)


def test_numbers_of_cells_are_those_of_reports() -> None:
    """Code cells are counted from 1; text cells have no number."""
    found = slim(notebook(text("a"), code("b"), {"cell_type": "raw", "source": "c"}, code("")), Room())
    assert [one.metadata.get("number") for one in found.notebook.cells] == [None, 1, None, 2]


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"cells": 7}', '{"cells": {"a": 1', "9" * 6_000, "[" * 100_000])
def test_what_is_no_notebook_is_an_error(broken: str) -> None:
    """The job that lays out says so; nothing else comes of it."""
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError, RecursionError)):
        slim(broken, Room())


def test_markup_is_closed_and_deep_markup_is_flat() -> None:
    """A tag that a student left open ends with its cell."""
    assert cleaned("<b>x<div>y</b>z", {}) == "<b>x<div>y</div></b>z"
    assert cleaned("</div></div>x", {}) == "x"
    assert cleaned("<div>" * 5_000, {}).count("<div>") == 60
    assert cleaned("a<script>b</script>c<svg><p>d</p></svg>e", {}) == "ace"
