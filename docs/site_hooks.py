"""What the site has besides the pages in `docs/`: pages from the top of the repository, and links to all of them.

A page keeps its links as they are seen on disk, so that they work where the repository is read. In the site `docs/` is
the top, and the others lie beside it under their own names.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
BESIDE = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "SECURITY.md",
    "bench/RESULTS.md",
    *sorted(one.relative_to(ROOT).as_posix() for one in (ROOT / "rubrics").glob("*.toml")),
)
"""Files outside `docs/` that the site shows or gives out."""

_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
_HOW_TO = "How-to"


def on_files(files: Files, config: Any) -> Files:
    """Add the files from beside `docs/`, and the how-to pages that the menu does not name."""
    for name in BESIDE:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    named = set(_named(config.nav))
    others = [one.src_uri for one in files.documentation_pages() if "/" not in one.src_uri and one.src_uri not in named]
    how_to = next(one[_HOW_TO] for one in config.nav if _HOW_TO in one)
    how_to.extend(sorted(others))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Turn links as they are on disk into links as they are in the site."""
    here = page.file.src_uri
    on_disk = here if here in BESIDE else f"docs/{here}"

    def moved(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(on_disk), found[1]))
        in_site = "index.md" if target == "README.md" else target.removeprefix("docs/")
        if in_site == target and target not in BESIDE:
            return found[0]
        return posixpath.relpath(in_site, posixpath.dirname(here) or ".") + (found[2] or "")

    return _LINK.sub(moved, markdown)


def _named(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [name for part in parts for name in _named(part)]
