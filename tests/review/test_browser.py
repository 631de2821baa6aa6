"""Marking in a real browser, by keyboard: what is saved is there after a reload, and nothing goes wrong meanwhile."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Literal

import pytest
import uvicorn
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from grader.gradebook import Gradebook
from grader.review.app import application
from grader.review.desk import Desk
from grader.review.serving import listening
from tests.stress import stress

from . import made
from .asking import TOKEN

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="browser: there is no chromium here")
SERIOUS = ("serious", "critical")


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Serve a class as `grader review` does; yield the address, and what ends it."""
    with Gradebook.of(folder) as book, listening(0) as listener:
        port = listener.getsockname()[1]
        app = application(Desk(book, "Anna"), TOKEN, f"grader_review_{port}")
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()

        def end() -> None:
            server.should_exit = True
            thread.join(10)

        yield f"http://127.0.0.1:{port}", end
        end()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser for all tests."""
    with sync_playwright() as player, player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"]) as one:
        yield one


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve one class to all tests."""
    with served(made.folder_of(tmp_path_factory.mktemp("browser"))) as (address, _):
        yield address


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    """Open the class; whatever the browser complains of or asks of others fails the test."""
    wrong: list[str] = []
    opened = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    opened.on("console", lambda message: wrong.append(message.text))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda one: None if one.url.startswith((origin, "data:")) else wrong.append(one.url))
    opened.goto(f"{origin}/?token={TOKEN}")
    yield opened
    opened.context.close()
    assert wrong == []


def at_hand(page: Page, criterion: str) -> None:
    """Wait until the points of this criterion are what the next key goes to."""
    page.wait_for_selector(f".criterion:has-text('{criterion}') .points:focus")


def test_a_student_is_marked_by_keyboard(page: Page) -> None:
    """Digits and Enter for each criterion, undo, redo, a comment and a snippet; after a reload all of it is there."""
    assert "token" not in page.url
    page.click("a:has-text('Ada Lovelace')")
    at_hand(page, "describes the architecture")
    page.keyboard.type("4")
    page.keyboard.press("Enter")
    page.wait_for_selector(".criterion.given")
    at_hand(page, "where the shapes")
    page.keyboard.press("c")
    page.keyboard.type("Say why 32 becomes 16? jun")
    page.keyboard.press("Escape")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.wait_for_selector("#said:has-text('All marked here')")
    expect(page.locator(".criterion.given")).to_have_count(2)
    expect(page.locator("#progress")).to_contain_text("1 of 6 marked")
    page.keyboard.press("u")
    page.wait_for_selector("#said:has-text('Taken back.')")
    expect(page.locator(".criterion.given")).to_have_count(1)
    page.reload()
    expect(page.locator(".criterion.given")).to_have_count(1)
    page.keyboard.press("r")
    page.wait_for_selector("#said:has-text('Given again.')")
    page.reload()
    assert page.input_value(".criterion:nth-child(2) .points") == "3"
    assert page.input_value(".criterion:nth-child(2) textarea") == "Say why 32 becomes 16? jun"
    ada = page.url
    page.keyboard.press("j")
    page.wait_for_url(lambda url: url != ada)
    page.click("#queue a:has-text('Bea Late')")
    page.wait_for_selector("h1:has-text('Bea Late')")
    at_hand(page, "describes the architecture")
    page.focus(".criterion:nth-child(2) .points")
    page.keyboard.press("Alt+1")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    page.wait_for_selector(".criterion:nth-child(2).given")
    assert page.input_value(".criterion:nth-child(2) textarea") == "Say why 32 becomes 16? jun"
    page.keyboard.press("?")
    assert page.locator("#help").is_visible()
    page.keyboard.press("Escape")


def test_what_does_not_fit_is_said(page: Page) -> None:
    """The sentence stands where the eye is, what was typed stays, and what is typed and not saved is not left behind."""
    page.click("a:has-text('cleo')")
    at_hand(page, "describes the architecture")
    page.keyboard.type("9")
    page.keyboard.press("Enter")
    page.wait_for_selector("#said.wrong:has-text('9 is more than there is to give')")
    assert page.input_value(".criterion .points >> nth=0") == "9"
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    page.click("#all")
    page.wait_for_selector("h1:has-text('Marking')")
    assert asked == ["beforeunload"]


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (390, "dark"),
        pytest.param(1440, "light", marks=stress),
        pytest.param(1440, "dark", marks=stress),
        pytest.param(390, "light", marks=stress),
    ],
)
def test_everybody_can_use_it(browser: Browser, origin: str, width: int, scheme: Literal["light", "dark"]) -> None:
    """Nothing serious is found by axe, and no page is wider than its screen, on a desk and on a phone, light and dark."""
    axe = resources.files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    page = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme).new_page()
    page.goto(f"{origin}/?token={TOKEN}")
    page.click("a:has-text('fay')")
    page.wait_for_selector("#ask:visible")
    page.evaluate("[...document.querySelectorAll('details')].slice(0, 3).forEach(one => one.open = true)")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_without_scripts(browser: Browser, origin: str) -> None:
    """Forms and links do all of it."""
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{origin}/?token={TOKEN}")
    page.click("a:has-text('gus')")
    page.fill(".criterion .points >> nth=0", "1")
    page.click(".criterion button:has-text('Save') >> nth=0")
    expect(page.locator(".criterion.given")).to_have_count(1)
    page.click("#undo")
    expect(page.locator(".criterion.given")).to_have_count(0)
    page.context.close()


@stress
def test_the_server_is_gone(browser: Browser, tmp_path: Path) -> None:
    """Who marks on after Ctrl-C reads so, and the points stay in the field."""
    with served(made.folder_of(tmp_path)) as (origin, end):
        page = browser.new_page()
        page.goto(f"{origin}/?token={TOKEN}")
        page.click("a:has-text('Ada Lovelace')")
        at_hand(page, "describes the architecture")
        end()
        page.keyboard.type("4")
        page.keyboard.press("Enter")
        page.wait_for_selector("#said.wrong:has-text('Is `grader review` still running?')")
        assert page.input_value(".criterion .points >> nth=0") == "4"
        page.context.close()
