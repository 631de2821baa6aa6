"""Give empty pictures where a program takes some from its data.

images, labels = next(iter(loader))  ->  images, labels = next(iter([(torch.zeros(2, 3, 32, 32), …)]))
image, label = data[0]               ->  image, label = (torch.zeros(3, 32, 32), 0)
"""

from __future__ import annotations

import ast

from grader.source.aliases import Known, callee, roots
from grader.source.effects import is_loading
from grader.source.guessing.guesses import Hints
from grader.source.reading.syntax import text_of

_ZEROS = "__import__('torch').zeros("


class Giver(ast.NodeTransformer):
    """Put a batch in the place of a loader, and a picture with its label in that of a data set's element."""

    def __init__(self, names: set[str], hints: Hints, known: Known, *, single: bool) -> None:
        """Keep the names that hold data; single: whether elements are given, in place of batches."""
        self._names, self._hints, self._known, self._single = names, hints, known, single
        self.given: list[str] = []

    def visit_For(self, node: ast.For) -> ast.AST:
        """Let `for images, labels in loader` see one batch."""
        inner = node.iter
        counted = isinstance(inner, ast.Call) and callee(inner) == "enumerate" and bool(inner.args)
        target = node.target.elts[-1] if counted and isinstance(node.target, ast.Tuple) else node.target
        pair = isinstance(target, ast.Tuple) and len(target.elts) == len(("images", "labels"))
        if self._single or not pair:
            pass
        elif counted and isinstance(inner, ast.Call) and self._holds(inner.args[0]):
            inner.args[0] = self._batches(inner.args[0])
        elif self._holds(inner):
            node.iter = self._batches(inner)
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Let `iter(loader)` give one batch."""
        if not self._single and callee(node) == "iter" and len(node.args) == 1 and self._holds(node.args[0]):
            node.args[0] = self._batches(node.args[0])
        return self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Let `data[0]` be a picture with its label."""
        plain = (
            isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant) and type(node.slice.value) is int
        )
        if self._single and plain and isinstance(node.ctx, ast.Load) and self._holds(node.value):
            return self._given(node, f"({_ZEROS}{self._hints.input_shape}), 0)")
        return self.generic_visit(node)

    def _holds(self, node: ast.expr) -> bool:
        """Tell whether something is data: by its name, or because it is loaded here, as by `DataLoader(data)`."""
        if isinstance(node, ast.Call):
            return not self._single and is_loading(node, self._known)
        return isinstance(node, ast.Name | ast.Attribute | ast.Subscript) and bool(roots(node) & self._names)

    def _batches(self, node: ast.expr) -> ast.expr:
        shape = (2, *self._hints.input_shape)
        return self._given(node, f"[({_ZEROS}{shape}), {_ZEROS}(2,)).long())]")

    def _given(self, node: ast.expr, text: str) -> ast.expr:
        self.given.append(text_of(node)[:80])
        return ast.copy_location(ast.parse(text, mode="eval").body, node)
