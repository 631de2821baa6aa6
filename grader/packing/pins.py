"""The versions of this environment as pip's constraints, so that another machine grades with what was tried here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([\w-]+)['\"]")
DISTRIBUTION = "cnn-grader"


def constraints(extras: tuple[str, ...] = ("torch",)) -> str:
    """Return a line `name==version` for all that the grader with `extras` needs and that is installed here.

    What stands behind a `+`, as in `2.13.0+cpu`, is left out: it names a build, and pip takes any build of a version.
    """
    found = {name: version for name, version in _needed(DISTRIBUTION, frozenset(extras), set()) if name != DISTRIBUTION}
    lines = [f"{name}=={version.partition('+')[0]}" for name, version in sorted(found.items())]
    return "\n".join(lines) + "\n"


def _needed(name: str, extras: frozenset[str], seen: set[str]) -> Iterator[tuple[str, str]]:
    """Yield name and version of a distribution and of all below it; what is not installed is for other systems."""
    normal = re.sub(r"[-_.]+", "-", name).lower()
    if normal in seen:
        return
    seen.add(normal)
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return
    yield normal, found.version
    for requirement in found.requires or ():
        wanted, match = _EXTRA.search(requirement), _NAME.match(requirement)
        if match is not None and (wanted is None or wanted[1] in extras):
            yield from _needed(match[0], frozenset(), seen)
