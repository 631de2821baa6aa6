"""The pages without a browser: who may ask, what is shown, what a form does."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader.cli import app
from grader.faults import OperatorFault
from grader.gradebook import Gradebook
from grader.publishing import publish
from grader.records import Keys
from grader.review.app import application
from grader.review.codes import codes_of
from grader.review.desk import Desk, points_of
from grader.review.shown import guide
from grader.scoring.marks import LOOKED
from tests.pages.markup import Page

from . import made
from .asking import COOKIE, HOST, TOKEN, Browser

Code = Callable[[str], str]
HTMX = {"hx_request": "true"}


def fields(desk: Desk, code: str, criterion: str, points: str = "3", comment: str = "") -> dict[str, str]:
    """Return a form as the page of now has it."""
    item = desk.sheet(code).item(criterion)
    assert item is not None
    return {"criterion": criterion, "points": points, "comment": comment, "seen": item.seen}


def is_whole(page: str) -> bool:
    """Tell whether every tag is closed where it has to be; the reader of the other pages knows of no `link`."""
    return Page(page.replace("<link ", "<meta ")).open == []


def test_only_with_the_token(browser: Browser) -> None:
    """The printed address hands it over once, in a cookie that no script reads; everything else asks for it."""
    first = browser.get(f"/?token={TOKEN}", cookie="")
    assert (first.status, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].lower()
    assert all(one in cookie for one in ("httponly", "samesite=strict", "path=/"))
    assert browser.get("/").status == 200
    for path in ("/", "/?token=wrong", "/static/page.css", "/s/1", "/?token="):
        assert browser.get(path, cookie=f"{COOKIE}=wrong").status == 403
        assert browser.get(path, cookie="").status == 403
    assert browser.get("/", cookie=f"a=b; {COOKIE}={TOKEN}").status == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8765", "", "[::2]:8765", "localhost:8765@x"])
def test_only_under_its_own_name(browser: Browser, host: str) -> None:
    """A name that somebody makes point to this machine gets nothing, token or not (DNS rebinding)."""
    assert browser.get("/", host=host).status == 421
    assert browser.get(f"/?token={TOKEN}", host=host).status == 421
    assert browser.get("/", host="localhost:9999").status == 200  # the other end of a tunnel


def test_only_from_its_own_page(browser: Browser, desk: Desk, code: Code) -> None:
    """A form on another page changes nothing, whatever cookie the browser sends with it."""
    path, form = f"/s/{code('Ada Lovelace')}/mark", fields(desk, code("Ada Lovelace"), "architecture")
    for origin in ("https://evil.example", "null", "", f"https://{HOST}", "http://127.0.0.1:1"):
        assert browser.post(path, form, origin=origin).status == 403
    assert browser.post(path, form, sec_fetch_site="cross-site").status == 403
    assert browser.post(path, {**form, "comment": "x" * 70_000}).status == 413
    assert browser.get(path).status == 405
    assert desk.gradebook.marks() == ()
    assert browser.post(path, form).status == 303


def test_what_a_page_may_do(browser: Browser) -> None:
    """No page of ours loads, frames or sends anything elsewhere, and nothing of it stays in a cache."""
    headers = browser.get("/").headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    page = browser.get("/").text
    assert re.findall(r"(?:src|href|action)=\"(?!/|data:,)[^\"]*", page) == []
    assert browser.get("/static/../app.py").status == 404


def test_a_submission_beside_its_criteria(browser: Browser, code: Code) -> None:
    """Text, code, true shapes, the guide as steps; the markup is whole."""
    page = browser.get(f"/s/{code('Ada Lovelace')}").text
    for said in ("My pool halves the maps", "torch.max", "3×32×32", "each layer and what it is for.", "Points"):
        assert said in page
    assert "0 of 6 marked" in page
    assert is_whole(page)


def test_a_mark_without_scripts(browser: Browser, desk: Desk, code: Code) -> None:
    """A form leads back to the next criterion; who and when stand beside the mark."""
    ada = code("Ada Lovelace")
    answer = browser.post(f"/s/{ada}/mark", fields(desk, ada, "architecture", "2,5", "Name the layers.\r\nAll."))
    shapes = desk.sheet(ada).item("shapes")
    assert shapes is not None
    assert (answer.status, answer.headers["location"]) == (303, f"/s/{ada}?show=unmarked#c-{shapes.slot}")
    (mark,) = desk.gradebook.marks()
    assert (mark.points, mark.comment, mark.who, mark.submission) == (2.5, "Name the layers.\nAll.", "Anna", "10001")
    assert "Anna · Name the layers." in browser.get(f"/s/{ada}").text


def test_what_changes_in_place(browser: Browser, desk: Desk, code: Code) -> None:
    """A script gets the parts that differ, by their ids, and which field is next."""
    ada = code("Ada Lovelace")
    answer = browser.post(f"/s/{ada}/mark", fields(desk, ada, "architecture"), **HTMX)
    sheet = desk.sheet(ada)
    slots = {one.finding.criterion: one.slot for one in sheet.human}
    assert json.loads(answer.headers["hx-trigger-after-settle"]) == {"next": slots["shapes"]}
    for part in (f"c-{slots['architecture']}", "actions", "progress", "queue", "said", "summary"):
        assert re.search(rf'id="{part}"[^>]*hx-swap-oob="true"', answer.text), part
    assert f"c-{slots['shapes']}" not in answer.text
    last = browser.post(f"/s/{ada}/mark", fields(desk, ada, "shapes"), **HTMX)
    assert json.loads(last.headers["hx-trigger-after-settle"]) == {"next": ""}
    assert "1 of 6 marked" in last.text
    back = browser.post(f"/s/{ada}/undo", {}, **HTMX)
    assert ("Taken back." in back.text, "0 of 6 marked" in back.text) == (True, True)
    assert "1 of 6 marked" in browser.post(f"/s/{ada}/redo", {}, **HTMX).text
    assert "nothing to give again" in browser.post(f"/s/{ada}/redo", {}, **HTMX).text


@pytest.mark.parametrize(
    ("criterion", "points", "comment", "said"),
    [
        ("architecture", "6", "", "6 is more than there is to give. Type a number from 0 to 5."),
        ("architecture", "-1", "", "Points are a number such as 3 or 2.5."),
        ("architecture", "nan", "", "Points are a number"),
        ("architecture", "", " ", "Nothing was typed"),
        ("architecture", "1", "x" * 4001, "at most 4,000 characters"),
        ("runs", "2", "", "only with a reason"),
        ("gone", "2", "", "no such criterion"),
        (LOOKED, "1", "", "no such criterion"),
    ],
)
def test_what_cannot_be_given(
    browser: Browser, desk: Desk, code: Code, criterion: str, points: str, comment: str, said: str
) -> None:
    """One sentence says why, on the page or to the script, and nothing is saved."""
    ada = code("Ada Lovelace")
    form = {"criterion": criterion, "points": points, "comment": comment, "seen": "x"}
    for headers in (HTMX, {}):
        answer = browser.post(f"/s/{ada}/mark", form, **headers)
        assert (answer.status, said in answer.text) == (200 if headers else 400, True)
    assert desk.gradebook.marks() == ()


def test_a_gradebook_in_use_is_said(browser: Browser, desk: Desk, code: Code, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a batch holds it longer than a mark waits, the marker reads so and presses the key again."""
    ada = code("Ada Lovelace")

    def busy(*_: object) -> None:
        raise OperatorFault("The gradebook x is in use: another process is writing it.")

    monkeypatch.setattr(Gradebook, "save_mark", busy)
    answer = browser.post(f"/s/{ada}/mark", fields(desk, ada, "architecture"), **HTMX)
    assert (answer.status, answer.text.startswith("Not saved. The gradebook x is in use")) == (503, True)


