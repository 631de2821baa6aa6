"""What a network chose, class by class."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix

from grader.records import Confusion, Paired, Recall
from grader.scoring.answers import UNDECIDED, chosen, confusions, paired, recalls

NAMES = ("cat", "dog", "frog")


def test_chosen() -> None:
    """The highest score is chosen; a tie at the top and a score that is not finite choose nothing."""
    table = np.array([[0, 1, 0], [2, 2, 0], [9, math.nan, 0], [9, -math.inf, 0], [-3, -2, -1]], np.float32)
    assert chosen(table).tolist() == [1, UNDECIDED, UNDECIDED, UNDECIDED, 2]


@pytest.mark.parametrize("shape", [(3,), (0, 2), (3, 0), (3, 2, 2)])
def test_what_is_no_table(shape: tuple[int, ...]) -> None:
    """Answers that are not rows of scores raise."""
    with pytest.raises(ValueError, match="not a table"):
        chosen(np.zeros(shape, np.float32))


def test_recalls_count_every_class() -> None:
    """A class without a picture is there as well; an undecided answer is wrong."""
    found = recalls(np.array([0, UNDECIDED, 1]), np.array([0, 0, 1]), NAMES)
    assert found == (Recall("cat", 1, 2), Recall("dog", 1, 1), Recall("frog", 0, 0))


def test_the_worst_pairs_come_first() -> None:
    """Pairs are sorted by how often they occur, then by class; what was right or undecided is no confusion."""
    labels = np.array([0, 0, 0, 1, 1, 2, 2])
    answers = np.array([1, 1, 2, 0, 1, UNDECIDED, 1])
    assert confusions(answers, labels, NAMES) == (
        Confusion("cat", "dog", 2, 3),
        Confusion("cat", "frog", 1, 3),
        Confusion("dog", "cat", 1, 2),
    )
    assert confusions(labels, labels, NAMES) == ()


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60))
def test_counts_are_those_of_a_confusion_matrix(pairs: list[tuple[int, int]]) -> None:
    """Recalls are its diagonal, and all confusions together everything beside it."""
    labels, answers = (np.array(side) for side in zip(*pairs, strict=True))
    matrix = confusion_matrix(labels, answers, labels=[0, 1, 2])
    assert [one.right for one in recalls(answers, labels, NAMES)] == np.diag(matrix).tolist()
    every = confusions(answers, labels, NAMES, most=9)
    assert sum(one.count for one in every) == matrix.sum() - np.trace(matrix)


def test_paired() -> None:
    """Pictures that both have right, or neither, say nothing."""
    labels = np.array([0, 1, 2, 0])
    assert paired(np.array([0, 1, 0, 1]), np.array([0, 0, 2, 1]), labels) == Paired(1, 1, 1.0)
