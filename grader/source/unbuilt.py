"""Networks that a submission defines and that nothing at top level builds."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from grader.source.candidates import NO_MODEL, parts_of, uses_of
from grader.source.classes import dotted, roots_of
from grader.source.effects import is_training, optimised_by
from grader.source.guessing.passing import paired
from grader.source.making import helpers, made_by, returned_by, unwrapped
from grader.source.planning import Plan, Reading, for_class, for_expression, for_function, trains_in
from grader.source.program import Program
from grader.source.reading.syntax import text_of
from grader.source.statements import Definition, executed

_CLASSIFIER = re.compile(r"cnn|conv_?net|classif|(?<!sub)net$", re.IGNORECASE)
_PICTURES = re.compile(r"generator|discriminator|critic|auto_?encoder|decoder|gan$|^vae|vae$|u_?net", re.IGNORECASE)
"""Networks whose answer is a picture, or tells made pictures from real ones."""
_ENLARGING = frozenset({"ConvTranspose2d", "Upsample", "PixelShuffle", "MaxUnpool2d"})
"""Layers on the way from numbers back to a picture."""
_NOWHERE = (-1, 0, 0)
"""Comes before every place of a program."""
_MAKES = re.compile(r"net|cnn|model|classif", re.IGNORECASE)
"""Names of what makes a network, where nothing else is known of it."""

_MOST = 12
"""Definitions of either kind that are planned for; the last ones."""


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A network that is built and that no name of the program stands for.

    Attributes:
        plan: builds it from its class.
        trained: whether the code around it trains it.
        index: the statement that builds it.
        owner: the class whose objects keep it; empty when it is an argument.
    """

    plan: Plan
    trained: bool
    index: int
    owner: str = ""


def held(reading: Reading) -> list[Unnamed]:
    """Return networks that an object of the submission keeps: `self.model = Net(…)` in a `Trainer`."""
    found = []
    for index, statement in enumerate(reading.program.statements):
        node = statement.node
        if not isinstance(node, ast.ClassDef) or reading.catalogue.class_at(node.name, index + 1):
            continue
        calls = [one for one in ast.walk(node) if isinstance(one, ast.Call)]
        known = reading.program.known
        trained = any(is_training(call, known) or optimised_by(call, known) for call in calls)
        assigned = [pair for one in ast.walk(node) if isinstance(one, ast.Assign) for pair in paired(one)]
        for target, value in assigned:
            if isinstance(target, ast.Attribute):
                made = made_by(value, index, reading.catalogue)
                if made and made.call and reading.catalogue.class_at(dotted(made.call.func), index):
                    said = f"{text_of(target)}: {node.name} keeps it ({statement.where})."
                    plan = replace(for_class(reading, dotted(made.call.func), made.call), evidence=(said,))
                    found.append(Unnamed(plan, trained, index, node.name))
    return found


def unnamed(reading: Reading) -> list[Unnamed]:
    """Return networks that are built inside a call: `trainer.fit(Net())`, `learner = Learner(data, Net())`.

    Blocks that other classes are made of count only where they are trained: `layers.append(Block(8))`.
    """
    found = {}
    inner, uses = helpers(reading.catalogue), uses_of(reading.program)
    for index, piece in enumerate(reading.program.pieces):
        if isinstance(piece.written, Definition):
            continue
        bound = {uses[index, name].last for name in reading.program.facts[index].binds if (index, name) in uses}
        for call, made in _arguments(piece.written, index, reading):
            trained = is_training(call, reading.program.known) or max(bound, default=-1) >= 0
            if trained or dotted(made.func) not in inner:
                said = f"{text_of(made)[:80]}: it is given to {text_of(call.func)[:80]} ({piece.statement.where})."
                found[dotted(made.func)] = (made, said, trained, max([index, *bound]))
    return [
        Unnamed(replace(for_class(reading, name, made), evidence=(said,)), trained, index)
        for name, (made, said, trained, index) in list(found.items())[-_MOST:]
    ]


def _arguments(node: ast.stmt, index: int, reading: Reading) -> Iterator[tuple[ast.Call, ast.Call]]:
    """Return (call, network) for every network of the submission's own classes that is built as an argument."""
    calls = [one for one in executed(node) if isinstance(one, ast.Call)]
    for call in sorted(calls, key=lambda one: (one.lineno, one.col_offset)):
        if made_by(call, index, reading.catalogue):
            continue
        given = [*call.args, *(word.value for word in call.keywords)]
        given += [call.func.value] if isinstance(call.func, ast.Attribute) else []  # {"a": Net()}.items()
        for value in [*given, *(part for one in given for _, part in parts_of("", one))]:
            bare = unwrapped(value)
            if isinstance(bare, ast.Call) and reading.catalogue.class_at(dotted(bare.func), index):
                yield call, bare