def test_an_override_and_back(browser: Browser, desk: Desk, code: Code) -> None:
    """Points of a human with a reason, and the grader's again; both stay in the history."""
    ada = code("Ada Lovelace")
    browser.post(f"/s/{ada}/mark", fields(desk, ada, "conv", "1", "It is a copy."), **HTMX)
    assert desk.sheet(ada).report.points == 27
    page = browser.get(f"/s/{ada}").text
    assert "A human gives 1 points" not in page
    assert ("The grader: passed, 4 of 4" in page, "It is a copy." in page) == (True, True)
    browser.post(f"/s/{ada}/mark", fields(desk, ada, "conv", "", ""), **HTMX)
    assert desk.sheet(ada).report.points == 30
    assert len(desk.gradebook.marks()) == 2


def test_a_look_decides(browser: Browser, desk: Desk, code: Code) -> None:
    """Two open checks, then the look: the submission is graded, until it is opened again."""
    fay = code("fay")
    assert "Its 2 open checks need your points" in browser.get(f"/s/{fay}").text
    for name in ("runs", "conv"):
        browser.post(f"/s/{fay}/mark", fields(desk, fay, name, "1", "I ran it by hand."), **HTMX)
    browser.post(f"/s/{fay}/mark", fields(desk, fay, LOOKED, "1"), **HTMX)
    assert str(desk.sheet(fay).report.status) == "graded"
    assert "A human has looked at this one." in browser.get(f"/s/{fay}").text
    browser.post(f"/s/{fay}/mark", fields(desk, fay, LOOKED, ""), **HTMX)
    assert str(desk.sheet(fay).report.status) == "needs_human"


