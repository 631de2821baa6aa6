"""Which versions graded: said in every report, and part of what decides whether work is done again."""

from __future__ import annotations

import platform
from importlib import metadata

from grader.extras import install, missing
from grader.faults import OperatorFault

LOWEST_TORCH = (2, 10)
"""The oldest torch that is let grade; 2.8 lacks what our warm process imports.

The extra `torch` asks for 2.13, the oldest that passes every test. Before it, what is exported of
`nn.MultiheadAttention` cannot be replayed, so such a network goes to a human; everything else works.
"""


def versions() -> dict[str, str]:
    """Return the versions of the grader, torch, numpy and Python; torch is not imported for it.

    Raises OperatorFault where torch is missing or too old. It is no dependency of the package, so that an installation
    never replaces the one that is there.
    """
    return {
        "grader": metadata.version("cnn-grader"),
        "python": platform.python_version(),
        "torch": _torch(),
        "numpy": metadata.version("numpy"),
    }


def _torch() -> str:
    try:
        found = metadata.version("torch")
    except metadata.PackageNotFoundError:
        raise missing("torch", "PyTorch") from None
    if _numbers(found) < LOWEST_TORCH:
        lowest = ".".join(map(str, LOWEST_TORCH))
        raise OperatorFault(
            f"The grader works with PyTorch {lowest} and later, and {found} is installed.",
            fix=f"Run {install('torch')}",
        )
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+", maxsplit=1)[0].split(".")[:2] if part.isdigit())
