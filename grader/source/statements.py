"""Cut a program into the statements that a slice is made of."""

from __future__ import annotations
import __future__

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType

from grader.records import Repair, Where
from grader.source.notebook import Cell
from grader.source.syntax import Unreadable, parse, text_of

Compound = ast.If | ast.For | ast.AsyncFor | ast.While | ast.With | ast.AsyncWith | ast.Try | ast.TryStar | ast.Match
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement at the top level of a program.

    Attributes:
        node: its tree; line numbers are those of its cell.
        file: path within the submission.
        cell: number of the code cell; None in a module.
        line: its first line (the first decorator's, where there is one).
        flags: compiler flags of `from __future__ import …` in the same file.
        repair: what the grader changed in it; None where it is the student's.
    """

    node: ast.stmt
    file: str
    cell: int | None
    line: int
    flags: int = 0
    repair: Repair | None = None

    @property
    def where(self) -> Where:
        """Where the student wrote it."""
        return Where(self.file, self.cell, self.line)

    @property
    def text(self) -> str:
        """The statement as Python writes it, without the student's comments."""
        return text_of(self.node)


def filename(file: str, cell: int | None) -> str:
    """Name compiled code so that a traceback leads back to its cell: `<net.ipynb cell 3>`."""
    return f"<{file}>" if cell is None else f"<{file} cell {cell}>"


def compiled(statement: Statement) -> CodeType:
    """Compile one statement under its own file name; raise what `compile` raises."""
    module = ast.Module([statement.node], [])
    name = filename(statement.file, statement.cell)
    code: CodeType = compile(module, name, "exec", statement.flags, dont_inherit=True)
    return code


def statements(cells: Iterable[Cell], *, main: bool = True) -> tuple[Statement, ...]:
    """Return the top-level statements of a program in order.

    Imports are cut to one name each, so that one missing package does not take the others with it. The body
    of `if __name__ == "__main__":` stands where the `if` stood; with main=False (an imported module) it is gone.
    """
    return tuple(statement for cell in cells for statement in _of_cell(cell, main=main))


def executed(node: ast.AST) -> Iterator[ast.AST]:
    """Walk what runs when a statement runs: not the bodies of functions, but those of classes."""
    todo = [node]
    while todo:
        one = todo.pop()
        yield one
        if isinstance(one, Function):
            todo += _evaluated(one)
        else:
            todo += ast.iter_child_nodes(one)


def blocks(node: Compound) -> tuple[list[ast.stmt], ...]:
    """Return the blocks of a compound statement in the order in which they are written."""
    if isinstance(node, ast.Match):
        return tuple(case.body for case in node.cases)
    if isinstance(node, ast.Try | ast.TryStar):
        return (node.body, *(handler.body for handler in node.handlers), node.orelse, node.finalbody)
    if isinstance(node, ast.With | ast.AsyncWith):
        return (node.body,)
    return (node.body, node.orelse)


def like(new: ast.stmt, old: ast.stmt) -> ast.stmt:
    """Give a made-up statement the place of the one that it stands for."""
    return ast.fix_missing_locations(ast.copy_location(new, old))


def _evaluated(node: Function) -> list[ast.AST]:
    """Return what a definition evaluates at once: `@scale(K)`, `def f(width=W)`."""
    parts: list[ast.AST] = [node.args]
    if not isinstance(node, ast.Lambda):
        parts += node.decorator_list
        parts += [node.returns] if node.returns else []
    return parts


def _of_cell(cell: Cell, *, main: bool) -> Iterator[Statement]:
    tree = parse(cell.text)
    if isinstance(tree, Unreadable):
        return
    flags = _future(tree)
    for node in _spliced(tree.body, main=main):
        for one in _single(node):
            decorators = one.decorator_list if isinstance(one, Definition) else []
            line = min([one.lineno, *(decorator.lineno for decorator in decorators)])
            yield Statement(one, cell.file, cell.number, line, flags)


def _future(tree: ast.Module) -> int:
    """Return the flags of a file's `from __future__ import annotations`: statements are compiled one by one."""
    names = [
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
        for alias in node.names
    ]
    flags = 0
    for name in names:
        feature = getattr(__future__, name, None)
        flags |= getattr(feature, "compiler_flag", 0)
    return flags


def _spliced(body: list[ast.stmt], *, main: bool) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and _asks_for_main(node.test):
            yield from _spliced(node.body if main else node.orelse, main=main)
        else:
            yield node


def _asks_for_main(test: ast.expr) -> bool:
    """Recognise `__name__ == "__main__"`, either way round."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = (test.left, test.comparators[0])
    named = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return named and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def _single(node: ast.stmt) -> list[ast.stmt]:
    """Cut `import torch, torchvision` into one import a name."""
    if isinstance(node, ast.Import):
        return [like(ast.Import([alias]), node) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [like(ast.ImportFrom(node.module, [alias], node.level), node) for alias in node.names]
    return [node]
