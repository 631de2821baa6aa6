"""The ladder: from everything that Linux has to nothing but limits, and which rung holds on this machine.

Nothing is believed: every rung is tried from inside by a canary, the highest first, and the first that stops what it
has to stop is taken. What was found is remembered for this boot, this user and this version.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.faults import GraderFault, OperatorFault, WallsFault
from grader.folders import cache_folder
from grader.sandbox import confine, spare
from grader.sandbox.forked import Zygote
from grader.sandbox.walls import trials
from grader.sandbox.walls.canary import OPEN, UNKNOWN
from grader.sandbox.walls.fence import NONE, Fence, NoSuchWallError, fence
from grader.sandbox.walls.view import bubblewrap, view
from grader.versions import versions


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung.

    Attributes:
        title: what stands on it.
        missing: what it does not protect from, in sentences.
        open: attempts that it is not expected to stop.
    """

    title: str
    missing: tuple[str, ...]
    open: frozenset[str] = frozenset()


_KERNEL = "A bug in the Linux kernel itself would let a submission out: the kernel is shared."
_SEEN = "see that a file exists"
_THREADS = "start many threads"

RUNGS = {
    "A": Rung("every child in namespaces of its own, behind bubblewrap, Landlock and seccomp", (_KERNEL,)),
    "B": Rung(
        "children share namespaces behind bubblewrap, each behind Landlock and seccomp",
        (_KERNEL, "A submission has no folder to write to, and threads are bounded by its memory alone."),
        frozenset({_THREADS}),
    ),
    "C": Rung(
        "every child behind Landlock and seccomp",
        (
            _KERNEL,
            "A submission can see whether a file exists and how large it is, though not open it.",
            "A submission has no folder to write to, and threads are bounded by its memory alone.",
        ),
        frozenset({_SEEN, _THREADS}),
    ),
    "E": Rung(
        "a process of its own, with limits",
        (
            "A submission can read what you can read, write what you can write, and use the network.",
            "Run your own work like this, or people's whom you would give your password to.",
        ),
        frozenset(trials.NAMES),
    ),
}
"""By letter; D, on which something is missing that A to C need, is no rung to stand on."""

WALLED = ("A", "B", "C")


@dataclass(frozen=True, slots=True)
class Standing:
    """Which rung holds here, and what was seen.

    Attributes:
        fence: what warm processes are started behind.
        active: what children said they put up.
        tried: attempts and what came of them; empty where nothing was tried.
        refused: why the rungs above do not hold, by letter.
    """

    fence: Fence
    active: tuple[str, ...] = ()
    tried: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def rung(self) -> str:
        """Return the rung's letter."""
        return self.fence.rung

    @property
    def holds(self) -> bool:
        """Tell whether there are walls."""
        return self.rung in WALLED

    def sentence(self) -> str:
        """Return what stands, with the rung's letter."""
        return f"rung {self.rung}: {RUNGS[self.rung].title}"

    def isolation(self) -> dict[str, Any]:
        """Return what a report says: what stands, what was tried, what is not protected."""
        rung = RUNGS[self.rung]
        return {
            "rung": self.rung,
            "title": rung.title,
            "active": list(self.active),
            "tried": dict(self.tried),
            "missing": list(rung.missing),
        }


def unwalled(refused: Mapping[str, str] | None = None) -> Standing:
    """Return the standing without walls; `refused` says why there are none."""
    active = confine.ISOLATION if sys.platform == "linux" else spare.ISOLATION
    return Standing(NONE, active, refused=dict(refused or {}))


def standing(*, accelerator: bool = False, fresh: bool = False) -> Standing:
    """Return the highest rung that holds, remembered or tried (`fresh`: now); the one without walls if none does."""
    file = _remembered_in(accelerator=accelerator)
    found = None if fresh else _read(file)
    if found is not None:
        try:
            fitting = fence(found["rung"], accelerator=accelerator)
        except NoSuchWallError:
            file.unlink(missing_ok=True)  # something was taken away since
        else:
            return Standing(fitting, tuple(found["active"]), found["tried"], found["refused"])
    reached, certain = climb(accelerator=accelerator)
    if reached.holds and certain:
        plain = {"active": list(reached.active), "tried": dict(reached.tried), "refused": dict(reached.refused)}
        _write(file, {"rung": reached.rung, **plain})
    return reached


