"""nbconvert's HTML exporter with a template of ours: cells alone, no style, no script, no address.

One exporter serves every notebook; it is made in the warm process, as making it takes as long as a notebook.
"""

from __future__ import annotations

import html
from functools import cache
from typing import Any

from mistune import HTMLRenderer
from nbconvert.exporters import HTMLExporter
from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters import Highlight2HTML, strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from grader.rendering.cleaning import cleaned

BETWEEN = "\x00"
"""Stands between two cells; no text of a notebook holds it any more."""

_TEMPLATE = """
{%- for cell in nb.cells -%}
{%- if cell.cell_type == 'markdown' -%}
<div class="said">{{ cell | laid_out }}</div>
{%- elif cell.cell_type == 'code' -%}
{{ cell.source | highlight_code(metadata=cell.metadata) }}
{%- for output in cell.outputs -%}
{%- if output.output_type == 'stream' -%}
<pre class="printed {{ output.name }}">{{ output.text | strip_ansi | escape }}</pre>
{%- else -%}
{%- for mime, encoded in output.data.items() -%}
<img src="data:{{ mime }};base64,{{ encoded }}" alt="a picture that this cell drew">
{%- endfor -%}
{%- endif -%}
{%- endfor -%}
{%- else -%}
<pre class="printed">{{ cell.source | escape }}</pre>
{%- endif -%}
{{ between }}
{%- endfor -%}
"""


class Words(IPythonRenderer):
    """Markdown whose links are words and whose pictures are those that were drawn anew."""

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Say where a link leads, and lead nowhere."""
        plain = html.unescape(text)
        return text if plain == url else f"{text} <span>({html.escape(url[:200])})</span>"

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Name a picture; of those that the cell carries `cleaned` makes more."""
        return f'<img src="{html.escape(url)}" alt="{html.escape(html.unescape(text or url[:100]))}">'

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """Leave out the anchor, and begin below the headings of the page."""
        return HTMLRenderer.heading(self, text, min(level + 3, 6))

    def block_mermaidjs(self, code: str) -> str:
        """Show a drawing of mermaid's as its text, as there is no script to draw it."""
        return f"<pre>{html.escape(code)}</pre>"


class CellExporter(HTMLExporter):
    """Write the cells of a notebook, each ended by `BETWEEN`."""

    def get_template_names(self) -> list[str]:
        """Return none: the template is in this file, wherever nbconvert's own lie."""
        return []

    def from_notebook_node(  # type: ignore[override]
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **words: Any
    ) -> tuple[str, dict[str, Any]]:
        """Return the cells; HTMLExporter would parse them all again to find pictures without a description."""
        return TemplateExporter.from_notebook_node(self, nb, resources, **words)


def laid_out(cell: NotebookNode) -> str:
    """Return a text cell with its layout and without whatever acts."""
    written = MarkdownWithMath(renderer=Words(escape=False, exclude_anchor_links=True)).render(cell.source)
    return cleaned(written, cell.attachments)


@cache
def exporter() -> CellExporter:
    """Return the one exporter, ready to work."""
    made: Any = CellExporter(raw_template=_TEMPLATE, default_preprocessors=[])  # type: ignore[no-untyped-call]
    highlighter = Highlight2HTML(pygments_lexer="ipython3", parent=made)  # type: ignore[no-untyped-call]
    for name, function in (("highlight_code", highlighter), ("laid_out", laid_out), ("strip_ansi", strip_ansi)):
        made.register_filter(name, function)
    made.environment.globals["between"] = BETWEEN
    found: CellExporter = made
    return found


def cells(notebook: NotebookNode) -> list[str]:
    """Return each cell of a notebook as HTML."""
    text, _ = exporter().from_notebook_node(notebook)
    return text.split(BETWEEN)[:-1]
