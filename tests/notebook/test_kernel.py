"""`check()` in a real kernel: what a student sees who has no terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import pytest

from tests.notebook.programs import BROKEN, CHECK, GOOD, IMPORTS, MAKE, WRONG_LABELS
from tests.stress import stress

AFTER = "json.dumps([_.report.to_json(), _.mishap and _.mishap.explanation.code, _.origin, _.points, str(_.status)])"


def outputs(*cells: str) -> list[Sequence[Any]]:
    """Run cells in a fresh kernel; return the outputs of each."""
    v4 = import_module("nbformat.v4")
    notebook = v4.new_notebook(cells=[v4.new_code_cell(one) for one in cells])
    import_module("nbclient").NotebookClient(notebook, timeout=300, kernel_name="python3", allow_errors=True).execute()
    return [cell.outputs for cell in notebook.cells]


def told(output: Sequence[Any]) -> list[Any]:
    """Return what `AFTER` printed."""
    (found,) = [one for one in output if one.output_type == "execute_result"]
    plain: list[Any] = json.loads(eval(found.data["text/plain"]))  # the repr of a text of ours
    return plain


@pytest.mark.slow
def test_the_break_and_the_last_error() -> None:
    """A network that breaks is explained once, with its number, from the cells that ran; the same error is not repeated."""
    run = "model(torch.randn(64, 3, 32, 32))"
    found = outputs(IMPORTS, BROKEN, MAKE, run, CHECK, f"import json\n{AFTER}")
    assert found[3][0].ename == "RuntimeError"
    (shown,) = found[4]
    assert "Set in_features of fc1 to 4096." in shown.data["text/plain"]
    assert "Set in_features of fc1 to 4096." in shown.data["text/html"]
    report, code, origin, points, status = told(found[5])
    assert code is None
    assert (report["broke"]["where"]["cell"], report["broke"]["layer"]) == (2, "fc1")
    assert (points, status) == (report["points"], "student_fault")
    assert "this kernel has run" in origin


@pytest.mark.slow
@stress
def test_an_error_of_the_training_loop_and_objects() -> None:
    """An error outside the network is explained beside a sound report, and gone once its cell is mended.

    A variable is checked through the code that makes it; an object without a name is captured as it is, and said so.
    """
    mended = WRONG_LABELS.replace("torch.zeros(8)", "torch.zeros(8).long()")
    nameless = "check(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(900, 10)))"
    found = outputs(
        *(IMPORTS, GOOD, MAKE, WRONG_LABELS, CHECK, f"import json\n{AFTER}", mended, "check(model)", AFTER),
        *(nameless, AFTER, "check(3)"),
    )
    report, code, *_ = told(found[5])
    assert report["broke"] is None
    assert code not in (None, "E00")
    assert "Last error" in found[4][0].data["text/html"]
    assert "cell 4, line 1" in found[4][0].data["text/plain"]
    report, code, origin, *_ = told(found[8])
    assert (report["model"]["name"], report["model"]["how"], code) == ("Net", "the variable model", None)
    report, _, origin, *_ = told(found[10])
    assert (report["model"]["how"], report["layers"][0]["out"]) == ("object", [4, 30, 30])
    assert "The grader will not see it" in origin
    (refused,) = found[11]
    assert refused.ename == "Refused"
    (line,) = refused.traceback
    assert line.startswith("grader: check() got int, which is no network. Write check() for this notebook")


@pytest.mark.slow
@stress
def test_an_object_that_its_code_does_not_make_any_more() -> None:
    """A model made before its class was changed is another one, and the report says so with both numbers."""
    wider = GOOD.replace("3, 16, 3", "3, 8, 3").replace("16 * 16 * 16", "8 * 16 * 16")
    found = outputs(IMPORTS, GOOD, MAKE, wider, "from grader import check\ncheck(model)", f"import json\n{AFTER}")
    report, *_ = told(found[5])
    assert any("41,418" in note and "20,714" in note for note in report["notes"])
