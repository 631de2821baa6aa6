"""What was handed in, as far as a gradebook holds it: read in the sandbox, kept with the work, shown to humans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from grader.claims import read_explained, read_facts, read_rendered
from grader.gradebook import Gradebook
from grader.orders import rendering_key
from grader.records import Passage, Report, SourceText
from grader.report.pages.notebook_view import Layout

_NOT_LAID_OUT = "The notebook was not laid out when it was graded; `grader batch` does that, and this is its text."


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed in.

    Attributes:
        source: the code; empty where it is not known.
        passages: the explanation in the notebook and its comments.
        documents: the explanation in files beside it.
        graph: digest of the captured network; empty where there is none.
        wanted: where the statements begin that build it: file, cell, line.
    """

    source: tuple[SourceText, ...] = ()
    passages: tuple[Passage, ...] = ()
    documents: tuple[Passage, ...] = ()
    graph: str = ""
    wanted: tuple[tuple[str, int | None, int], ...] = ()

    @property
    def explanation(self) -> tuple[Passage, ...]:
        """Return everything that explains."""
        return (*self.passages, *self.documents)


def handed_in(gradebook: Gradebook, report: Report, kept: dict[str, Any] | None) -> Handed:
    """Return what of a submission the gradebook holds; `kept` is what was kept beside its report."""
    key = report.keys.capture
    captured = gradebook.find_capture(key) if key else None
    facts = read_facts(captured.meta.get("facts") if captured is not None else None)
    explained = gradebook.find_explanation(str(kept["documents_key"])) if kept is not None else None
    return Handed(
        captured.source if captured is not None else (),
        facts.explanation,
        read_explained(explained.get("answer")).passages if explained is not None else (),
        captured.graph if captured is not None else "",
        facts.wanted,
    )


def laid_out(gradebook: Gradebook, report: Report, handed: Handed) -> Layout:
    """Return the notebooks as they were laid out, the documents beside them, and why a notebook is text alone."""
    if not any(one.file.lower().endswith(".ipynb") for one in handed.source):
        return Layout(documents=handed.documents)
    rendered = gradebook.find_rendering(rendering_key(report.keys.capture))
    if rendered is None:
        return Layout((), handed.documents, (_NOT_LAID_OUT,))
    if rendered.get("stopped") is not None:
        why = f"Laying out the notebook was stopped ({rendered['stopped']}); this is its text."
        return Layout((), handed.documents, (why,))
    found = read_rendered(rendered.get("answer"))
    return Layout(found.notebooks, handed.documents, found.problems)
