"""What is shown of submissions that are alike: the page, the class page's column, the terminal, and nothing to students."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from grader import resemblance
from grader.alike import SimilarOptions, run_similar
from grader.cli import app
from grader.faults import GraderFault, OperatorFault
from grader.gradebook import Gradebook
from grader.gradebook.records import StoredCapture
from grader.publishing import publish
from grader.records import Keys
from grader.records.similarity import Similarity
from grader.report.pages.class_page import class_page
from grader.report.pages.similar_page import SimilarPage, similar_page
from grader.report.similar_words import HINT
from grader.similarity.comparing import compare
from grader.similarity.winnowing import library
from tests.pages.made import EVIL, NOON, RUN, many, of_class
from tests.pages.markup import ATTRIBUTES, OURS, Page

from .copies import ORIGINAL, REORDERED, entry, strangers

WORDS = (
    "because two convolutions see edges first and shapes after them which tells a zebra from a wall in my pictures " * 3
)


def compared(said: str = WORDS) -> Similarity:
    """Return a class in which two are alike."""
    evil = [entry(name, f"{text}\n# {EVIL}\n", said=said) for name, text in (("ann", ORIGINAL), ("ben", REORDERED))]
    return compare([*strangers(12), *evil], library=library())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a batch of twelve; the first two handed in the same network."""
    out = tmp_path / "results"
    texts = [ORIGINAL + "\x1b[2J\x00", REORDERED, *(one.pieces[0].text for one in strangers(10))]
    with Gradebook.open(out / "gradebook.sqlite", lambda: NOON) as gradebook:
        run = gradebook.start_run(RUN.invocation)
        for index, (report, text) in enumerate(zip(many(12), texts, strict=True)):
            source = [{"file": "a.py", "cell": None, "text": text}]
            facts = {"source": source, "slice": [{"file": "a.py", "cell": None, "line": 2}, "nonsense", {"line": "x"}]}
            gradebook.save_capture(f"capture {index}", StoredCapture("none", {"facts": facts}))
            gradebook.save_report(run, replace(report, keys=Keys(f"capture {index}"), layers=()))
        gradebook.finish_run(run)
    return out


def test_the_page_is_inert() -> None:
    """Nothing of a student's acts, the policy forbids all else, and the hint stands above everything."""
    found = compared(f"{WORDS} {EVIL}")
    text = similar_page(SimilarPage(found, {"ann": f"Ann {EVIL}", "ben": "Ben"}, "index.html", EVIL))
    read = Page(text)
    assert set(read.tags) <= OURS | {"h4", "i", "strong", "figcaption", "blockquote"}
    assert {name for name, _ in read.attributes} <= ATTRIBUTES | {"open"}
    assert read.open == []
    assert all(re.fullmatch(r"#cluster-\d+|index\.html|students/[\w.-]+\.html", one) for one in read.values("href"))
    assert not [one for one in text if not one.isprintable() and one != "\n"]
    assert "default-src 'none'" in text
    assert HINT.replace("'", "&#x27;") in text
    assert 'id="cluster-1"' in text
    assert 'class="shared"' in text
    assert not re.search(r"cheat|plagiar|copied", text, re.IGNORECASE)


def test_the_class_page_has_a_column() -> None:
    """It leads to the group, can be filtered, and is not there where nobody is alike."""
    page = of_class(many(3))
    pair = replace(compared().clusters[0].pairs[0], first="00000", second="00002")
    cluster = replace(compared().clusters[0], members=("00000", "00002"), pairs=(pair,))
    text = class_page(replace(page, similarity=Similarity(3, "copydetect", (cluster,))))
    assert text.count('<a href="similar.html#cluster-1">group 1</a>') == 2
    assert 'name="alike"' in text
    none = class_page(replace(page, similarity=Similarity(3, "copydetect")))
    assert "Like another" not in none
    assert "a hint and no verdict" in none


def test_a_gradebook_is_compared_behind_the_walls(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pages say who is alike, no student's page does, and the second time nothing is compared."""
    file = io.StringIO()
    assert run_similar(SimilarOptions(folder), Console(file=file, width=100, color_system=None)) == 0
    assert "1 group of submissions that are alike" in file.getvalue()
    assert "Nothing was taken off" in file.getvalue()
    assert "cluster-1" in (folder / "similar.html").read_text(encoding="utf-8")
    assert "similar.html#cluster-1" in (folder / "index.html").read_text(encoding="utf-8")
    theirs = [*folder.glob("students/*.student.html"), *folder.glob("students/*.md")]
    assert len(theirs) == 24
    bodies = [re.sub(r"(?s)<style>.*?</style>", "", one.read_text(encoding="utf-8")) for one in theirs]
    assert not any(word in body for body in bodies for word in ("alike", "similar", "Like another"))
    monkeypatch.setattr(resemblance, "comparer", None)
    done = CliRunner().invoke(app, ["similar", str(folder), "--json"])
    plain = json.loads(done.stdout)
    assert [one["members"] for one in plain["clusters"]] == [["00000", "00001"]]
    assert plain["pages"]["similar"] == "similar.html"


def test_a_template_is_remembered(folder: Path, tmp_path: Path) -> None:
    """What was given once counts for nobody, in `grader report` as well, until it is forgotten."""
    start = tmp_path / "start.py"
    start.write_text(ORIGINAL, encoding="utf-8")
    sink = Console(file=io.StringIO())
    run_similar(SimilarOptions(folder, (start,)), sink)
    with Gradebook.of(folder) as gradebook:
        assert set(gradebook.templates()) == {"start.py"}
        publish(gradebook, folder, changed=())
    assert "cluster-1" not in (folder / "similar.html").read_text(encoding="utf-8")
    assert "start.py" in (folder / "similar.html").read_text(encoding="utf-8")
    run_similar(SimilarOptions(folder, forget=True), sink)
    assert "cluster-1" in (folder / "similar.html").read_text(encoding="utf-8")
    with pytest.raises(OperatorFault, match="cannot be read"):
        run_similar(SimilarOptions(folder, (tmp_path / "nowhere.py",)), sink)


def test_a_comparison_that_fails_costs_no_page(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The class page is written, and says why nobody was compared."""

    def fails(*_: Any) -> Similarity:
        raise GraderFault("The comparison ended badly.", "memory-limit")

    monkeypatch.setattr(resemblance, "_compare", fails)
    with Gradebook.of(folder) as gradebook:
        publish(gradebook, folder)
    assert "were not compared with each other" in (folder / "index.html").read_text(encoding="utf-8")
