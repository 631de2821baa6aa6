"""Group E: the submission's files themselves."""

from __future__ import annotations

import io
import json
import os
import pickle
import socket
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from grader.records import Status
from grader.sandbox.protocol import Limits
from tests.attacks.catalogue.attack import Attack, NotApplicable, Seen, both, module, network
from tests.attacks.catalogue.forging import as_honest, notebook
from tests.attacks.catalogue.reports import inert

FAULT = Status.STUDENT_FAULT
MEGABYTE = 2**20


class Command:
    """Prints when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Return what unpickling calls."""
        return print, ("UNPICKLED",)


def not_run(seen: Seen) -> None:
    """Assert that it was refused before any process looked at it."""
    assert seen.done is None
    assert seen.report.points == 0


def quickly(seen: Seen) -> None:
    """Assert that reading took seconds."""
    assert seen.done is not None
    assert seen.done.wall_seconds < 30


def said(*words: str) -> Callable[[Seen], None]:
    """Return a proof that the student reads one of these."""

    def prove(seen: Seen) -> None:
        not_run(seen)
        assert any(one in seen.said for one in words), seen.said

    return prove


def raw(suffix: str, content: bytes) -> dict[str, bytes]:
    """Return a submission of one file."""
    return {f"net{suffix}": content}


def zipped(*members: tuple[str, bytes]) -> Callable[[Path], None]:
    """Return a maker of a zip with these members."""

    def make(path: Path) -> None:
        with warnings.catch_warnings(), zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            warnings.simplefilter("ignore")  # a name that stands in it twice is meant
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content)

    return make


def bomb(path: Path) -> None:
    """Write a zip of a quarter of a megabyte that would become a quarter of a gigabyte."""
    with (
        zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("net.ipynb", "w", force_zip64=True) as member,
    ):
        for _ in range(256):
            member.write(bytes(MEGABYTE))


