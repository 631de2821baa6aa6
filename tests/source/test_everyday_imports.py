"""Names that everybody imports alike are imported for a program that forgot to; nothing else is made up."""

from __future__ import annotations

from grader.source.entry import plans, unrepaired
from grader.source.reading.notebook import Cell, Source
from tests.source.models import CNN, HINTS, answer, built


def source(text: str) -> Source:
    """Return a notebook of one cell, without any import."""
    return Source((Cell("net.ipynb", 1, text),))


def test_a_class_without_any_import() -> None:
    """A class derived from nn.Module is found and built although the cell with the imports was left behind."""
    (plan, *_) = plans(source(f"{CNN}\nmodel = CNN()"), None, HINTS)
    assert answer(built(plan)) == (2, 10)
    said = {repair.kind: repair.message for repair in plan.repairs}
    assert set(said) == {"import"}
    messages = " ".join(repair.message for repair in plan.repairs)
    assert "nn is used and nowhere imported; the line from torch import nn was put at the top." in messages
    assert "import torch.nn.functional as F" in messages


def test_it_is_no_made_up_argument() -> None:
    """A rubric that forbids repairs lets these imports through: they cost nothing."""
    found = plans(source(f"{CNN}\nmodel = CNN()"), None, HINTS)
    assert unrepaired(found) == found


def test_what_is_bound_somewhere_is_left_alone() -> None:
    """A name that the program binds anywhere, or that a star may bind, is not imported."""
    (plan, *_) = plans(source(f"from torch import nn\nimport my_functions as F\n{CNN}\nmodel = CNN()"), None, HINTS)
    assert not any(repair.kind == "import" for repair in plan.repairs)
    (starred, *_) = plans(source(f"from torch import *\nfrom torch import nn\n{CNN}\nmodel = CNN()"), None, HINTS)
    assert not any(repair.kind == "import" for repair in starred.repairs)


def test_a_name_of_the_students_own_is_not_made_up() -> None:
    """A name that nobody imports alike stays unknown, so that its error is told."""
    (plan, *_) = plans(source(f"from torch import nn\n{CNN}\nmodel = CNN(width)"), None, HINTS)
    assert "width" not in " ".join(repair.message for repair in plan.repairs if repair.kind == "import")
