"""Do without the data set: what a program reads from it in order to build its model is put in its place.

train_data = ImageFolder("/content/data")           (gone)
model = Net(len(train_data.classes))          ->    model = Net(10)
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Iterable
from dataclasses import replace

from grader.records import Repair
from grader.source.aliases import Known, callee, roots
from grader.source.effects import is_loading
from grader.source.facts import facts_of
from grader.source.guessing.guesses import Guess, Hints, by_name
from grader.source.pictures import Giver
from grader.source.program import Program, exchanged
from grader.source.reading.syntax import text_of
from grader.source.slicing import sliced
from grader.source.statements import Definition, Statement, executed, like

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
_FITTED = frozenset({"classes_"})
"""What scikit-learn's encoders learn from the data."""
_ONE = re.compile(r"^(img|image|picture|sample)\d*$|^(im|x)0$")
"""Names of one picture, not of a batch."""
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
    read = {name for index in indexes for name in program.facts[index].now | program.facts[index].late} | set(wanted)
    for index in indexes:
        statement = program.pieces[index].statement
        if isinstance(statement.node, Definition):
            new = _inside_definition(program, index, hints)
        elif program.data[index] or _reads_fitted(statement.node):
            new = _bound_by_name(statement, wanted, read, hints) or _rewritten(program, index, hints)
        else:
            continue
        if new is not None:
            changed[index] = new
    return changed or _with_batches(program, indexes, hints) or None


def _bound_by_name(statement: Statement, wanted: list[str], read: set[str], hints: Hints) -> Statement | None:
    """Replace `num_classes = len(data.classes)` and `train, classes = load()` by what the rubric says.

    Of `image, label = data[0]` nothing is replaced as long as the slice reads the image.
    """
    node = statement.node
    if not (isinstance(node, ast.Assign) and len(node.targets) == 1):
        return None
    target = node.targets[0]
    several = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
    names = [one.id for one in several if isinstance(one, ast.Name) and one.id not in wanted]
    guesses = {name: guess for name in names if (guess := _guessed(name, hints))}
    if not guesses or set(names) & set(wanted) or (set(names) - guesses.keys()) & read:
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
    reader = _Reader(used, hints, program.known)
    node = reader.visit(copy.deepcopy(statement.node))
    return _said_of(statement, node, reader)


def _inside_definition(program: Program, index: int, hints: Hints) -> Statement | None:
    """Replace data that a class reads while it is built: `nn.Linear(64, len(data.classes))` in its `__init__`.

    A function that only trains is none of this. A parameter that has the name of the data is another thing.
    """
    statement = program.pieces[index].statement
    node = copy.deepcopy(statement.node)
    inner = node.body if isinstance(node, ast.ClassDef) else [node]
    reader = _Reader(set(), hints, program.known)
    for one in inner:
        builds = not isinstance(node, ast.ClassDef) or getattr(one, "name", "__init__") == "__init__"
        summary = program.known.functions.get(getattr(node, "name", ""))
        if builds and not (summary and summary.trains):
            facts = facts_of(one)
            reader.names = {name for name in facts.late | facts.now if _tainted(program, name, len(program.pieces))}
            reader.visit(one)
    return _said_of(statement, node, reader)


def _said_of(statement: Statement, node: ast.AST, reader: _Reader) -> Statement | None:
    """Return a changed statement with what was changed in it; None when nothing was."""
    if not reader.replaced or not isinstance(node, ast.stmt):
        return None
    what = "; ".join(f"`{old}` needs data that is not here: {_said(guess)} was used." for old, guess in reader.replaced)
    return replace(statement, node=like(node, statement.node), repair=Repair("data", what))


def _reads_fitted(node: ast.stmt) -> bool:
    """Tell whether what an encoder has learnt from the data is read: `len(encoder.classes_)`."""
    return any(isinstance(one, ast.Attribute) and one.attr in _FITTED for one in executed(node))


def _with_batches(program: Program, indexes: list[int], hints: Hints) -> dict[int, Statement]:
    """Give a batch of empty pictures where one is taken and nothing simpler helped.

    images, labels = next(iter(loader)); for images, labels in loader; image, label = data[0]
    """
    return _given(program, indexes, hints, single=False) or _given(program, indexes, hints, single=True)


