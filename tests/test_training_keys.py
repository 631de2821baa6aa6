"""What a training is kept under: the graph, the recipe and the pictures, and no setting that is as it always was."""

from __future__ import annotations

from pathlib import Path

from grader.criteria import DEFINITIONS
from grader.data.store import StoredSplit
from grader.orders import Assignment, training_content
from grader.records import Meaning
from grader.rubric import parse
from grader.work import trained_digest

PICTURES = StoredSplit(Path("nowhere"), "pictures", ("a", "b"), (3, 32, 32), 10, 10)
BEFORE_THERE_WAS_A_CHOICE = "53714b5466483732e2f5ff2b32d1e9fcfd22f04734259041752d88bccff1dd33"
"""What `content` returned of 60 steps when a recipe had neither weights nor flips, crops and seeds."""


def content(recipe: str = "", criterion: str = "") -> str:
    """Return what decides a training of 60 steps under a recipe with these lines."""
    learnt = f"[criteria.memorises]\npoints = 1\n{criterion}"
    text = f'version = 1\ntitle = "A test"\n{learnt}\n[recipe]\nsteps = 60\n{recipe}'
    return training_content("graph", Assignment(parse(text, "test.toml", DEFINITIONS), PICTURES, None, "cpu", {}))


def test_old_trainings_count() -> None:
    """What was trained before a setting existed is found by a recipe that says in words what it was then."""
    assert content('weights = "submitted"') == BEFORE_THERE_WAS_A_CHOICE
    assert (
        content('weights = "submitted"\nflips = false\ncrops = 0\nseeds = 1\ntf32 = false\nautocast = "off"')
        == BEFORE_THERE_WAS_A_CHOICE
    )


def test_settings_decide_a_training() -> None:
    """Another setting is another training, and each of these another one."""
    lines = (
        "",
        "flips = true",
        "crops = 4",
        "crops = 2",
        "flips = true\ncrops = 4",
        'weights = "submitted"',
        "seed = 2",
        "tf32 = true",
        'autocast = "bfloat16"',
    )
    assert len({content(line) for line in lines}) == len(lines)


def test_who_asks_for_more_by_heart_has_it_tried() -> None:
    """Up to the usual share nothing is trained again; beyond it a network is given the time that it takes."""
    assert content(criterion="at = 0.5") == content(criterion="at = 0.9") == content()
    assert len({content(criterion=f"at = {one}") for one in (0.9, 0.95, 1.0)}) == 3


def test_ends_decide_a_training() -> None:
    """Whoever is looked through is trained otherwise than before; every other network is what it was."""
    found = {one: trained_digest("graph", one) for one in Meaning}
    looked_through = {one for one, digest in found.items() if digest != "graph"}
    assert looked_through == set(Meaning) - {
        Meaning.LOGITS, Meaning.SCORE, Meaning.PROBABILITIES, Meaning.LOG_PROBABILITIES,
    }  # fmt: skip
    assert len({found[one] for one in looked_through}) == len(looked_through)
