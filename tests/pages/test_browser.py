"""The pages in a real browser: they sort, filter and print, load nothing, and say nothing to the console.

axe-core looks for what keeps people from reading them: contrast, names, labels, order of headings.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import pytest

from grader.rendering.exporting import cells
from grader.rendering.slimming import Room, slim
from grader.report.pages.class_page import class_page
from grader.report.pages.document import document
from grader.report.pages.file_names import page_name
from grader.report.pages.student_page import instructor_page, own_page
from tests.rendering.notebooks import code, data, notebook, picture, printed, text
from tests.report import samples

from .made import EVIL, many, of_class, student
from .markup import Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="browser: there is no chromium here")
playwright = pytest.importorskip("playwright.sync_api", reason="browser: playwright is not installed")

WIDTHS = (1440, 390)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SERIOUS = ("serious", "critical")
SEEN = ("color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size")
"""Rules of axe's whose verdict depends on colours and widths; the others are asked once a page."""
WHOLE = notebook(
    text("# Why\n\n- a [link](http://x.example)\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n> said\n\n```python\nx = 1\n```"),
    code("import torch\nclass Net(torch.nn.Module):\n    '''Words.'''\n    size = 3  # why", printed("epoch 1\n" * 9)),
    code("plot()", data(image_png=picture((300, 200))), {"output_type": "stream", "name": "stderr", "text": "careful"}),
)


@dataclass
class Tab:
    """A tab of the browser, and what it heard."""

    page: Any
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def opened(self, path: Path, fragment: str = "") -> Any:
        """Open a file and return the page."""
        self.page.goto(f"{path.as_uri()}{fragment}")
        return self.page


class Internet:
    """What the browser takes for every machine whose name ends in .example: a socket that hears whoever connects, and says nothing."""

    def __init__(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]

    def calls(self) -> int:
        """Return how often it was called since it was asked last."""
        count = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                self._listener.accept()[0].close()
                count += 1
        return count

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    """Return where all those names and their ports lead to."""
    found = Internet()
    yield found
    found.close()


@pytest.fixture(scope="module")
def browser(internet: Internet) -> Iterator[Any]:
    """Start a browser once; it has no way to another machine."""
    rules = f"MAP *.example 127.0.0.1:{internet.port}, MAP * ~NOTFOUND"
    arguments = ["--no-sandbox", "--disable-gpu", f"--host-resolver-rules={rules}"]
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield found
        found.close()