def _given(program: Program, indexes: list[int], hints: Hints, *, single: bool) -> dict[int, Statement]:
    changed = {}
    for index in indexes:
        statement = program.pieces[index].statement
        if program.data[index] and not isinstance(statement.node, Definition):
            names = {name for name in program.facts[index].now if _tainted(program, name, index)}
            giver = Giver(names, hints, program.known, single=single)
            node = giver.visit(copy.deepcopy(statement.node))
            if giver.given and isinstance(node, ast.stmt):
                message = f"`{giver.given[0]}` needs data that is not here: empty pictures were used."
                changed[index] = replace(statement, node=like(node, statement.node), repair=Repair("data", message))
    return changed


def _tainted(program: Program, name: str, before: int) -> bool:
    return any(program.data[index] for index in program.binders.get(name, []) if index < before)


class _Reader(ast.NodeTransformer):
    """Replace what is read from names that hold data."""

    def __init__(self, names: set[str], hints: Hints, known: Known) -> None:
        """Keep the names; nothing was replaced so far."""
        self.names, self._hints, self._known = names, hints, known
        self.replaced: list[tuple[str, Guess]] = []

    def visit(self, node: ast.AST) -> ast.AST:
        """Replace an expression or look inside it."""
        read = ast.Call | ast.Attribute | ast.Subscript | ast.BinOp
        guess = self._guess(node) if isinstance(node, read) else None
        if guess is None or not isinstance(node, ast.expr):
            return super().generic_visit(node)
        self.replaced.append((_short(node), guess))
        return ast.copy_location(ast.parse(guess.text, mode="eval").body, node)

    def _guess(self, node: ast.AST) -> Guess | None:
        hints = self._hints
        if isinstance(node, ast.Attribute) and node.attr in _FITTED and isinstance(node.ctx, ast.Load):
            return Guess(_names(hints), "the names of the classes")
        if not self._holds_data(node):
            return None
        if isinstance(node, ast.BinOp):
            return self._largest(node)
        if isinstance(node, ast.Call) and (callee(node) == "len" or callee(node) in _COUNTS):
            return Guess(str(hints.classes), "the number of classes", given=True)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if node.attr in _COUNTS:
                return Guess(str(hints.classes), "the number of classes", given=True)
            if node.attr == "dims":
                return Guess(str(hints.input_shape), "the shape of a picture", given=True)
            return Guess(_names(hints), "the names of the classes") if node.attr in _LISTS else None
        return self._size(node)

    def _holds_data(self, node: ast.AST) -> bool:
        """Tell whether an expression reads data by name, or loads it where it stands."""
        parts = list(ast.walk(node))
        named = self.names & {one.id for one in parts if isinstance(one, ast.Name)}
        return bool(named) or any(isinstance(one, ast.Call) and is_loading(one, self._known) for one in parts)

    def _largest(self, node: ast.BinOp) -> Guess | None:
        """Read `labels.max() + 1` and `int(max(data.targets)) + 1`."""
        one = isinstance(node.op, ast.Add) and isinstance(node.right, ast.Constant) and node.right.value == 1
        largest = [
            each for each in ast.walk(node.left) if isinstance(each, ast.Call) and callee(each) in ("max", "amax")
        ]
        return Guess(str(self._hints.classes), "the number of classes", given=True) if one and largest else None

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
        if isinstance(of, ast.Call) and not (isinstance(of.func, ast.Name) and of.func.id == "next"):
            return None  # model(images).shape[1] is no size of a picture
        if isinstance(place, ast.Slice):
            return Guess(str(hints.input_shape), "the shape of a picture") if text_of(place) in ("1:", "-3:") else None
        axis = text_of(place)
        if axis in ("1", "-1") and any(name.lower().startswith(_LABELS) for name in roots(of)):
            return Guess(str(hints.classes), "the number of classes")
        if _ONE.search(text_of(of).lower()):  # image, label = data[0]
            single = {"0": 0, "1": 1, "2": 2}
            return Guess(str(hints.input_shape[single[axis]]), "the size of a picture") if axis in single else None
        sizes = {"1": 0, "2": 1, "3": 2, "-1": 2, "-2": 1, "-3": 0}
        return Guess(str(hints.input_shape[sizes[axis]]), "the size of a picture") if axis in sizes else None


def _names(hints: Hints) -> str:
    return f"[str(index) for index in range({hints.classes})]"


def _said(guess: Guess) -> str:
    return guess.meaning if guess.text.startswith("[str(") else f"{guess.text} ({guess.meaning})"


def _short(node: ast.AST) -> str:
    return text_of(node)[:80]
