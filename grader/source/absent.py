"""Do without the data set: what a program reads from it in order to build its model is put in its place.

train_data = ImageFolder("/content/data")           (gone)
model = Net(len(train_data.classes))          ->    model = Net(10)
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from dataclasses import replace

from grader.records import Repair
from grader.source.aliases import callee, roots
from grader.source.guesses import Guess, Hints, by_name
from grader.source.program import Program, exchanged
from grader.source.slicing import sliced
from grader.source.statements import Definition, Statement, like
from grader.source.syntax import text_of

_LISTS = frozenset(
    {
        "classes",
        "class_names",
        "classnames",
        "label_names",
        "labels_names",
        "categories",
        "target_names",
        "labels",
        "class_list",
        "cat_names",
        "class_labels",
        "names",
    }
)
_COUNTS = frozenset({"num_classes", "n_classes", "nb_classes", "c", "num_labels", "nunique"})
_LABELS = ("y", "label", "target")
_ROUNDS = 6


def without_data(program: Program, names: Iterable[str], hints: Hints) -> tuple[Program, list[int]]:
    """Return the program with data replaced by what the rubric says, and what the names need then.

    Where nothing needs data, or nothing can be put in its place, that is the slice as it is.
    """
    wanted = list(names)
    program, indexes = sliced(program, wanted)
    for _ in range(_ROUNDS):
        changed = _replaced(program, indexes, wanted, hints)
        if changed is None:
            break
        program, indexes = sliced(exchanged(program, changed), wanted)
    return program, indexes


def _replaced(program: Program, indexes: list[int], wanted: list[str], hints: Hints) -> dict[int, Statement] | None:
    """Replace data in the statements of a slice; None when there is none that can be."""
    changed = {}
    for index in indexes:
        statement = program.pieces[index].statement
        if not program.data[index] or isinstance(statement.node, Definition):
            continue
        new = _bound_by_name(statement, wanted, hints) or _rewritten(program, index, hints)
        if new is not None:
            changed[index] = new
    return changed or None


def _bound_by_name(statement: Statement, wanted: list[str], hints: Hints) -> Statement | None:
    """Replace `num_classes = len(data.classes)` and `train, classes = load()` by what the rubric says."""
    node = statement.node
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1):
        return None
    target = node.targets[0]
    several = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    names = [one.id for one in several if isinstance(one, ast.Name) and one.id not in wanted]
    guesses = {name: guess for name in names if (guess := _guessed(name, hints))}
    if not guesses or set(names) & set(wanted):
        return None
    said = " and ".join(f"{name} = {_said(guess)}" for name, guess in guesses.items())
    message = f"`{_short(node)}` needs data that is not here: {said} was used."
    text = f"{', '.join(guesses)} = {', '.join(guess.text for guess in guesses.values())}"
    return replace(statement, node=like(ast.parse(text).body[0], node), repair=Repair("data", message))


def _guessed(name: str, hints: Hints) -> Guess | None:
    if name.lower() in _LISTS:
        return Guess(_names(hints), "the names of the classes", given=True)
    guess = by_name(name, hints)
    return guess if guess and guess.given else None


def _rewritten(program: Program, index: int, hints: Hints) -> Statement | None:
    """Replace what is read from data inside a statement: `len(data.classes)`, `images.shape[1]`."""
    statement = program.pieces[index].statement
    used = {name for name in program.facts[index].now if _tainted(program, name, index)}
    reader = _Reader(used, hints)
    node = reader.visit(copy.deepcopy(statement.node))
    if not reader.replaced or not isinstance(node, ast.stmt):
        return None
    what = "; ".join(f"`{old}` needs data that is not here: {_said(guess)} was used." for old, guess in reader.replaced)
    return replace(statement, node=like(node, statement.node), repair=Repair("data", what))


def _tainted(program: Program, name: str, before: int) -> bool:
    return any(program.data[index] for index in program.binders.get(name, []) if index < before)


class _Reader(ast.NodeTransformer):
    """Replace what is read from names that hold data."""

    def __init__(self, names: set[str], hints: Hints) -> None:
        """Keep the names; nothing was replaced so far."""
        self._names, self._hints = names, hints
        self.replaced: list[tuple[str, Guess]] = []

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace an expression or look inside it."""
        guess = self._guess(node) if isinstance(node, ast.Call | ast.Attribute | ast.Subscript) else None
        if guess is None or not isinstance(node, ast.expr):
            return super().generic_visit(node)
        self.replaced.append((_short(node), guess))
        return ast.copy_location(ast.parse(guess.text, mode="eval").body, node)

    def _guess(self, node: ast.AST) -> Guess | None:
        hints = self._hints
        if not self._names & {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}:
            return None
        if isinstance(node, ast.Call) and (callee(node) == "len" or callee(node) in _COUNTS):
            return Guess(str(hints.classes), "the number of classes", given=True)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if node.attr in _COUNTS:
                return Guess(str(hints.classes), "the number of classes", given=True)
            return Guess(_names(hints), "the names of the classes") if node.attr in _LISTS else None
        return self._size(node)

    def _size(self, node: ast.AST) -> Guess | None:
        """Read `images.shape[1]`, `images.size(1)`, `images.shape[1:]` and `labels.shape[1]`."""
        hints = self._hints
        of = (
            node.func.value
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and callee(node) == "size"
            else None
        )
        place = node.args[0] if isinstance(node, ast.Call) and len(node.args) == 1 else None
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            of, place = node.value.value, node.slice
        if of is None or place is None:
            return None
        if isinstance(place, ast.Slice):
            return Guess(str(hints.input_shape), "the shape of a picture") if text_of(place) in ("1:", "-3:") else None
        axis = text_of(place)
        if axis in ("1", "-1") and any(name.lower().startswith(_LABELS) for name in roots(of)):
            return Guess(str(hints.classes), "the number of classes")
        sizes = {"1": 0, "2": 1, "3": 2, "-1": 2, "-2": 1, "-3": 0}
        return Guess(str(hints.input_shape[sizes[axis]]), "the size of a picture") if axis in sizes else None


def _names(hints: Hints) -> str:
    return f"[str(index) for index in range({hints.classes})]"


def _said(guess: Guess) -> str:
    return guess.meaning if guess.text.startswith("[str(") else f"{guess.text} ({guess.meaning})"


def _short(node: ast.AST) -> str:
    return text_of(node)[:80]
