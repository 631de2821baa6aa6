"""Look at a program once: what every statement binds, reads and changes, and which objects its names stand for."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from grader.source import vocabulary as words
from grader.source.aliases import NOTHING, Known, Names, aliases_in, roots, sources
from grader.source.definitions import known_in
from grader.source.effects import edited, loads, rebound
from grader.source.facts import Facts, facts_of
from grader.source.statements import Definition, Statement, executed
from grader.source.training import Piece, pieces

Thing = tuple[int, str]
"""An object, named by the statement and the name that first held it."""
Things = frozenset[Thing]
EMPTY: Things = frozenset()


@dataclass(frozen=True, slots=True)
class Program:
    """A program, with everything that slicing asks about it.

    Attributes:
        pieces: its statements, training taken apart.
        facts: what each one binds and reads.
        changes: the names whose object each one changes.
        known: its functions, summarised.
        data: whether each one needs data: it loads some, or reads what was made of some.
        binders: name -> statements that may bind it, in order.
        history: name -> (statement after which, the objects it stands for), in order.
        editors: object -> statements that change it.
        parts: object -> objects that it was made of.
    """

    pieces: tuple[Piece, ...]
    facts: tuple[Facts, ...]
    changes: tuple[Names, ...]
    known: Known
    data: tuple[bool, ...]
    binders: Mapping[str, list[int]]
    history: Mapping[str, list[tuple[int, Things]]]
    editors: Mapping[Thing, list[int]]
    parts: Mapping[Thing, Things]

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Return the statements alone."""
        return tuple(piece.statement for piece in self.pieces)

    def things(self, name: str, before: int) -> Things:
        """Return the objects that a name may stand for just before a statement."""
        history = self.history.get(name, [])
        place = bisect_left(history, before, key=lambda entry: entry[0])
        return history[place - 1][1] if place else EMPTY

    def editors_of(self, things: Things) -> list[int]:
        """Return the statements that change one of the objects, or a part of one."""
        seen = with_parts(things, self.parts)
        return sorted({index for thing in seen for index in self.editors.get(thing, ())})


def analysed(statements: Iterable[Statement]) -> Program:
    """Look at every statement of a program once."""
    given = tuple(statements)
    known = known_in(given)
    return _program(pieces(given, known), known)


def extended(program: Program, more: Iterable[Statement]) -> Program:
    """Return a program with further statements behind it."""
    return _program((*program.pieces, *pieces(more, program.known, program.binders)), program.known, program)


def exchanged(program: Program, changed: Mapping[int, Statement]) -> Program:
    """Return a program with other statements in some places."""
    taken = tuple(
        replace(piece, statement=changed.get(index, piece.statement)) for index, piece in enumerate(program.pieces)
    )
    return _program(taken, program.known, program)


def shortened(program: Program, until: int) -> Program:
    """Return the part of a program before a statement."""
    return _program(program.pieces[:until], program.known, program) if until < len(program.pieces) else program


def _program(taken: tuple[Piece, ...], known: Known, like: Program | None = None) -> Program:
    """Put a program together; what is known of statements that another one has as well is used again."""
    facts, changes = [], []
    for index, piece in enumerate(taken):
        if like is not None and index < len(like.pieces) and like.pieces[index].statement is piece.statement:
            facts.append(like.facts[index])
            changes.append(like.changes[index])
            continue
        node = piece.statement.node
        one = facts_of(node)
        binds = one.binds | rebound(node, known)
        facts.append(replace(one, binds=binds) if piece.binds else replace(one, binds=NOTHING, ends=NOTHING))
        changes.append(edited(node, known) if piece.edits else NOTHING)
    return _Objects(taken, tuple(facts), tuple(changes), known).program()


def with_parts(things: Things, parts: Mapping[Thing, Things]) -> Things:
    """Return objects together with everything that they are made of or hold."""
    found: set[Thing] = set()
    todo = list(things)
    while todo:
        thing = todo.pop()
        if thing not in found:
            found.add(thing)
            todo += parts.get(thing, ())
    return frozenset(found)


def _chained(node: ast.stmt) -> list[list[str]]:
    """Return the names that `a = b = Net()` makes one object."""
    targets = node.targets if isinstance(node, ast.Assign) else []
    named = [target.id for target in targets if isinstance(target, ast.Name)]
    return [named] if len(named) > 1 else []


