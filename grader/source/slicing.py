"""Keep the statements that some names need, and nothing else."""

from __future__ import annotations

import ast
import builtins
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from grader.records import Repair
from grader.source import vocabulary as words
from grader.source.definitions import known_in
from grader.source.effects import NOTHING, Known, Names, aliases_in, edited, loads, rebound, roots, sources
from grader.source.facts import Facts, facts_of
from grader.source.pruning import pruned
from grader.source.statements import Compound, Definition, Statement, executed
from grader.source.training import Piece, pieces

_BUILTINS = frozenset(dir(builtins)) - words.OVERRIDDEN_BUILTINS
Thing = tuple[int, str]
"""An object, named by the statement and the name that first held it."""
Things = frozenset[Thing]
EMPTY: Things = frozenset()
_ROUNDS = 4
"""What is cut out of a compound statement may have been all that others were kept for."""


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


def slice_for(statements: Iterable[Statement], names: Iterable[str]) -> tuple[Statement, ...]:
    """Return, in order, what is needed to have names bound as the whole program leaves them.

    Training, data and plots are left out unless a name is made of them. A statement that the grader had to
    change (`model = train(model)` became `model = model`) says so in its repair.
    """
    program, indexes = sliced(analysed(statements), names)
    return taken(program, indexes)


def sliced(program: Program, names: Iterable[str]) -> tuple[Program, list[int]]:
    """Return what names need, and the program with its compound statements cut to that."""
    wanted = list(names)
    for _ in range(_ROUNDS):
        closure = _Closure(program, wanted)
        indexes = closure.indexes()
        smaller = {}
        for index in indexes:
            statement = program.pieces[index].statement
            if isinstance(statement.node, Compound):
                node = pruned(statement.node, closure.asked(index), program.known)
                if node is not statement.node and ast.dump(node) != ast.dump(statement.node):
                    smaller[index] = replace(statement, node=node)
        if not smaller:
            break
        program = exchanged(program, smaller)
    return program, indexes


def taken(program: Program, indexes: Sequence[int]) -> tuple[Statement, ...]:
    """Return some statements of a program; those that come earlier than they were written say so."""
    chosen = []
    for place, index in enumerate(indexes):
        statement = program.pieces[index].statement
        if any(later < index for later in indexes[place + 1 :]):
            message = f"`{statement.text.splitlines()[0][:60]}` ({statement.where}) is used further up; it was run before that."
            statement = replace(statement, repair=statement.repair or Repair("order", message))
        chosen.append(statement)
    return tuple(chosen)


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
            self._taint(one.binds | edits, one, needs_data=data[-1])
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

        `model.fc = nn.Linear(512, len(data.classes))` and `labels.append(row)` stay.
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
                and one.func.attr in words.CONTAINER_EDITS
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


class _Closure:
    """Collect statements backwards from some names until nothing is missing."""

    def __init__(self, program: Program, names: Sequence[str]) -> None:
        """Start with the last statements that bind or change the names."""
        self._program = program
        self._kept: set[int] = set()
        self._seen: set[tuple[str, int]] = set()
        self._missing: set[str] = set()
        self._attributes: set[str] = set()
        self._used: dict[int, set[int]] = defaultdict(set)
        self._asked: dict[int, Names] = defaultdict(frozenset)
        self._needs: dict[int, set[int]] = defaultdict(set)
        self._end = max((self._last(name) for name in names), default=0)
        self._todo = [(name, self._last(name)) for name in names]

    def _last(self, name: str) -> int:
        program, whole = self._program, len(self._program.pieces)
        touching = program.binders.get(name, [])[-1:] + program.editors_of(program.things(name, whole))[-1:]
        return max(touching, default=-1) + 1

    def indexes(self) -> list[int]:
        """Return what is needed."""
        self._collect()
        stars = [index for index, facts in enumerate(self._program.facts) if facts.star]
        if self._missing - _BUILTINS:
            self._kept.update(stars)
        return self._in_order()

    def asked(self, index: int) -> Names:
        """Return the names for which a statement was kept."""
        return self._asked[index]

    def _in_order(self) -> list[int]:
        """Put the statements in order; a definition that is written below its use comes before it."""
        order: list[int] = []
        done: set[int] = set()
        for first in sorted(self._kept):
            stack = [(first, False)]
            while stack:
                index, ready = stack.pop()
                if ready:
                    order.append(index)
                elif index not in done:
                    done.add(index)
                    stack.append((index, True))
                    stack += [(one, False) for one in sorted(self._needs[index] & self._kept, reverse=True)]
        return order

    def _collect(self) -> None:
        while self._todo:
            while self._todo:
                name, before = self._todo.pop()
                if (name, before) not in self._seen:
                    self._seen.add((name, before))
                    self._find(name, before)
            self._todo += self._called_methods()

    def _find(self, name: str, before: int) -> None:
        program = self._program
        places = program.binders.get(name, [])
        earlier = places[: bisect_left(places, before)]
        if not earlier:
            earlier = self._further_down(name, before)
        for index in reversed(earlier):
            self._keep(index, frozenset({name}))
            self._needs[before].add(index)
            self._used[index] |= {before, self._end}
            self._todo += [(late, at) for late in program.facts[index].late for at in (before, self._end)]
            if name in program.facts[index].ends:
                break
        for index in program.editors_of(program.things(name, before)):
            if index < before or any(
                isinstance(program.pieces[one].statement.node, ast.ClassDef) for one in earlier[-1:]
            ):
                self._keep(index, program.changes[index])
        if not earlier:
            self._missing.add(name)

    def _further_down(self, name: str, before: int) -> list[int]:
        """Return where a name is bound below its use.

        def forward(self, x): return act(x) … and `act` comes later; or a notebook whose cells were run in
        another order than they stand in, where only definitions and imports are looked for.
        """
        places = self._program.binders.get(name, [])
        if before == self._end:
            return places[:1]
        definitions = (Definition, ast.Import, ast.ImportFrom)
        return [index for index in places if isinstance(self._program.pieces[index].statement.node, definitions)][:1]

    def _keep(self, index: int, names: Names) -> None:
        self._asked[index] |= names
        if index in self._kept:
            return
        self._kept.add(index)
        facts, node = self._program.facts[index], self._program.pieces[index].statement.node
        self._attributes |= facts.attributes
        self._todo += [(read, index) for read in facts.now]
        if isinstance(node, ast.Import) and node.names[0].asname is None:
            self._keep_packages(node.names[0].name.split(".")[0])

    def _keep_packages(self, package: str) -> None:
        """Keep `import torch.nn` beside `import torch`: both bind `torch`, and either may come last."""
        for index in self._program.binders.get(package, []):
            node = self._program.pieces[index].statement.node
            if index < self._end and isinstance(node, ast.Import) and "." in node.names[0].name:
                self._keep(index, frozenset({package}))

    def _called_methods(self) -> list[tuple[str, int]]:
        """Return what the methods read that the kept code may call; `fit` and `train_dataloader` are not among them."""
        found = []
        grown = True
        while grown:
            grown = False
            for index in self._kept:
                for name, method in self._program.facts[index].methods.items():
                    if not (method.always or name.rpartition(".")[2] in self._attributes):
                        continue
                    grown = grown or not method.attributes <= self._attributes
                    self._attributes |= method.attributes
                    found += [(late, at) for late in method.late for at in self._used[index] | {self._end}]
        return [item for item in found if item not in self._seen]
