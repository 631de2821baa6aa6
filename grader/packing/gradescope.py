"""`grader pack gradescope`: an archive that Gradescope makes an autograder of."""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from grader.checking import CheckOptions, with_data
from grader.engines.local import LocalSlot
from grader.faults import OperatorFault
from grader.orders import Assignment
from grader.packing import outcome
from grader.packing.course_files import functions, read_rubric
from grader.packing.packed import MANIFEST, Packed
from grader.packing.pins import DISTRIBUTION, constraints
from grader.packing.wheel import wheel
from grader.reference import memory_of, solution
from grader.report.exports.files import write_atomically
from grader.rubric import Rubric
from grader.sandbox import ladder
from grader.sandbox.launch import worker
from grader.versions import versions
from grader.wording import counted

if TYPE_CHECKING:
    from rich.console import Console

HERE = Path(__file__).parent / "templates"
SPARE_SECONDS = 45
"""By how much the autograder's own deadline is earlier than Gradescope's."""

_EPOCH = (2000, 1, 1, 0, 0, 0)
_DEVICE = "cpu"


@dataclass(frozen=True, slots=True)
class GradescopeOptions:
    """What is asked for.

    Attributes:
        rubric: the rubric file.
        out: the archive to write.
        data: pictures instead of the rubric's, held-out ones included; None for the rubric's own.
        wheel: a wheel of the grader's; None for one of what runs here.
        index: another index that pip asks as well; empty for none.
        minutes: Gradescope's time limit for one submission.
        overwrite: whether an archive that is there may be written over.
    """

    rubric: Path
    out: Path
    data: Path | None = None
    wheel: Path | None = None
    index: str = ""
    minutes: int = 10
    overwrite: bool = False


def run_gradescope(options: GradescopeOptions, console: Console, notices: Console) -> int:
    """Write the archive, and say what is in it; return the exit code.

    Raises:
        OperatorFault: the rubric has mistakes, something that it needs is not there, or the archive is there already.
    """
    if options.out.suffix != ".zip":
        raise OperatorFault(f"--out {options.out} is no .zip, which is what Gradescope takes.")
    if options.out.exists() and not options.overwrite:
        raise OperatorFault(f"{options.out} is there already.", fix="Give --overwrite, or another --out.")
    files = made(options, notices)
    blob = archived(files)
    write_atomically(options.out, blob)
    pictures = sum(1 for one in files if one.startswith("data/"))
    trains = "reference.json" in files
    console.print(f"{options.out}: {counted(len(files), 'file')}, {len(blob) / 1e6:.1f} MB.")
    if trains:
        files_of_yours = counted(pictures, "file")
        held = f"your pictures, held-out ones included ({files_of_yours})" if pictures else "generated pictures"
        console.print(f"Networks are trained and scored, on {held}: hand this archive to nobody but Gradescope.")
    else:
        console.print("Structure alone: this rubric trains nothing, so no pictures are in it.")
    console.print(
        "Upload it under Configure Autograder. The default container (0.5 CPU, 0.75 GB) is enough for the grader."
    )
    return 0


def made(options: GradescopeOptions, notices: Console) -> dict[str, bytes]:
    """Return the files by their path in the archive.

    Raises:
        OperatorFault: the rubric has mistakes, or something that it needs is not there.
    """
    rubric = read_rubric(options.rubric)
    name, blob = wheel(options.wheel)
    version = metadata.version(DISTRIBUTION)
    extra = f"--extra-index-url {shlex.quote(options.index)} " if options.index else ""
    words = {"version": version, "options": extra, "wheel": name}
    words["seconds"] = str(options.minutes * 60 - SPARE_SECONDS)
    files = {one: _filled(one, words) for one in ("setup.sh", "run_autograder")}
    files |= {
        name: blob,
        "constraints.txt": constraints().encode(),
        "failed.json": (json.dumps(outcome.failed(), indent=1) + "\n").encode(),
        "course/rubric.toml": options.rubric.read_bytes(),
    }
    files |= {f"course/{one}": code for one, code in functions(rubric, options.rubric).items()}
    parts = Packed("course/rubric.toml")
    if rubric.trains:
        ready, remembered = _measured(rubric, options, notices)
        reference = _gathered(solution(ready), "reference")
        source = _pictures(rubric, options)
        pictures = _gathered(source, "data") if source is not None else {}
        where = "data" if source is None or source.is_dir() else f"data/{source.name}"
        parts = Packed(
            parts.rubric,
            "reference" if solution(ready).is_dir() else next(iter(reference)),
            where if source is not None else None,
            "reference.json",
        )
        files |= {**reference, **pictures, "reference.json": remembered.encode()}
    return {**files, MANIFEST: parts.text().encode()}


def archived(files: dict[str, bytes]) -> bytes:
    """Return the archive; the two scripts can be executed, and the same files make the same bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, blob in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            archive.writestr(entry, blob)
    return stream.getvalue()


def _filled(name: str, words: dict[str, str]) -> bytes:
    return Template((HERE / name).read_text(encoding="utf-8")).substitute(words).encode()


def _pictures(rubric: Rubric, options: GradescopeOptions) -> Path | None:
    """Return where the pictures lie; None for generated ones."""
    if options.data is not None:
        return options.data
    return None if rubric.data.source == "patterns" else rubric.resolve(rubric.data.source)


def _gathered(path: Path, name: str) -> dict[str, bytes]:
    """Return a file, or all files of a folder, under another folder's name."""
    if path.is_file():
        return {f"{name}/{path.name}": path.read_bytes()}
    found = sorted(one for one in path.rglob("*") if one.is_file())
    return {f"{name}/{one.relative_to(path).as_posix()}": one.read_bytes() for one in found}


def _measured(rubric: Rubric, options: GradescopeOptions, notices: Console) -> tuple[Assignment, str]:
    """Return the assignment and what is remembered of its reference, which is trained here where it was not before."""
    asked = CheckOptions(Path(), rubric=options.rubric, data=options.data, train=True, device=_DEVICE)
    walls = ladder.for_own("auto", _DEVICE)
    slot = LocalSlot(0, lambda: worker(walls.fence), lambda *_stage: None)
    try:
        bare = Assignment(rubric, None, None, _DEVICE, versions(), isolation=walls.isolation())
        ready = with_data(bare, asked, slot, notices)
    finally:
        slot.close()
    return ready, memory_of(ready).text()
