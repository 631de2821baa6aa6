"""Collect the mistakes, and choose what is said: at most five pieces of advice, the most useful first."""

from __future__ import annotations

from collections.abc import Sequence

from grader.advice import behaviour, ends, pictures, practising, structure, typical
from grader.advice.observed import Mistake, Observed
from grader.records import Advice, Finding, Outcome

MOST = 5
"""Pieces of advice in a report."""

ORDER = (
    "S34", "S16", "S32", "S04", "S03", "S27", "S28", "S25", "S26",  # it cannot learn
    "S08", "S09", "S14", "S17", "S19", "S11", "S10", "S07", "S06", "S05",  # it is not the network that was meant
    "S13", "S12", "S02", "S21", "S23", "S24", "S30", "S20", "S18",  # it learns or answers worse than it could
    "S01", "S33", "S35", "S36", "S22", "S29", "S15", "A02", "A01",  # good to know
)  # fmt: skip
"""Codes, the most useful first; of one code what is wrong comes before what informs."""

MISTAKES: tuple[Mistake, ...] = tuple(
    sorted(
        (
            found
            for module in (behaviour, ends, pictures, practising, structure, typical)
            for found in vars(module).values()
            if isinstance(found, Mistake)
        ),
        key=lambda one: (one.informs, ORDER.index(one.code)),
    )
)
"""Every mistake in the order in which it is said; a code may have several, of which one is said."""


def noticed(observed: Observed) -> tuple[tuple[Mistake, Advice], ...]:
    """Return all that is to be said of a submission, the most useful first, each code once."""
    found: dict[str, tuple[Mistake, Advice]] = {}
    for one in MISTAKES:
        said = one.advice(observed) if one.code not in found else None
        if said is not None:
            found[one.code] = (one, said)
    return tuple(found.values())


def advise(observed: Observed, findings: Sequence[Finding] = ()) -> tuple[Advice, ...]:
    """Return at most `MOST` pieces of advice, without what a failed criterion says already."""
    failed = {one.criterion for one in findings if one.outcome is Outcome.FAILED}
    return tuple(said for one, said in noticed(observed) if not failed & set(one.said_by))[:MOST]
