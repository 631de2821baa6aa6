"""Imports that a program forgot: of its own other files, and of what everybody imports alike."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import replace

from grader.records import Repair
from grader.source.program import Program
from grader.source.reading.notebook import Source
from grader.source.statements import Definition, Statement, like, statements
from grader.wording import IMPORTS


def forgotten_imports(source: Source, program: Program) -> Iterator[Statement]:
    """Yield the imports that a program lacks, each with the repair that the report says; they cost nothing."""
    yield from _of_other_files(source, program)
    yield from _everyday_imports(source, program)


def _of_other_files(source: Source, program: Program) -> Iterator[Statement]:
    """Import what the program uses, does not have, and another file of the submission defines.

    A cell that begins with `%%writefile net.py` was often run before that line was put there.
    """
    missing = _unbound(program)
    for module in source.modules:
        for statement in statements(source.modules[module], main=False):
            if isinstance(statement.node, Definition) and statement.node.name in missing:
                name = statement.node.name
                missing.discard(name)
                node = like(ast.ImportFrom(module, [ast.alias(name)], 0), statement.node)
                message = f"{name} is defined in {module}, which nobody imports; it was taken from there."
                yield replace(statement, node=node, repair=Repair("import", message))


def _everyday_imports(source: Source, program: Program) -> Iterator[Statement]:
    """Import the names that everybody imports alike, where the program uses them and nothing in it binds them.

    class Net(nn.Module):       the cell with the imports was left behind
    """
    if not source.cells:
        return
    first = next((cell for cell in source.cells if cell.text.strip()), source.cells[0])
    for name in sorted(_unbound(program) & IMPORTS.keys()):
        node = ast.parse(IMPORTS[name]).body[0]
        message = f"{name} is used and nowhere imported; the line {IMPORTS[name]} was put at the top. Add it there."
        yield Statement(node, first.file, first.number, 1, repair=Repair("import", message))


def _unbound(program: Program) -> set[str]:
    """Return the names that the program reads and nothing in it binds; none where a star may bind any."""
    if any(facts.star for facts in program.facts):
        return set()
    read = {name for facts in program.facts for name in facts.now | facts.late}
    read |= {name for facts in program.facts for method in facts.methods.values() for name in method.late}
    return read - program.binders.keys() - set(dir(builtins))
