"""`check()`: find the code, let the sandbox check it, and put what the kernel knows beside the report."""

from __future__ import annotations

import re
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from grader.checking import CheckOptions, checked, rubric_of
from grader.course import Wish, guidance
from grader.course.records import Guidance
from grader.faults import OperatorFault
from grader.notebook.cells import Cells, Shell, current, modules_beside, running
from grader.notebook.mishap import cells_by_name, last_mishap
from grader.notebook.objects import CapturedHere
from grader.notebook.shown import Checked

if TYPE_CHECKING:
    from collections.abc import Callable

    from grader.records import Report
    from grader.report.mishaps import Mishap
    from grader.sandbox.launch import Worker

_FILE = "notebook.ipynb"
_TRAIN = "check(train=True)"
_ORIGINS = {
    "colab": "Checked: the cells as this page shows them, run or not.",
    "history": "Checked: the cells that this kernel has run; the cell numbers are those in brackets. Text cells are "
    "not seen here, nor cells that you have not run.",
    "file": "Checked: the notebook as it was last saved.",
}
_OBJECT = (
    "Captured: the object itself, in this kernel. The grader will not see it: it builds the network from the code of "
    "your notebook, so write model = … in a cell, and check that with check(model)."
)


class Refused(OperatorFault):
    """There is nothing to check; a notebook shows its one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback."""
        return [f"grader: {self}"]


@dataclass(frozen=True, slots=True)
class Request:
    """What `check()` was asked; its parameters say what each is."""

    what: Any = None
    train: bool = False
    data: Path | str | None = None
    rubric: Path | str | None = None
    input_shape: tuple[int, int, int] | None = None
    classes: int | None = None
    course: Path | str | None = None
    guidance: Guidance | None = None

    def guided(self) -> Request:
        """Return the same with what the course file says of it; raise CourseFault where that cannot be had."""
        wish = Wish(
            Path(self.what if isinstance(self.what, str | Path) else _FILE),
            None if self.course is None else str(self.course),
            rubric=self.rubric is None,
            data=self.train and self.data is None,
        )
        return replace(self, guidance=guidance(wish))

    def options(self, submission: Path, entry: str = "") -> CheckOptions:
        """Return the same in the words of `grader check`."""
        return CheckOptions(
            submission,
            rubric=None if self.rubric is None else Path(self.rubric),
            data=None if self.data is None else Path(self.data),
            train=self.train or self.data is not None,
            shape=self.input_shape,
            classes=self.classes,
            entry=entry,
            guidance=self.guidance,
        )


def ask(request: Request) -> Checked:
    """Check what `request` names; raise Refused where there is nothing to check."""
    try:
        return _ask(request.guided(), running())
    except OperatorFault as fault:
        raise Refused(fault.what, fault.why, fault.fix) from None


def _ask(request: Request, shell: Shell | None) -> Checked:
    if isinstance(request.what, str | Path):
        return Checked(_report(request.options(Path(request.what))))
    is_model = hasattr(request.what, "named_modules") and not isinstance(request.what, type)
    if request.what is not None and not is_model:
        raise OperatorFault(
            f"check() got {type(request.what).__name__}, which is no network.",
            fix="Write check() for this notebook, check(model) for a network, or check('notebook.ipynb') for a file.",
        )
    cells = current(shell) if shell is not None else None
    if shell is None and request.what is None:
        raise OperatorFault("check() found no notebook.", fix="Name a file: check('notebook.ipynb').")
    with tempfile.TemporaryDirectory(prefix="grader-") as folder:
        found = _of_cells(request, shell, cells, Path(folder)) if cells is not None else None
        if found is None and is_model:
            found = _of_object(request, shell, Path(folder))
    if found is None:
        raise OperatorFault("check() found no cells.", fix="Run the cells of your network first, then this one.")
    mishap = None
    if shell is not None:
        rubric = rubric_of(request.options(Path()))
        mishap = last_mishap(shell, cells, rubric.input.classes, rubric.input.shape)
    return replace(found, mishap=None if _said_by(found.report, mishap) else mishap)


def _of_cells(request: Request, shell: Shell | None, cells: Cells, folder: Path) -> Checked | None:
    """Check what the cells make; None where they do not make the object that was asked for."""
    entry = ""
    if request.what is not None:
        entry = _name(request.what, shell, cells)
        if not entry:
            return None
    for path, blob in {**modules_beside(cells, Path.cwd()), _FILE: cells.notebook()}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(blob)
    report = _report(request.options(folder, entry))
    if entry and report.model is not None:
        report = replace(report, model=replace(report.model, how=f"the variable {entry}"))
    return Checked(_with_other(_named(report), request.what), None, _ORIGINS[cells.origin])


def _of_object(request: Request, shell: Shell | None, folder: Path) -> Checked:
    (folder / "object.py").write_text("# An object of the kernel.\n", encoding="utf-8")
    names = cells_by_name(shell) if shell is not None else {}
    report = _report(request.options(folder), lambda below: CapturedHere(below, request.what, names))
    return Checked(_named(report), None, _OBJECT)


def _report(options: CheckOptions, around: Callable[[Worker], Worker] | None = None) -> Report:
    # Plain lines where a training takes its time; a notebook's own widgets would stay behind in the file.
    return checked(options, Console(file=sys.stdout, force_terminal=False, force_jupyter=False, width=80), around)


def _named(report: Report) -> Report:
    """Call the submission by something that the student knows, and options by how they are written in a notebook."""
    findings = tuple(replace(one, rationale=one.rationale.replace("--train", _TRAIN)) for one in report.findings)
    submission = replace(report.submission, id="this notebook", student="this notebook")
    return replace(report, submission=submission, findings=findings)


def _name(model: Any, shell: Shell | None, cells: Cells) -> str:
    """Return the variable that holds the object and that a cell assigns; empty where there is none."""
    names = [name for name, value in shell.user_ns.items() if value is model] if shell is not None else []
    own = [name for name in names if not name.startswith("_") and name.isidentifier()]
    return next((name for name in own if any(_assigns(text, name) for text in cells.code)), "")


def _assigns(text: str, name: str) -> bool:
    return re.search(rf"(?m)^[^#\n]*\b{name}\b[^=\n#]*=(?!=)", text) is not None


def _with_other(report: Report, model: Any) -> Report:
    """Say where the object of the kernel is not what its code builds now; a network of another size is another one."""
    built = report.model.parameters if report.model is not None else None
    if model is None or built is None or report.broke is not None:
        return report
    own = sum(int(one.numel()) for one in model.parameters() if one.requires_grad)
    if own == built:
        return report
    note = (
        f"The object in this kernel has {own:,} parameters, and the code of the notebook builds one with {built:,}. "
        "The code changed since the object was made: run the cell that makes it again."
    )
    return replace(report, notes=(note, *report.notes))


def _said_by(report: Report, mishap: Mishap | None) -> bool:
    """Tell whether the report already explains that exception."""
    if mishap is None or report.broke is None:
        return False
    return (report.broke.kind, report.broke.source) == (mishap.broke.kind, mishap.broke.source)
