"""Write the pages in `docs/reference/` that are made from the code.

python -m tests.docs.reference --refresh
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.docs import codes, command_line, report_json, rubric_keys

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = {
    "command_line.md": command_line.page,
    "rubric.md": rubric_keys.keys_page,
    "criteria.md": rubric_keys.criteria_page,
    "codes.md": codes.page,
    "report_json.md": report_json.page,
}


def main(words: list[str]) -> int:
    """Write the pages, or name those that the code has left behind; return the exit code."""
    stale = [name for name, page in PAGES.items() if not _current(name, page())]
    for name in stale if "--refresh" in words else ():
        (FOLDER / name).write_text(PAGES[name](), encoding="utf-8")
    if stale and "--refresh" not in words:
        print(f"docs/reference: {', '.join(stale)} are not what the code says: run `make reference`.", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _current(name: str, text: str) -> bool:
    file = FOLDER / name
    return file.is_file() and file.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
