"""The pages in a real browser: they sort and filter, and nothing is written to the console."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from grader.report.pages.class_page import class_page
from grader.report.pages.document import document
from grader.report.pages.student_page import instructor_page, own_page
from tests.report import samples

from .made import EVIL, many, of_class, student

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="browser: there is no chromium here")


def seen(folder: Path, markup: str, fragment: str = "") -> tuple[str, list[str]]:
    """Return the page as it is after its script ran, and what was written to the console."""
    path = folder / "page.html"
    path.write_text(markup, encoding="utf-8")
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"),
            *("--enable-logging=stderr", "--dump-dom", f"{path.as_uri()}{fragment}"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def shown(page: str) -> list[str]:
    """Return the ids in the rows of the class that are not hidden, in their order."""
    rows = re.findall(r"<tr data-status[^>]*>.*?</tr>", page)
    return [re.findall(r"<td>(\d{5})</td>", row)[0] for row in rows if "hidden" not in row.partition(">")[0]]


def test_a_class_is_sorted_and_filtered(tmp_path: Path) -> None:
    """The state in the address is taken over: sorted downwards, graded ones alone, the count is said."""
    page, console = seen(tmp_path, class_page(of_class(many(300))), "#sort=points,down&status=graded")
    assert console == []
    expected = [one for one in sorted(many(300), key=lambda one: -one.points) if one.status == "graded"]
    assert shown(page) == [one.submission.id for one in expected]
    assert "150 of 300 shown" in page
    assert page.count('aria-sort="descending"') == 1
    assert page.count("<button type") == page.count("data-key")


def test_a_search_finds_names(tmp_path: Path) -> None:
    """Names are searched without capitals, upwards by name; who needs a human can be asked for as well."""
    page, console = seen(tmp_path, class_page(of_class(many(40))), "#sort=student&search=STUDENT%200001&human=yes")
    assert console == []
    assert shown(page) == ["00027", "00023"]


@pytest.mark.parametrize("which", ["instructor", "own"])
def test_a_hostile_student_runs_nothing(tmp_path: Path, which: str) -> None:
    """Neither a script nor a request of an attacker's text is tried, which the console would say."""
    render = instructor_page if which == "instructor" else own_page
    page, console = seen(tmp_path, render(student(samples.hostile(), EVIL, EVIL)))
    assert console == []
    assert page.count("<script") == 0


def test_the_console_would_say_so(tmp_path: Path) -> None:
    """What the tests above listen for is heard: the page's policy stops a script, a style and a picture."""
    evil = '<p style="color:red">x</p><script>document.title="owned"</script><img src="https://evil.example/x.png">'
    page, console = seen(tmp_path, document("safe", evil))
    assert len(console) >= 3
    assert "<title>safe</title>" in page
