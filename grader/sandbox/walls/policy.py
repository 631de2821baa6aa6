"""Which system calls a child may make, and how the filters that are shipped were built.

`python -m grader.sandbox.walls.policy` writes the programs beside this file with libseccomp 2.5.4 (and pyseccomp); a
test builds them again and compares. At run time only the bytes are needed.

A list of what is allowed, because a list of what is forbidden misses the next call: training uses some thirty of these
after its imports, and an unknown one answers "not implemented", for which every library has another way. What no
honest program tries ends the process.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "filters"

ARCHITECTURES = ("x86_64", "aarch64")

OWN_PID = 0x5EC0_0A1D
"""Stands in the shipped programs for the number of the process, which is put in when they are loaded."""

ALLOWED = """
read write readv writev pread64 pwrite64 preadv pwritev lseek close dup dup2 dup3 pipe pipe2 poll ppoll select
pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 open openat openat2 stat fstat lstat
newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents64 getcwd chdir fchdir mkdir
mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat ftruncate truncate fallocate
fsync fdatasync fadvise64 copy_file_range sendfile umask munmap mremap mprotect madvise mincore msync brk membarrier
rseq set_robust_list get_robust_list futex futex_waitv exit exit_group set_tid_address gettid getpid getppid getpgid
getpgrp getsid getuid geteuid getgid getegid getgroups getresuid getresgid rt_sigaction rt_sigprocmask rt_sigreturn
rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack pause alarm setitimer getitimer timer_create timer_settime
timer_gettime timer_delete timerfd_create timerfd_settime timerfd_gettime clock_gettime clock_getres clock_nanosleep
nanosleep gettimeofday time times getrusage getrlimit setrlimit sysinfo uname getrandom sched_yield sched_getaffinity
sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min getcpu arch_prctl sendto recvfrom
sendmsg recvmsg shutdown getsockopt setsockopt getsockname restart_syscall wait4 waitid
""".split()

NUMBERS = {"setxattrat": 463, "removexattrat": 466, "file_setattr": 469}
"""Calls that libseccomp 2.5.4 has no name for; new calls have one number on all architectures."""

METADATA = """
chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat futimesat setxattr lsetxattr
fsetxattr removexattr lremovexattr fremovexattr setxattrat removexattrat file_setattr
""".split()
"""What Landlock does not cover; allowed only where a mount view leaves nothing to change."""

DENIED = """
socket connect bind listen accept accept4 execve execveat fork vfork memfd_create memfd_secret shmget shmat shmctl
msgget semget mq_open name_to_handle_at personality mknod mknodat setuid setgid setreuid setregid setresuid setresgid
setgroups setfsuid setfsgid capset mlock mlock2 mlockall splice tee vmsplice inotify_init inotify_init1 fanotify_mark
setpriority ioprio_set sched_setscheduler sched_setattr move_pages migrate_pages pidfd_open pidfd_send_signal
process_mrelease sched_setaffinity sched_setparam tkill rt_sigqueueinfo rt_tgsigqueueinfo flock setsid setpgid seccomp
landlock_create_ruleset landlock_add_rule landlock_restrict_self
""".split()
"""Answered with "not permitted": an honest program may try one of these and go on without it."""

DEADLY = """
ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd mount umount2 mount_setattr move_mount
fsopen fsconfig fsmount fspick open_tree pivot_root chroot setns unshare bpf perf_event_open userfaultfd add_key
request_key keyctl open_by_handle_at kexec_load kexec_file_load init_module finit_module delete_module reboot swapon
swapoff acct quotactl quotactl_fd iopl ioperm modify_ldt settimeofday clock_settime clock_adjtime adjtimex sethostname
setdomainname syslog vhangup fanotify_init lookup_dcookie io_uring_setup io_uring_enter io_uring_register
""".split()
"""Ends the process with SIGSYS: nothing honest does this."""

CLONE_THREAD = 0x1_0000
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20
_AF_UNIX = 1
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS TIOCGWINSZ FIONREAD FIONBIO FIONCLEX FIOCLEX
_FCNTLS = (0, 1, 2, 3, 4, 1030, 1031, 1032)  # F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_DUPFD_CLOEXEC F_*PIPE_SZ
_PRCTLS = (3, 15, 16, 21, 23, 29, 30, 38, 39, 41, 42, 0x5356_4D41)
"""Reading one's state, naming threads and memory, timer slack, huge pages, no_new_privs; never the death signal."""

_UNSAFE_IOCTLS = (0x5412, 0x541C, 0x8901, 0x8902)  # TIOCSTI TIOCLINUX FIOSETOWN SIOCSPGRP
_UNSAFE_FCNTLS = (8, 10, 15)  # F_SETOWN F_SETSIG F_SETOWN_EX

PROGRAMS = ("private", "shared", "accelerator")
"""With a mount view of one's own; without one; and for a trainer that drives an accelerator."""


