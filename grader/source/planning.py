"""Make plans: from a candidate, a class or a function to the statements and the expression that build it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from grader.records import Repair, Where
from grader.source.absent import without_data
from grader.source.candidates import Candidate
from grader.source.classes import Catalogue, catalogued, dotted, roots_of
from grader.source.forgotten import forgotten_imports
from grader.source.guessing.arguments import Call, Wanted, command_line, complete, constructor
from grader.source.guessing.fitting import Offered
from grader.source.guessing.guesses import Hints, by_name
from grader.source.making import convolutions, helpers
from grader.source.modules import from_the_top, modules_for
from grader.source.program import Program, analysed, extended, shortened
from grader.source.reading.notebook import Source
from grader.source.reading.syntax import text_of
from grader.source.slicing import sliced, taken
from grader.source.statements import Statement, like, statements

_BLOCK = re.compile(r"block|bottleneck|residual|unit|cell|layer", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """A way to build what may be the model.

    Executing `statements` in order in one namespace, with `modules` importable, and then evaluating
    `expression` yields it.

    Attributes:
        name: what the student calls it: the class, the factory, else the variable.
        how: `entry`, `build_model`, `class`, `sequential`, `factory`, `expression` or `lightning`.
        where: where it is built; for a class that is never built, where the class is.
        statements: what building it needs, in order.
        expression: Python that yields it afterwards.
        repairs: what the grader put in place of something missing.
        evidence: sentences that say why it was taken.
        others: names of other candidates.
        modules: slices of the local modules that the statements import, by dotted name.
    """

    name: str
    how: str
    where: Where
    statements: tuple[Statement, ...]
    expression: str
    repairs: tuple[Repair, ...] = ()
    evidence: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    modules: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)

    @property
    def choice(self) -> str:
        """Say why this one was taken of several; empty when there is no other."""
        if not self.others:
            return ""
        why = "; ".join(one.rstrip(".").partition(": ")[2] or one.rstrip(".") for one in self.evidence)
        return f"{self.name} was taken out of {len(self.others) + 1} models: {why or 'the code trains none of them'}."

    def convolutions(self, channels: int) -> int:
        """Return how surely it has a convolution for pictures: 2, 1 or 0."""
        return convolutions([*self.statements, *(one for module in self.modules.values() for one in module)], channels)


@dataclass(frozen=True, slots=True)
class Reading:
    """A submission while it is planned for.

    Attributes:
        source: its code.
        hints: what the rubric says.
        program: the same, analysed.
        catalogue: its classes and functions.
        offered: values that it has for parameters that nobody gives.
    """

    source: Source
    hints: Hints
    program: Program
    catalogue: Catalogue
    offered: Offered


def read(source: Source, hints: Hints) -> Reading:
    """Analyse the main program of a submission."""
    written = from_the_top(statements(source.cells), source)
    program = analysed(written)
    if forgotten := list(forgotten_imports(source, program)):
        program = analysed([*forgotten, *written])
    catalogue = catalogued(program.statements, source)
    options = command_line(piece.written for piece in program.pieces)
    offered = Offered(hints, _usable_names(program), options, _blocks(catalogue), _tables(program))
    return Reading(source, hints, program, catalogue, offered)


def for_candidate(reading: Reading, candidate: Candidate) -> list[Plan]:
    """Return the ways to build a candidate: without data, as it is written, and from its class alone."""
    part = shortened(candidate.program, candidate.until)
    expression = candidate.variable
    repairs: tuple[Repair, ...] = ()
    if candidate.made.call is None:
        call = complete(candidate.variable, _wanted(reading, candidate.made.name), reading.offered)
        name = candidate.made.name
        said = f"{candidate.variable} is the class {name} itself, not an object of it: write {name}() with brackets."
        expression, repairs = call.text, (Repair("instantiate", said), *call.repairs)
    names = sorted(roots_of(ast.parse(expression, mode="eval").body))
    where = candidate.program.pieces[candidate.index].statement.where
    exact = Plan(
        candidate.made.name if candidate.made.how not in ("sequential", "expression") else candidate.variable,
        candidate.made.how,
        where,
        (),
        expression,
        repairs,
    )
    changed, indexes = without_data(part, names, reading.hints)
    dataless = replace(exact, statements=taken(changed, indexes))
    plans = [dataless]
    if any(one.repair and one.repair.kind == "data" for one in dataless.statements):
        plans.append(replace(exact, statements=taken(*sliced(part, names))))
    call_made = candidate.made.call
    if call_made is not None and (call_made.args or call_made.keywords):
        name = dotted(call_made.func)
        if reading.catalogue.class_at(name, candidate.index):
            plans.append(replace(for_class(reading, name, call_made), name=candidate.made.name))
    return [finished(reading, plan) for plan in plans]


def for_class(reading: Reading, name: str, given: ast.Call | None = None) -> Plan:
    """Return a plan that builds a class of which there is no instance, with arguments guessed where needed."""
    one = reading.catalogue.class_at(name, len(reading.program.pieces))
    call = complete(name, _wanted(reading, name), reading.offered, _usable(reading, name, given))
    return finished(reading, _calling(reading, name, "lightning" if one and one.lightning else "class", call))


def for_function(reading: Reading, name: str, how: str, position: int | None) -> Plan:
    """Return a plan that calls a function which returns the model."""
    function, home = reading.catalogue.functions[name]
    call = complete(name, Wanted(function, None, home or reading.catalogue), reading.offered)
    if position is not None:
        call = Call(f"{call.text}[{position}]", call.repairs)
    return finished(reading, _calling(reading, name, how, call))


def for_expression(reading: Reading, text: str, tree: ast.expr) -> Plan:
    """Return a plan for any expression over the submission's names."""
    return finished(reading, replace(_calling(reading, text, "entry", Call(text, ())), name=text_of(tree)))


