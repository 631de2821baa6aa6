"""Networks that a submission defines and that nothing at top level builds."""

from __future__ import annotations

import ast
import re

from grader.source.candidates import NO_MODEL
from grader.source.making import helpers, made_by, returned_by
from grader.source.planning import Plan, Reading, for_class, for_function, trains_in

_CLASSIFIER = re.compile(r"cnn|conv_?net|classif|(?<!sub)net$", re.IGNORECASE)
_MOST = 12
"""Definitions of either kind that are planned for; the last ones."""


def held(reading: Reading) -> list[Plan]:
    """Return plans for networks that an object of the submission keeps: `self.model = Net(…)` in a `Trainer`."""
    found = []
    for index, statement in enumerate(reading.program.statements):
        node = statement.node
        if not isinstance(node, ast.ClassDef) or reading.catalogue.class_at(node.name, index + 1):
            continue
        for one in ast.walk(node):
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Attribute):
                made = made_by(one.value, index, reading.catalogue)
                if made and made.call and reading.catalogue.class_at(made.name, index):
                    found.append(for_class(reading, made.name, made.call))
    return found


def never_built(reading: Reading) -> list[Plan]:
    """Return plans for functions that return a network and classes of networks, when nothing builds one.

    The last one with a convolution first; what another one uses or derives from comes last.
    """
    catalogue, inner = reading.catalogue, helpers(reading.catalogue, functions=True)
    channels = reading.hints.input_shape[0]
    plans: list[tuple[tuple[int, ...], Plan]] = []
    for name, position in _factories(reading)[-_MOST:]:
        plan = for_function(reading, name, "factory", position)
        first = name not in inner and "load" not in name
        plans.append(((first, plan.convolutions(channels), 1, len(plans)), plan))
    names = [name for name in catalogue.classes if not NO_MODEL.search(name)]
    outer = [name for name in names if name not in inner]
    for name in [*[name for name in names if name in inner][-_MOST:], *outer[-_MOST:]]:
        plan = for_class(reading, name)
        likely = catalogue.classes[name][-1].certain + bool(_CLASSIFIER.search(name))
        plans.append(((name not in inner, plan.convolutions(channels), likely, len(plans)), plan))
    return [plan for _, plan in sorted(plans, key=lambda one: one[0], reverse=True)]


def _factories(reading: Reading) -> list[tuple[str, int | None]]:
    """Return the functions that return a network, each with its place in a returned tuple."""
    found = []
    for name, (function, home) in reading.catalogue.functions.items():
        result = returned_by(function, home or reading.catalogue)
        if result is not None and not trains_in(reading, name):
            found.append((name, result[1]))
    return found
