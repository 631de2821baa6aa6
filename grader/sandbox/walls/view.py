"""What a warm process and its children may see of the file system: Python, torch, our own code, and nothing else."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCRATCH = "/scratch"
"""Where a child may write when it has a file system of its own."""

OTHER_USER = 65534
"""Whom a grader that root started becomes before anything runs."""

_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/sys/devices/system/cpu")
_HUGE_PAGES = "/sys/kernel/mm/transparent_hugepage"
"""glibc looks here before it uses huge pages, which halve the cost of a fork."""

_ACCELERATORS = ("nvidia*", "dri", "kfd", "dxg")
_DRIVER_FILES = ("/sys", "/etc/alternatives", "/etc/OpenCL", "/opt/rocm")


@dataclass(frozen=True, slots=True)
class View:
    """Paths that can be seen.

    Attributes:
        read: folders (with everything below them) and files that may be read.
        listed: folders of which no more than the names may be read.
        devices: what a trainer on an accelerator may use besides.
    """

    read: tuple[str, ...]
    listed: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> View:
        """Read what `to_json` returned."""
        return cls(*(tuple(plain[name]) for name in ("read", "listed", "devices")))


def view(*, accelerator: bool, extra: Iterable[str] = ()) -> View:
    """Return what this installation needs; `extra` are more folders to read, for tests."""
    package = Path(__file__).parents[2]
    read = [*_SYSTEM, *_python(), *_libraries(), *_code(package), *extra]
    devices = tuple(_devices()) if accelerator else ()
    return View(_outermost(_real(read)), tuple(_real([str(package)])), devices)


def _python() -> Iterator[str]:
    """Name the interpreter and its packages, folder by folder.

    Never a whole prefix: a virtual environment may be the very folder that a course lies in.
    """
    yield sys.executable
    for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix):
        for part in ("bin", "lib", "lib64", "pyvenv.cfg"):
            yield str(Path(prefix, part))
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield sysconfig.get_path(name)
    for entry in sys.path:
        if Path(entry).name in ("site-packages", "dist-packages"):
            yield entry


def _libraries() -> Iterator[str]:
    """Name the folders of shared libraries that this very process runs on, wherever they lie."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        path = line.partition("/")[2]
        if ".so" in path:
            yield str(Path("/" + path).parent)


def _code(package: Path) -> Iterator[str]:
    """Name our own code without the rubric and the reference solution that a wheel carries."""
    return (str(one) for one in package.iterdir() if one.name not in ("bundled_files", "__pycache__"))


def _devices() -> Iterator[str]:
    for pattern in _ACCELERATORS:
        yield from map(str, Path("/dev").glob(pattern))
    yield from (one for one in _DRIVER_FILES if Path(one).exists())


def _real(paths: Iterable[str]) -> list[str]:
    """Return what exists, each with the place that it really is in."""
    found: dict[str, None] = {}
    for one in paths:
        if one and Path(one).exists():
            found.setdefault(os.path.abspath(one))  # noqa: PTH100 - links must stay
            found.setdefault(os.path.realpath(one))
    return list(found)


def _outermost(paths: Iterable[str]) -> tuple[str, ...]:
    """Leave out what lies below another path, and whatever would show everything."""
    kept: list[str] = []
    for one in sorted(set(paths), key=lambda path: (path.count("/"), path)):
        inside = any(one == above or one.startswith(f"{above}/") for above in kept)
        if not inside and one != "/" and not _holds_a_home(one):
            kept.append(one)
    return tuple(kept)


def _holds_a_home(path: str) -> bool:
    home = os.path.realpath(Path("~").expanduser())
    return home == path or home.startswith(f"{path}/")


def bubblewrap() -> str | None:
    """Return where the program is; None when it is not installed."""
    return shutil.which("bwrap")


def behind(program: str, seen: View, payload: list[str]) -> list[str]:
    """Return the command that runs `payload` behind bubblewrap, with nothing to be seen but `seen`.

    Started by root, the payload becomes another user first and without a user namespace: root that is mapped into
    one still owns the host's `/proc/sys`.
    """
    binds = [*seen.read, _HUGE_PAGES]
    command = [program, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    command += ["--die-with-parent", "--new-session", "--hostname", "grader"]
    for folder in _parents(binds, seen.read):
        command += ["--dir", folder]  # else bubblewrap makes it for the first user alone
    for path in binds:
        command += ["--ro-bind-try", path, path]
    command += ["--proc", "/proc", "--dev", "/dev"]
    for path in seen.devices:
        command += ["--dev-bind-try" if path.startswith("/dev/") else "--ro-bind-try", path, path]
    command += ["--size", str(64 * 2**20), "--perms", "1777", "--tmpfs", SCRATCH]
    command += ["--remount-ro", "/", "--chdir", SCRATCH]
    if os.geteuid() == 0:
        user = str(OTHER_USER)
        drop = ["--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
        return [*command, "--", "setpriv", f"--reuid={user}", f"--regid={user}", *drop, *payload]
    return [*command, "--unshare-user", "--", *payload]


def _parents(paths: Iterable[str], bound: Iterable[str]) -> list[str]:
    """Return the folders above `paths`, the outermost first, that no bind brings along."""
    inside = tuple(f"{one}/" for one in bound)
    found: dict[str, None] = {}
    for path in paths:
        for folder in reversed(Path(path).parents):
            name = str(folder)
            if name != "/" and not f"{name}/".startswith(inside):
                found.setdefault(name)
    return list(found)
