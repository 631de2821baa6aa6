"""What one statement binds and reads, by Python's own rules of scope."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grader.source.reading.syntax import text_of
from grader.source.statements import Compound, Definition, blocks

Names = frozenset[str]
NOTHING: Names = frozenset()


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a class that a statement defines.

    Attributes:
        late: names of the module that it reads when it is called.
        attributes: names of the attributes that it mentions, `self.block` as `block`.
        always: whether building the object or calling it may run the method: `__init__`, `forward`, a property.
    """

    late: Names
    attributes: Names
    always: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What a statement does to the names of its module.

    Attributes:
        binds: names that it binds, perhaps.
        ends: those that it binds in any case, so that no earlier binding reaches past it.
        now: names that it reads while it runs and that it has not bound itself.
        late: names that are read only when a function that it defines is called.
        methods: the methods that it defines, by `Class.method`.
        attributes: names of the attributes that it mentions outside methods.
        star: whether it is `from x import *`.
    """

    binds: Names = NOTHING
    ends: Names = NOTHING
    now: Names = NOTHING
    late: Names = NOTHING
    methods: Mapping[str, Method] = field(default_factory=dict)
    attributes: Names = NOTHING
    star: bool = False


def facts_of(node: ast.stmt) -> Facts:
    """Return what one statement binds and reads; text too deep for Python's own tools is read name by name."""
    try:
        return _facts(node)
    except (RecursionError, ValueError, SyntaxError, MemoryError):
        return _by_name(node)


def _facts(node: ast.stmt) -> Facts:
    if isinstance(node, Compound):
        return _compound(node)
    if isinstance(node, ast.ClassDef):
        return _class(node)
    return _simple(node)


def _simple(node: ast.stmt) -> Facts:
    """Ask Python's symbol table about a statement without blocks, or about a function."""
    if isinstance(node, ast.Delete):
        return _delete(node)
    table = _table(node)
    binds = {name.get_name() for name in table.get_symbols() if name.is_assigned() or name.is_imported()}
    now = {name.get_name() for name in table.get_symbols() if name.is_referenced()}
    late, walrus = _free(table)
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        # `layers += [x]` changes the object that `layers` is; the name keeps standing for it.
        binds, now = binds - {node.target.id}, now | {node.target.id}
    if isinstance(node, ast.AnnAssign) and node.value is None:
        binds = set()
    if not (isinstance(node, Definition) or _is_lambda(node)):
        # [w * k for w in ws] is a function to the compiler, and runs at once.
        now, binds = now | late, binds | walrus
    binds -= {"*"}
    return Facts(
        binds=frozenset(binds),
        ends=frozenset(binds) if not _dotted_import(node) else NOTHING,
        now=frozenset(now),
        late=frozenset(late),
        attributes=attributes_in([node]),
        star=isinstance(node, ast.ImportFrom) and node.names[0].name == "*",
    )


class _AsGenerators(ast.NodeTransformer):
    """Writes every comprehension as the generator expression with the same names.

    [w * k for w in ws]     its `w` is a name of its own; since Python 3.12 the table shows it among the module's
    """

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.expr:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp  # noqa: N815 - the name is ast's

    def visit_DictComp(self, node: ast.DictComp) -> ast.expr:
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def _table(node: ast.stmt) -> symtable.SymbolTable:
    """Return Python's symbol table of a statement, with a scope for every comprehension."""
    text = ast.unparse(node)
    if any(isinstance(inner, ast.ListComp | ast.SetComp | ast.DictComp) for inner in ast.walk(node)):
        text = ast.unparse(_AsGenerators().visit(ast.parse(text)))
    return symtable.symtable(text, "<statement>", "exec")


