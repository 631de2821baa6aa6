"""The fenced blocks of a Markdown page, with what is said to the tests in a comment before them.

<!-- run: stress; exit 1 --> before a fence says how its commands are run: `stress` with `make stress` alone, `exit N` with
which exit code they end, `class` with a graded class at hand and `zip` with the one that the LMS gave out, `given FILE as
NAME` with a file that the reader would have, `bubblewrap` where that is installed, `interrupt` until what is shown has come and Ctrl-C then, `never: REASON` not
at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md")))
"""Every page whose blocks are run and whose links are followed."""

SHELLS = ("console", "bash", "sh", "shell")
_MARKER = re.compile(r"<!-- run: (.*?) -->", re.DOTALL)
_KNOWN = re.compile(r"stress|bubblewrap|class|zip|interrupt|given \S+ as \S+|exit \d+|never: .+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block.

    Attributes:
        page: the file, seen from the root.
        line: of its opening fence, from 1.
        language: the first word behind the fence; empty where there is none.
        title: the name of the file that the block is; empty where it is none.
        text: what stands in it.
        words: what the comment before it says.
        indented: how far its lines are moved in, in a list.
    """

    page: str
    line: int
    language: str
    title: str
    text: str
    words: tuple[str, ...] = ()
    indented: int = 0

    @property
    def never(self) -> str:
        """Return why its commands are not run; empty where they are."""
        return next((one.removeprefix("never: ") for one in self.words if one.startswith("never: ")), "")

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """Return the files that the reader has: which of ours, and what it is called."""
        return tuple((one.split()[1], one.split()[3]) for one in self.words if one.startswith("given "))

    @property
    def exit(self) -> int:
        """Return the exit code that its commands end with."""
        return next((int(one.removeprefix("exit ")) for one in self.words if one.startswith("exit ")), 0)

    def __str__(self) -> str:
        """Say where it stands."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """One command and what is shown below it; None where nothing is."""

    text: str
    shown: str | None


def blocks(file: Path) -> list[Block]:
    """Return the blocks of a page in order; raise ValueError where a comment says what the tests do not know."""
    tokens = MarkdownIt("commonmark").parse(file.read_text(encoding="utf-8"))
    return [
        _block(file, before, one) for before, one in zip([None, *tokens], tokens, strict=False) if one.type == "fence"
    ]


def _block(file: Path, before: Token | None, fence: Token) -> Block:
    assert fence.map is not None
    page = file.relative_to(ROOT).as_posix()
    said = _MARKER.fullmatch(before.content.strip()) if before is not None and before.type == "html_block" else None
    first, never, reason = (said[1] if said else "").partition("never: ")
    words = tuple(" ".join(one.split()) for one in (*first.split(";"), f"{never}{reason}") if one.strip())
    for one in words:
        if not _KNOWN.fullmatch(one):
            raise ValueError(
                f"{page}:{fence.map[0]}: <!-- run: {one} --> is not known; tests/docs/blocks.py has the words."
            )
    title = re.search(r'title="([^"]+)"', fence.info)
    opening = file.read_text(encoding="utf-8").splitlines()[fence.map[0]]
    return Block(
        page=page,
        line=fence.map[0] + 1,
        language=(fence.info.split() or [""])[0],
        title=title[1] if title else "",
        text=fence.content,
        words=words,
        indented=len(opening) - len(opening.lstrip()),
    )


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a block: lines after a `$`, or every line where there is none."""
    lines = block.text.splitlines()
    if not any(line.startswith("$ ") for line in lines):
        lines = [f"$ {line}" for line in lines if line.strip() and not line.startswith("#")]
    at = 0
    while at < len(lines):
        words = lines[at].removeprefix("$ ")
        at += 1
        while words.endswith("\\") and at < len(lines):
            words = f"{words[:-1]}{lines[at].strip()}"
            at += 1
        shown = []
        while at < len(lines) and not lines[at].startswith("$ "):
            shown.append(lines[at])
            at += 1
        yield Command(words, "\n".join(shown) if any(line.strip() for line in shown) else None)
