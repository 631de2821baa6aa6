"""From answers to points: pure arithmetic on what came back, in the grader's own process."""

from grader.scoring.answers import chosen, confusion_table
from grader.scoring.interpolation import chance_line
from grader.scoring.late import lateness_of
from grader.scoring.scores import Accuracy, Standard, accuracy, band, median_of, reference_target, score
from grader.scoring.significance import wilson
from grader.scoring.sums import Ending, Points, points_sum, status_of

__all__ = [
    "Accuracy",
    "Ending",
    "Points",
    "Standard",
    "accuracy",
    "band",
    "chance_line",
    "chosen",
    "confusion_table",
    "lateness_of",
    "median_of",
    "points_sum",
    "reference_target",
    "score",
    "status_of",
    "wilson",
]
