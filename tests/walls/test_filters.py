"""The filters that are shipped are those that the policy describes."""

from __future__ import annotations

import struct
from collections import Counter

import pytest

from grader.sandbox.walls import kernel, policy, seccomp


def version() -> tuple[int, ...]:
    """Return the version of the system's libseccomp."""
    import ctypes

    class Version(ctypes.Structure):
        _fields_ = (("major", ctypes.c_uint), ("minor", ctypes.c_uint), ("micro", ctypes.c_uint))

    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_version.restype = ctypes.POINTER(Version)
    found = library.seccomp_version().contents
    return found.major, found.minor, found.micro


@pytest.mark.parametrize("architecture", policy.ARCHITECTURES)
@pytest.mark.parametrize("program", policy.PROGRAMS)
def test_a_rebuild_is_equal(program: str, architecture: str) -> None:
    """Built again by libseccomp 2.5.4, every program is what is shipped, byte for byte."""
    try:
        found = version()
    except OSError:
        pytest.skip("libseccomp is not installed")
    if found != (2, 5, 4):
        pytest.skip(f"libseccomp {found} orders its instructions in another way than 2.5.4")
    compiled, missing = policy.build(program, architecture)
    assert compiled == policy.path_of(program, architecture).read_bytes()
    # This libseccomp can put numbers that it has no name for into programs for the processor it runs on alone.
    assert missing <= (set() if architecture == kernel.architecture() else set(policy.NUMBERS))


def test_every_call_has_one_meaning() -> None:
    """No call stands in two lists, or twice in one."""
    several = Counter([*policy.ALLOWED, *policy.METADATA, *policy.DENIED, *policy.DEADLY])
    assert [name for name, count in several.items() if count > 1] == []


def test_what_is_nowhere_allowed() -> None:
    """Starting programs and processes, the network, other processes and other users are on no list of what is allowed."""
    for name in ("execve", "execveat", "fork", "vfork", "clone", "clone3", "socket", "connect", "kill", "tkill"):
        assert name not in policy.ALLOWED
    for name in ("ptrace", "setuid", "mount", "bpf", "process_vm_readv", "memfd_create", "prctl", "ioctl", "fcntl"):
        assert name not in policy.ALLOWED


@pytest.mark.parametrize("architecture", policy.ARCHITECTURES)
@pytest.mark.parametrize("program", policy.PROGRAMS)
def test_whom_a_program_may_signal(program: str, architecture: str) -> None:
    """The number that stands for the process is in every program, as the operand of a comparison and nowhere else."""
    blob = policy.path_of(program, architecture).read_bytes()
    operands = [blob[at + 4 : at + 8] for at in range(0, len(blob), 8)]
    wanted = struct.pack("<I", policy.OWN_PID)
    assert len(blob) % 8 == 0
    assert operands.count(wanted) == blob.count(wanted) > 0


def test_a_program_for_nobody() -> None:
    """A program that names no process would let a child signal anybody; it is not loaded."""
    with pytest.raises(ValueError, match="whom it may signal"):
        seccomp.restrict(bytes(64))