def build(program: str, architecture: str) -> tuple[bytes, frozenset[str]]:
    """Return a compiled program and the calls of the lists that this architecture does not have."""
    import pyseccomp

    default = pyseccomp.ALLOW if program == "accelerator" else pyseccomp.ERRNO(errno.ENOSYS)
    wanted = pyseccomp.SyscallFilter(default)
    _only(wanted, pyseccomp, architecture)
    missing: set[str] = set()
    for action, name, arguments in _rules(program, pyseccomp):
        if action == default:
            continue
        try:
            wanted.add_rule(action, NUMBERS.get(name, name), *arguments)
        except (OSError, ValueError):  # not in this architecture, or unknown to this libseccomp
            missing.add(name)
    with tempfile.TemporaryFile() as stream:
        wanted.export_bpf(stream)
        stream.seek(0)
        return stream.read(), frozenset(missing)


def _only(wanted: Any, pyseccomp: Any, architecture: str) -> None:
    """Build for one architecture; calls in the manner of any other end the process."""
    code = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}[architecture]
    wanted.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    if not wanted.exist_arch(code):
        wanted.add_arch(code)
    if code != pyseccomp.system_arch():
        wanted.remove_arch(pyseccomp.system_arch())


def _rules(program: str, pyseccomp: Any) -> Iterator[tuple[int, str, tuple[Any, ...]]]:
    """Say what happens to which call, with which arguments."""
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in DEADLY:
        yield pyseccomp.KILL_PROCESS, name, ()
    for name in DENIED:
        yield refuse, name, ()
    for name in METADATA:
        yield (pyseccomp.ALLOW if program == "private" else refuse), name, ()
    yield from _processes(pyseccomp, refuse)
    if program == "accelerator":
        yield from _bounded_devices(pyseccomp, refuse)
        return
    for name in ALLOWED:
        yield pyseccomp.ALLOW, name, ()
    for name, place, values in (("ioctl", 1, _IOCTLS), ("fcntl", 1, _FCNTLS), ("prctl", 0, _PRCTLS)):
        for value in values:
            yield pyseccomp.ALLOW, name, (pyseccomp.Arg(place, pyseccomp.EQ, value),)
    yield pyseccomp.ALLOW, "socketpair", (pyseccomp.Arg(0, pyseccomp.EQ, _AF_UNIX),)
    yield from _memory(pyseccomp)


def _processes(pyseccomp: Any, refuse: int) -> Iterator[tuple[int, str, tuple[Any, ...]]]:
    """Threads, no processes; signals and limits for oneself alone."""
    thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD)
    process = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0)
    yield pyseccomp.ALLOW, "clone", (thread,)
    yield refuse, "clone", (process,)
    yield pyseccomp.ERRNO(errno.ENOSYS), "clone3", ()  # its flags lie in memory; the C library falls back to clone
    for name in ("kill", "tgkill"):
        yield pyseccomp.ALLOW, name, (pyseccomp.Arg(0, pyseccomp.EQ, OWN_PID),)
        yield refuse, name, (pyseccomp.Arg(0, pyseccomp.NE, OWN_PID),)
    for own in (0, OWN_PID):
        yield pyseccomp.ALLOW, "prlimit64", (pyseccomp.Arg(0, pyseccomp.EQ, own),)


def _memory(pyseccomp: Any) -> Iterator[tuple[int, str, tuple[Any, ...]]]:
    """Shared memory without a file is not counted by any limit on a process: there is none."""
    both = _MAP_SHARED | _MAP_ANONYMOUS
    for flags in (0, _MAP_SHARED, _MAP_ANONYMOUS):
        yield pyseccomp.ALLOW, "mmap", (pyseccomp.Arg(3, pyseccomp.MASKED_EQ, both, flags),)
    yield pyseccomp.ERRNO(errno.ENOMEM), "mmap", (pyseccomp.Arg(3, pyseccomp.MASKED_EQ, both, both),)


def _bounded_devices(pyseccomp: Any, refuse: int) -> Iterator[tuple[int, str, tuple[Any, ...]]]:
    """Refuse what reaches a terminal or another process; a driver's own calls cannot be listed."""
    yield refuse, "prlimit64", (pyseccomp.Arg(0, pyseccomp.NE, 0),)
    for name, values in (("ioctl", _UNSAFE_IOCTLS), ("fcntl", _UNSAFE_FCNTLS)):
        for value in values:
            yield refuse, name, (pyseccomp.Arg(1, pyseccomp.EQ, value),)


def path_of(program: str, architecture: str) -> Path:
    """Return where a program is kept."""
    return FOLDER / f"{program}.{architecture}.bpf"


def main() -> None:
    """Write every program, and say what it lacks."""
    FOLDER.mkdir(exist_ok=True)
    for program in PROGRAMS:
        for architecture in ARCHITECTURES:
            compiled, missing = build(program, architecture)
            path_of(program, architecture).write_bytes(compiled)
            print(program, architecture, len(compiled) // 8, "instructions; without", *sorted(missing))  # noqa: T201


if __name__ == "__main__":
    main()
