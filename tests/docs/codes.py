"""`docs/reference/codes.md`: every code that a report may name, with its longer text."""

from __future__ import annotations

from grader.advice.registry import MOST, ORDER
from grader.diagnosis.texts import Longer, texts
from tests.docs.tables import opening, table

_KINDS = {
    "E": ("It stops", "What keeps a network from being made, from answering or from training."),
    "S": ("It runs, and does something else", "Said as advice; it never costs points."),
    "A": ("Good to know", "Said as advice; it never costs points."),
}


def page() -> str:
    """Return the page."""
    says = (
        "What `grader check --explain CODE` prints. Codes that begin with E say why something stopped; S and A are advice, "
        f"of which a report says at most {MOST}, the most useful first ({', '.join(ORDER[:6])}, …)."
    )
    known = texts()
    parts = [opening("Error codes and advice", says)]
    for letter, (title, meaning) in _KINDS.items():
        kin = {name: one for name, one in known.items() if name.startswith(letter)}
        rows = ((f"[{name}](#{name.lower()})", one.title) for name, one in kin.items())
        parts.append(f"\n## {title}\n\n{meaning}\n\n{table(('code', 'what happened'), rows)}")
        parts.extend(_entry(name, one) for name, one in kin.items())
    return "".join(parts)


def _entry(name: str, one: Longer) -> str:
    return (
        f"\n### {name}\n\n**{one.title}.** {one.means}\n\n**Seen as.** {_literal(one.seen)}\n\n"
        f"```text\n{one.before}\n```\n\nbecomes\n\n```text\n{one.after}\n```\n"
    )


def _literal(text: str) -> str:
    """Return a text in which Markdown means nothing."""
    return "".join(f"\\{one}" if one in "*_<>[]`" else one for one in text)
