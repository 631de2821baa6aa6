"""Group D: exhausting the machine."""

from __future__ import annotations

from pathlib import Path

from grader.records import Status
from grader.sandbox.protocol import Limits
from tests.attacks.catalogue.attack import BRIEF, QUICK, Attack, NotApplicable, Seen, module, tries
from tests.attacks.catalogue.escaping import no_programs
from tests.attacks.catalogue.field import Field
from tests.attacks.catalogue.forging import as_honest

FAULT = Status.STUDENT_FAULT
GONE_OR_DENIED = "ENOENT|EACCES|EPERM"
DEAF = "signal.signal(signal.SIGALRM, signal.SIG_IGN)\n"
"""Switches off the build's own deadline."""

SLOW = Limits(wall_seconds=30, cpu_seconds=3, memory_megabytes=512, file_megabytes=4, flood_bytes=2**20)
"""For what needs a moment before its limit stops it."""


def stopped_in_time(seen: Seen) -> None:
    """Assert that it was over soon after its limit."""
    assert seen.done is not None
    assert seen.done.wall_seconds < 25
    assert seen.report.points == 0


def few_threads(seen: Seen) -> None:
    """Far fewer threads than were wanted."""
    (count,) = (int(line.split()[1]) for line in seen.output.splitlines() if line.startswith("THREADS "))
    assert 0 < count < 200


def little_memory(seen: Seen) -> None:
    """Assert that the process never grew beyond its limit and what it began with."""
    assert seen.done is not None
    assert seen.done.memory_bytes is not None
    assert seen.done.memory_bytes < 2**30 + 2**29


def short(seen: Seen) -> None:
    """Assert that the text of an error is cut."""
    assert seen.report.broke is not None
    assert len(seen.report.broke.message) <= 2000
    assert len(str(seen.report.to_json())) < 50_000


def few_files(seen: Seen) -> None:
    """No more files than there are nodes."""
    counts = [int(line.split()[1]) for line in seen.output.splitlines() if line.startswith("FILES ")]
    assert counts[0] <= 512
    as_honest(seen)


def bounded_output(seen: Seen) -> None:
    """Assert that the beginning and the end of what was printed are kept."""
    assert "bytes left out" in seen.output
    assert len(seen.output) < 70_000
    as_honest(seen)


def note_the_score(field: Field) -> None:
    """Read how early the kernel would end each process below the warm one."""
    for one in field.processes():
        field.looked.append(int(Path(f"/proc/{one}/oom_score_adj").read_text(encoding="ascii")))


def first_to_go(seen: Seen) -> None:
    """Assert that the child was marked, the warm process was not."""
    assert max(seen.field.looked) == 1000
    assert min(seen.field.looked) < 1000
    as_honest(seen)


