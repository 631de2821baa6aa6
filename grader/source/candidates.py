"""Find everything in a program that may be the model, and what speaks for it."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from grader.source import vocabulary as words
from grader.source.aliases import Names, callee, roots
from grader.source.classes import Catalogue, dotted
from grader.source.effects import called_by, is_training, optimised_by
from grader.source.making import Made, made_by, unwrapped
from grader.source.program import Program, Thing, Things, with_parts
from grader.source.reading.syntax import text_of
from grader.source.statements import Definition, executed

NO_MODEL = re.compile(
    r"loss|criterion|metric|accuracy|transform|augment|normali[sz]e|loader|optimi[sz]er|scheduler|dataset|datamodule|callback",
    re.IGNORECASE,
)
"""Objects that derive from `nn.Module` as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """Something that may be the model.

    Attributes:
        variable: the name that it is bound to.
        made: what makes it.
        index: the statement that binds it first.
        until: the statement before which it is complete; its name stands for something else from there on.
        things: the objects that it may be.
        program: where all those indexes count.
        home: for one in the body of a function, the statement of the main program that calls it (0 when nobody
            does); None at top level.
        inside: whether it stands in a list or a dict, with others perhaps.
    """

    variable: str
    made: Made
    index: int
    until: int
    things: Things
    program: Program
    home: int | None = None
    inside: bool = False


@dataclass(slots=True)
class Evidence:
    """What speaks for a candidate: for each kind, the last statement that shows it.

    Attributes:
        optimised: its parameters go to an optimiser.
        trained: it is given to something that trains.
        called: it is called on something.
        moved: it is moved to a device, or put into training or evaluation mode, saved or summarised.
    """

    optimised: int = -1
    trained: int = -1
    called: int = -1
    moved: int = -1

    @property
    def last(self) -> int:
        """The last statement that trains it."""
        return max(self.optimised, self.trained)


Uses = dict[Thing, Evidence]
"""Evidence by object."""


@dataclass(slots=True)
class _Collected:
    """Evidence by object."""

    by_thing: Uses = field(default_factory=dict)

    def note(self, kind: str, program: Program, names: Names, index: int) -> None:
        """Note a use of some names in one statement."""
        for name in names:
            for thing in program.things(name, index) | program.things(name, index + 1):
                evidence = self.by_thing.setdefault(thing, Evidence())
                setattr(evidence, kind, max(getattr(evidence, kind), index))


def candidates_in(program: Program, catalogue: Catalogue, start: int = 0) -> list[Candidate]:
    """Return the models that statements from `start` on bind to names, in order; aliases count once."""
    found: dict[Thing, Candidate] = {}
    inside: dict[str, Candidate] = {}
    for index in range(start, len(program.pieces)):
        for name, value in _bound(program.pieces[index].statement.node):
            inside.update((one.variable, one) for one in _inside(name, value, index, catalogue, program))
            things = program.things(name, index + 1)
            known = next((found[thing] for thing in things if thing in found), None)
            bare = unwrapped(value)
            made = _made(value, name, index, catalogue, program)
            if made is None and known is None and isinstance(bare, ast.Name):  # best = copy.deepcopy(model)
                copied = [found[thing].made for thing in program.things(bare.id, index) if thing in found]
                made = copied[0] if copied else None
            kept = inside.get(text_of(bare)) if isinstance(bare, ast.Subscript) else None  # model = nets["small"]
            made = made or (kept.made if kept is not None else None)
            if known is None and made is not None:
                own = frozenset({(index, name)}) & things or things
                until = _until(program, name, index)
                new = Candidate(name, made, index, until, own, program, inside=kept is not None)
            elif known is not None and (made or isinstance(bare, ast.Name)):
                # model = Net(); model = nn.DataParallel(model): the same model under its last name.
                # `params = model.parameters()` is only a part of it.
                new = replace(known, variable=name, made=made or known.made, until=_until(program, name, index))
            else:
                continue
            found.update(dict.fromkeys(new.things, new))
    return [*inside.values(), *dict.fromkeys(found.values())]


def uses_of(program: Program) -> Uses:
    """Return what a program does with its objects."""
    uses = _Collected()
    for index, piece in enumerate(program.pieces):
        node = piece.written
        if isinstance(node, Definition):
            continue
        for one in executed(node):
            if isinstance(one, ast.Call):
                _note_call(uses, program, one, index)
    return uses.by_thing


def used_as_models(program: Program, found: list[Candidate], uses: Uses) -> list[Candidate]:
    """Return what nothing is known of but its use: `net = toolkit.build(10)` whose parameters are optimised.

    A name that is nowhere bound is a class that was lost with its cell, and no candidate.
    """
    taken = {thing for candidate in found for thing in candidate.things}
    more = []
    for index, piece in enumerate(program.pieces):
        for name, value in _bound(piece.statement.node):
            evidence = uses.get((index, name))
            if (index, name) in taken or evidence is None or not isinstance(value, ast.Call):
                continue
            known = roots(value.func) & (program.binders.keys() | set(dir(builtins)))
            used = evidence.optimised >= 0 or (evidence.called >= 0 and evidence.moved >= 0)
            if used and known and not NO_MODEL.search(name) and not program.data[index]:
                made = Made("expression", name, value)
                things = frozenset({(index, name)})
                more.append(Candidate(name, made, index, _until(program, name, index), things, program))
    return more