def lying(path: Path) -> None:
    """Write a zip that says of 40 MB that they are 100 bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("net.ipynb", b"0" * (40 * MEGABYTE))
    blob = stream.getvalue()
    for offset, mark in ((22, b"PK\x03\x04"), (24, b"PK\x01\x02")):
        at = blob.index(mark) + offset
        blob = blob[:at] + (100).to_bytes(4, "little") + blob[at + 4 :]
    path.with_suffix(".zip").write_bytes(blob)


def crowded(path: Path) -> None:
    """Write a zip of 30,000 empty members."""
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number}.py", b"")


def nested(path: Path) -> None:
    """Write a zip in a zip in a zip."""
    content = network()
    for level in range(3):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("net.py" if level == 0 else "inner.zip", content)
        content = stream.getvalue()
    path.with_suffix(".zip").write_bytes(content)


def special(kind: int) -> Callable[[Path], None]:
    """Return a maker of a zip whose member is a link, a pipe or a device."""

    def make(path: Path) -> None:
        info = zipfile.ZipInfo("net.py")
        info.external_attr = (kind | 0o777) << 16
        with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
            archive.writestr(info, "/etc/passwd")

    return make


def named(*names: str) -> Callable[[Path], None]:
    """Return a maker of a folder whose files have these names; the first holds a network."""

    def make(path: Path) -> None:
        path.mkdir()
        for index, name in enumerate(names):
            (path / name).write_bytes(b"x = 1\n" if index else network())

    return make


def fifo(path: Path) -> None:
    """Make a pipe in the place of a notebook."""
    os.mkfifo(path.with_suffix(".ipynb"))


def door(path: Path) -> None:
    """Make a socket in the place of a notebook."""
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path.with_suffix(".ipynb")))


def folder(path: Path) -> None:
    """Make a folder in the place of a notebook."""
    path.with_suffix(".ipynb").mkdir()
    (path.with_suffix(".ipynb") / "empty.txt").write_bytes(b"")


def device(path: Path) -> None:
    """Make a link to a device in the place of a notebook."""
    path.with_suffix(".ipynb").symlink_to("/dev/zero")


def huge(path: Path) -> None:
    """Make a notebook of 200 MB, most of it a hole."""
    path.with_suffix(".ipynb").touch()
    os.truncate(path.with_suffix(".ipynb"), 200 * MEGABYTE)


def swap_for_link(path: Path) -> None:
    """Put a link where a file was found."""
    (one,) = path.iterdir()
    one.unlink()
    one.symlink_to("/etc/passwd")


def swap_for_pipe(path: Path) -> None:
    """Put a pipe where a file was found."""
    (one,) = path.iterdir()
    one.unlink()
    os.mkfifo(one)


def array(text: str) -> bytes:
    """Return an .npy file without numbers whose header says that."""
    head = text.encode() + b" " * 20 + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head


def objects() -> bytes:
    """Return an .npy file of objects."""
    stream = io.BytesIO()
    np.save(stream, np.array([{}], dtype=object), allow_pickle=True)
    return stream.getvalue()


CLAIMING = array("{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 1048576), }")
OVERLAPPING = (
    "import io\nstream = io.BytesIO()\n"
    "torch.save({'w': torch.zeros(1).expand(2**40)}, stream)\nstream.seek(0)\n"
    "huge = torch.load(stream, weights_only=True)['w']\nself.huge = nn.Parameter(huge.clone())"
)
PICKLED = (
    "import io, pickle\n"
    "class Command:\n    def __reduce__(self): return os.system, ('touch @FOLDER@/unpickled',)\n"
    "stream = io.BytesIO()\ntorch.save(Command(), stream)\n"
    "attempt('safe', lambda: torch.load(io.BytesIO(stream.getvalue()), weights_only=True))\n"
    "attempt('unsafe', lambda: torch.load(io.BytesIO(stream.getvalue()), weights_only=False))\n"
    "attempt('pickle', lambda: pickle.loads(pickle.dumps(Command())))"
)
RUNNING = pickle.dumps(Command())
"""A checkpoint that prints when it is opened as a pickle."""
NESTED_CELLS = b'{"cells": [' + b",".join(b'{"cell_type": "code", "source": "x = 1"}' for _ in range(200_000)) + b"]}"


def cells(*texts: str) -> dict[str, bytes]:
    """Return a notebook whose last cell is an honest network."""
    return notebook(*texts, network().decode())


def _not_unpickled(seen: Seen) -> None:
    """No command was run."""
    assert not (seen.field.place.folder / "unpickled").exists()


def _not_opened(seen: Seen) -> None:
    """Assert that a checkpoint that holds more than weights was skipped, and that it is said."""
    assert "UNPICKLED" not in seen.output
    assert seen.report.model is not None
    assert "opens weights alone" in " ".join(one.message for one in seen.report.model.repairs)


def _not_shown(seen: Seen) -> None:
    """Nothing was run, and nothing but code was taken."""
    assert not (seen.field.place.folder / "ran").exists()
    assert "FORGED" not in str(seen.report.to_json())


ROWS: tuple[Attack | NotApplicable, ...] = (
    *(
        Attack(77, title, raw(".ipynb", content), "student-error", FAULT)
        for title, content in (
            ("100,000 open brackets", b"[" * 100_000),
            ("100,000 open objects", b'{"a":' * 100_000),
            ("not UTF-8", b"\xff\xfe\x00\xd8" * 100),
            ("half a surrogate pair", b'"\\ud800"'),
            ("NaN", b"NaN"),
            ("a number of 5,000 digits alone", b'{"nbformat": ' + b"9" * 5000 + b"}"),
        )
    ),
    Attack(
        77,
        "keys twice, NaN and 5,000 digits beside a network",
        raw(
            ".ipynb",
            b'{"nbformat": 4, "nbformat": '
            + b"9" * 5000
            + b', "x": NaN, "y": "\\ud800", "cells": 3, "cells": '
            + json.dumps([{"cell_type": "code", "source": network().decode()}]).encode()
            + b"}",
        ),
        proof=as_honest,
    ),
    Attack(78, "200,000 cells in 8 MB", raw(".ipynb", NESTED_CELLS), "student-error", FAULT, proof=quickly),
    Attack(
        78,
        "17 MB of outputs",
        notebook(network().decode(), outputs=[{"output_type": "stream", "text": ["x" * 1000] * 17_000}]),
        proof=both(as_honest, quickly),
    ),
    Attack(78, "200 MB", huge, "rejected-input", FAULT, proof=said("200 MB")),
    *(
        Attack(79, title, cells(text), proof=as_honest)
        for title, text in (
            ("200,000 minuses", "-" * 200_000 + "1"),
            ("a sum of 300,000 terms", "+".join(["1"] * 300_000)),
            ("a chain of 200,000 attributes", "a" + ".b" * 200_000),
            ("100,000 brackets", "(" * 100_000),
            ("NUL", "x = 1\0"),
        )
    ),
    Attack(
        79, "an encoding that does not exist", raw(".py", b"# -*- coding: no-such -*-\n" + network()), proof=as_honest
    ),
    Attack(79, "200,000 minuses alone", raw(".py", b"-" * 200_000 + b"1"), "student-error", FAULT),
    Attack(80, "a thousand times its size", bomb, "rejected-input", FAULT, proof=said("256 MB")),
    Attack(80, "a header that lies", lying, "rejected-input", FAULT, proof=said("damaged")),
    Attack(80, "30,000 members", crowded, "rejected-input", FAULT, proof=said("30,000 members")),
    Attack(80, "a zip in a zip in a zip", nested, "rejected-input", FAULT, proof=said("inside an archive")),
    *(
        Attack(
            81,
            f"a member called {name!r}",
            zipped((name, network())),
            "rejected-input",
            FAULT,
            proof=said("lies outside the archive"),
        )
        for name in ("../../evil.py", "/etc/evil.py", "C:\\evil.py", "..\\evil.py", "a/../../evil.py")
    ),
    *(
        Attack(
            81,
            f"a member that is a {title}",
            special(kind),
            "rejected-input",
            FAULT,
            proof=said("is a link", "not a regular file"),
        )
        for title, kind in (("link", 0o120000), ("pipe", 0o010000), ("device", 0o020000))
    ),
    Attack(
        82,
        "two members of one name",
        zipped(("net.py", network()), ("net.py", b"raise SystemExit\n")),
        "rejected-input",
        FAULT,
        proof=said("in the archive twice"),
    ),
    Attack(
        82,
        "names that differ in case and in composition",
        zipped(
            ("net.py", network()),
            ("sub/NET.PY", b"x = 1\n"),
            ("sub/\u00e9.py", b"x = 1\n"),
            ("sub/e\u0301.py", b"x = 1\n"),
        ),
        proof=as_honest,
    ),
    Attack(
        83,
        "names that act",
        named(
            "net.py",
            "-rf.py",
            "a\nstudent 17: 100 points.py",
            "\u202eyp.py",
            "\x1b[2J.py",
            "CON.py",
            "aux.py",
            "\u0430da.py",
            "x" * 250 + ".py",
        ),
        proof=both(as_honest, inert),
    ),
    Attack(84, "a pipe", fifo, "rejected-input", FAULT, proof=said("not a regular file")),
    Attack(84, "a socket", door, "rejected-input", FAULT, proof=said("not a regular file")),
    Attack(84, "a folder", folder, None, Status.NEEDS_HUMAN, proof=not_run),
    Attack(84, "a link to a device", device, "rejected-input", FAULT, proof=said("is a link")),
    Attack(
        85,
        "a link in the place of the file that was found",
        module(),
        "rejected-input",
        FAULT,
        proof=not_run,
        between=swap_for_link,
    ),
    Attack(
        85,
        "a pipe in the place of the file that was found",
        module(),
        "rejected-input",
        FAULT,
        proof=not_run,
        between=swap_for_pipe,
    ),
    Attack(
        86,
        "checkpoints that run a command",
        module(PICKLED),
        tried={"safe": "open", "unsafe": "open", "pickle": "open"},
        proof=both(as_honest, _not_unpickled),
    ),
    Attack(
        86,
        "a checkpoint beside the notebook",
        {"net.py": network("torch.load('model.pt', weights_only=False)"), "model.pt": RUNNING},
        proof=both(as_honest, _not_opened),
    ),
    Attack(87, "a checkpoint of 2^40 numbers in four bytes", module(OVERLAPPING), "memory-limit", FAULT),
    Attack(
        87,
        "an array that says 4 TiB of itself",
        module(
            f"import io\nimport numpy\nself.huge = nn.Parameter(torch.from_numpy(numpy.load(io.BytesIO({CLAIMING!r}))))"
        ),
        "memory-limit",
        FAULT,
    ),
    Attack(87, "an array of 4 TiB", module("import numpy\nself.huge = numpy.ones(2**39)"), "memory-limit", FAULT),
    Attack(
        88,
        "safetensors with a header of an exabyte",
        module("import safetensors.torch\nsafetensors.torch.load((2**60).to_bytes(8, 'little') + b'{}')"),
        "student-error",
        FAULT,
    ),
    Attack(
        88,
        "safetensors with 60,000 brackets for a header",
        module("import safetensors.torch\nsafetensors.torch.load((60_000).to_bytes(8, 'little') + b'[' * 60_000)"),
        "student-error",
        FAULT,
    ),
    Attack(
        88,
        "an array of objects",
        module(f"import io\nimport numpy\nnumpy.load(io.BytesIO({objects()!r}))"),
        "student-error",
        FAULT,
    ),
    Attack(
        89,
        "everything of a notebook that is not code",
        {
            "net.ipynb": json.dumps(
                {
                    "nbformat": 4,
                    "nbformat_minor": 5,
                    "metadata": {
                        "kernelspec": {"name": "python3", "language": "python", "argv": ["touch", "@FOLDER@/ran"]},
                        "widgets": {"x": "FORGED"},
                    },
                    "cells": [
                        {
                            "cell_type": "markdown",
                            "source": "![x](attachment:x.png)",
                            "attachments": {"x.png": {"image/png": "FORGED"}},
                        },
                        {"cell_type": "raw", "source": "touch @FOLDER@/ran"},
                        {"cell_type": "code", "source": "%%bash\ntouch @FOLDER@/ran", "outputs": []},
                        {
                            "cell_type": "code",
                            "source": "%run evil.py\n!touch @FOLDER@/ran\nget_ipython().system('touch @FOLDER@/ran')",
                        },
                        {
                            "cell_type": "code",
                            "source": network().decode(),
                            "outputs": [
                                {
                                    "output_type": "display_data",
                                    "data": {
                                        "text/html": "<script>FORGED</script>",
                                        "application/javascript": "FORGED",
                                    },
                                }
                            ],
                        },
                    ],
                }
            ).encode()
        },
        proof=both(as_honest, _not_shown),
    ),
    Attack(
        90,
        "a line of a million characters",
        raw(".py", b"x = '" + b"a" * 1_000_000 + b"'\n" + network()),
        proof=as_honest,
    ),
    Attack(
        90,
        "a million lines",
        raw(".py", b"x = 1\n" * 1_000_000 + network()),
        "cpu-limit",
        FAULT,
        limits=Limits(40, 4, 4096),
        waits=True,
    ),
    Attack(90, "ten thousand lines", raw(".py", b"x = 1\n" * 10_000 + network()), proof=as_honest),
    Attack(
        90,
        "tabs, mixed line ends and a byte-order mark",
        raw(".py", b"\xef\xbb\xbf" + network().replace(b"    ", b"\t").replace(b"\n", b"\r\n", 20)),
        proof=as_honest,
    ),
    Attack(90, "bytes of another language", raw(".py", bytes(range(256)) * 40), "student-error", FAULT),
    Attack(90, "a program that is no text", raw(".ipynb", b"\x7fELF" + bytes(1000)), "student-error", FAULT),
)