def test_two_markers(book: Gradebook, desk: Desk, browser: Browser, code: Code) -> None:
    """Both marks stay, the newer counts, and its giver reads whose stood there; undo touches one's own alone."""
    ada = code("Ada Lovelace")
    Desk(book, "Ben").give(ada, "architecture", "5", "", "")
    answer = browser.post(f"/s/{ada}/mark", fields(desk, ada, "architecture", "2"), **HTMX)
    assert "Ben had given 5; yours counts now." in answer.text
    browser.post(f"/s/{ada}/undo", {}, **HTMX)
    browser.post(f"/s/{ada}/undo", {}, **HTMX)
    assert [one.who for one in book.marks()] == ["Ben", "Anna", "Anna"]
    item = desk.sheet(ada).item("architecture")
    assert item is not None
    assert item.finding.points == 5


def test_a_regrade_keeps_marks_and_flags_what_changed(book: Gradebook, desk: Desk, code: Code, folder: Path) -> None:
    """The same text flags nothing; another text does, in review, on the pages and at an export, until it is given again."""
    ada = code("Ada Lovelace")
    for name in ("architecture", "shapes"):
        desk.give(ada, name, "5", "", fields(desk, ada, name)["seen"])
    made.save(book, [replace(made.ada(), keys=Keys("newer", "t", "s"))], code=f"{made.CODE}  ")
    assert desk.sheet(ada).row.changed == ()
    made.save(book, [replace(made.ada(), keys=Keys("other", "t", "s"))], text="All new.")
    row = desk.sheet(ada).row
    assert (row.given, row.flagged, len(row.changed)) == (2, True, 2)
    assert row.changed[0].startswith("The explanation has changed since “The explanation describes")
    publish(book, folder)
    assert "The explanation has changed since" in (folder / "index.html").read_text(encoding="utf-8")
    assert "The explanation has changed since" in (folder / "students/10001.html").read_text(encoding="utf-8")
    assert "has changed since" not in (folder / "students/10001.student.html").read_text(encoding="utf-8")
    done = CliRunner().invoke(app, ["export", str(folder), "--to", "canvas"])
    assert "Marks of Ada Lovelace were given on what has changed since" in done.output
    for name in ("architecture", "shapes"):
        desk.give(ada, name, "5", "", fields(desk, ada, name)["seen"])
    assert desk.sheet(ada).row.changed == ()


