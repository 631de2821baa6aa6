"""Find the object that is the model: from the source of a submission to plans that build it, best first."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from grader.records import Break, Repair, Where
from grader.source.candidates import candidates_in
from grader.source.guessing.guesses import Hints
from grader.source.making import helpers, returned_by
from grader.source.planning import (
    Plan,
    Reading,
    for_candidate,
    for_class,
    for_expression,
    for_function,
    read,
    trains_in,
)
from grader.source.ranking import candidates, ranked
from grader.source.reading.notebook import Problem, Source
from grader.source.reading.syntax import text_of
from grader.source.unbuilt import imported

__all__ = ["Hints", "Plan", "plans", "unrepaired", "why_nothing", "why_refused"]


MADE_UP = frozenset({"argument", "instance", "instantiate", "entry"})
"""Repairs that put something in the place of what the student had to write, and that a rubric can forbid."""


def plans(source: Source, entry: str | None, hints: Hints) -> tuple[Plan, ...]:
    """Return the ways to build what is probably the model, best first; nothing when there is no model at all.

    entry: the rubric's name or expression for it; None leaves it to the evidence. A function `build_model()`
    settles it as well.
    """
    reading = read(source, hints)
    found = [*_settled(reading, entry), *ranked(reading)]
    if not found:
        return _elsewhere(source, entry, hints) or _with_others(imported(reading), reading)
    if entry and found[0].how != "entry":
        message = f"The submission has no {entry}, which the rubric asks for; {found[0].name} was taken."
        found = [replace(plan, repairs=(Repair("entry", message), *plan.repairs)) for plan in found]
    return _with_others(found, reading)


def unrepaired(found: tuple[Plan, ...]) -> tuple[Plan, ...]:
    """Return the plans for the likeliest model in which nothing is made up, for a rubric that forbids repairs.

    Another model of the submission is no answer to arguments that this one lacks.
    """
    kept = tuple(plan for plan in found if not _made_up(plan))
    return kept if kept and kept[0].name == found[0].name else ()


def why_refused(plan: Plan) -> Break:
    """Return what a plan lacks, for a rubric that forbids repairs."""
    kinds = {repair.kind: repair.message for repair in _made_up(plan)}
    if "argument" not in kinds:
        return Break("build", "RepairsForbidden", f"Repairs are switched off. {' '.join(kinds.values())}", plan.where)
    example = plan.expression.replace("__import__('torch').", "torch.").replace("__import__('types').", "types.")
    message = (
        f"{plan.name} was to be built by your own code. Nothing in it gives all of its arguments, and guessing them is "
        f"switched off. Write the line that builds it, for example: model = {example[:200]}"
    )
    return Break("build", "RepairsForbidden", message, plan.where)


def _made_up(plan: Plan) -> list[Repair]:
    return [repair for repair in plan.repairs if repair.kind in MADE_UP]


def why_nothing(source: Source) -> Break:
    """Return where reading the submission ended without a model, as a break of the stage `read`."""
    problem = _to_blame(source)
    if problem is not None:
        place = Where(problem.file, problem.cell, problem.line)
        if problem.said:
            return Break("read", "SyntaxError", problem.said, place)
        if problem.kind == "cut-off":
            return Break("read", "CutOff", _CUT_OFF, Where(problem.file))
        return Break("read", "NoModel", problem.message, Where(problem.file))
    if not any(cell.text.strip() for cell in source.cells):
        what = "notebook" if any(cell.number is not None for cell in source.cells) or not source.cells else "module"
        return Break("read", "Empty", f"The {what} is empty: it holds no line of code.")
    for cell in source.cells:
        if found := _LOADED.search(cell.text):
            line = cell.text[: found.start()].count("\n") + 1
            message = "The network is only loaded from a file: no class of it and no nn.Sequential was found."
            return Break("read", "OnlyLoaded", message, Where(cell.file, cell.number, line))
    count = len(source.cells)
    notebook = any(cell.number is not None for cell in source.cells)
    where = f"{count} code cell{'s' if count != 1 else ''}" if notebook else source.cells[0].file
    return Break("read", "NoModel", f"No class derived from nn.Module and no nn.Sequential was found in {where}.")


_LOADED = re.compile(r"^[^#\n]*\btorch\.(?:jit\.)?load\(", re.MULTILINE)
_CUT_OFF = "The file ends before the notebook does: it was cut off when it was saved, downloaded or handed in."


def _to_blame(source: Source) -> Problem | None:
    """Return the problem for which there is no model: a class that cannot be read, or a file without any code."""
    for problem in source.problems:
        if problem.kind != "several-mains" and ("defines class" in problem.message or not source.cells):
            return problem
    first = source.problems[0] if source.problems else None
    return first if first is not None and first.kind == "does-not-parse" else None


def _settled(reading: Reading, entry: str | None) -> list[Plan]:
    """Return the plans for what the rubric names, else for `build_model()`."""
    if entry:
        return _for_entry(reading, entry)
    name = "build_model"
    if name not in reading.catalogue.functions or trains_in(reading, name):
        return []
    called = [one for one in candidates_in(reading.program, reading.catalogue) if one.made.name == name]
    if called:
        return [replace(plan, how=name) for plan in for_candidate(reading, called[-1])]
    function, home = reading.catalogue.functions[name]
    result = returned_by(function, home or reading.catalogue)
    return [for_function(reading, name, name, result[1] if result else None)]


def _for_entry(reading: Reading, entry: str) -> list[Plan]:
    try:
        tree = ast.parse(entry.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    catalogue, found = reading.catalogue, []
    name = text_of(tree)
    if catalogue.class_at(name, len(reading.program.pieces)):
        found = [for_class(reading, name)]
    elif name in catalogue.functions:
        result = returned_by(catalogue.functions[name][0], catalogue.functions[name][1] or catalogue)
        found = [for_function(reading, name, "entry", result[1] if result else None)]
    elif isinstance(tree, ast.Name):
        named = [one for one in candidates(reading) if one.variable == name]
        found = [plan for one in named[-1:] for plan in for_candidate(reading, one)]
        if not found and name in reading.program.binders:
            found = [for_expression(reading, name, tree)]
    elif {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)} & reading.program.binders.keys():
        found = [for_expression(reading, name, tree)]
    return [replace(plan, how="entry", evidence=(f"the rubric asks for {entry}",)) for plan in found]


def _elsewhere(source: Source, entry: str | None, hints: Hints) -> tuple[Plan, ...]:
    """Look into the other modules, when the main program has no model and imports none."""
    for name, cells in source.modules.items():
        rest = {other: module for other, module in source.modules.items() if other != name}
        alone = read(Source(cells, modules=rest), hints)
        found = [*_settled(alone, entry), *ranked(alone)]
        if found:
            return _with_others(found, alone)
    return ()


def _with_others(found: list[Plan], reading: Reading) -> tuple[Plan, ...]:
    """Tell every plan the names of the others, and drop plans that would run the same.

    Blocks that other classes are made of are named only where the code uses one as a model.
    """
    inner = helpers(reading.catalogue)
    names = list(dict.fromkeys(plan.name for plan in found if plan.evidence or plan.name not in inner))
    seen, kept = set(), []
    for plan in found:
        same = (plan.expression, tuple(statement.text for statement in plan.statements))
        if same not in seen:
            seen.add(same)
            kept.append(replace(plan, others=tuple(name for name in names if name != plan.name)))
    return tuple(kept)
