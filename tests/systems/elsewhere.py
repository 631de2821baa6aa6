"""Run the real command as if Linux were another system: what that system lacks is gone, in the command and its children.

It is still Linux: paths, processes and torch are its own, and children keep its name, which torch's own imports ask for.
What is tested is that nothing asks for what is not there.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LACKING = {
    "darwin": {"modules": (), "os": ("memfd_create", "pidfd_open", "sched_getaffinity"), "signal": (), "socket": ()},
    "win32": {
        "modules": ("resource", "fcntl", "grp", "pwd", "termios"),
        "os": ("geteuid", "getegid", "getuid", "getgroups", "setsid", "wait4", "memfd_create", "pidfd_open"),
        "signal": ("SIGALRM", "SIGXCPU", "SIGCONT", "setitimer"),
        "socket": ("AF_UNIX",),
    },
}
"""What Python has on Linux and not there."""

BEFORE = """
import os, signal, socket, subprocess, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
for name in {modules!r}:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Absent())
"""
AFTER = """
for module, names in ((os, {os!r} + ("fork", "forkpty")), (signal, {signal!r}), (socket, {socket!r})):
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
"""
CHILD = """
{before}
import runpy, torch
{after}
sys.argv = ["zygote", *sys.argv[sys.argv.index("grader.sandbox.zygote") + 1:]]
runpy.run_module("grader.sandbox.zygote", run_name="__main__", alter_sys=True)
"""
PARENT = """
{before}
import asyncio, multiprocessing, platform, sysconfig, tempfile, rich.console, typer, pydantic, numpy, platformdirs
sysconfig.get_config_vars(), platform.uname()
{after}
sys.platform = {system!r}
sys.executable = {python!r}
sys.argv = ["grader", *sys.argv[1:]]
import grader.cli
grader.cli.main()
"""


def check(
    system: str, folder: Path, *words: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run `grader check WORDS` as on `system`; `folder` takes the cache and two scripts."""
    lacking = {"system": system, **LACKING[system]}
    parts = {"before": BEFORE.format(**lacking), "after": AFTER.format(**lacking)}
    script, python = folder / "child.py", folder / "python"
    script.write_text(CHILD.format(**parts), encoding="utf-8")
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -s -B "{script}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    known = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "GRADER_CACHE": str(folder / "cache"),
        "GRADER_WARM": "off",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, "-c", PARENT.format(**parts, system=system, python=str(python)), "check", *words],
        capture_output=True,
        cwd=ROOT,
        env={**known, **(environment or {})},
        timeout=300,
        check=False,
    )
