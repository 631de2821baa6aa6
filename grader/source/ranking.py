"""Put the candidates for the model in order, by what speaks for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from grader.source.aliases import callee
from grader.source.candidates import (
    Candidate,
    Evidence,
    Uses,
    candidates_in,
    class_of,
    evidence_for,
    used_as_models,
    uses_of,
)
from grader.source.classes import seen_by
from grader.source.making import helpers, made_by, returned_by
from grader.source.planning import Plan, Reading, for_candidate, for_class, inlined, trains_in
from grader.source.program import Things
from grader.source.statements import Statement
from grader.source.unbuilt import Unnamed, classifies, held, never_built, unnamed

_MOST = 12
"""Candidates that are looked at closely; a notebook with more models than that is somebody's zoo."""
_FUNCTIONS = 8
"""Functions whose bodies are searched for a model."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Plans for one candidate, with what speaks for it.

    Attributes:
        plans: ways to build it, best first.
        evidence: how the program uses it.
        classifies: whether it may be a classifier; a generator, a discriminator or an autoencoder is none.
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
    classifies: bool = True


def ranked(reading: Reading) -> list[Plan]:
    """Return plans for every candidate by what speaks for it; without any, for classes and functions nobody calls."""
    uses: dict[int, Uses] = {}
    named = candidates(reading)[-_MOST:]
    networks = frozenset(thing for candidate in named for thing in candidate.things)
    found = [_rank(reading, candidate, uses, networks) for candidate in named]
    found += [_without_a_name(reading, one) for one in (*held(reading), *unnamed(reading))]

    def key(place: int) -> tuple[int, ...]:
        one = found[place]
        evidence = one.evidence
        return (
            not one.helper or evidence.last >= 0,
            evidence.last >= 0,
            one.convolution,
            one.classifies,
            one.own,
            evidence.last,
            evidence.called >= 0,
            evidence.moved >= 0,
            one.index,
            place,
        )

    ordered = [found[place] for place in sorted(range(len(found)), key=key, reverse=True)]
    return [plan for one in ordered for plan in one.plans] or never_built(reading)


def candidates(reading: Reading) -> list[Candidate]:
    """Return the candidates in functions, then those at top level."""
    found = candidates_in(reading.program, reading.catalogue)
    found = used_as_models(reading.program, found, uses_of(reading.program)) + found
    factories = {one.made.name for one in found}
    for function, home in _functions(reading)[:_FUNCTIONS]:
        if function.name in factories or (
            returned_by(function, reading.catalogue) and not trains_in(reading, function.name)
        ):
            continue
        program, start = inlined(reading, function, home)
        inside = candidates_in(program, seen_by(function, reading.catalogue), start)
        found = [replace(one, home=_called_at(reading, function.name)) for one in inside] + found
    return found


def _functions(reading: Reading) -> list[tuple[ast.FunctionDef, Statement]]:
    """Return the functions that build something, with the statements that define them."""
    found = []
    for index, statement in enumerate(reading.program.statements):
        node = statement.node
        if isinstance(node, ast.FunctionDef):
            values = [one.value for one in ast.walk(node) if isinstance(one, ast.Assign | ast.AnnAssign)]
            seen = seen_by(node, reading.catalogue)
            if any(made_by(value, index + len(reading.program.pieces), seen) for value in values):
                found.append((node, statement))
    return found


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


def _without_a_name(reading: Reading, one: Unnamed) -> _Ranked:
    """Rank a network that no name stands for, by the object that keeps it or the statement that it stands in."""
    last = max(_called_at(reading, one.owner), 0) if one.owner else one.index
    convolution = one.plan.convolutions(reading.hints.input_shape[0])
    evidence = Evidence(trained=last if one.trained else -1)
    return _Ranked((one.plan,), evidence, False, convolution, True, -1, classifies=classifies(one.plan.name, reading))


def _rank(reading: Reading, candidate: Candidate, uses: dict[int, Uses], networks: Things) -> _Ranked:
    if id(candidate.program) not in uses:
        uses[id(candidate.program)] = uses_of(candidate.program)
    evidence = evidence_for(candidate, uses[id(candidate.program)], networks)
    said = tuple(_sentences(candidate, evidence))
    if candidate.home is not None:  # what a function does happens where it is called
        kinds = (evidence.optimised, evidence.trained, evidence.called, evidence.moved)
        evidence = Evidence(*(min(kind, candidate.home) for kind in kinds))
    made = for_candidate(reading, candidate)
    helper = class_of(candidate, reading.catalogue) in helpers(reading.catalogue)
    alone = made[0]
    if candidate.inside and class_of(candidate, reading.catalogue):  # the statements build its neighbours as well
        alone = for_class(reading, class_of(candidate, reading.catalogue), candidate.made.call)
    convolution = alone.convolutions(reading.hints.input_shape[0])
    own = candidate.made.how != "expression"
    return _Ranked(
        tuple(replace(plan, evidence=said) for plan in made),
        evidence,
        helper,
        convolution,
        own,
        candidate.index,
        classifies(class_of(candidate, reading.catalogue), reading),
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
