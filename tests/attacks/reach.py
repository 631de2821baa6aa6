"""What hostile code reaches for: every attempt prints one line, `name`, tab, what came of it.

The text of `ATTEMPTS` is pasted into submissions, so it imports what it needs itself.
"""

from __future__ import annotations

from collections.abc import Mapping

ATTEMPTS = """
def reach(targets):
    import ctypes, os, resource, signal, socket, sys

    def tried(name, attempt):
        try:
            found = attempt()
        except BaseException as error:
            print(name, "blocked " + type(error).__name__, sep="\\t", flush=True)
        else:
            print(name, "OPEN " + repr(found)[:40], sep="\\t", flush=True)

    def connect(family, kind, address):
        with socket.socket(family, kind) as one:
            one.settimeout(1)
            one.connect(address)
            one.send(b"x")
            return one.recv(1)

    for name, path in targets["read"].items():
        tried("read " + name, lambda: open(path, "rb").read(20))
        tried("list " + name, lambda: os.listdir(path if os.path.isdir(path) else os.path.dirname(path)))
        tried("map " + name, lambda: os.open(path, os.O_RDONLY))
    for name, path in targets["write"].items():
        tried("write " + name, lambda: open(path, "ab").write(b"x"))
        tried("make in " + name, lambda: os.mkdir(os.path.join(os.path.dirname(path), "made")))
        tried("remove " + name, lambda: os.remove(path))
        tried("link " + name, lambda: os.symlink("/etc/passwd", path + ".link"))
        tried("chmod " + name, lambda: os.chmod(path, 0o777))
    secret = targets["environment"]
    tried("environment", lambda: os.environ[secret])
    for pid in (targets["grader"], os.getppid(), 1):
        if pid in (0, os.getpid()):
            continue
        whose = "the grader" if pid == targets["grader"] else "what is above"
        for part in ("environ", "mem", "maps", "cmdline", "fd", "cwd", "root"):
            where = f"/proc/{pid}/{part}"
            tried(f"{part} of {whose}", lambda: os.listdir(where) if part in ("fd", "cwd", "root") else open(where, "rb").read(9))
        for number in (0, signal.SIGTERM, signal.SIGSTOP):
            tried(f"signal {whose}", lambda: os.kill(pid, number))
        tried(f"limits of {whose}", lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1)))
    tried("signal everybody", lambda: os.kill(-1, 0))
    tried("signal the group", lambda: os.kill(0, signal.SIGTERM) if os.getpid() != 1 else 1 / 0)
    tried("environment in memory", lambda: open("/proc/self/environ").read())
    for name, (family, kind, address) in targets["connect"].items():
        tried("connect " + name, lambda: connect(getattr(socket, family), getattr(socket, kind), tuple(address) if isinstance(address, list) else address))
    tried("listen", lambda: socket.create_server(("127.0.0.1", 0)))
    tried("look up a name", lambda: socket.getaddrinfo("example.org", 80))
    tried("start a process", os.fork)
    tried("start a program", lambda: os.posix_spawn("/bin/true", ["true"], {}))
    tried("share memory", lambda: os.memfd_create("x"))
    tried("descriptors", lambda: [one for one in range(5, 1024) if not failing(one)][0])


def failing(descriptor):
    import os
    try:
        os.fstat(descriptor)
    except OSError:
        return True
    return False
"""


def through(output: str) -> dict[str, str]:
    """Return the attempts that were not blocked, from what was printed."""
    lines = (line.partition("\t") for line in output.splitlines())
    return {name: said for name, tab, said in lines if tab and said.startswith("OPEN")}


def blocked(output: str) -> int:
    """Return how many attempts were blocked."""
    return sum("\tblocked " in line for line in output.splitlines())


def submission(targets: Mapping[str, object]) -> str:
    """Write a network that works, and reaches for `targets` while it is built."""
    return f"""
import torch
from torch import nn
{ATTEMPTS}
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        reach({dict(targets)!r})
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(4)
        self.dense = nn.Linear(4 * 8 * 8, 10)

    def forward(self, x):
        x = self.pool(torch.relu(self.conv(x)))
        return self.dense(x.flatten(1))

model = Net()
"""
