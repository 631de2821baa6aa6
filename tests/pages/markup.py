"""Read a page as a browser does: its tags, attributes, links and words."""

from __future__ import annotations

from html.parser import HTMLParser

OURS = frozenset(
    "html head meta title style script body header main footer nav section h1 h2 h3 p a ul li div span b form label input "
    "select option table caption thead tbody tr th td abbr dl dt dd details summary figure code pre br "
    "iframe img svg desc g rect path text circle polygon polyline".split()
)
VOID = frozenset("meta br input img".split())
ATTRIBUTES = frozenset(
    "lang charset http-equiv content name id class href role tabindex aria-label aria-labelledby aria-hidden aria-live "
    "scope title data-key data-first data-value data-status data-human hidden type autocomplete value "
    "viewbox width height x y cx cy r d points text-anchor sandbox srcdoc src alt".split()
)


class Page(HTMLParser):
    """A page that was read to its end."""

    def __init__(self, markup: str) -> None:
        """Read `markup`."""
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.style = self.script = self.words = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag that closes itself, which only a drawing has."""
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        """Hold it to the tag that was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep what is seen apart from what acts."""
        if "style" in self.open:
            self.style += data
        elif "script" in self.open:
            self.script += data
        else:
            self.words += f"{data} "

    def values(self, name: str) -> list[str]:
        """Return every value of an attribute, in their order."""
        return [value for key, value in self.attributes if key == name]
