"""Every block of every page is run or read; what a page shows is what is printed.

pytest tests/docs/test_blocks.py --refresh-docs writes what is printed now into the pages, where a block has no `…`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, ROOT, SHELLS, Block, blocks
from tests.docs.graded import graded
from tests.docs.reading import complaint
from tests.docs.running import Reader, fits, refreshed
from tests.docs.surroundings import surroundings
from tests.stress import STRESS

pytestmark = pytest.mark.slow

ALL = {file.relative_to(ROOT).as_posix(): blocks(file) for file in PAGES if file.is_file()}
EVERY = [one for several in ALL.values() for one in several]
RUN = [one for one in EVERY if one.language in SHELLS]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the readers' home folder, in which the grader remembers what it has found out about this machine.

    What waits there for their next check is ended with them.
    """
    folder = tmp_path_factory.mktemp("home")
    yield folder
    words = [sys.executable, "-m", "grader.start", "doctor", "--stop-helper"]
    subprocess.run(words, env=surroundings(folder), check=True, capture_output=True)


@pytest.fixture(scope="session")
def a_class(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Callable[[], Path]:
    """Return what grades the class of which the pages speak, once."""
    made: list[Path] = []

    def folder() -> Path:
        if not made:
            made.append(graded(tmp_path_factory.mktemp("class"), home))
        return made[0]

    return folder


@pytest.fixture(scope="session")
def readers(
    tmp_path_factory: pytest.TempPathFactory, home: Path, a_class: Callable[[], Path]
) -> Callable[[str], Reader]:
    """Return the reader of each page."""
    known: dict[str, Reader] = {}

    def reader(page: str) -> Reader:
        if page not in known:
            known[page] = Reader(tmp_path_factory.mktemp("course"), home, a_class)
        return known[page]

    return reader


@pytest.mark.parametrize("block", RUN, ids=str)
def test_what_is_shown_is_what_is_printed(
    block: Block, readers: Callable[[str], Reader], request: pytest.FixtureRequest
) -> None:
    """The commands of a page run in its order, end as it says and print what it shows."""
    if block.never:
        pytest.skip(f"elsewhere: {block.never}")
    if "stress" in block.words and not STRESS:
        pytest.skip("stress: takes long")
    if "bubblewrap" in block.words and shutil.which("bwrap") is None:
        pytest.skip("elsewhere: bubblewrap is not installed")
    reader = readers(block.page)
    page = ALL[block.page]
    for earlier in page[reader.done : page.index(block)]:
        if not earlier.never and ("stress" not in earlier.words or STRESS):
            reader.follow(earlier)
    reader.done = page.index(block) + 1
    printed = reader.follow(block)
    if request.config.getoption("--refresh-docs", default=False):
        _write(block, refreshed(block, printed))
        return
    for one in printed:
        said = f"{block}: `{one.command.text}` ended with {one.code} and printed:\n{one.out}\n{one.told}"
        assert one.code == block.exit, said
        assert one.as_shown, said


def _write(block: Block, text: str) -> None:
    file = ROOT / block.page
    indent = " " * block.indented
    before = "".join(f"{indent}{line}".rstrip() + "\n" for line in block.text.splitlines())
    after = "".join(f"{indent}{line}".rstrip() + "\n" for line in text.splitlines())
    whole = file.read_text(encoding="utf-8")
    if before != after and whole.count(before) != 1:
        warnings.warn(f"{block} stands twice on its page and is left as it is", stacklevel=1)
        return
    file.write_text(whole.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("block", [one for one in EVERY if one.language not in SHELLS], ids=str)
def test_what_is_no_command_can_be_read(block: Block) -> None:
    """Python compiles, TOML of a rubric is a rubric's, YAML and JSON are read; every block says what it is."""
    assert not (wrong := complaint(block, ALL[block.page])), f"{block}: {wrong}"


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("one\n…\nfour", "one\ntwo\nthree\nfour\n", True),
        ("one\n…\nfour", "one\nfour\n", True),
        ("a … c", "a b c", True),
        ("took 3 s", "took 12.5 s", True),
        ("one\ntwo", "one\nthree", False),
        ("one", "one\ntwo", False),
        ("1 of 3 points", "2 of 3 points", False),
    ],
)
def test_dots_stand_for_what_is_left_out(shown: str, printed: str, same: bool) -> None:
    """`…` stands for a part of a line or for lines, times for times, and everything else for itself."""
    assert fits(shown, printed) is same
