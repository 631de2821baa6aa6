"""From answers to a score: the only place where the held-out labels are read, in the grader's own process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from grader import scoring
from grader.gradebook.records import StoredTraining
from grader.orders import Assignment
from grader.records import Score, Training

if TYPE_CHECKING:
    from numpy.typing import NDArray


def held_out_labels(assignment: Assignment) -> NDArray[np.int64]:
    """Return the class (N,) of every held-out picture, corrected where somebody corrected it."""
    assert assignment.data is not None
    labels: NDArray[np.int64] = np.load(assignment.data.held_out_labels)
    for position, label in assignment.corrections.items():
        labels[position] = label
    return labels


def confusions(stored: StoredTraining, assignment: Assignment) -> tuple[tuple[int, ...], ...]:
    """Return how many held-out pictures of each class (row) a training gave each class (column), and none (last)."""
    names = assignment.data.classes if assignment.data is not None else ()
    return scoring.confusion_table(scoring.chosen(logits_of(stored)), held_out_labels(assignment), len(names))


def logits_of(stored: StoredTraining) -> NDArray[np.float32]:
    """Return the answers (N, K) of a training, as they were sent."""
    return np.frombuffer(stored.logits, dtype="<f4").reshape(stored.shape)


def measured(trainings: Sequence[StoredTraining], assignment: Assignment) -> tuple[Training | None, Score | None]:
    """Return the training that counts, which is the median one, and its score.

    There is no score where a network answers otherwise than with one number for each class. What was learnt by heart is
    asked of the first training alone, and said beside whichever counts.
    """
    if not trainings:
        return None, None
    tables = [(one.training.seed, logits_of(one)) for one in trainings]
    data, classes = assignment.data, assignment.rubric.input.classes
    if data is None or any(table.ndim != 2 or table.shape[1] != classes for _, table in tables):
        return trainings[0].training, None
    middle, score = scoring.score(tables, held_out_labels(assignment), data.classes, assignment.reference)
    by_heart = trainings[0].training.memorised if "memorises" in assignment.rubric.criteria else None
    return replace(trainings[middle].training, memorised=by_heart), score


def scored_from(trainings: Sequence[StoredTraining], assignment: Assignment) -> tuple[bytes, ...]:
    """Return everything that a score depends on besides the rubric; empty where nothing was trained."""
    if not trainings or assignment.data is None:
        return ()
    standard = assignment.reference
    held_to: tuple[bytes, ...] = ()
    if standard is not None:
        answers = b"" if standard.answers is None else standard.answers.tobytes()
        held_to = (repr((standard.reference.accuracies, standard.reference.target)).encode(), answers)
    return (*(one.logits for one in trainings), held_out_labels(assignment).tobytes(), *held_to)