def climb(*, accelerator: bool = False) -> tuple[Standing, bool]:
    """Try the rungs from the highest down; return the first that holds, and whether all above it certainly do not.

    A busy machine can keep a canary from its end, which says nothing about a wall: it is sent once more.
    """
    refused: dict[str, str] = {}
    certain = True
    for letter in WALLED:
        try:
            behind = fence(letter, accelerator=accelerator)
            active, tried = prove(behind)
            if _through(letter, tried) and not _through(letter, tried, OPEN):
                active, tried = prove(behind)
        except (NoSuchWallError, trials.SetUpError, GraderFault) as error:
            refused[letter] = str(error)
            continue
        through = _through(letter, tried)
        if not through:
            return Standing(behind, active, tried, refused), certain
        refused[letter] = through
        certain = certain and bool(_through(letter, tried, OPEN))
    return unwalled(refused), certain


def _through(letter: str, tried: Mapping[str, str], *statuses: str) -> str:
    """Say what was not blocked by a rung that has to stop it, or came to one of `statuses`; empty when nothing did."""
    wrong = statuses or (OPEN, UNKNOWN)
    names = [name for name, status in tried.items() if status in wrong and name not in RUNGS[letter].open]
    return f"It did not stop a canary that tried to {', '.join(names)}." if names else ""


def prove(behind: Fence) -> tuple[tuple[str, ...], dict[str, str]]:
    """Try one rung; return what its children put up and what came of every attempt.

    Raises:
        SetUpError: the walls could not be put up.
        GraderFault: the warm process did not start.
    """
    worker = Zygote(behind, bare=True)
    try:
        tried = trials.attempt(worker)
        return worker.active, tried
    finally:
        worker.stop()


def demanded(wanted: str, device: str) -> Standing:
    """Return the standing for `--isolation`: `auto`, `none`, or a rung that has to hold.

    Raises:
        WallsFault: no rung holds.
        OperatorFault: the one that was asked for does not.
    """
    if wanted == "none":
        return unwalled()
    drives = accelerates(device)
    if wanted == "auto":
        found = standing(accelerator=drives)
        if not found.holds:
            raise _two_ways_on(found.refused)
        return found
    try:
        behind = fence(wanted, accelerator=drives)
        active, tried = prove(behind)
    except (NoSuchWallError, trials.SetUpError, GraderFault) as error:
        raise OperatorFault(f"--isolation {wanted} does not hold here.", str(error)) from error
    through = _through(wanted, tried)
    if through:
        raise OperatorFault(f"--isolation {wanted} does not hold here.", through)
    return Standing(behind, active, tried)


_CONTAINER = (
    "Run it in a container; the Containerfile beside the README says how. The risk: submissions share the container's"
    " results folder and this machine's kernel, and nothing else of yours."
)
_WITHOUT = (
    "Run it with --isolation none. The risk: submissions run as you, and can read, change and send away everything"
    " that you can, the held-out labels and other people's work included."
)


def _two_ways_on(refused: Mapping[str, str]) -> WallsFault:
    """Say why nothing is started, and what can be done."""
    reasons = "; ".join(f"{letter}: {reason.rstrip('.')}" for letter, reason in refused.items())
    what = "No walls hold on this machine, and submissions are strangers' programs, so nothing was started."
    return WallsFault(what, f"Tried: {reasons}.", (_CONTAINER, _WITHOUT))


def for_own(wanted: str, device: str, *, trains: bool = True) -> Standing:
    """Return the standing for somebody's own work: the best walls that hold, or none where `--isolation` is `auto`.

    Raises:
        OperatorFault: the rung that was asked for does not hold.
    """
    return demanded(wanted, device) if wanted != "auto" else standing(accelerator=trains and accelerates(device))


def accelerates(device: str) -> bool:
    """Tell whether trainers may have to drive an accelerator of this machine."""
    return device in ("auto", "cuda") and bool(view(accelerator=True).devices) and _has_driver()


def _has_driver() -> bool:
    return any(Path(one).exists() for one in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg"))


def _remembered_in(*, accelerator: bool) -> Path:
    """Return the file for this boot, user, version, Python and what stands on the machine."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    program = bubblewrap()
    parts = [
        boot,
        os.getuid() if hasattr(os, "getuid") else 0,
        dict(versions()),
        sys.executable,
        program,
        Path(program).stat().st_mtime_ns if program else 0,
        _own_code(),
        accelerator,
    ]
    return cache_folder() / "walls" / f"{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]}.json"


def _own_code() -> str:
    """Return a digest of what puts the walls up."""
    digest = hashlib.sha256()
    here = Path(__file__).parent
    for one in sorted([*here.glob("*.py"), *here.glob("walls/*.py"), *here.glob("walls/filters/*.bpf")]):
        digest.update(one.name.encode() + one.read_bytes())
    return digest.hexdigest()


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("rung") in WALLED else None


def _write(file: Path, found: Mapping[str, Any]) -> None:
    """Keep it; the file appears whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as stream:
        json.dump(dict(found), stream)
    Path(stream.name).replace(file)
