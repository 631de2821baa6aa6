"""Who is like whom: copies are found, strangers and the course's own code are not."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from grader.records.similarity import Alike, Mark, Similarity
from grader.similarity.canonical import Piece
from grader.similarity.comparing import MOST_CLUSTERS, compare, thinner
from grader.similarity.entries import Entry, Template
from grader.similarity.textbook import textbook
from grader.similarity.winnowing import library

from .copies import ORIGINAL, OTHER_NUMBERS, RENAMED, REORDERED, SEQUENTIAL, entry, strangers

SAID = (
    "I took two convolutions because one sees only edges and the second puts edges together into shapes, which is what "
    "tells a zebra from a wall; the dropout keeps my network from learning the few pictures by heart."
)
OTHER = "My pictures are small. Pooling halves them twice, so that few numbers reach the dense layers at the end."


@pytest.fixture(scope="module")
def copydetect() -> Any:
    return library()


def found(copydetect: Any, *more: Entry, templates: tuple[Template, ...] = ()) -> Similarity:
    return compare([*strangers(14), *more], templates, library=copydetect)


def test_strangers_are_not_alike(copydetect: Any) -> None:
    """Networks in the course's manner, of other sizes and ways, make no group."""
    result = found(copydetect)
    assert result.clusters == ()
    assert (result.compared, result.method) == (14, "copydetect")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (ORIGINAL, Alike.SAME_TEXT),
        (RENAMED, Alike.SAME_CODE),
        (REORDERED, Alike.SAME_CODE),
        (OTHER_NUMBERS, Alike.SHAPE),
        (ORIGINAL.replace("0.07", "0.1").replace("x = x.flatten(1)", "x = torch.flatten(x, 1)"), Alike.CODE),
    ],
    ids=["copied", "renamed", "reordered", "other numbers", "edited"],
)
def test_a_copy_is_found(copydetect: Any, text: str, kind: Alike) -> None:
    """A copy stands with its original, alone, and in which respect."""
    (cluster,) = found(copydetect, entry("ann", ORIGINAL), entry("ben", text)).clusters
    assert cluster.members == ("ann", "ben")
    assert cluster.pairs[0].kinds[0] is kind


def test_a_translation_is_found_by_its_network_alone(copydetect: Any) -> None:
    """`Sequential` in place of a class is other code; the network is the same, and nobody else has its layers."""
    layers = ("conv2d 3 to 22", "conv2d 22 to 37", "linear 1813 to 91", "linear 91 to 10")
    both = [entry("ann", ORIGINAL, network="n", layers=layers), entry("ben", SEQUENTIAL, network="n", layers=layers)]
    (cluster,) = found(copydetect, *both).clusters
    assert cluster.pairs[0].kinds == (Alike.NETWORK,)
    assert (cluster.pairs[0].holders, len(cluster.pairs[0].rare_layers)) == (2, 4)
    assert found(copydetect, *(replace(one, network="", layers=()) for one in both)).clusters == ()


def test_a_network_that_others_have_says_nothing(copydetect: Any) -> None:
    """Equal networks alone are no hint where their layers are others' as well."""
    layers = ("conv2d 3 to 8", "conv2d 8 to 16", "linear 1024 to 10")
    others = [replace(one, layers=layers) for one in strangers(14)]
    both = [entry("ann", ORIGINAL, network="n", layers=layers), entry("ben", SEQUENTIAL, network="n", layers=layers)]
    assert compare([*others, *both], library=copydetect).clusters == ()


def test_what_the_course_gave_out_counts_for_nobody(copydetect: Any) -> None:
    """A template, and a network of every tutorial, are no likeness."""
    given = Template("start.ipynb", (Piece("start.ipynb", 1, ORIGINAL),), (SAID,))
    both = entry("ann", ORIGINAL, said=SAID), entry("ben", RENAMED, said=SAID)
    assert found(copydetect, *both, templates=(given,)).clusters == ()
    book = textbook()[0].pieces[0].text
    assert (
        found(copydetect, entry("ann", book), entry("ben", book.replace("conv1", "c")), templates=textbook()).clusters
        == ()
    )


