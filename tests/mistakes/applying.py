"""Type a printed fix into the text of a submission, as a student would; nothing of the grader's sandbox is used."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from grader.records import Fix, Where
from tests.mistakes.specimen import CUT, HERE, Mistake

_POSITIONS = {
    ("Conv2d", "kernel_size"): 2,
    ("MaxPool2d", "kernel_size"): 0,
    ("AvgPool2d", "kernel_size"): 0,
}


def applied(mistake: Mistake, fix: Fix, where: Where) -> Mistake:
    """Return the submission with the fix typed in; raise AssertionError where the text has no place for it."""
    cells = mistake.text.replace(HERE, "").split(CUT)
    if fix.change == "import":
        cells[0] = f"{fix.new}\n{cells[0]}"
    elif fix.change == "word":
        cells = [re.sub(rf"(?<![\w.]){re.escape(fix.old)}\b", fix.new, cell) for cell in cells]
    elif fix.change == "line":
        at = (where.cell or 1) - 1
        assert where.line is not None
        lines = cells[at].split("\n")
        assert fix.old in lines[where.line - 1], (fix, lines[where.line - 1])
        lines[where.line - 1] = lines[where.line - 1].replace(fix.old, fix.new, 1)
        cells[at] = "\n".join(lines)
    else:
        changed = [_setting(cell, fix) for cell in cells]
        assert changed != cells, fix
        cells = changed
    return replace(mistake, text=CUT.join(cells))


def _setting(text: str, fix: Fix) -> str:
    """Give the call that makes a layer another argument."""
    call = _made(ast.parse(text), fix.layer.split("."))
    if call is None:
        return text
    assert isinstance(call.func, ast.Attribute)
    if fix.setting == "out":
        return _replaced(text, call, "nn.Identity()")
    if fix.setting == "flatten":
        outputs = ast.unparse(call.args[1])
        return _replaced(text, call, f"nn.Sequential(nn.Flatten(), nn.Linear({fix.value}, {outputs}))")
    position = _POSITIONS.get((call.func.attr, fix.setting), 0)
    keyword = next((one for one in call.keywords if one.arg == fix.setting), None)
    target = keyword.value if keyword is not None else call.args[position]
    return _replaced(text, target, str(fix.value))


def _made(tree: ast.Module, path: list[str]) -> ast.Call | None:
    """Find the call that makes the layer of that path: `fc1`, `body.0`, `4`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        target, rest = node.targets[0], path
        if isinstance(target, ast.Attribute) and target.attr == path[0]:
            rest = path[1:]
        elif not (isinstance(target, ast.Name) and path[0].isdigit()):
            continue
        call: ast.expr = node.value
        for part in rest:
            assert isinstance(call, ast.Call)
            call = call.args[int(part)]
        assert isinstance(call, ast.Call)
        return call
    return None


def _replaced(text: str, node: ast.expr, new: str) -> str:
    lines = text.split("\n")
    assert node.end_lineno == node.lineno
    assert node.end_col_offset is not None
    line = lines[node.lineno - 1]
    lines[node.lineno - 1] = f"{line[: node.col_offset]}{new}{line[node.end_col_offset :]}"
    return "\n".join(lines)