def test_a_marked_class_is_exported(book: Gradebook, desk: Desk, code: Code, folder: Path) -> None:
    """Full points where all is given, blank where not, in every format; the comment reaches the student."""
    ada = code("Ada Lovelace")
    for name in ("architecture", "shapes"):
        desk.give(ada, name, "4", "Say why there are 16 maps.", "")
    book.close()
    for to, said in {
        "csv": "10001,Ada Lovelace,graded,30,30,8,10",
        "json": '"human_points": 8',
        "canvas": ",38",
        "moodle": "38",
        "nbgrader": "38",
        "junit": "[[PROPERTY|points=4]]",
    }.items():
        done = CliRunner().invoke(app, ["export", str(folder), "--to", to, "--output", str(folder / to)])
        assert done.exit_code == 0, done.output
        text = (folder / to).read_text(encoding="utf-8")
        assert said in text, to
    shown = CliRunner().invoke(app, ["show", str(folder), "10001"])
    assert "by Anna" in shown.output
    canvas = (folder / "canvas").read_text(encoding="utf-8")
    assert "Bea Late,,bea,,," in canvas


def test_pages_are_written_anew_where_a_mark_is_newer(book: Gradebook, desk: Desk, code: Code, folder: Path) -> None:
    """A batch that changed nobody's report still shows marks that were given since."""
    publish(book, folder)
    path = folder / "students/10001.student.html"
    moment = book.now()
    for one in folder.glob("students/*"):
        os.utime(one, (moment, moment))
    before = (folder / "students/bea.html").stat().st_mtime_ns
    desk.give(code("Ada Lovelace"), "architecture", "4", "Say why.", "")
    publish(book, folder, ())
    assert "Say why." in path.read_text(encoding="utf-8")
    assert "Anna" not in path.read_text(encoding="utf-8")
    assert (folder / "students/bea.html").stat().st_mtime_ns == before


def test_a_hostile_student_stays_text(desk: Desk, browser: Browser) -> None:
    """No markup and no escape of theirs is on any page, in the text, the code, their name or their files."""
    for row in desk.queue():
        page = browser.get(f"/s/{row.code}?show=all").text
        assert "<script>alert" not in page
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", page)
        assert page.count("<script") == 2
        assert is_whole(page)
    assert "<script>alert" not in browser.get("/?show=all").text


def test_blind(book: Gradebook) -> None:
    """Nothing says whose it is: no name, id, address or file, in any case, nor in the page of the queue."""
    desk = Desk(book, "Anna", is_blind=True)
    ada = next(row.code for row in Desk(book, "Ben").queue() if row.label == "Ada Lovelace")
    Desk(book, "Ben").give(ada, "architecture", "3", "Well done, Ada!", "")
    blind = Browser(application(desk, TOKEN, COOKIE))
    pages = [blind.get(f"/s/{row.code}").text for row in desk.queue()] + [blind.get("/?show=all").text]
    for page in pages:
        for name in ("ada", "lovelace", "10001", "example.org", "bea", "cleo", "fay", "gus", "mallory"):
            assert not re.search(rf"(?<![a-z]){name}(?![a-z])", page.lower()), name
    page = blind.get(f"/s/{ada}").text
    for said in ("My pool halves the maps, says █████.", "torch.max", "Well done, █████!", f"No. {ada}"):
        assert said in page


def test_numbers_stay_when_others_come() -> None:
    """A number is the id's own; a class of thousands gets longer ones, and no two are alike."""
    few = codes_of(["a", "b", "c"], "salt")
    more = codes_of(["a", "b", "c", *map(str, range(400))], "salt")
    assert sum(few[one] == more[one] for one in few) >= 2
    assert codes_of(["a"], "other") != codes_of(["a"], "salt")
    many = codes_of(list(map(str, range(6000))), "salt")
    assert len(set(many.values())) == 6000
    assert {len(one) for one in few.values()} == {4}


def test_points_as_they_are_typed() -> None:
    """With a point or a comma; nothing is nothing."""
    assert [points_of(one, 5) for one in ("3", " 2,5", ".5", "", "0", "4.")] == [3, 2.5, 0.5, None, 0, 4]


def test_a_guide_as_steps() -> None:
    """What stands before the first number stays a sentence; a ratio or an hour is no step."""
    found = guide("Read all.\n5: each layer, at 3:1 and 10:30. 2.5: some.")
    assert (found.said, [(one.points, one.said) for one in found.steps]) == (
        "Read all.",
        [("5", "each layer, at 3:1 and 10:30."), ("2.5", "some.")],
    )
    assert guide("Just read.").steps == ()
