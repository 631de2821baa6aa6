"""Gradescope as far as an autograder sees it: an archive unpacked into /autograder, its two scripts run there by root.

The container is a mount view of bubblewrap's with this machine's system and Python in it, no network, and bubblewrap
itself hidden, as Gradescope's image has none. What pip would fetch lies in this environment: it finds it by
PYTHONPATH while `setup.sh` runs, and by a `.pth` file afterwards.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

METADATA = {
    "id": 123456,
    "created_at": "2026-11-20T14:22:32.365935-07:00",
    "assignment": {"title": "CNN", "total_points": "30.0", "due_date": "2026-11-20T23:00:00.000000-07:00"},
    "submission_method": "upload",
    "users": [{"email": "ada@example.edu", "id": 1234, "name": "Ada Lovelace"}],
    "previous_submissions": [],
}
_WITHOUT_LANDLOCK = b"".join(
    struct.pack("HBBI", *one)
    for one in (
        (0x20, 0, 0, 0),  # load the number of the call
        (0x15, 0, 1, 444),  # landlock_create_ruleset, on every architecture
        (0x06, 0, 0, 0x0005_0000 | errno.ENOSYS),
        (0x06, 0, 0, 0x7FFF_0000),
    )
)
"""What an older container engine answers: there is no such call."""

VISIBILITY = {"hidden", "after_due_date", "after_published", "visible"}
FORMATS = {"text", "html", "simple_format", "md", "ansi"}


def can_run() -> str:
    """Return why there can be no container here; empty where there can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "Gradescope's scripts are root's, and this is not"
    return "" if shutil.which("bwrap") else "bubblewrap is not installed"


def own_packages() -> tuple[str, ...]:
    """Return where this environment's packages lie, and torch, which may lie elsewhere."""
    found = {sysconfig.get_path(one) for one in ("purelib", "platlib")}
    torch = importlib.util.find_spec("torch")
    assert torch is not None
    assert torch.origin is not None
    return tuple(sorted({*found, str(Path(torch.origin).parents[1])}))


@dataclass(frozen=True, slots=True)
class Container:
    """One image: a folder that is /autograder in it.

    Attributes:
        folder: that folder.
        packages: folders with what pip would have fetched.
        around: words that go before the container's own program.
        shows: folders that are shown elsewhere in the container, as (here, there).
        landlock: whether the kernel has it, as far as the container can tell; rung C does not hold without.
    """

    folder: Path
    packages: tuple[str, ...] = field(default_factory=own_packages)
    around: tuple[str, ...] = ()
    shows: tuple[tuple[str, str], ...] = ()
    landlock: bool = True

    def unpack(self, archive: Path) -> None:
        """Lay an archive out as Gradescope does."""
        source = self.folder / "source"
        with zipfile.ZipFile(archive) as found:
            found.extractall(source)
        for name in ("setup.sh", "run_autograder"):
            (source / name).chmod(0o755)
        shutil.copy(source / "run_autograder", self.folder / "run_autograder")
        for name in ("submission", "results"):
            (self.folder / name).mkdir()

    def setup(self) -> subprocess.CompletedProcess[str]:
        """Run `setup.sh`, and bring what pip would have fetched."""
        done = self.run("/autograder/source/setup.sh", PYTHONPATH=os.pathsep.join(self.packages), PIP_NO_INDEX="1")
        for place in self.folder.glob("python/lib/python*/site-packages"):
            (place / "others.pth").write_text("\n".join(self.packages), encoding="utf-8")
        return done

    def submit(self, *files: Path) -> dict[str, Any]:
        """Hand files in, run the autograder, and return the results, which are held to the specification."""
        for name in ("submission", "results"):
            shutil.rmtree(self.folder / name)
            (self.folder / name).mkdir()
        for one in files:
            shutil.copy(one, self.folder / "submission" / one.name)
        (self.folder / "submission_metadata.json").write_text(json.dumps(METADATA), encoding="utf-8")
        done = self.run("/autograder/run_autograder")
        (self.folder / "results" / "stdout").write_text(done.stdout, encoding="utf-8")
        assert done.returncode == 0, done.stdout
        found: dict[str, Any] = json.loads((self.folder / "results" / "results.json").read_text(encoding="utf-8"))
        held_to_the_specification(found)
        return found

    @property
    def log(self) -> str:
        """Return what the course staff see of the last run."""
        return (self.folder / "results" / "stdout").read_text(encoding="utf-8")

    def run(self, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program in the container; its working directory is /autograder, as on Gradescope."""
        with tempfile.TemporaryFile() as filtered:
            filtered.write(_WITHOUT_LANDLOCK)
            filtered.seek(0)
            behind = () if self.landlock else ("--seccomp", str(filtered.fileno()))
            program_, *words = self.command(**environment)
            return subprocess.run(
                [*self.around, program_, *behind, *words, program],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=1500,
                check=False,
                pass_fds=(filtered.fileno(),),
            )

    def command(self, **environment: str) -> list[str]:
        """Return the words that go before a program."""
        base = Path(sys.base_prefix)
        seen = [Path("/usr"), Path("/etc"), Path("/sys"), base, *map(Path, self.packages)]
        words = ["bwrap", "--unshare-pid", "--unshare-net", "--die-with-parent", "--clearenv", "--tmpfs", "/"]
        for name in ("bin", "lib", "lib64", "sbin"):
            link = Path("/", name)
            seen += [] if link.is_symlink() or not link.exists() else [link]
            words += ["--symlink", str(link.readlink()), str(link)] if link.is_symlink() else []
        made: set[Path] = set()
        for one in seen:
            for above in reversed(one.parents):
                if above != Path("/") and above not in made:
                    words += ["--perms", "0755", "--dir", str(above)]
                    made.add(above)
            words += ["--ro-bind", str(one), str(one)]
        words += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
        words += ["--perms", "0755", "--dir", "/autograder", "--bind", str(self.folder), "/autograder"]
        words += [word for here, there in self.shows for word in ("--ro-bind", here, there)]
        words += ["--chdir", "/autograder"]
        hidden = shutil.which("bwrap")
        assert hidden is not None
        words += ["--ro-bind", "/dev/null", str(Path(hidden).resolve())]
        path = f"{base / 'bin'}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        known = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", **environment}
        return [*words, *(part for name, text in known.items() for part in ("--setenv", name, text))]


def held_to_the_specification(found: dict[str, Any]) -> None:
    """Fail where Gradescope's specification of `results.json` is not kept."""
    allowed = {"score", "execution_time", "output", "output_format", "test_output_format", "test_name_format"}
    allowed |= {"visibility", "stdout_visibility", "extra_data", "tests", "leaderboard"}
    assert set(found) <= allowed
    assert "score" in found or all("score" in one for one in found["tests"]), "a score, or one on each test"
    assert found.get("output_format", "text") in FORMATS
    assert found.get("visibility", "visible") in VISIBILITY
    assert found.get("stdout_visibility", "hidden") in VISIBILITY
    for one in found["tests"]:
        known = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"}
        assert set(one) <= known | {"visibility", "extra_data"}
        assert one.get("status", "passed") in {"passed", "failed"}
        assert one.get("visibility", "visible") in VISIBILITY
        assert isinstance(one.get("output", ""), str)
        assert all(isinstance(tag, str) for tag in one.get("tags", ()))
        assert all(isinstance(one[key], int | float) for key in ("score", "max_score") if key in one)
