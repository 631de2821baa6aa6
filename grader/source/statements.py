"""Cut a program into the statements that a slice is made of."""

from __future__ import annotations
import __future__

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType

from grader.records import Repair, Where
from grader.source.reading.notebook import Cell
from grader.source.reading.syntax import Unreadable, parse, text_of

_DRIVER = """
async def __awaited__(): pass
__awaited__ = __awaited__()
try:
    while True:
        __awaited__.send(None)
except StopIteration:
    pass
finally:
    del __awaited__
"""
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
    flags = statement.flags | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code: CodeType = compile(module, name, "exec", flags, dont_inherit=True)
    if code.co_flags & inspect.CO_COROUTINE:
        code = compile(_driven(statement.node), name, "exec", statement.flags, dont_inherit=True)
    return code


def _driven(node: ast.stmt) -> ast.Module:
    """Return a program that runs a statement with an `await` to its end, without a loop of events.

    model = await make()        what really waits for something fails, as it does without a network
    """
    stored = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    driver = ast.parse(_DRIVER)
    inside = driver.body[0]
    assert isinstance(inside, ast.AsyncFunctionDef)
    inside.body = [*([ast.Global(sorted(stored))] if stored else []), node]
    return ast.fix_missing_locations(driver)


def statements(cells: Iterable[Cell], *, main: bool = True) -> tuple[Statement, ...]:
    """Return the top-level statements of a program in order.

    Imports are cut to one name each, so that one missing package does not take the others with it. The body
    of `if __name__ == "__main__":` stands where the `if` stood; with main=False (an imported module) it is gone.
    What `exec("class Net: …")` runs stands where that stood. A `from __future__ import …` holds for the cells below
    as well, as in IPython.
    """
    found: list[Statement] = []
    flags: dict[str, int] = defaultdict(int)
    for cell in cells:
        tree = parse(cell.text)
        if not isinstance(tree, Unreadable):
            flags[cell.file] |= _future(tree)
            found += _of_cell(cell, tree, flags[cell.file], main=main)
    return tuple(found)


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


def _of_cell(cell: Cell, tree: ast.Module, flags: int, *, main: bool) -> Iterator[Statement]:
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
        elif (text := _executed_text(node)) is not None:
            yield from _spliced(_at(text.body, node), main=main)
        else:
            yield node


def _executed_text(node: ast.stmt) -> ast.Module | None:
    """Return the program inside `exec("class Net: …")`, where it is written out and can be read."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "exec"):
        return None
    given = call.args[0] if len(call.args) == 1 and not call.keywords else None
    if not (isinstance(given, ast.Constant) and isinstance(given.value, str)):
        return None
    tree = parse(given.value)
    return None if isinstance(tree, Unreadable) else tree


def _at(body: list[ast.stmt], call: ast.stmt) -> list[ast.stmt]:
    """Give the statements of a text the place of the call that runs it."""
    for node in (inner for one in body for inner in ast.walk(one)):
        if isinstance(node, ast.stmt | ast.expr | ast.excepthandler | ast.alias | ast.arg | ast.keyword | ast.pattern):
            node.lineno, node.end_lineno = call.lineno, call.end_lineno
            node.col_offset, node.end_col_offset = call.col_offset, call.end_col_offset
    return body


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
