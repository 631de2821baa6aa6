"""Keep the statements that some names need, and nothing else.

Running a slice gives the object that running the whole program gives. For a model that is the same graph and, with
`torch.manual_seed(0)` above it, the same first weights: what seeds is kept. There is one exception. What a slice
leaves out may draw random numbers between the seed and the model: a random split, a batch of a shuffled loader,
training, other models. The slice does not draw them, and the first weights are others of the same distribution. That is
meant: to draw them it would have to load the data and train, and no points hang on those weights, because the trainer
draws everybody's weights anew. A name of the module that `forward` reads is what it is when the model is complete.
"""

from __future__ import annotations

import ast
import builtins
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from grader.records import Repair
from grader.source import vocabulary as words
from grader.source.aliases import NOTHING, Names, is_seeding
from grader.source.facts import Method
from grader.source.program import Program, Things, analysed, exchanged
from grader.source.pruning import pruned
from grader.source.statements import Compound, Definition, Statement

_BUILTINS = frozenset(dir(builtins)) - words.OVERRIDDEN_BUILTINS
_DEFINING = Definition | ast.Import | ast.ImportFrom
_ROUNDS = 4
"""What is cut out of a compound statement may have been all that others were kept for."""


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
    chosen: list[Statement] = []
    first = len(program.pieces)
    for index in reversed(indexes):
        statement = program.pieces[index].statement
        if index > first:
            what = f"`{statement.text.splitlines()[0][:60]}` ({statement.where})"
            message = f"{what} is used further up; it was run before that."
            statement = replace(statement, repair=statement.repair or Repair("order", message))
        first = min(first, index)
        chosen.append(statement)
    return tuple(reversed(chosen))


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
        self._walked: set[tuple[str, int]] = set()
        self._edited: dict[Things, int] = {}
        self._waiting: dict[str, dict[tuple[int, str], Method]] = defaultdict(dict)
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
        self._keep_seeds()
        stars = [index for index, facts in enumerate(self._program.facts) if facts.star]
        if self._missing - _BUILTINS:
            self._kept.update(stars)
        return self._in_order()

    def _keep_seeds(self) -> None:
        """Keep `torch.manual_seed(0)` above what is kept, for the first weights to be those of the whole program."""
        program, last = self._program, max(self._kept, default=0)
        for index in range(last):
            piece = program.pieces[index]
            call = piece.statement.node.value if isinstance(piece.statement.node, ast.Expr) else None
            if not (isinstance(call, ast.Call) and piece.edits) or program.data[index]:
                continue
            if is_seeding(call, program.known):
                self._keep(index, NOTHING)
        self._collect()

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
            name, before = self._todo.pop()
            if (name, before) not in self._seen:
                self._seen.add((name, before))
                self._find(name, before)

    def _find(self, name: str, before: int) -> None:
        program = self._program
        places = program.binders.get(name, [])
        count = bisect_left(places, before)
        found = places[count - 1 : count] if count else self._further_down(name, before)
        if not found:
            self._missing.add(name)
        for index in (places[place] for place in range(count - 1, -1, -1)) if count else found:
            if self._bound_by(index, name, before):
                break
        is_class = any(isinstance(program.pieces[index].statement.node, ast.ClassDef) for index in found)
        self._keep_edits(program.things(name, before), len(program.pieces) if is_class else before)

    def _bound_by(self, index: int, name: str, before: int) -> bool:
        """Keep a statement for a name; tell whether no earlier one matters."""
        facts = self._program.facts[index]
        self._keep(index, frozenset({name}))
        self._needs[before].add(index)
        self._used[index] |= {before, self._end}
        self._read_methods(index, {before, self._end})
        self._todo += [(late, at) for late in facts.late for at in (before, self._end)]
        walked = (name, index) in self._walked and not (facts.late or facts.methods)
        self._walked.add((name, index))
        return walked or name in facts.ends

    def _keep_edits(self, things: Things, before: int) -> None:
        """Keep what changes some objects before a statement."""
        done = self._edited.get(things, 0)
        if done >= before:
            return
        self._edited[things] = before
        editors = self._program.editors_of(things)
        for index in editors[bisect_left(editors, done) : bisect_left(editors, before)]:
            self._keep(index, self._program.changes[index])

    def _further_down(self, name: str, before: int) -> list[int]:
        """Return where a name is bound below its use.

        def forward(self, x): return act(x) … and `act` comes later; or a notebook whose cells were run in
        another order than they stand in: `model = Net(width)` above `width = 8` is an error in any other.
        """
        places = self._program.binders.get(name, [])
        if before == self._end:
            return places[:1]
        pieces, facts = self._program.pieces, self._program.facts
        definitions = [index for index in places if isinstance(pieces[index].statement.node, _DEFINING)]
        if definitions or name in _BUILTINS or any(one.star for one in facts[:before]):
            return definitions[:1]
        return [index for index in places if index > before and name in facts[index].ends][:1]

    def _keep(self, index: int, names: Names) -> None:
        self._asked[index] |= names
        if index in self._kept:
            return
        self._kept.add(index)
        facts, node = self._program.facts[index], self._program.pieces[index].statement.node
        self._mention(facts.attributes)
        if isinstance(node, Definition) and node.decorator_list:  # @register: somebody calls it by another name
            self._used[index].add(self._end)
            self._read_methods(index, {self._end})
            self._todo += [(late, self._end) for late in facts.late]
        self._todo += [(read, index) for read in facts.now]
        if isinstance(node, ast.Import) and node.names[0].asname is None:
            self._keep_packages(node.names[0].name.split(".")[0])

    def _keep_packages(self, package: str) -> None:
        """Keep `import torch.nn` beside `import torch`: both bind `torch`, and either may come last."""
        for index in self._program.binders.get(package, []):
            node = self._program.pieces[index].statement.node
            if index < self._end and isinstance(node, ast.Import) and "." in node.names[0].name:
                self._keep(index, frozenset({package}))

    def _read_methods(self, index: int, places: set[int]) -> None:
        """Ask for what the methods of a class read that building or calling its objects may run.

        `fit` and `train_dataloader` are not among them, as long as nothing that is kept mentions them.
        """
        for name, method in self._program.facts[index].methods.items():
            bare = name.rpartition(".")[2]
            if method.always or bare in self._attributes:
                self._read_method(method, places)
            else:
                self._waiting[bare][(index, name)] = method

    def _read_method(self, method: Method, places: set[int]) -> None:
        self._todo += [(late, at) for late in method.late for at in places if (late, at) not in self._seen]
        self._mention(method.attributes)

    def _mention(self, attributes: Names) -> None:
        """Note attributes that kept code mentions; methods of those names may be called."""
        todo = list(attributes - self._attributes)
        self._attributes |= attributes
        while todo:
            for (index, _), method in self._waiting.pop(todo.pop(), {}).items():
                places = self._used[index]
                self._todo += [(late, at) for late in method.late for at in places if (late, at) not in self._seen]
                todo += method.attributes - self._attributes
                self._attributes |= method.attributes