def test_what_a_third_of_the_class_has_counts_for_nobody(copydetect: Any) -> None:
    """Code in many different submissions is the course's, and is said to be."""
    given = (
        "def load(path):\n    table = read(path, 7, 'x')\n    return [open(one, 9) for one in table if one > 31], 44\n"
    )
    class_ = [replace(one, pieces=(Piece("a.py", 1, given * 3 + one.pieces[0].text),)) for one in strangers(14)]
    result = compare(class_, library=copydetect)
    assert result.clusters == ()
    assert result.common > 10


def test_a_shared_explanation(copydetect: Any) -> None:
    """Copied sentences are found, and told with where they stand."""
    result = found(copydetect, entry("ann", SEQUENTIAL, said=f"{OTHER} {SAID}"), entry("ben", said=SAID.upper()))
    (pair,) = result.clusters[0].pairs
    assert pair.kinds == (Alike.EXPLANATION,)
    assert pair.passages[0].text == SAID[:-1]
    assert (pair.passages[0].words, pair.passages[0].second) == (38, "text cell 1")
    assert found(copydetect, entry("ann", said=OTHER), entry("ben", said=SAID)).clusters == ()


def test_the_evidence_of_a_pair(copydetect: Any) -> None:
    """Shared lines are marked on both sides, names stand beside those in their place."""
    changed = RENAMED.replace("return self.f2(x)", "x = torch.special_step(x, 41, 42)\n        return self.f2(x) / 77")
    (cluster,) = found(copydetect, entry("ann", ORIGINAL), entry("ben", "import torch", changed)).clusters
    (pair,) = cluster.pairs
    # Which fingerprints are chosen hangs on the seed of Python's hashes; behind the walls that is always the same.
    assert dict(pair.renamed).items() >= {"edges": "c1", "shapes": "c2", "hidden": "f1", "shrink": "p"}.items()
    (left,) = pair.left
    right = pair.right[-1]
    marks = {one.text.strip(): one.mark for one in right.lines}
    assert (left.cell, right.cell) == (1, 2)
    assert marks["self.c1 = nn.Conv2d(3, 22, kernel_size=5, padding=2)"] is Mark.SHARED
    assert marks["x = torch.special_step(x, 41, 42)"] is Mark.OWN
    assert [one.number for one in left.lines] == sorted(one.number for one in left.lines)


def test_people_who_hand_in_together_are_not_compared(copydetect: Any) -> None:
    """One of a group beside the group's own submission is no hint; it is counted."""
    both = [replace(entry(name, ORIGINAL), people=frozenset({name, "mei"})) for name in ("ann", "ben")]
    result = found(copydetect, *both)
    assert (result.clusters, result.together) == ((), 1)


def test_without_copydetect() -> None:
    """Equal code and shared words are found by a digest of ours; what says so is the method."""
    result = found(None, entry("ann", ORIGINAL), entry("ben", REORDERED), entry("cem", OTHER_NUMBERS))
    assert result.method == "fingerprint"
    assert [one.members for one in result.clusters] == [("ann", "ben")]


def test_hundreds_of_the_same(copydetect: Any) -> None:
    """They are one group with a few pairs shown, and take no longer than different ones."""
    started = time.process_time()
    result = compare([entry(f"n{number:04}", ORIGINAL) for number in range(300)], library=copydetect)
    assert time.process_time() - started < 8
    (cluster,) = result.clusters
    assert (len(cluster.members), cluster.count) == (300, 44_850)
    assert len(cluster.pairs) <= 12
    assert len(result.cluster_of()) == 300


def test_evidence_can_be_thinned(copydetect: Any) -> None:
    """Half the pairs lose their code, then groups go, until nothing is left."""
    result = found(copydetect, entry("ann", ORIGINAL), entry("ben", RENAMED))
    once = thinner(result)
    assert once.clusters[0].pairs[0].left == ()
    assert thinner(once).clusters == ()
    assert MOST_CLUSTERS > 1


def test_two_of_a_class_of_three(copydetect: Any) -> None:
    """A class may be as small as that."""
    small = [entry("ann", ORIGINAL), entry("ben", RENAMED), strangers(3)[2]]
    assert [one.members for one in compare(small, library=copydetect).clusters] == [("ann", "ben")]
    assert compare([], library=copydetect).clusters == ()