class _Objects:
    """Follow the objects that names stand for through a program."""

    def __init__(
        self, taken: tuple[Piece, ...], facts: tuple[Facts, ...], changes: tuple[Names, ...], known: Known
    ) -> None:
        """Prepare an empty history."""
        self._given = (taken, facts, changes, known)
        self._now: dict[str, Things] = {}
        self._tainted: set[str] = set()
        self._binders: dict[str, list[int]] = defaultdict(list)
        self._history: dict[str, list[tuple[int, Things]]] = defaultdict(list)
        self._editors: dict[Thing, list[int]] = defaultdict(list)
        self._parts: dict[Thing, Things] = {}

    def program(self) -> Program:
        """Walk the statements in order."""
        taken, facts, changes, known = self._given
        data = []
        for index, (piece, one) in enumerate(zip(taken, facts, strict=True)):
            node = piece.statement.node
            data.append(self._needs_data(node, one, known))
            edits = self._kept_edits(node, changes[index], needs_data=data[-1])
            for name in edits:
                for thing in self._now.get(name, EMPTY):
                    self._editors[thing].append(index)
            self._contain(node, known)
            self._bind(index, node, one, known)
            self._taint(one.binds | (edits - _given_weights(node)), one, needs_data=data[-1])
        return Program(
            pieces=taken,
            facts=facts,
            changes=changes,
            known=known,
            data=tuple(data),
            binders=self._binders,
            history=self._history,
            editors=self._editors,
            parts=self._parts,
        )

    def _needs_data(self, node: ast.stmt, facts: Facts, known: Known) -> bool:
        if isinstance(node, Definition | ast.Import | ast.ImportFrom):
            return False
        return loads(node, known) or bool(facts.now & self._tainted)

    @staticmethod
    def _kept_edits(node: ast.stmt, edits: Names, *, needs_data: bool) -> Names:
        """Forget edits by a call that is given data: `update_bn(loader, model)`, `calibrate(model, images)`.

        `model.fc = nn.Linear(512, len(data.classes))` and `labels.append(row)` stay, and so does
        `model.load_state_dict(torch.load("best.pt"))`: the file may have been handed in.
        """
        if not needs_data:
            return edits
        direct: Names = NOTHING
        for one in executed(node):
            if isinstance(one, ast.Attribute | ast.Subscript) and not isinstance(one.ctx, ast.Load):
                direct |= roots(one)
            elif isinstance(one, ast.AugAssign):
                direct |= roots(one.target)
            elif (
                isinstance(one, ast.Call)
                and isinstance(one.func, ast.Attribute)
                and one.func.attr in words.CONTAINER_EDITS | words.WEIGHTS_EDITS
            ):
                direct |= roots(one.func.value)
        return edits & direct

    def _bind(self, index: int, node: ast.stmt, facts: Facts, known: Known) -> None:
        aliases = aliases_in(executed(node), known) if not isinstance(node, Definition) else {}
        after: dict[str, Things] = {}
        for name in facts.binds:
            self._binders[name].append(index)
            things = self._objects(aliases.get(name, NOTHING))
            if not isinstance(getattr(node, "value", None), ast.Name):
                things = with_parts(things, self._parts)  # k = box.k may be whatever was put into the box
            if not things:
                things = frozenset({(index, name)})
                self._parts[(index, name)] = self._made_of(node, known)
            after[name] = things if name in facts.ends else things | self._now.get(name, EMPTY)
        for names in _chained(node):
            shared = EMPTY.union(*(after.get(name, EMPTY) for name in names))
            after.update(dict.fromkeys(names, shared))
        for name, things in after.items():
            self._now[name] = things
            self._history[name].append((index, things))

    def _made_of(self, node: ast.stmt, known: Known) -> Things:
        """Return the objects that a new one is made of: those of `conv` for `nn.Sequential(conv, act)`."""
        value = getattr(node, "value", None)
        if isinstance(value, ast.Call):
            inner: list[ast.expr] = [*value.args, *(word.value for word in value.keywords)]
        elif isinstance(value, ast.List | ast.Tuple | ast.Set):
            inner = value.elts
        elif isinstance(value, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            inner = [generator.iter for generator in value.generators]
        else:
            inner = value.values if isinstance(value, ast.Dict) else []
        return self._objects(NOTHING.union(*(sources(one, known) for one in inner)))

    def _contain(self, node: ast.stmt, known: Known) -> None:
        """Note what is put into objects: `model.fc = head`, `layers.append(conv)`."""
        if isinstance(node, Definition):
            return
        for one in executed(node):
            holders: Names = NOTHING
            held: list[ast.expr] = []
            if isinstance(one, ast.Assign):
                holders = roots(
                    *(target for target in one.targets if isinstance(target, ast.Attribute | ast.Subscript))
                )
                held = [one.value]
            elif isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute) and one.func.attr in words.HOLDING:
                holders, held = roots(one.func.value), [*one.args, *(word.value for word in one.keywords)]
            inside = self._objects(NOTHING.union(*(sources(value, known) for value in held))) if holders else EMPTY
            for thing in self._objects(holders) if inside else ():
                self._parts[thing] = self._parts.get(thing, EMPTY) | inside

    def _objects(self, names: Names) -> Things:
        return EMPTY.union(*(self._now.get(name, EMPTY) for name in names))

    def _taint(self, names: Names, facts: Facts, *, needs_data: bool) -> None:
        if needs_data:
            self._tainted |= names
        else:
            self._tainted -= facts.ends


def _given_weights(node: ast.stmt) -> Names:
    """Return the names of models that a statement gives saved weights: they hold no data by that."""
    if isinstance(node, Definition):
        return NOTHING
    calls = (one.func for one in executed(node) if isinstance(one, ast.Call))
    return NOTHING.union(
        *(roots(one.value) for one in calls if isinstance(one, ast.Attribute) and one.attr in words.WEIGHTS_EDITS)
    )
