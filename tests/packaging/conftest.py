"""The wheel and the sdist, built once, and an environment with the wheel in it, far from the repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Built:
    """What `python -m build` made.

    Attributes:
        wheel: the wheel, which was made from the sdist.
        sdist: the source distribution.
        direct: the wheel as it comes from the checkout.
    """

    wheel: Path
    sdist: Path
    direct: Path


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that has the wheel, and sees what this one has of other packages.

    Attributes:
        folder: the environment.
        elsewhere: an empty folder beside it, from which commands are run.
    """

    folder: Path
    elsewhere: Path

    @property
    def python(self) -> Path:
        """Return the interpreter."""
        return self.folder / "bin" / "python"

    def run(self, *words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command from elsewhere, with nothing in the environment that points to the repository."""
        known = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        own = {"HOME": str(self.elsewhere), "GRADER_CACHE": str(self.elsewhere / "cache"), "GRADER_WARM": "off"}
        return subprocess.run(
            list(map(str, words)),
            capture_output=True,
            text=True,
            cwd=self.elsewhere,
            env={**known, **own, "OMP_NUM_THREADS": "1", **environment},
            timeout=300,
            check=False,
        )

    def grader(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the command that the wheel has installed."""
        return self.run(self.folder / "bin" / "grader", *words)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Return what is built of this checkout, without a network."""
    whole, direct = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("direct")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir"]
    subprocess.run([*build, str(whole), str(ROOT)], check=True, capture_output=True)
    subprocess.run([*build, str(direct), "--wheel", str(ROOT)], check=True, capture_output=True)
    return Built(
        *(
            next(place.glob(pattern))
            for place, pattern in (
                (whole, "*.whl"),
                (whole, "*.tar.gz"),
                (direct, "*.whl"),
            )
        )
    )


@pytest.fixture(scope="session")
def installed(built: Built) -> Iterator[Installed]:
    """Return an environment with the wheel; other packages come from this one by a `.pth` file, so nothing is downloaded."""
    # Not pytest's own folder, into which only this user can look: jobs run as another one.
    with tempfile.TemporaryDirectory(prefix="installed-") as name:
        place = Path(name)
        place.chmod(0o755)
        found = Installed(place / "venv", place / "elsewhere")
        found.elsewhere.mkdir()
        venv.create(found.folder, with_pip=False, symlinks=True)
        said = found.run(found.python, "-c", "import json, sysconfig; print(json.dumps(sysconfig.get_path('purelib')))")
        own = {sysconfig.get_path(one) for one in ("purelib", "platlib")}
        Path(json.loads(said.stdout), "others.pth").write_text("\n".join(sorted(own)), encoding="utf-8")
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(found.python),
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
        ]
        subprocess.run([*pip, str(built.wheel)], check=True, capture_output=True)
        yield found


@pytest.fixture
def example(installed: Installed) -> Path:
    """Return a folder with two of the examples, copied."""
    folder = installed.elsewhere / "class"
    folder.mkdir(exist_ok=True)
    for name in ("house_style.ipynb", "wrong_in_features.ipynb"):
        shutil.copy(ROOT / "submissions" / name, folder / name)
    return folder
