"""Find the object that is the model: from the source of a submission to plans that build it, best first."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from grader.records import Repair
from grader.source.aliases import callee
from grader.source.candidates import NO_MODEL, Candidate, Evidence, Uses, candidates_in, class_of, evidence_for, uses_of
from grader.source.guesses import Hints
from grader.source.making import helpers, made_by, returned_by
from grader.source.notebook import Source
from grader.source.planning import Plan, Reading, for_candidate, for_class, for_expression, for_function, inlined, read
from grader.source.statements import Statement

__all__ = ["Hints", "Plan", "plans", "why_nothing"]

_MOST = 12
"""Candidates that are looked at closely; a notebook with more models than that is somebody's zoo."""
_FUNCTIONS = 8
"""Functions whose bodies are searched for a model."""

_CLASSIFIER = re.compile(r"cnn|conv_?net|classif|(?<!sub)net$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Plans for one candidate, with what speaks for it.

    Attributes:
        plans: ways to build it, best first.
        evidence: how the program uses it.
        helper: whether other classes use its class.
        convolution: how surely it has one for pictures, which the assignment asks for: 2, 1 or 0.
        own: whether the student wrote it, rather than taking a ready-made network.
        index: where it is built.
    """

    plans: tuple[Plan, ...]
    evidence: Evidence
    helper: bool
    convolution: int
    own: bool
    index: int


def plans(source: Source, entry: str | None, hints: Hints) -> tuple[Plan, ...]:
    """Return the ways to build what is probably the model, best first; nothing when there is no model at all.

    entry: the rubric's name or expression for it; None leaves it to the evidence. A function `build_model()`
    settles it as well.
    """
    reading = read(source, hints)
    found = [*_settled(reading, entry), *_ranked(reading)]
    if not found:
        return _elsewhere(source, entry, hints)
    if entry and found[0].how != "entry":
        message = f"The submission has no {entry}, which the rubric asks for; {found[0].name} was taken."
        found = [replace(plan, repairs=(Repair("entry", message), *plan.repairs)) for plan in found]
    return _with_others(found)


def why_nothing(source: Source) -> str:
    """Return one sentence that says why no model was found."""
    for problem in source.problems:
        if problem.kind != "several-mains" and ("defines class" in problem.message or not source.cells):
            return problem.message
    if source.problems and source.problems[0].kind == "does-not-parse":
        return source.problems[0].message
    count = len(source.cells)
    notebook = any(cell.number is not None for cell in source.cells)
    where = (
        f"{count} code cell{'s' if count != 1 else ''}"
        if notebook
        else (source.cells[0].file if source.cells else "no code")
    )
    return f"No class derived from nn.Module and no nn.Sequential was found in {where}."


def _settled(reading: Reading, entry: str | None) -> list[Plan]:
    """Return the plans for what the rubric names, else for `build_model()`."""
    if entry:
        return _for_entry(reading, entry)
    name = "build_model"
    if name not in reading.catalogue.functions or _trains(reading, name):
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
    name = ast.unparse(tree)
    if catalogue.class_at(name, len(reading.program.pieces)):
        found = [for_class(reading, name)]
    elif name in catalogue.functions:
        result = returned_by(catalogue.functions[name][0], catalogue.functions[name][1] or catalogue)
        found = [for_function(reading, name, "entry", result[1] if result else None)]
    elif isinstance(tree, ast.Name):
        named = [one for one in _candidates(reading) if one.variable == name]
        found = [plan for one in named[-1:] for plan in for_candidate(reading, one)]
        if not found and name in reading.program.binders:
            found = [for_expression(reading, name, tree)]
    elif {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)} & reading.program.binders.keys():
        found = [for_expression(reading, name, tree)]
    return [replace(plan, how="entry", evidence=(f"The rubric asks for {entry}.",)) for plan in found]


def _ranked(reading: Reading) -> list[Plan]:
    """Return plans for every candidate by what speaks for it; without any, for classes and functions nobody calls."""
    uses: dict[int, Uses] = {}
    ranked = [_rank(reading, candidate, uses) for candidate in _candidates(reading)[-_MOST:]]
    ranked += [
        _Ranked((plan,), Evidence(), False, plan.convolutions(reading.hints.input_shape[0]), True, -1)
        for plan in _held(reading)
    ]
    newest = max((one.evidence.last for one in ranked), default=-1)

    def key(one: _Ranked) -> tuple[int, ...]:
        evidence = one.evidence
        return (
            not one.helper or evidence.last >= 0,
            evidence.last >= 0,
            one.convolution,
            one.own,
            evidence.last == newest,
            evidence.called >= 0,
            evidence.moved >= 0,
            one.index,
        )

    ordered = sorted(ranked, key=key, reverse=True)
    return [plan for one in ordered for plan in one.plans] or _never_built(reading)


def _candidates(reading: Reading) -> list[Candidate]:
    """Return the candidates in functions, then those at top level."""
    found = candidates_in(reading.program, reading.catalogue)
    factories = {one.made.name for one in found}
    for function, home in _functions(reading)[:_FUNCTIONS]:
        if function.name in factories or (
            returned_by(function, reading.catalogue) and not _trains(reading, function.name)
        ):
            continue
        program, start = inlined(reading, function, home)
        inside = candidates_in(program, reading.catalogue, start)
        found = [replace(one, home=_called_at(reading, function.name)) for one in inside] + found
    return found


def _functions(reading: Reading) -> list[tuple[ast.FunctionDef, Statement]]:
    """Return the functions that build something, with the statements that define them."""
    found = []
    for index, statement in enumerate(reading.program.statements):
        node = statement.node
        if isinstance(node, ast.FunctionDef):
            values = [one.value for one in ast.walk(node) if isinstance(one, ast.Assign | ast.AnnAssign)]
            if any(made_by(value, index + len(reading.program.pieces), reading.catalogue) for value in values):
                found.append((node, statement))
    return found


def _trains(reading: Reading, function: str) -> bool:
    summary = reading.program.known.functions.get(function)
    return summary is not None and summary.trains


def _called_at(reading: Reading, function: str, depth: int = 4) -> int:
    """Return the last statement that calls a function, through others perhaps; 0 when none does."""
    places = [0]
    for index, piece in enumerate(reading.program.pieces):
        node = piece.written
        called = any(isinstance(one, ast.Call) and callee(one) == function for one in ast.walk(node))
        if called and isinstance(node, ast.FunctionDef):
            places.append(_called_at(reading, node.name, depth - 1) if depth and node.name != function else 0)
        elif called:
            places.append(index)
    return max(places)


def _held(reading: Reading) -> list[Plan]:
    """Return plans for networks that an object of the submission keeps: `self.model = Net(…)` in a `Trainer`."""
    found = []
    for index, statement in enumerate(reading.program.statements):
        node = statement.node
        if not isinstance(node, ast.ClassDef) or reading.catalogue.class_at(node.name, index + 1):
            continue
        for one in ast.walk(node):
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Attribute):
                made = made_by(one.value, index, reading.catalogue)
                if made and made.call and reading.catalogue.class_at(made.name, index):
                    found.append(for_class(reading, made.name, made.call))
    return found


def _never_built(reading: Reading) -> list[Plan]:
    """Return plans for functions that return a network and classes of networks, when nothing builds one.

    The last one with a convolution first; a class that another one uses or derives from comes last.
    """
    catalogue, inner = reading.catalogue, helpers(reading.catalogue, functions=True)
    found: list[tuple[tuple[int, ...], Plan]] = []
    for name, (function, home) in catalogue.functions.items():
        result = returned_by(function, home or catalogue)
        if result is not None and not _trains(reading, name):
            plan = for_function(reading, name, "factory", result[1])
            found.append(
                (
                    (
                        name not in inner and "load" not in name,
                        plan.convolutions(reading.hints.input_shape[0]),
                        1,
                        len(found),
                    ),
                    plan,
                )
            )
    for name, definitions in catalogue.classes.items():
        if not NO_MODEL.search(name):
            plan = for_class(reading, name)
            likely = definitions[-1].certain + bool(_CLASSIFIER.search(name))
            found.append(
                ((name not in inner, plan.convolutions(reading.hints.input_shape[0]), likely, len(found)), plan)
            )
    return [plan for _, plan in sorted(found, key=lambda one: one[0], reverse=True)][:_MOST]


def _rank(reading: Reading, candidate: Candidate, uses: dict[int, Uses]) -> _Ranked:
    if id(candidate.program) not in uses:
        uses[id(candidate.program)] = uses_of(candidate.program)
    evidence = evidence_for(candidate, uses[id(candidate.program)])
    said = tuple(_sentences(candidate, evidence))
    if candidate.home is not None:  # what a function does happens where it is called
        kinds = (evidence.optimised, evidence.trained, evidence.called, evidence.moved)
        evidence = Evidence(*(min(kind, candidate.home) for kind in kinds))
    made = for_candidate(reading, candidate)
    helper = class_of(candidate, reading.catalogue) in helpers(reading.catalogue)
    convolution = made[0].convolutions(reading.hints.input_shape[0])
    own = candidate.made.how != "expression"
    return _Ranked(
        tuple(replace(plan, evidence=said) for plan in made), evidence, helper, convolution, own, candidate.index
    )


def _sentences(candidate: Candidate, evidence: Evidence) -> Iterator[str]:
    name = candidate.variable
    for index, what in (
        (evidence.optimised, "its parameters go to an optimiser"),
        (evidence.trained, "it is trained"),
        (evidence.called, "it is called"),
        (evidence.moved, "it is moved to a device, summarised or saved"),
    ):
        if index >= 0:
            yield f"{name}: {what} ({candidate.program.pieces[index].statement.where})."


def _elsewhere(source: Source, entry: str | None, hints: Hints) -> tuple[Plan, ...]:
    """Look into the other modules, when the main program has no model and imports none."""
    for name, cells in source.modules.items():
        rest = {other: module for other, module in source.modules.items() if other != name}
        alone = read(Source(cells, modules=rest), hints)
        found = [*_settled(alone, entry), *_ranked(alone)]
        if found:
            return _with_others(found)
    return ()


def _with_others(found: list[Plan]) -> tuple[Plan, ...]:
    """Tell every plan the names of the others, and drop plans that would run the same."""
    names = list(dict.fromkeys(plan.name for plan in found))
    seen, kept = set(), []
    for plan in found:
        same = (plan.expression, tuple(statement.text for statement in plan.statements))
        if same not in seen:
            seen.add(same)
            kept.append(replace(plan, others=tuple(name for name in names if name != plan.name)))
    return tuple(kept)
