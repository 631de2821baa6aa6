"""What is said about the explanation while a human's marks are pending."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grader.criteria import Evidence
from grader.criteria.human import places
from grader.records import Break, Outcome, Passage

from .samples import GOOD, course, finding


def passages(*found: str) -> tuple[Passage, ...]:
    """Return passages of ten words at these places."""
    return tuple(Passage(where, 10, "text") for where in found)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (("text cell 1", "text cell 3", "report.pdf"), "text cells 1, 3 and report.pdf"),
        (("text cell 2",), "text cell 2"),
        (("report.pdf", "README.md"), "report.pdf and README.md"),
        (("text cell 1", "comments in cell 2", "comments in cell 4"), "text cell 1 and comments in cells 2, 4"),
        (tuple(f"text cell {n}" for n in (1, 2, 4, 5, 6, 9)), "text cells 1, 2, 4 to 6, 9"),
        (tuple(f"text cell {n}" for n in range(1, 30, 2)), "text cells 1, 3, 5, 7, 9, 11, …"),
        (tuple(f"{n}.md" for n in range(7)), "0.md, 1.md, 2.md, 3.md and 3 more places"),
        (("text cell 1 (counted over all notebooks)",), "text cell 1 (counted over all notebooks)"),
        (
            ("comments in cell 4 of b.ipynb", "comments in net.py"),
            "comments in cell 4 of b.ipynb and comments in net.py",
        ),
    ],
)
def test_places(found: tuple[str, ...], said: str) -> None:
    """Cells of a kind share one word, runs become ranges, and many places are cut."""
    assert places(passages(*found)) == said


def test_what_was_found_is_said() -> None:
    """A pending mark says how many words stand where, and keeps its guide and its points open."""
    found = finding("shapes", replace(GOOD, explanation=passages("text cell 1", "text cell 3", "report.pdf")))
    assert (found.outcome, found.points, found.max_points) == (Outcome.PENDING, None, 5)
    assert found.rationale == "A human reads and marks this: 30 words in text cells 1, 3 and report.pdf."
    assert (found.evidence["human"], found.evidence["words"]) == (True, 30)
    assert found.evidence["found"][2] == {"where": "report.pdf", "words": 10}
    assert "in_features" in found.evidence["guide"]


def test_nothing_found_is_pending_too() -> None:
    """No explanation is for a human to decide; it is never zero points by the machine."""
    found = finding("shapes", replace(GOOD, explanation=()))
    assert (found.outcome, found.points) == (Outcome.PENDING, None)
    said = "A human decides: no explanation was found in the notebook, its comments or beside it."
    assert (found.rationale, found.evidence["words"], found.evidence["found"]) == (said, 0, [])


def test_problems_are_said() -> None:
    """A document that cannot be read stands in the rationale, whether or not something else was found."""
    problem = "report.pdf has no text that can be read; a human looks at it."
    alone = finding("shapes", replace(GOOD, explanation=(), explanation_problems=(problem,)))
    beside = finding("shapes", replace(GOOD, explanation=passages("text cell 1"), explanation_problems=(problem,)))
    assert alone.rationale == f"A human decides: no explanation could be read. {problem}"
    assert beside.rationale == f"A human reads and marks this: 10 words in text cell 1. {problem}"


def test_before_it_is_looked_for() -> None:
    """Where nobody looked for an explanation, nothing is said about it."""
    found = finding("shapes", GOOD)
    assert found.rationale == "A human reads and marks this."
    assert set(found.evidence) == {"human", "guide"}


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(10, (3, 32, 32), unseen="Only a link was handed in.", explanation=passages("text cell 1")),
        Evidence(10, (3, 32, 32), broke=Break("build", "E", "no"), explanation=passages("text cell 1")),
    ],
)
def test_also_where_the_network_was_not_seen(evidence: Evidence) -> None:
    """Every mark says what there is to read, also where the network could not be looked at or built."""
    for name in course().human:
        found = finding(name, evidence)
        assert (found.outcome, found.points) == (Outcome.PENDING, None)
        assert found.rationale.endswith("10 words in text cell 1.")


def test_a_long_list_is_cut() -> None:
    """The evidence keeps fifty places; the count is of all."""
    found = finding("shapes", replace(GOOD, explanation=passages(*(f"text cell {n}" for n in range(1, 200)))))
    assert len(found.evidence["found"]) == 50
    assert found.evidence["words"] == 1990