def classifies(name: str, reading: Reading) -> bool:
    """Tell whether a class may be a classifier: its name and its layers are none that make or judge pictures."""
    one = reading.catalogue.class_at(name, len(reading.program.pieces))
    return one is None or not (_PICTURES.search(one.name) or one.uses & _ENLARGING)


def never_built(reading: Reading) -> list[Plan]:
    """Return plans for functions that return a network and classes of networks, when nothing builds one.

    The last one with a convolution first, one that is named in a function before one that nobody mentions; what another
    one uses or derives from comes last. Of resnet18(), resnet34() and resnet152(), which make one class, the first.
    """
    catalogue, inner = reading.catalogue, helpers(reading.catalogue, functions=True)
    channels = reading.hints.input_shape[0]
    plans: list[tuple[tuple[int, ...], Plan]] = []
    mentioned = _mentions(reading)
    factories = _factories(reading)
    families = {made: place for place, (_, _, made) in enumerate(factories)}
    for place, (name, position, made) in list(enumerate(factories))[-_MOST:]:
        plan = for_function(reading, name, "factory", position)
        first = name not in inner and "load" not in name
        plans.append(((first, plan.convolutions(channels), 1, *_NOWHERE, 1, families[made], -place), plan))
    names = [name for name in catalogue.classes if not NO_MODEL.search(name)]
    outer = [name for name in names if name not in inner]
    for name in [*[name for name in names if name in inner][-_MOST:], *outer[-_MOST:]]:
        plan = for_class(reading, name, _last_call(reading, name))
        likely = catalogue.classes[name][-1].certain + bool(_CLASSIFIER.search(name))
        makes = classifies(name, reading)
        named = mentioned.get(name, _NOWHERE)
        plans.append(((name not in inner, plan.convolutions(channels), makes, *named, likely, len(plans), 0), plan))
    return [plan for _, plan in sorted(plans, key=lambda one: one[0], reverse=True)]


def _last_call(reading: Reading, name: str) -> ast.Call | None:
    """Return the last call of a class in functions of the program, whose arguments may be of use."""
    found = None
    for statement in reading.program.statements:
        for one in ast.walk(statement.node):
            if isinstance(one, ast.Call) and dotted(one.func) == name:
                found = one
    return found


def _mentions(reading: Reading) -> dict[str, tuple[int, int, int]]:
    """Return the last place outside of other classes at which each class of networks is named."""
    found: dict[str, tuple[int, int, int]] = {}
    for index, statement in enumerate(reading.program.statements):
        if isinstance(statement.node, ast.ClassDef):
            continue
        for one in ast.walk(statement.node):
            if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load) and one.id in reading.catalogue.classes:
                found[one.id] = max(found.get(one.id, _NOWHERE), (index, one.lineno, one.col_offset))
    return found


def _factories(reading: Reading) -> list[tuple[str, int | None, str]]:
    """Return the functions that return a network, each with its place in a returned tuple and what it makes."""
    found = []
    for name, (function, home) in reading.catalogue.functions.items():
        result = returned_by(function, home or reading.catalogue)
        if result is not None and not trains_in(reading, name):
            made = result[0].name
            found.append((name, result[1], name if made == "nn.Sequential" else made))
    return found


def imported(reading: Reading) -> list[Plan]:
    """Return plans for what is made of a class from a file that was not handed in, the last one first.

    from models import Net        nobody can build it, and the fault names models.py
    model = Net(5)
    """
    program, found = reading.program, []
    for piece in reversed(program.pieces):
        node = piece.statement.node
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Call):
            maker, target = roots_of(node.value.func), node.targets[0]
            if any(_is_absent(program, name) for name in maker) and not NO_MODEL.search(target.id):
                plan = for_expression(reading, target.id, ast.Name(target.id, ast.Load()))
                found.append(replace(plan, how="expression"))
    return found[:_MOST]


def _is_absent(program: Program, name: str) -> bool:
    """Tell whether a name comes from a module that is none of Python's and by its name makes networks."""
    for index in program.binders.get(name, []):
        node = program.pieces[index].statement.node
        if isinstance(node, ast.ImportFrom) and node.module and _MAKES.search(name):
            return node.module.partition(".")[0] not in sys.stdlib_module_names
    return False
