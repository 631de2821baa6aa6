"""Which pictures a loop goes over, and whether they come in another order each time."""

from __future__ import annotations

import ast
import re

from grader.source.aliases import callee
from grader.source.practice.text import Loop, Text, dotted

_WRAPPERS = frozenset("enumerate tqdm trange iter islice zip track progress_bar notebook_tqdm list prefetch".split())
"""Calls that a loop puts around its loader."""

_MIXING = re.compile(
    r"^(random_split|train_test_split|shuffle|shuffle_|randperm|permutation|sample|StratifiedShuffleSplit|ShuffleSplit"
    r"|SubsetRandomSampler|RandomSampler|WeightedRandomSampler|KFold|StratifiedKFold)$"
)
"""Words that mix the order of pictures, at least once."""

LOADERS = frozenset({"DataLoader"})


def loader_of(text: Text, loop: Loop) -> ast.Call | None:
    """Return the call that makes the loader of a loop; None where the text does not show one."""
    if isinstance(loop, ast.While):
        return None
    found = [one for one in text.values(_unwrapped(loop.iter)) if isinstance(one, ast.Call) and callee(one) in LOADERS]
    return found[0] if found else None


def key_of(text: Text, loop: Loop) -> str:
    """Return words that are equal where two loops go over the same pictures; empty where the text does not show it."""
    keys = keys_of(text, loop.iter) if not isinstance(loop, ast.While) else []
    return keys[0] if keys else ""


def keys_of(text: Text, iterated: ast.expr) -> list[str]:
    """Return the keys of all loaders that an expression may be, one for each call of the function around it."""
    found = []
    for one in text.values(_unwrapped(iterated)):
        if isinstance(one, ast.Call) and callee(one) in LOADERS:
            data = (
                one.args[0] if one.args else next((word.value for word in one.keywords if word.arg == "dataset"), one)
            )
            found.append(dotted(data))
        elif isinstance(one, ast.Name | ast.Attribute):
            found.append(dotted(one))
    return found


def _unwrapped(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Call) and callee(node) in _WRAPPERS and node.args:
        node = node.args[0]
    return node


def shuffles(loader: ast.Call | None) -> bool | None:
    """Tell whether a loader shuffles; None where the text does not show it."""
    if loader is None:
        return None
    words = {word.arg: word.value for word in loader.keywords}
    if {"sampler", "batch_sampler", None} & set(words):
        return None
    given = words.get("shuffle", loader.args[2] if len(loader.args) > 2 else None)
    if given is None:
        return False
    return given.value if isinstance(given, ast.Constant) and isinstance(given.value, bool) else None


def mixes(text: Text) -> bool:
    """Tell whether the text mixes the order of pictures anywhere."""
    return any(_MIXING.match(name) for name in text.calls)
