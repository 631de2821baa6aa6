"""Run the statements that build the model, and nothing else; runs in the sandbox.

A statement of the slice that fails is noted and passed over: it may be an edit that the grader does not need
(`model.load_state_dict(torch.load("…"))` of a file that was not handed in). If the model itself then lacks a
name, the first failure is what the student hears of.
"""

from __future__ import annotations

import ast
import linecache
import signal
import sys
import traceback
import types
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

import torch

from grader.records import Break, Repair
from grader.sandbox.local_modules import local_modules
from grader.sandbox.network import Places, describe
from grader.sandbox.shims import OnThisMachine, refuse
from grader.source.entry import Plan
from grader.source.facts import facts_of
from grader.source.reading.notebook import Source
from grader.source.statements import Statement, compiled, filename

ENVIRONMENT = frozenset({"FileNotFoundError", "ModuleNotFoundError", "NameError", "NotHereError", "NotAModel"})
"""What a plan can fail with for reasons outside the model, so that the next candidate is worth a try."""


class TooSlowError(BaseException):
    """Building the model did not end in time; not an Exception, so that `except Exception` does not hide it."""


class BuildError(Exception):
    """No plan led to a model."""

    def __init__(self, broke: Break) -> None:
        """Keep where it broke."""
        super().__init__(broke.message)
        self.broke = broke


@dataclass(slots=True)
class Built:
    """A model, and what had to be done for it."""

    model: torch.nn.Module
    plan: Plan
    repairs: list[Repair] = field(default_factory=list)