@pytest.fixture
def tab(browser: Any) -> Iterator[Tab]:
    """Return a tab that notes its console, its errors and its requests; both have to stay quiet."""
    page = browser.new_page(viewport={"width": WIDTHS[0], "height": 900})
    found = Tab(page)
    page.on("console", lambda message: found.console.append(message.text))
    page.on("pageerror", lambda error: found.console.append(str(error)))
    page.on("request", lambda request: found.requests.append(request.url))
    yield found
    page.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the pages of a class of forty, and those of one of them whose notebook is laid out."""
    out = tmp_path_factory.mktemp("results")
    (out / "students").mkdir()
    reports = (*many(40), samples.good(), samples.forward_break())
    (out / "index.html").write_text(class_page(of_class(reports)), encoding="utf-8")
    (out / "small.html").write_text(class_page(of_class(samples.all_samples())), encoding="utf-8")
    laid_out = "".join(cells(slim(WHOLE, Room()).notebook))
    for report in reports:
        page = student(report, laid_out=laid_out)
        name = page_name(report.submission.id)
        (out / "students" / f"{name}.html").write_text(instructor_page(page), encoding="utf-8")
        (out / "students" / f"{name}.student.html").write_text(own_page(page), encoding="utf-8")
    return out


def quiet(tab: Tab) -> bool:
    """Tell whether nothing was written to the console and nothing was asked for but files and what is on the page."""
    return not tab.console and all(re.match(r"file:|data:|about:", one) for one in tab.requests)


def names(page: Any) -> list[str]:
    """Return the names in the rows that are shown, in their order."""
    found: list[str] = page.locator("#class-table tbody tr:not([hidden]) th").all_inner_texts()
    return found


def test_a_class_is_sorted_filtered_and_searched(tab: Tab, folder: Path) -> None:
    """By hand and by the address; the page of a student opens, and the way back leads to what was chosen."""
    page = tab.opened(folder / "index.html")
    assert len(names(page)) == 42
    page.get_by_role("button", name="Points").click()
    points = [
        float(one)
        for one in page.locator("tbody tr td[data-value].number").evaluate_all(
            "cells => cells.filter(cell => cell.cellIndex === 3).map(cell => cell.dataset.value)"
        )
    ]
    assert points == sorted(points, reverse=True)
    assert page.locator("th[aria-sort=descending]").count() == 1
    page.get_by_label("Status").select_option("graded")
    page.get_by_label("Search").fill("STUDENT 0003")
    found = names(page)
    assert found
    assert all(one.startswith("Student 0003") for one in found)
    assert f"{len(found)} of 42 shown" in page.inner_text("#shown")
    page.get_by_role("link", name=found[0]).click()
    assert page.inner_text("h1") == found[0]
    page.get_by_role("link", name="What the student gets").click()
    assert "Made by grader" in page.inner_text("footer")
    page.go_back()
    page.go_back()
    assert names(page) == found
    page = tab.opened(folder / "index.html", "#sort=student&search=STUDENT%200001&human=yes")
    assert names(page) == ["Student 00013", "Student 00017"]
    assert quiet(tab), (tab.console, tab.requests)


def test_a_notebook_is_shown_in_its_frame(tab: Tab, folder: Path) -> None:
    """Layout, colours and pictures get through the two policies; its cells stand there."""
    page = tab.opened(folder / "students" / "ada.html")
    frame = page.frame_locator("iframe")
    assert "cell 3 · makes or is the network" in frame.locator("section.model p").first.inner_text()
    assert frame.locator(".kn").first.evaluate("word => getComputedStyle(word).color") != frame.locator("h4").evaluate(
        "word => getComputedStyle(word).color"
    )
    assert frame.locator("img").evaluate("picture => picture.naturalWidth") == 300
    assert quiet(tab), (tab.console, tab.requests)


@pytest.mark.parametrize("which", ["instructor", "own", "lying"])
def test_a_hostile_student_runs_nothing(tab: Tab, internet: Internet, tmp_path: Path, which: str) -> None:
    """No script, request, address or form of an attacker's gets anywhere, also where the sandbox's child lied."""
    path = tmp_path / "page.html"
    lie = (
        f"{EVIL}<a id=go href='https://evil.example/'>go</a><form id=form action='https://evil.example/'><input></form>"
        "<meta http-equiv=refresh content='0;url=https://evil.example/'><base href='https://evil.example/'>"
        "<video src='https://evil.example/v' autoplay></video><link rel=stylesheet href='https://evil.example/s.css'>"
        "<a id=top target=_top href='https://evil.example/'>top</a><script>parent.document.title='owned'</script>"
    )
    page = student(samples.hostile(), EVIL, EVIL, lie if which == "lying" else "")
    path.write_text(own_page(page) if which == "own" else instructor_page(page), encoding="utf-8")
    internet.calls()
    shown = tab.opened(path)
    title = shown.title()
    if which == "lying":
        shown.wait_for_timeout(300)
        # A request that the policy stops is sometimes begun, and told of; what counts is that nobody is called.
        assert internet.calls() == 0, tab.requests
        # Whoever presses a link has it connected before it is refused; `claims` lets none through.
        frame = shown.frame_locator("iframe")
        frame.locator("#form input").press("Enter")
        for one in ("#top", "#go"):  # the second leads its own frame to nothing
            frame.locator(one).click(no_wait_after=True, timeout=2_000)
        shown.wait_for_timeout(300)
        assert shown.url == path.as_uri()
    assert shown.title() == title
    assert shown.evaluate("document.scripts.length") == 0
    assert which == "lying" or internet.calls() == 0
    assert which == "lying" or quiet(tab), tab.console


def test_the_console_would_say_so(tab: Tab, internet: Internet, tmp_path: Path) -> None:
    """What the tests above listen for is heard: the page's policy stops a script, a style and a picture."""
    evil = '<p style="color:red">x</p><script>document.title="owned"</script><img src="https://evil.example/x.png">'
    path = tmp_path / "page.html"
    path.write_text(document("safe", evil), encoding="utf-8")
    internet.calls()
    page = tab.opened(path)
    assert len(tab.console) >= 3
    assert page.title() == "safe"
    assert internet.calls() == 0
    path.write_text('<link rel=stylesheet href="https://evil.example/s.css">no policy', encoding="utf-8")
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_timeout(300)
    assert internet.calls() > 0


@pytest.mark.parametrize("which", ["small.html", "students/ada.html", "students/ada.student.html", "frame"])
def test_everybody_can_read_it(browser: Any, folder: Path, tmp_path: Path, which: str) -> None:
    """Axe finds nothing serious on any page, light and dark, wide and narrow; nothing is wider than the window."""
    axe = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    path = folder / which
    if which == "frame":
        path = tmp_path / "frame.html"
        (inner,) = Page((folder / "students" / "ada.html").read_text(encoding="utf-8")).values("srcdoc")
        path.write_text(inner, encoding="utf-8")
    page = browser.new_page()
    try:
        page.goto(path.as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        page.evaluate(axe)
        rules = ""
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                found = page.evaluate(f"axe.run(document, {{iframes: false, resultTypes: ['violations'], {rules}}})")
                rules = f"runOnly: {list(SEEN)}"
                bad = [
                    (one["id"], one["impact"], [node["html"][:150] for node in one["nodes"][:3]])
                    for one in found["violations"]
                    if one["impact"] in SERIOUS
                ]
                assert bad == [], (width, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    finally:
        page.close()


def test_paper_has_everything_and_no_controls(tab: Tab, folder: Path) -> None:
    """On paper a filter hides nobody's row in part, no control is seen, and the notebook stands as text, whole."""
    page = tab.opened(folder / "index.html")
    page.emulate_media(media="print")
    assert not page.locator("#controls").is_visible()
    assert page.locator("#class-table tbody tr:visible").count() == 42
    page = tab.opened(folder / "students" / "ada.html")
    assert not page.locator("iframe").is_visible()
    assert page.get_by_text("import torch").last.is_visible()
    assert page.pdf(format="A4")[:5] == b"%PDF-"
    assert quiet(tab), (tab.console, tab.requests)