def _free(table: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """Return the module's names that the functions inside read, and those that a walrus inside binds."""
    late: set[str] = set()
    binds: set[str] = set()
    todo = list(table.get_children())
    while todo:
        child = todo.pop()
        todo += child.get_children()
        for name in child.get_symbols():
            if name.is_global() and name.is_referenced():
                late.add(name.get_name())
            if name.is_declared_global() and name.is_assigned():
                binds.add(name.get_name())
    return late, binds


def _delete(node: ast.Delete) -> Facts:
    """Read `del model.fc`; `del model` at the end of a notebook only frees memory and is nobody's binding."""
    names = {
        name.id
        for target in node.targets
        for name in ast.walk(target)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
    }
    return Facts(now=frozenset(names))


def _class(node: ast.ClassDef) -> Facts:
    """Read a class: its body runs at once, its methods later."""
    head = _expressions([*node.decorator_list, *node.bases, *(word.value for word in node.keywords)])
    methods = {}
    body = []
    for inner in node.body:
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            whole = _simple(inner)
            methods[f"{node.name}.{inner.name}"] = Method(whole.late, whole.attributes, _runs_always(inner))
            body.append(Facts(binds=whole.binds, ends=whole.ends, now=whole.now))
        else:
            body.append(_facts(inner))
            methods |= body[-1].methods
    inside = _in_order(body)
    return Facts(
        binds=frozenset({node.name}),
        ends=frozenset({node.name}),
        now=head.now | inside.now,
        late=inside.late,
        methods=methods,
        attributes=head.attributes | inside.attributes,
    )


def _runs_always(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    dunder = node.name.startswith("__") and node.name.endswith("__")
    properties = [one for one in node.decorator_list if text_of(one).rpartition(".")[2].endswith("property")]
    return dunder or node.name == "forward" or bool(properties)


def _compound(node: Compound) -> Facts:
    """Read `if`, `for`, `with`, `try`: heads and blocks in the order in which they run."""
    heads, targets = _heads(node)
    parts = [_in_order([_facts(one) for one in block]) for block in blocks(node)]
    bound = frozenset(
        name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)
    ) | _named(node)
    read = _expressions(heads)
    ends = _ends(node, parts)
    everything = [read, *parts]
    return Facts(
        binds=bound | _union(part.binds for part in everything),
        ends=ends | (bound if isinstance(node, ast.With) else NOTHING) | read.ends,
        now=read.now | (_union(part.now for part in parts) - (bound | read.ends)),
        late=_union(part.late for part in everything),
        methods={name: method for part in parts for name, method in part.methods.items()},
        attributes=_union(part.attributes for part in everything),
    )


def _heads(node: Compound) -> tuple[list[ast.expr], list[ast.expr]]:
    """Return what a compound statement evaluates before its blocks, and the targets that it binds."""
    if isinstance(node, ast.For | ast.AsyncFor):
        return [node.iter], [node.target]
    if isinstance(node, ast.With | ast.AsyncWith):
        return [item.context_expr for item in node.items], [
            item.optional_vars for item in node.items if item.optional_vars
        ]
    if isinstance(node, ast.If | ast.While):
        return [node.test], []
    if isinstance(node, ast.Match):
        return [node.subject, *(case.guard for case in node.cases if case.guard)], []
    return [handler.type for handler in node.handlers if handler.type], []


def _named(node: Compound) -> Names:
    """Return the names that `except E as name` and `case [name]` bind."""
    if isinstance(node, ast.Try | ast.TryStar):
        return frozenset(handler.name for handler in node.handlers if handler.name)
    if isinstance(node, ast.Match):
        patterns = [inner for case in node.cases for inner in ast.walk(case.pattern)]
        return frozenset(
            inner.name for inner in patterns if isinstance(inner, ast.MatchAs | ast.MatchStar) and inner.name
        )
    return NOTHING


def _ends(node: Compound, parts: list[Facts]) -> Names:
    """Return what is bound on every way through: both branches of an `if`, the body of a `with`."""
    if isinstance(node, ast.With | ast.AsyncWith):
        return parts[0].ends
    if isinstance(node, ast.If):
        return parts[0].ends & parts[1].ends
    if isinstance(node, ast.Try | ast.TryStar):
        body, handlers, orelse, final = parts[0], parts[1:-2], parts[-2], parts[-1]
        ways = [body.ends | orelse.ends, *(handler.ends for handler in handlers)]
        return ways[0].intersection(*ways[1:]) | final.ends
    return NOTHING


def _in_order(parts: Iterable[Facts]) -> Facts:
    """Join statements that run one after the other: a name bound by the first is not read by the second."""
    bound: Names = NOTHING
    whole = Facts()
    for part in parts:
        whole = Facts(
            binds=whole.binds | part.binds,
            ends=whole.ends | part.ends,
            now=whole.now | (part.now - bound),
            late=whole.late | part.late,
            methods={**whole.methods, **part.methods},
            attributes=whole.attributes | part.attributes,
        )
        bound = bound | part.ends
    return whole


def _expressions(nodes: list[ast.expr]) -> Facts:
    """Return the facts of expressions that run at once."""
    return _in_order([_simple(ast.Expr(node)) for node in nodes])


def attributes_in(nodes: Iterable[ast.AST]) -> Names:
    """Return the names of all attributes that are mentioned."""
    return frozenset(one.attr for node in nodes for one in ast.walk(node) if isinstance(one, ast.Attribute))


def _is_lambda(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Lambda)


def _dotted_import(node: ast.stmt) -> bool:
    """Tell whether it is `import a.b`, after which an earlier `import a.c` still matters."""
    return isinstance(node, ast.Import) and "." in node.names[0].name and node.names[0].asname is None


def _union(sets: Iterable[Names]) -> Names:
    return NOTHING.union(*sets)


def _by_name(node: ast.AST) -> Facts:
    """Read a statement without regard to scopes."""
    names = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    binds = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    now = frozenset(name.id for name in names if isinstance(name.ctx, ast.Load))
    if isinstance(node, Definition):
        return Facts(frozenset({node.name}), frozenset({node.name}), NOTHING, now)
    return Facts(frozenset(binds), NOTHING, now)
