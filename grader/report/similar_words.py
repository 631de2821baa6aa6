"""What is said of submissions that are alike, in the terminal and on the page: what was seen, and never a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from grader.records.similarity import Alike, Likeness, Similarity
from grader.report.plain import inert_line
from grader.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

HINT = "A hint for a human, no verdict: being alike has many causes. Nothing was taken off anybody's points."

_KINDS = {
    Alike.SAME_TEXT: "the same code, character for character",
    Alike.SAME_CODE: "the same code but for names, order and layout",
    Alike.CODE: "much of their own code is shared",
    Alike.SHAPE: "the same code with other numbers, for the most part",
    Alike.EXPLANATION: "passages of the explanation are shared",
    Alike.NETWORK: "the same network, with layers that nobody else has",
}


def in_words(pair: Likeness) -> str:
    """Say in which respects two are alike."""
    return "; ".join(_KINDS[one] for one in pair.kinds)


def measured(pair: Likeness, people: int) -> Iterator[tuple[str, str]]:
    """Yield what was measured and what it came to, as words that are inert."""
    if pair.code or pair.shape:
        yield "Own code in common", f"{_share(pair.code)}, and {_share(pair.shape)} if all numbers are taken for equal"
    if pair.explanation:
        yield "Explanation in common", _share(pair.explanation)
    if pair.network:
        yield "Network", f"equal, layer by layer; {pair.holders} of {people} have it"
    if pair.rare_layers:
        yield "Layers that nobody else has", _listed(pair.rare_layers)
    if pair.renamed:
        yield "Names in each other's place", _listed(f"{name} \u2194 {to}" for name, to in pair.renamed)
    if pair.names:
        yield "Names that only they have", _listed(pair.names)
    if pair.numbers:
        yield "Numbers that only they have", _listed(pair.numbers)


def circumstances(found: Similarity) -> Iterator[str]:
    """Yield what was compared, what counted for nobody, and what was left out, a sentence each."""
    if found.compared:
        yield f"{counted(found.compared, 'submission')} compared, each with each."
    if found.method == "fingerprint":
        yield (
            "copydetect is not installed, so only equal code, equal networks and shared words were looked for; "
            "pip install 'cnn-grader[similarity]' finds shared passages of code as well."
        )
    if found.compared:
        given = [one for one in found.templates if not one.startswith(("reference/", "textbook"))]
        more = (
            f", and {_listed(given)}" if given else "; grader similar DIR --template FILE adds what the course gave out"
        )
        yield f"The reference solutions and the networks of every tutorial count for nobody{more}."
    if found.common:
        yield (
            "What more than a third of the class, and at least five, have in their code counts for nobody either "
            f"({counted(found.common, 'passage')})."
        )
    if found.together:
        yield f"{counted(found.together, 'pair')} of the same people were not compared."
    yield from (inert_line(one) for one in found.notes)


def called(name: str, names: Mapping[str, str]) -> str:
    """Return how a submission is called: the student's name where it is known, with the id where names are shared."""
    student = names.get(name, name)
    shared = sum(one == student for one in names.values()) > 1
    return inert_line(f"{student} ({name})" if shared else student, 60)


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(inert_line(one, 80) for one in words)
