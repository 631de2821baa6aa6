"""The environment in which a reader types."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_OURS = ("PYTEST_", "GRADER_", "COV_", "PYTHON", "OMP_")


def surroundings(home: Path) -> dict[str, str]:
    """Return the environment of a reader: a home folder and a helper of their own, and nothing of the tests."""
    words = {name: one for name, one in os.environ.items() if not name.startswith(_OURS)}
    session = home / "session"
    session.mkdir(mode=0o700, exist_ok=True)
    path = f"{Path(sys.executable).parent}{os.pathsep}{words['PATH']}"
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(session), "PATH": path}
    return {**words, **own, "COLUMNS": "80", "NO_COLOR": "1", "TZ": "UTC"}
