"""The site builds without a warning, asks nobody for anything, and every link leads somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.docs.blocks import PAGES, ROOT

EXTERNAL = re.compile(r"https?://")
ONLINE = "GRADER_ONLINE" in os.environ
"""Whether external links are asked for; tests use no network unless told to."""
_LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
_NOT_REAL = ("example.edu", "127.0.0.1", "localhost")


class Loads(HTMLParser):
    """Collect what a page loads by itself."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Take the address of what this tag loads; a canonical link loads nothing."""
        words = dict(attributes)
        address = words.get(_LOADING.get(tag, "")) or ""
        if EXTERNAL.match(address) and words.get("rel") not in ("canonical", "prev", "next"):
            self.found.append(address)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a warning ends it."""
    folder = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    """No page and no style names a script, picture, font or style of another server."""
    loaded: dict[str, list[str]] = {}
    for page in site.rglob("*.html"):
        reader = Loads()
        reader.feed(page.read_text(encoding="utf-8"))
        loaded[str(page.relative_to(site))] = reader.found
    assert {page: found for page, found in loaded.items() if found} == {}
    styles = "".join(one.read_text(encoding="utf-8") for one in site.rglob("*.css"))
    assert re.findall(r"url\(\s*['\"]?https?://[^)]*", styles) == []


def test_every_page_is_in_the_menu(site: Path) -> None:
    """Whatever lies in `docs/` can be reached from the first page."""
    first = (site / "index.html").read_text(encoding="utf-8")
    pages = {one.relative_to(ROOT / "docs").with_suffix(".html").as_posix() for one in (ROOT / "docs").rglob("*.md")}
    assert {one for one in pages - {"index.html"} if f'href="{one}"' not in first} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda one: one.relative_to(ROOT).as_posix())
def test_links_lead_somewhere_where_the_repository_is_read(page: Path) -> None:
    """A link between files names one that is there, and a heading that it has."""
    wrong = []
    for target in _links(page):
        if EXTERNAL.match(target) or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in _anchors(file)):
            wrong.append(target)
    assert wrong == []


def test_external_links_answer() -> None:
    """Each address outside is asked for, where `GRADER_ONLINE` allows it; else they are listed alone."""
    found = sorted({one for page in PAGES if page.exists() for one in _links(page) if EXTERNAL.match(one)})
    asked = [one for one in found if not any(part in one for part in _NOT_REAL)]
    assert asked
    if not ONLINE:
        pytest.skip(f"elsewhere: set GRADER_ONLINE to ask for {', '.join(asked)}")
    for one in asked:
        request = urllib.request.Request(one, method="HEAD", headers={"User-Agent": "link check"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status < 400, one


def _links(page: Path) -> list[str]:
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    inner = [part for token in tokens if token.type == "inline" for part in token.children or ()]
    return [str(one.attrs.get("href") or one.attrs.get("src")) for one in inner if one.type in ("link_open", "image")]


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as forges and the site make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).strip().replace(" ", "-") for one in headings}