def evidence_for(candidate: Candidate, uses: Uses, networks: Things) -> Evidence:
    """Join the evidence of all objects that a candidate may be.

    trainer = Trainer(model, loader); trainer.fit(): what trains an object that holds the model trains the model.
    Where the holder is a network itself, that is what is trained. networks: the objects that are.
    """
    found = [uses[thing] for thing in candidate.things if thing in uses]
    parts = candidate.program.parts
    for thing, one in uses.items():
        if one.trained >= 0 and thing not in networks and candidate.things & with_parts(frozenset({thing}), parts):
            found.append(Evidence(trained=one.trained))
    kinds = ("optimised", "trained", "called", "moved")
    return Evidence(*(max((getattr(one, kind) for one in found), default=-1) for kind in kinds))


def _note_call(uses: _Collected, program: Program, call: ast.Call, index: int) -> None:
    known, name = program.known, callee(call)
    uses.note("optimised", program, optimised_by(call, known), index)
    uses.note("called", program, called_by(call, known), index)
    if is_training(call, known) and not (isinstance(call.func, ast.Attribute) and name in ("backward", "step")):
        inside = roots(*call.args, *(word.value for word in call.keywords))
        own = roots(call.func.value) if isinstance(call.func, ast.Attribute) else frozenset()
        uses.note("trained", program, inside | own, index)
    if name == "load_state_dict" and isinstance(call.func, ast.Attribute):
        uses.note("trained", program, roots(call.func.value), index)  # somebody has trained it before
    if name in words.SUMMARY:
        uses.note("moved", program, roots(*call.args), index)
    elif isinstance(call.func, ast.Attribute) and name in (
        "to",
        "cuda",
        "train",
        "eval",
        "state_dict",
        "parameters",
        "apply",
    ):
        uses.note("moved", program, roots(call.func.value), index)


def _bound(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """Return the (name, value) pairs that a statement binds."""
    if isinstance(node, Definition):
        return
    for one in executed(node):
        if isinstance(one, ast.Assign):
            for target in one.targets:
                yield from _pairs(target, one.value)
        elif isinstance(one, ast.AnnAssign | ast.NamedExpr) and one.value is not None:
            yield from _pairs(one.target, one.value)


def _inside(name: str, value: ast.expr, index: int, catalogue: Catalogue, program: Program) -> list[Candidate]:
    """Return the models that a list or a dict holds: `nets = {"small": Net(8), "large": Net(64)}`.

    They are known by their places: `nets["small"]`.
    """
    found = []
    for place, part in parts_of(name, unwrapped(value) or value):
        made = _made(part, name, index, catalogue, program)
        if made is not None and made.call is not None:
            things = program.things(name, index + 1)
            until = _until(program, name, index)
            found.append(Candidate(place, made, index, until, things, program, inside=True))
    return found


def parts_of(place: str, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Return (expression, part) for everything that stands in a list, a tuple or a dict, at any depth."""
    if isinstance(value, ast.List | ast.Tuple):
        pairs = [(f"{place}[{number}]", part) for number, part in enumerate(value.elts)]
    elif isinstance(value, ast.Dict):
        keyed = zip(value.keys, value.values, strict=True)
        pairs = [(f"{place}[{text_of(key)}]", part) for key, part in keyed if isinstance(key, ast.Constant)]
    elif isinstance(value, ast.Call) and callee(value) == "dict":
        pairs = [(f"{place}[{word.arg!r}]", word.value) for word in value.keywords if word.arg]
    elif isinstance(value, ast.ListComp):
        pairs = [(f"{place}[-1]", value.elt)]
    else:
        return
    for inner, part in pairs:
        yield inner, part
        yield from parts_of(inner, part)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple | ast.List):
        alone = not (isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts))
        for place, one in enumerate(target.elts):
            if isinstance(one, ast.Name):
                # model, optimizer = build(): the whole call, of which one place is meant
                yield one.id, ast.Subscript(value, ast.Constant(place), ast.Load()) if alone else value.elts[place]  # type: ignore[attr-defined]


def _made(value: ast.expr, name: str, index: int, catalogue: Catalogue, program: Program) -> Made | None:
    """Return what a bound value makes; losses, transforms and data sets are no models."""
    bare = unwrapped(value)
    place: int | None = None
    if isinstance(bare, ast.Subscript) and isinstance(bare.slice, ast.Constant) and isinstance(bare.value, ast.Call):
        place = bare.slice.value if isinstance(bare.slice.value, int) else None
        bare = bare.value
    made = made_by(bare, index, catalogue)
    if made is None or made.position != place:
        return None
    if NO_MODEL.search(made.name) or (NO_MODEL.search(name) and not words.TRAINER.search(name)):
        return None
    if made.call is not None and is_training(made.call, program.known):
        return None
    return made


def _until(program: Program, name: str, index: int) -> int:
    """Return the statement that gives a name to another object for good."""
    own = program.things(name, index + 1)
    for later in program.binders.get(name, []):
        if later > index and name in program.facts[later].ends and not program.things(name, later + 1) & own:
            return later
    return len(program.pieces)


def class_of(candidate: Candidate, catalogue: Catalogue) -> str:
    """Return the dotted name of the class that a candidate is an instance of; empty when it is none."""
    call = candidate.made.call
    name = dotted(call.func) if call is not None else ""
    return name if catalogue.class_at(name, candidate.index) else ""