ROWS: tuple[Attack | NotApplicable, ...] = (
    Attack(57, "a fork bomb", module("while True:\n    os.fork()"), "student-error", FAULT, proof=no_programs),
    Attack(
        58,
        "a thread bomb",
        module(
            "count = 0\ntry:\n    while count < 5000:\n        threading.Thread(target=time.sleep, args=(99,), daemon=True).start(); count += 1\nfinally:\n    print('THREADS', count, flush=True)"
        ),
        "student-error",
        FAULT,
        proof=few_threads,
    ),
    Attack(
        59,
        "a loop",
        module(DEAF + "while True: pass"),
        "cpu-limit",
        FAULT,
        limits=QUICK,
        waits=True,
        proof=stopped_in_time,
    ),
    Attack(
        59,
        "a pattern that never ends",
        module(DEAF + "import re\nre.match('(a+)+$', 'a' * 60 + 'b')"),
        "cpu-limit",
        FAULT,
        limits=QUICK,
        waits=True,
        proof=stopped_in_time,
    ),
    Attack(
        59,
        "an error whose text never ends",
        module(
            DEAF + "raise Endless", top="class Endless(Exception):\n    def __str__(self):\n        while True: pass"
        ),
        "cpu-limit",
        FAULT,
        limits=QUICK,
        waits=True,
        proof=stopped_in_time,
    ),
    Attack(
        60,
        "a loop that hears no signal",
        module(
            "for one in range(1, 65):\n    try: signal.signal(one, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass"
        ),
        "cpu-limit",
        FAULT,
        limits=QUICK,
        waits=True,
        proof=stopped_in_time,
    ),
    Attack(
        61,
        "sleeping",
        module(DEAF + "while True: time.sleep(100)"),
        "wall-limit",
        FAULT,
        limits=BRIEF,
        waits=True,
        proof=stopped_in_time,
    ),
    Attack(
        61,
        "closing everything and sleeping",
        module(DEAF + "os.closerange(0, 64)\nwhile True: time.sleep(100)"),
        "wall-limit",
        FAULT,
        limits=BRIEF,
        waits=True,
        proof=stopped_in_time,
    ),
    Attack(
        61,
        "stopping oneself",
        module("os.kill(os.getpid(), 19)"),
        {"A": None, "B": "wall-limit", "C": "wall-limit"},
        {"A": Status.GRADED, "B": FAULT, "C": FAULT},
        limits=Limits(10, 8, 512, 4),
    ),
    Attack(61, "waiting for input", module("input('name? ')"), "student-error", FAULT),
    Attack(
        62,
        "eight threads that count",
        module(DEAF + "torch.set_num_threads(8)\na = torch.randn(2000, 2000)\nwhile True: a = a @ a"),
        "cpu-limit",
        FAULT,
        limits=SLOW,
        waits=True,
        proof=stopped_in_time,
    ),
    Attack(
        63,
        "memory bit by bit",
        module("kept = []\nwhile True: kept.append(bytearray(2**20))"),
        "memory-limit",
        FAULT,
        proof=little_memory,
    ),
    Attack(63, "memory at once", module("bytearray(2**36)"), "memory-limit", FAULT, proof=little_memory),
    Attack(63, "a tensor of 256 GB", module("torch.ones(2**36)"), "memory-limit", FAULT, proof=little_memory),
    Attack(
        63,
        "a tensor of 256 GB by another way",
        module("torch.arange(2**36)"),
        "memory-limit",
        FAULT,
        proof=little_memory,
    ),
    Attack(
        63,
        "memory of the C library",
        module(
            "libc = ctypes.CDLL(None)\nlibc.malloc.restype = ctypes.c_void_p\nkept = 0\nwhile kept < 2**34:\n    place = libc.malloc(ctypes.c_size_t(2**24))\n    if not place: break\n    ctypes.memset(place, 1, 2**24); kept += 2**24\nprint('KEPT', kept >> 20, flush=True)\nraise MemoryError"
        ),
        "memory-limit",
        FAULT,
        proof=little_memory,
    ),
    Attack(
        64,
        "swallowing that memory is full",
        module(DEAF + "kept = []\nwhile True:\n    try: kept.append(bytearray(2**22))\n    except MemoryError: pass"),
        "cpu-limit",
        FAULT,
        limits=SLOW,
        waits=True,
        proof=little_memory,
    ),
    Attack(
        65,
        "memory that no limit counts",
        module(
            "import fcntl, mmap\n"
            + tries(
                shared="mmap.mmap(-1, 2**26)",
                memfd="os.memfd_create('x')",
                segment="call(29, 194, 0, 2**30, 0o1600)",
                lock="call(151, 230, 1)",
                queue="call(240, 180, b'x', 0o102, 0o600, 0)",
            )
            + "\ndef fill():\n    kept = []\n    while True:\n        pair = os.pipe(); kept.append(pair); os.set_blocking(pair[1], False); fcntl.fcntl(pair[1], 1031, 2**20); os.write(pair[1], bytes(2**20))\n"
            "attempt('pipes', fill)"
        ),
        tried={
            "shared": "ENOMEM",
            "memfd": "EPERM",
            "segment": "EPERM",
            "lock": "EPERM",
            "queue": "EPERM",
            "pipes": "EMFILE|EPERM",
        },
        proof=little_memory,
    ),
    Attack(
        66,
        "filling the disk",
        module(
            "def one():\n    with open('large', 'wb') as stream:\n        while True: stream.write(bytes(2**20))\n"
            "def many():\n    for number in range(10_000): open(f'part{number}', 'wb').write(bytes(70_000))\n"
            "def sparse():\n    os.truncate(os.open('sparse', os.O_CREAT | os.O_RDWR), 2**40)\n"
            "attempt('one', one)\nattempt('sparse', sparse)\nattempt('many', many)\nattempt('null', lambda: open('/dev/null', 'wb').write(bytes(2**22)))"
        ),
        tried={
            "one": {"A": "EFBIG|ENOSPC", "B": "EROFS|EACCES", "C": "EACCES"},
            "sparse": {"A": "EFBIG", "B": "EROFS|EACCES", "C": "EACCES"},
            "many": {"A": "ENOSPC", "B": "EROFS|EACCES", "C": "EACCES"},
            "null": "open",
        },
        proof=as_honest,
    ),
    Attack(
        67,
        "using up all nodes of a file system",
        module(
            "count = 0\ntry:\n    while count < 100_000: open(f'f{count}', 'w').close(); count += 1\nexcept OSError: pass\nprint('FILES', count, flush=True)"
        ),
        proof=few_files,
    ),
    Attack(
        68, "a flood of output", module(DEAF + "while True: print('A' * 10_000)"), "output-limit", FAULT, limits=QUICK
    ),
    Attack(
        68,
        "a flood of errors",
        module(DEAF + "while True: os.write(2, b'A' * 10_000)"),
        "output-limit",
        FAULT,
        limits=QUICK,
    ),
    Attack(68, "a megabyte of prints, which is no attack", module("print('A' * 1_000_000)"), proof=bounded_output),
    Attack(
        69,
        "a flood of results",
        module(DEAF + "while True: os.write(4, bytes(65_536))"),
        "malformed-result",
        FAULT,
        limits=QUICK,
    ),
    Attack(
        69,
        "a result of a gigabyte that never comes",
        module(DEAF + "os.write(4, b'GRDR\\x04' + (2**30).to_bytes(8, 'little'))\nwhile True: time.sleep(1)"),
        "wall-limit",
        FAULT,
        limits=BRIEF,
        waits=True,
    ),
    Attack(
        69,
        "a byte a second",
        module(DEAF + "for one in b'GRDR\\x02\\xff' * 100:\n    os.write(4, bytes([one])); time.sleep(0.3)"),
        "wall-limit",
        FAULT,
        limits=BRIEF,
        waits=True,
    ),
    Attack(
        70,
        "a huge tensor of one number",
        module("self.register_buffer('huge', torch.zeros(1).expand(2**34))"),
        "memory-limit",
        FAULT,
        proof=little_memory,
    ),
    Attack(
        70,
        "an answer of 2^34 numbers",
        module(forward="return torch.zeros(1).expand(x.shape[0], 2**34)"),
        None,
        Status.NEEDS_HUMAN,
    ),
    Attack(
        71,
        "recursion without a limit",
        module(
            "sys.setrecursionlimit(10**9)\ndown()",
            top="class Down:\n    def __getattr__(self, name): return max([1], key=lambda one: getattr(self, name))\n\ndef down():\n    return Down().deeper",
        ),
        "killed-sig11",
        FAULT,
        limits=SLOW,
    ),
    Attack(
        71, "recursion", module("down()", top="def down():\n    return [down()].__repr__()"), "student-error", FAULT
    ),
    Attack(72, "a segmentation fault", module("ctypes.string_at(0)"), "killed-sig11", FAULT),
    Attack(72, "an abort", module("os.abort()"), {"A": "killed-sig11", "B": "killed-sig6", "C": "killed-sig6"}, FAULT),
    Attack(
        72,
        "killing oneself",
        module("os.kill(os.getpid(), 9)"),
        {"A": None, "B": "killed-sig9", "C": "killed-sig9"},
        {"A": Status.GRADED, "B": FAULT, "C": FAULT},
    ),
    Attack(
        72,
        "terminating oneself",
        module("os.kill(os.getpid(), 15)"),
        {"A": None, "B": "killed-sig15", "C": "killed-sig15"},
        {"A": Status.GRADED, "B": FAULT, "C": FAULT},
    ),
    Attack(73, "an error of 50 MB", module("raise ValueError('A' * 50_000_000)"), "student-error", FAULT, proof=short),
    Attack(
        74,
        "dumps, and devices of the kernel's",
        module(
            "import resource\n"
            + tries(
                core="resource.getrlimit(resource.RLIMIT_CORE)",
                dumpable="LIBRARY.prctl(3, 0, 0, 0, 0)",
                more="resource.setrlimit(resource.RLIMIT_CORE, (-1, -1))",
                full="open('/dev/full', 'wb')",
                log="open('/dev/kmsg', 'w')",
                memory="open('/dev/mem', 'rb')",
                fuse="open('/dev/fuse', 'r+b', 0)",
                kvm="open('/dev/kvm', 'r+b', 0)",
            )
        ),
        tried={
            "core": "open (0, 0)",
            "dumpable": "open 0",
            "more": "ValueError|EPERM",
            "full": GONE_OR_DENIED,
            "log": GONE_OR_DENIED,
            "memory": GONE_OR_DENIED,
            "fuse": GONE_OR_DENIED,
            "kvm": GONE_OR_DENIED,
        },
        proof=as_honest,
    ),
    Attack(
        75,
        "being the last that the kernel ends",
        module(
            "print('here', flush=True)\ntime.sleep(0.7)\n"
            + tries(score="open('/proc/self/oom_score_adj', 'w').write('-1000')")
        ),
        tried={"score": "ENOENT|EACCES"},
        meanwhile=note_the_score,
        proof=first_to_go,
    ),
    Attack(
        76,
        "loading pictures with two workers",
        module(
            "import torch.utils.data as data\nfor one in data.DataLoader(data.TensorDataset(torch.zeros(8, 3, 32, 32)), batch_size=2, num_workers=2): pass"
        ),
        proof=as_honest,
    ),
    Attack(
        76,
        "loading pictures without workers",
        module(
            "import torch.utils.data as data\nfor one in data.DataLoader(data.TensorDataset(torch.zeros(8, 3, 32, 32)), batch_size=2): pass"
        ),
        proof=as_honest,
    ),
    Attack(
        76,
        "processes of multiprocessing",
        module("import multiprocessing\nmultiprocessing.Process(target=print).start()"),
        "student-error",
        FAULT,
        proof=no_programs,
    ),
    Attack(
        76,
        "a pool of processes",
        module("import multiprocessing\nmultiprocessing.Pool(2)"),
        "student-error",
        FAULT,
        proof=no_programs,
    ),
    Attack(76, "a compiled network", module(end="model = torch.compile(model)"), proof=as_honest),
    Attack(
        76,
        "a compiled function",
        module("torch.compile(lambda one: one * 2 + 1)(torch.zeros(3))"),
        proof=as_honest,
    ),
)
