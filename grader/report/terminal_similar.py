"""What `grader similar` prints: who is like whom, and where the evidence stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from grader.report.similar_words import HINT, called, circumstances, in_words, measured
from grader.report.terminal_text import Page, counted, named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rich.console import Console, RenderableType

    from grader.records.similarity import Cluster, Similarity

_MOST_NAMES = 12
_MOST_PAIRS = 3


def show_similar(console: Console, found: Similarity, names: Mapping[str, str], page: Path) -> None:
    """Print the groups, what was compared, and the path of the page."""
    parts: list[RenderableType] = []
    if found.clusters:
        parts += [Text(f"{counted(len(found.clusters), 'group')} of submissions that are alike", "bold"), Text(HINT)]
    elif found.compared:
        parts.append(Text("No two submissions are more alike than the others.", "bold"))
    for number, cluster in enumerate(found.clusters, 1):
        parts += [Text(""), *_cluster(number, cluster, names, found.compared)]
    parts.append(Text(""))
    parts += [Text(one) for one in circumstances(found)]
    parts.append(Text.assemble("Side by side: ", named(str(page), most=300)))
    console.print(Page(parts))


def _cluster(number: int, cluster: Cluster, names: Mapping[str, str], people: int) -> list[RenderableType]:
    members = ", ".join(called(one, names) for one in cluster.members[:_MOST_NAMES])
    more = f" and {len(cluster.members) - _MOST_NAMES:,} more" if len(cluster.members) > _MOST_NAMES else ""
    parts: list[RenderableType] = [Text.assemble((f"{number}. ", "bold"), (members + more, "bold"))]
    for pair in cluster.pairs[:_MOST_PAIRS]:
        who = f"{called(pair.first, names)} and {called(pair.second, names)}: " if len(cluster.members) > 2 else ""
        parts.append(Text(f"   {who}{in_words(pair)}"))
        parts += [Text(f"   {word}: {said}", "dim") for word, said in measured(pair, people)]
    left = cluster.count - min(len(cluster.pairs), _MOST_PAIRS)
    if left:
        parts.append(Text(f"   and {counted(left, 'more pair')}, the least alike {100 * cluster.weakest:.0f} %", "dim"))
    return parts