def finished(reading: Reading, plan: Plan) -> Plan:
    """Add the local modules that a plan imports, and say what was changed in its statements."""
    modules = modules_for(reading.source, plan.statements)
    repairs = [*plan.repairs, *(statement.repair for statement in plan.statements if statement.repair)]
    return replace(plan, modules=modules, repairs=tuple(dict.fromkeys(repairs)))


def trains_in(reading: Reading, function: str) -> bool:
    """Tell whether calling a function of the submission trains."""
    summary = reading.program.known.functions.get(function)
    return summary is not None and summary.trains


def inlined(reading: Reading, function: ast.FunctionDef, home: Statement) -> tuple[Program, int]:
    """Return the program with the body of a function behind it, and where that begins.

    def main():                       a model that lives in a function
        width = 64
        model = Net(width)
    """
    values = _parameters(reading, function)
    body = [like(ast.Assign([ast.Name(name, ast.Store())], value), function.body[0]) for name, value in values.items()]
    body += [node for node in function.body if not isinstance(node, ast.Return | ast.Global | ast.Nonlocal)]
    extra = [replace(home, node=node, line=node.lineno) for node in body]
    return extended(reading.program, extra), len(reading.program.pieces)


def _calling(reading: Reading, name: str, how: str, call: Call) -> Plan:
    names = sorted(roots_of(ast.parse(call.text, mode="eval").body) & reading.program.binders.keys())
    program, indexes = without_data(reading.program, names, reading.hints)
    places = reading.program.binders.get(name.split(".", maxsplit=1)[0], [])
    where = reading.program.pieces[places[-1]].statement.where if places else Where()
    return Plan(name, how, where, taken(program, indexes), call.text, call.repairs)


def _wanted(reading: Reading, name: str) -> Wanted:
    one = reading.catalogue.class_at(name, len(reading.program.pieces))
    return Wanted(constructor(one, reading.catalogue), one, reading.catalogue)


def _blocks(catalogue: Catalogue) -> dict[str, tuple[int, int]]:
    """Return the classes that may be a network's layers, the likeliest first, with the numbers of their arguments."""
    inner = helpers(catalogue)
    found = {}
    for name in sorted(catalogue.classes, key=lambda name: (not _BLOCK.search(name), name not in inner)):
        function = constructor(catalogue.classes[name][-1], catalogue)
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)][1:] if function else []
        found[name] = (len(names) - len(function.args.defaults) if function else 0, len(names))
    return found


def _tables(program: Program) -> dict[str, str]:
    """Return the dicts that the program writes down, each with its first key as Python."""
    found = {}
    for piece in program.pieces:
        node = piece.statement.node
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            first = next((key for key in node.value.keys if isinstance(key, ast.Constant)), None)
            if first is not None:
                found[node.targets[0].id] = repr(first.value)
    return found


def _usable(reading: Reading, name: str, given: ast.Call | None) -> ast.Call | None:
    """Keep those arguments of a call that need no data and no local names, as keywords where others are missing."""
    if given is None:
        return None
    there = reading.offered.names | reading.catalogue.classes.keys() | reading.catalogue.origins.keys()
    there |= reading.catalogue.functions.keys() | frozenset(dir(builtins))
    plain = [one for one in given.args if roots_of(one) <= there]
    words = [word for word in given.keywords if roots_of(word.value) <= there]
    if len(plain) == len(given.args):
        return ast.Call(given.func, plain, words)
    wanted = _wanted(reading, name).function
    places = [one.arg for one in (*wanted.args.posonlyargs, *wanted.args.args)][1:] if wanted else []
    if any(isinstance(one, ast.Starred) for one in given.args):
        places = []  # Net(*sizes, 10): nobody knows which parameter 10 is for
    words += [ast.keyword(place, one) for place, one in zip(places, given.args, strict=False) if one in plain]
    return ast.Call(given.func, [], words)


def _usable_names(program: Program) -> frozenset[str]:
    """Return the names that stand for plain values made without data."""
    found = set()
    for name, places in program.binders.items():
        node = program.pieces[places[-1]].statement.node
        if isinstance(node, ast.Assign | ast.AnnAssign) and not program.data[places[-1]]:
            found.add(name)
    return frozenset(found)


def _parameters(reading: Reading, function: ast.FunctionDef) -> dict[str, ast.expr]:
    """Return the values of a function's parameters: from a call, its defaults, or guessed."""
    names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    defaults: Iterable[tuple[str, ast.expr]] = zip(reversed(names), reversed(function.args.defaults), strict=False)
    values = dict(defaults)
    calls = [
        node
        for piece in reading.program.pieces
        for node in ast.walk(piece.written)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function.name
    ]
    for call in calls[-1:]:
        values.update(zip(names, call.args, strict=False))
        values.update((word.arg, word.value) for word in call.keywords if word.arg)
    for name in names:
        guess = by_name(name, reading.hints)
        if name not in values and guess is not None:
            values[name] = ast.parse(guess.text, mode="eval").body
    return {name: value for name, value in values.items() if text_of(value) != name}