def places_of(source: Source) -> Places:
    """Name every cell of the submission, and let tracebacks find the students' own lines."""
    cells: dict[str, tuple[str, int | None]] = {}
    for cell in (*source.cells, *(one for module in source.modules.values() for one in module)):
        name = filename(cell.file, cell.number)
        cells[name] = (cell.file, cell.number)
        linecache.cache[name] = (len(cell.text), None, cell.text.splitlines(keepends=True), name)
    return Places(cells)


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise TooSlowError in the student's own line after `seconds`; without alarms the hard limit is left."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: Any) -> None:
        raise TooSlowError(f"still running after {seconds:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def too_slow(error: TooSlowError, stage: str, places: Places) -> Break:
    """Return the loop that the code was in when its time was over, else the line.

    The line within the loop is chance; the loop is the same every time.
    """
    found = replace(describe(error, stage, places), kind="TimeoutError")
    for frame, line in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_filename
        first = loop_around(name, line) if name in places else None
        if first is not None:
            return replace(found, where=places.where(name, first), source=linecache.getline(name, first).strip()[:300])
    return found


def loop_around(name: str, line: int) -> int | None:
    """Return the first line of the outermost loop around `line` of the code compiled as `name`."""
    try:
        tree = ast.parse("".join(linecache.getlines(name)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    loops = [one for one in ast.walk(tree) if isinstance(one, (ast.While, ast.For))]
    around = [one.lineno for one in loops if one.lineno <= line <= (one.end_lineno or one.lineno)]
    return min(around, default=None)


def build(plans: Sequence[Plan], places: Places, seconds: float, *, repairs: bool = True) -> Built:
    """Return the model of the first plan that gives one; raise BuildError with the first plan's own failure.

    repairs: whether a class that was handed in for a model may be called.
    """
    first: BuildError | None = None
    for plan in plans:
        try:
            with deadline(seconds), local_modules(plan.modules), places.watching(), OnThisMachine():
                built = _follow(plan, places, repairs=repairs)
        except BuildError as error:
            first = first or error
            if error.broke.kind not in ENVIRONMENT:
                break
        except TooSlowError as error:
            raise BuildError(too_slow(error, "build", places)) from error
        else:
            if first is not None and plan.name != plans[0].name:
                built.repairs.append(_another(plans[0], first, plan))
            return built
    assert first is not None
    raise first


def _another(wanted: Plan, error: BuildError, taken: Plan) -> Repair:
    """Say that the likeliest model could not be built, and which one was taken in its place."""
    what = f"{error.broke.kind}: {(error.broke.message.splitlines() or [''])[0][:200]}"
    return Repair("other", f"{wanted.name} could not be built here ({what}); {taken.name} was taken in its place.")


def _follow(plan: Plan, places: Places, *, repairs: bool) -> Built:
    """Run one plan in a fresh `__main__`."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    namespace = module.__dict__
    _name_file(namespace, plan)
    failures: list[tuple[Statement, Exception]] = []
    for statement in plan.statements:
        try:
            exec(compiled(statement), namespace)  # noqa: S102 - the sandbox exists for this line
        except Exception as error:  # noqa: BLE001 - student code raises anything
            failures.append((statement, error))
        except SystemExit as error:
            said = RuntimeError(f"the code calls sys.exit({error.code})")
            failures.append((statement, said.with_traceback(error.__traceback__)))
    try:
        found = eval(compile(plan.expression, "<the model>", "eval"), namespace)  # noqa: S307 - as above
    except (Exception, SystemExit) as error:
        raise BuildError(describe(_first_cause(error, failures), "build", places)) from error
    said_of = [*plan.repairs, *(_passed_over(*one) for one in failures)]
    return Built(_unwrap(found, plan, said_of, failures, places, repairs=repairs), plan, said_of)


def _name_file(namespace: dict[str, Any], plan: Plan) -> None:
    """Give a module the name of its file, as Python does; a notebook has none.

    os.path.dirname(os.path.abspath(__file__))
    """
    first = next((one.where for one in plan.statements), plan.where)
    if first.file is not None and first.cell is None:
        namespace["__file__"] = PurePosixPath(first.file).name


def _first_cause(error: BaseException, failures: Sequence[tuple[Statement, Exception]]) -> BaseException:
    """Follow names that are missing to the statements that should have bound them.

    args = parse()            fails, and so
    model = Net(args.width)   fails for the lack of args, and the model is missing
    """
    cause, left = error, list(failures)
    while isinstance(cause, NameError) and left:
        binding = [one for one in left if cause.name in facts_of(one[0].node).binds]
        if not binding:
            break
        cause = binding[-1][1]
        left = left[: left.index(binding[-1])]
    return cause


def _passed_over(statement: Statement, error: Exception) -> Repair:
    text = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"[:200]
    return Repair("skipped", f"{statement.where} was left out: {text}")


def _unwrap(
    found: Any,
    plan: Plan,
    said: list[Repair],
    failures: list[tuple[Statement, Exception]],
    places: Places,
    *,
    repairs: bool,
) -> torch.nn.Module:
    """Return the network inside wrappers for several devices or for compilation; a class is called."""
    try:
        refuse(found)
    except (ImportError, FileNotFoundError) as error:
        raise BuildError(replace(describe(error, "build", places), where=plan.where)) from error
    if repairs and isinstance(found, type) and issubclass(found, torch.nn.Module):
        said.append(Repair("instance", f"{plan.name} is a class; it was called to get a model."))
        try:
            found = found()
        except (Exception, SystemExit) as error:
            raise BuildError(describe(error, "build", places)) from error
    while isinstance(found, (torch.nn.DataParallel, torch._dynamo.OptimizedModule)):
        found = found.module if isinstance(found, torch.nn.DataParallel) else found._orig_mod
    if isinstance(found, torch.nn.Module):
        return found
    if failures:
        raise BuildError(describe(failures[0][1], "build", places))
    where = plan.where
    raise BuildError(Break("build", "NotAModel", f"{plan.name} is a {type(found).__name__}, not a model.", where))


def is_local(source: Source) -> frozenset[str]:
    """Return the top names of the submission's own modules."""
    return frozenset(name.split(".")[0] for name in source.modules)
