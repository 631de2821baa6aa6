"""The page of submissions that are alike, for the instructor alone: groups, each pair's evidence side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.records.similarity import Mark
from grader.report.html_parts import escaped
from grader.report.pages.document import document, facts
from grader.report.pages.file_names import page_name
from grader.report.plain import inert, inert_line
from grader.report.similar_words import HINT, called, circumstances, in_words, measured
from grader.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grader.records.similarity import Cluster, Excerpt, Likeness, MarkedLine, SharedPassage, Similarity

_MOST_NAMES = 60
_KINDS = {Mark.SHARED: "shared", Mark.COURSE: "course", Mark.OWN: "own"}


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """What the page is made of: what was found, students' names by id, the class page's address and the title."""

    found: Similarity
    names: Mapping[str, str]
    class_page: str
    title: str


def similar_page(page: SimilarPage) -> str:
    """Return the whole page."""
    found, name = page.found, inert_line(page.title, 80)
    title = f"{name}: submissions that are alike"
    hint = HINT if found.clusters else _nobody(found)
    many = counted(len(found.clusters), "group")
    links = "".join(f'<a href="#cluster-{number}">{number}</a>' for number in range(1, len(found.clusters) + 1))
    body = (
        f'<header><h1>{escaped(title)}</h1><nav aria-label="On this page"><a href="{page.class_page}">The class</a>'
        f"{links}</nav></header><main>"
        f'<section aria-label="What this is"><p><strong>{escaped(hint)}</strong></p>'
        + (f"<p>{escaped(_HOW)}</p>" if found.clusters else "")
        + f'<p class="dim">{escaped(f"{many}. " if found.clusters else "")}'
        + f"{' '.join(escaped(one) for one in circumstances(found))}</p></section>"
        + "".join(_cluster(number, one, page) for number, one in enumerate(found.clusters, 1))
        + "</main>"
    )
    return document(title, body)


_HOW = (
    "Lines with a bar at their left are shared; grey ones are the course's, or in many submissions. Names, order and "
    "layout do not count. Look at both submissions and talk to the people before you think anything: partners, a forum "
    "or somebody else's lesson look the same from here."
)


def _nobody(found: Similarity) -> str:
    return "No two submissions are more alike than the others." if found.compared else "Nothing was compared."


def _cluster(number: int, cluster: Cluster, page: SimilarPage) -> str:
    members = "".join(
        f'<li><a href="students/{page_name(one)}.html">{escaped(called(one, page.names))}</a></li>'
        for one in cluster.members[:_MOST_NAMES]
    )
    more = len(cluster.members) - _MOST_NAMES
    members += f"<li>and {more:,} more</li>" if more > 0 else ""
    pairs = "".join(_pair(one, page, opened=not index) for index, one in enumerate(cluster.pairs))
    left = cluster.count - len(cluster.pairs)
    said = f'<p class="dim">{left:,} more pairs are not shown.</p>' if left > 0 else ""
    return (
        f'<section id="cluster-{number}" aria-labelledby="cluster-{number}-title">'
        f'<h2 id="cluster-{number}-title">Group {number}: {counted(len(cluster.members), "submission")}</h2>'
        f'<ul class="members">{members}</ul>{pairs}{said}</section>'
    )


def _pair(pair: Likeness, page: SimilarPage, *, opened: bool) -> str:
    first, second = (escaped(called(one, page.names)) for one in (pair.first, pair.second))
    rows = [(escaped(word), escaped(said)) for word, said in measured(pair, page.found.compared)]
    passages = "".join(_passage(one, first, second) for one in pair.passages)
    code = ""
    if pair.left or pair.right:
        sides = ((first, pair.left), (second, pair.right))
        inner = "".join(f"<div><h3>{name}</h3>{_code(given)}</div>" for name, given in sides)
        code = f'<div class="sides">{inner}</div>'
    missing = "" if code or passages else '<p class="dim">Their code is not shown here; their own pages have it.</p>'
    return (
        f'<details class="alike"{" open" if opened else ""}><summary><b>{first}</b> and <b>{second}</b>: '
        f"{escaped(in_words(pair))}</summary>{facts(rows)}{code}{passages}{missing}</details>"
    )


def _code(given: Sequence[Excerpt]) -> str:
    return "".join(
        f'<div class="cell"><h4>{escaped(_place(one))}</h4><pre>{"".join(map(_line, one.lines))}</pre></div>'
        for one in given
    )


def _place(one: Excerpt) -> str:
    return inert_line(f"{one.file}, cell {one.cell}" if one.cell is not None else one.file, 120)


def _line(line: MarkedLine) -> str:
    text = escaped(inert(line.text).replace("\n", " ")) or " "
    kind = _KINDS[line.mark]
    return f'<span class="{kind}"><i>{line.number}</i>{text}</span>'


def _passage(one: SharedPassage, first: str, second: str) -> str:
    text = escaped(inert(one.text)).replace("<br>", " ")
    where = f"{first} in {escaped(inert_line(one.first, 60))}, {second} in {escaped(inert_line(one.second, 60))}"
    caption = f"<figcaption>{one.words:,} words that both have: {where}</figcaption>"
    return f'<figure class="cell">{caption}<blockquote>{text}</blockquote></figure>'
