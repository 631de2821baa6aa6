"""`grader pack github`: a workflow that checks every push by a rubric, and what it needs beside it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from grader.faults import OperatorFault
from grader.packing.course_files import functions, read_rubric, refuse_held_out
from grader.packing.pins import DISTRIBUTION, constraints
from grader.packing.wheel import wheel
from grader.report.exports.files import write_atomically
from grader.wording import counted, listed

if TYPE_CHECKING:
    from rich.console import Console

HERE = Path(__file__).parent / "templates"
_FOLDER = ".github/grader"
_MINUTES = {False: 15, True: 60}
_PLAIN_PATH = re.compile(r"[\w./ -]+")


@dataclass(frozen=True, slots=True)
class GithubOptions:
    """What is asked for.

    Attributes:
        rubric: the rubric file.
        out: the folder of the repository that students start from.
        submission: what is checked, seen from there.
        train: whether networks are trained as well, on generated pictures.
        wheel: a wheel to put beside the rubric; None to install the published version.
        index: another index that pip asks as well; empty for none.
        overwrite: whether files that differ may be written over.
    """

    rubric: Path
    out: Path
    submission: str = "."
    train: bool = False
    wheel: Path | None = None
    index: str = ""
    overwrite: bool = False


def run_github(options: GithubOptions, console: Console) -> int:
    """Write the files, and say which; return the exit code.

    Raises:
        OperatorFault: the rubric has mistakes or holds what students must not know, or a file is there that differs.
    """
    files = made(options)
    differing = [name for name, blob in files.items() if _differs(options.out / name, blob)]
    if differing and not options.overwrite:
        raise OperatorFault(
            f"{listed(differing)} in {options.out} {'is' if len(differing) == 1 else 'are'} there already and differ.",
            fix="Give --overwrite, or another --out.",
        )
    for name, blob in files.items():
        write_atomically(options.out / name, blob)
    console.print(f"{counted(len(files), 'file')} in {options.out}:")
    for name in files:
        console.print(f"  {name}")
    console.print("Commit them to the repository that students start from. The next push is checked.")
    console.print("No held-out pictures and no reference solution are among them.")
    return 0


def made(options: GithubOptions) -> dict[str, bytes]:
    """Return the files by their path in the repository.

    Raises:
        OperatorFault: the rubric has mistakes, or holds what students must not know.
    """
    rubric = read_rubric(options.rubric)
    refuse_held_out(rubric, options.rubric, train=options.train)
    if not _PLAIN_PATH.fullmatch(options.submission) or options.submission.startswith(("/", "-")):
        raise OperatorFault(
            f"--submission {options.submission} is no plain path within the repository.",
            fix="Write it as students see it, such as model.ipynb; . is all that they push.",
        )
    files = {
        ".github/workflows/grade.yml": b"",
        "grader.toml": _course_file(rubric.title).encode(),
        f"{_FOLDER}/rubric.toml": _without_schema(options.rubric.read_bytes()),
        f"{_FOLDER}/constraints.txt": constraints().encode(),
    }
    files |= {f"{_FOLDER}/{name}": blob for name, blob in functions(rubric, options.rubric).items()}
    package = f"{DISTRIBUTION}[torch]=={metadata.version(DISTRIBUTION)}"
    if options.wheel is not None:
        name, blob = wheel(options.wheel)
        files[f"{_FOLDER}/{name}"] = blob
        package = f"./{_FOLDER}/{name}[torch]"
    text = Template((HERE / "workflow.yml").read_text(encoding="utf-8")).substitute(
        version=metadata.version(DISTRIBUTION),
        minutes=_MINUTES[options.train],
        options=f"--extra-index-url {shlex.quote(options.index)} " if options.index else "",
        package=package,
        submission=shlex.quote(options.submission),
        train=" --train" if options.train else "",
    )
    files[".github/workflows/grade.yml"] = text.encode()
    return files


def _course_file(title: str) -> str:
    """Return the course file by which students' own checks use the same rubric."""
    return f'title = {json.dumps(title[:120], ensure_ascii=False)}\nrubric = "{_FOLDER}/rubric.toml"\n'


def _without_schema(rubric: bytes) -> bytes:
    """Return a rubric without the line by which editors find the schema that lies beside the original."""
    return re.sub(rb"\A#:schema [^\n]*\n", b"", rubric)


def _differs(path: Path, blob: bytes) -> bool:
    return path.exists() and path.read_bytes() != blob
