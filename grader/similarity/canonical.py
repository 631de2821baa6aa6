"""Bring the code that builds a network into a form in which names, order and layout do not count.

What a student names becomes one word, what the libraries name stays, however it was imported: `self.c1 =
torch.nn.Conv2d(3, 8, kernel_size=3)` and `self.first = nn.Conv2d(in_channels=3, out_channels=8, kernel_size=3)` are
both `v = Conv2d #3 #8 #3`. Methods of a class and layers of an `__init__` stand in an order of ours.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from grader.similarity.tokens import LogicalLine, Token, logical_lines

MOST_TOKENS = 6_000
"""Of one submission; what a network takes is a few hundred."""
MOST_CODE = 60_000
"""Characters of code that are looked at: of the cells that build the network, where these are known."""
_MOST_DEPTH = 20

_MODULES = frozenset("nn torch F cuda functional np numpy torchvision models init math keras layers tf fn".split())
_OBVIOUS = frozenset("in_channels out_channels in_features out_features kernel_size num_features p".split())
_METHODS = frozenset(
    "view reshape flatten size shape relu permute squeeze unsqueeze mean sum max softmax forward append to".split()
)
_LAYERS = re.compile(
    r"(?:Conv|ConvTranspose|MaxPool|AvgPool|Adaptive\w+Pool|BatchNorm|InstanceNorm|Dropout)[123]d?$"
    r"|(?:Linear|ReLU6?|LeakyReLU|GELU|SiLU|ELU|Sigmoid|Tanh|Softmax|LogSoftmax|Dropout|Flatten|Sequential|Module"
    r"|ModuleList|ModuleDict|Identity|LayerNorm|GroupNorm|Parameter|LazyLinear|LazyConv2d|Dense)$"
)
_BUILTIN = frozenset(dir(builtins))
_FROM = re.compile(r"\bfrom[ \t]+[\w.]+[ \t]+import[ \t]*(\([^()]{0,2000}|[^(\n]{0,500})")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_FOLLOWS = frozenset(("else", "elif", "except", "finally"))

Place = tuple[int, int]
"""Index of a piece, and a line in it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A cell or a file: path, number of the cell (None for a module), text."""

    file: str
    cell: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Stream:
    """The code of one submission in that form.

    Attributes:
        tokens: library words, `v` for a student's names, `#8` for numbers.
        places: where each stands.
        names: the student's name where the token is one, else empty.
        shown: the lines that it is made of, by piece.
    """

    tokens: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    names: tuple[str, ...] = ()
    shown: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def masked(self) -> tuple[str, ...]:
        """Return the tokens with all numbers alike."""
        return tuple("#" if one[0] == "#" else one for one in self.tokens)


@dataclass(slots=True)
class _Node:
    """A logical line in the form, with what is indented below it."""

    words: list[tuple[str, str, int]]
    piece: int
    is_attribute: bool = False
    is_class: bool = False
    below: list[_Node] = field(default_factory=list)

    def key(self) -> str:
        return " ".join((*(word for word, _, _ in self.words), *(one.key() for one in self.below)))


def stream_of(pieces: Sequence[Piece], wanted: Iterable[tuple[str, int | None, int]] = ()) -> Stream:
    """Return a submission's code: what begins on the `wanted` lines (file, cell, line), all where there are none."""
    lines = set(wanted)
    cells = {(file, cell) for file, cell, _ in lines}
    near = list(_within([one if (one.file, one.cell) in cells else replace(one, text="") for one in pieces]))
    kept = [list(_chosen(one, logical_lines(one.text), lines)) for one in near]
    if not any(kept):
        kept = [logical_lines(one.text) for one in _within(pieces)]
    imported = frozenset(name for one in pieces for name in _imported(one.text[:MOST_CODE]))
    roots: list[_Node] = []
    for index, found in enumerate(kept):
        roots += _trees(index, found, imported)
    words = [
        (token, name, (node.piece, line))
        for node in _flat(_sorted(roots, top=True))
        for token, name, line in node.words
    ][:MOST_TOKENS]
    shown = {
        index: tuple(sorted({one for line in found for one in range(line.line, line.last + 1)}))
        for index, found in enumerate(kept)
        if found
    }
    return Stream(tuple(one[0] for one in words), tuple(one[2] for one in words), tuple(one[1] for one in words), shown)


def _within(pieces: Sequence[Piece]) -> Iterator[Piece]:
    room = MOST_CODE
    for one in pieces:
        yield Piece(one.file, one.cell, one.text[: max(0, room)])
        room -= len(one.text)


