"""Grade convolutional networks: captured as graphs, trained alike, scored on held-out pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from grader.notebook import Checked

__all__ = ["check"]


def check(
    what: Path | str | Any = None,
    *,
    train: bool = False,
    data: Path | str | None = None,
    rubric: Path | str | None = None,
    input_shape: tuple[int, int, int] | None = None,
    classes: int | None = None,
    course: Path | str | None = None,
) -> Checked:
    """Check the notebook that this is called in, a model object of it, or a file; what it shows is the report.

    `what` is None for the notebook's own cells, a model (`check(model)`), or the path of a notebook or module. `train`
    trains the network as well, on generated pictures or on those of the folder `data`. `input_shape` (channels, height,
    width) and `classes` stand in for the rubric's. `course` names a course file (`grader.toml`) by path or URL; without
    it one is looked for beside the notebook and above it, then in GRADER_COURSE. Nothing of the notebook is changed.

    Raises `grader.notebook.Refused`, one line, where there is nothing to check.
    """
    from grader.notebook import Request, ask

    request = Request(
        what, train=train, data=data, rubric=rubric, input_shape=input_shape, classes=classes, course=course
    )
    return ask(request)
