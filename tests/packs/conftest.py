"""A machine that has Python and the grader's requirements, and no network: what installs the grader installs it there."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from grader.packing.wheel import wheel
from tests.packs.runner import Runner

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Machine:
    """A place into which everybody can look, as jobs run as another user.

    Attributes:
        folder: for what a test makes.
        python: an interpreter without the grader, that sees what this environment has of other packages.
        wheel: the grader's.
    """

    folder: Path
    python: Path
    wheel: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return an environment with nothing that points to the repository, and no network for pip."""
        known = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {
            **known,
            "HOME": str(self.folder),
            "GRADER_CACHE": str(self.folder / "cache"),
            "OMP_NUM_THREADS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # which is pip's way to say that there is none
            "PIP_QUIET": "1",
        }

    def runner(self, **more: str) -> Runner:
        """Return a runner of GitHub Actions on this machine."""
        return Runner(self.python, {**self.environment, **more})


@pytest.fixture(scope="session")
def machine() -> Iterator[Machine]:
    """Return the machine; its Python is a fresh environment that reads this one's packages by a `.pth` file."""
    with tempfile.TemporaryDirectory(prefix="machine-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        environment = folder / "python"
        venv.create(environment, with_pip=False, symlinks=True)
        asked = "import json, sysconfig; print(json.dumps(sysconfig.get_path('purelib')))"
        words = [str(environment / "bin" / "python"), "-c", asked]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        own = {sysconfig.get_path(one) for one in ("purelib", "platlib")}
        beside = [*own, *_elsewhere()]
        Path(json.loads(said), "others.pth").write_text("\n".join(sorted(beside)), encoding="utf-8")
        made, blob = wheel(None)
        (folder / made).write_bytes(blob)
        yield Machine(folder, environment / "bin" / "python", folder / made)


def _elsewhere() -> set[str]:
    """Return where torch lies, which may be another folder than this environment's own."""
    import importlib.util

    found = importlib.util.find_spec("torch")
    assert found is not None
    assert found.origin is not None
    return {str(Path(found.origin).parents[1])}