def _chosen(piece: Piece, found: list[LogicalLine], wanted: set[tuple[str, int | None, int]]) -> Iterator[LogicalLine]:
    """Yield the statements that begin on wanted lines, with everything that belongs to them."""
    inside, decorated = False, False
    for line in found:
        if not line.indent:
            first = line.tokens[0].text
            begins = any((piece.file, piece.cell, one) in wanted for one in range(line.line, line.last + 1))
            inside = begins or decorated or (inside and first in _FOLLOWS)
            decorated = inside and first == "@"
        if inside:
            yield line


def _imported(text: str) -> Iterator[str]:
    """Yield the names that `from torch.nn import Conv2d, Linear as L` brings."""
    for match in _FROM.finditer(text):
        yield from (one for one in _IDENTIFIER.findall(match.group(1)) if one != "as")


def _trees(piece: int, lines: Iterable[LogicalLine], imported: frozenset[str]) -> list[_Node]:
    """Return the lines as trees by their indentation; those that say nothing are left out."""
    roots: list[_Node] = []
    open_: list[tuple[int, _Node]] = []
    for line in lines:
        texts = [one.text for one in line.tokens]
        words = [] if _says_nothing(line, texts) else list(_words(line.tokens, imported))
        if not words:
            continue
        is_attribute = texts[:2] == ["self", "."] and texts[3:4] == ["="]
        node = _Node(words, piece, is_attribute, texts[0] == "class")
        while open_ and open_[-1][0] >= line.indent:
            open_.pop()
        (open_[-1][1].below if open_ else roots).append(node)
        if len(open_) < _MOST_DEPTH:
            open_.append((line.indent, node))
    return roots


def _says_nothing(line: LogicalLine, texts: list[str]) -> bool:
    """Tell whether a line is an import, a docstring, a print, a call of `super().__init__` or `pass`."""
    return (
        texts[0] in ("import", "from", "print", "pass")
        or all(one.kind == "string" for one in line.tokens)
        or (texts[0] == "super" and "__init__" in texts)
    )


def _words(tokens: Sequence[Token], imported: frozenset[str]) -> Iterator[tuple[str, str, int]]:
    """Yield token, student's name and line for what counts of a logical line."""
    depth = 0
    for index, one in enumerate(tokens):
        before = tokens[index - 1].text if index else ""
        after = tokens[index + 1].text if index + 1 < len(tokens) else ""
        depth += (one.text in "([{") - (one.text in ")]}") if one.kind == "operator" else 0
        if one.kind == "number":
            yield f"#{_number(one.text)}", "", one.line
        elif one.kind == "string":
            yield "S", "", one.line
        elif one.kind == "operator":
            if one.text not in "()[]{},.:;" and not (one.text == "=" and depth):
                yield one.text, "", one.line
        elif one.kind == "name":
            word = _name(one.text, before, tokens[index - 2].text if index > 1 else "", after, depth, imported)
            if word:
                yield word, one.text if word == "v" else "", one.line


def _name(text: str, before: str, owner: str, after: str, depth: int, imported: frozenset[str]) -> str:
    """Return what a name counts as; empty where it does not."""
    if text in ("self", "cls") or (text in _MODULES and after == ".") or (depth and after == "=" and text in _OBVIOUS):
        return ""
    known = (
        keyword.iskeyword(text)
        or (before == "." and (owner in _MODULES or (text in _METHODS and owner not in ("self", "cls"))))
        or (before != "." and (text in imported or text in _BUILTIN))
        or (depth and after == "=")
        or text in ("forward", "__init__")
        or _LAYERS.match(text)
    )
    return text if known else "v"


def _number(text: str) -> str:
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        return text.lower()
    return f"{value:.12g}"


def _sorted(nodes: list[_Node], *, top: bool = False, of_class: bool = False) -> list[_Node]:
    """Put what may stand in any order into one: a class's methods, layers that are assigned one after the other."""
    for one in nodes:
        one.below = _sorted(one.below, of_class=one.is_class)
    if of_class:
        return sorted(nodes, key=_Node.key)
    found: list[_Node] = []
    run: list[_Node] = []
    for one in nodes:
        movable = (one.is_attribute and not one.below) or (top and bool(one.below))
        if run and not (movable and bool(run[0].below) == bool(one.below)):
            found += sorted(run, key=_Node.key)
            run = []
        (run if movable else found).append(one)
    return found + sorted(run, key=_Node.key)


def _flat(nodes: list[_Node]) -> Iterator[_Node]:
    for one in nodes:
        yield one
        yield from _flat(one.below)
