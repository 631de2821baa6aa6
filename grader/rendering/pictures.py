"""Pictures of a notebook, drawn anew: what comes out are pixels in a file of ours, few and small.

Nothing that stood beside the pixels (comments, profiles, thumbnails, bytes after the end) is carried over.
"""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass

from PIL import Image

MOST = 40
"""Pictures of a submission."""
MOST_BYTES = 200_000
"""Of all of them together, as they are written."""
MOST_READ = 8 * 2**20
"""Bytes of one as it was handed in."""
MOST_PIXELS = 12_000_000
WIDEST = 640
HIGHEST = 900
_SMALL = 128  # pixels on a side, up to which every pixel is kept as it is
_QUALITY = 72


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is shown: its type and its bytes in base64."""

    mime: str
    encoded: str

    @property
    def source(self) -> str:
        """Return it as an address that holds it whole."""
        return f"data:{self.mime};base64,{self.encoded}"


@dataclass(slots=True)
class Pictures:
    """Those of one submission, as long as there is room."""

    count: int = 0
    size: int = 0

    def add(self, encoded: str) -> Picture | None:
        """Return a picture drawn anew; None where it is none, or finds no room."""
        if self.count >= MOST or self.size >= MOST_BYTES or len(encoded) > MOST_READ * 4 // 3:
            return None
        self.count += 1
        try:
            found = _drawn(base64.b64decode(encoded, validate=False))
        except (OSError, ValueError, SyntaxError, ArithmeticError, binascii.Error, Image.DecompressionBombError):
            return None
        if found is None or self.size + len(found[1]) > MOST_BYTES:
            return None
        mime, blob = found
        self.size += len(blob)
        return Picture(mime, base64.b64encode(blob).decode())


def _drawn(blob: bytes) -> tuple[str, bytes] | None:
    with Image.open(io.BytesIO(blob), formats=("PNG", "JPEG")) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            return None
        if opened.format == "JPEG":
            opened.draft("RGB", (WIDEST, HIGHEST))
        pixels = _flat(opened)
    pixels.thumbnail((WIDEST, HIGHEST), reducing_gap=2.0)
    written = io.BytesIO()
    if max(pixels.size) <= _SMALL:
        pixels.save(written, "PNG")
        return "image/png", written.getvalue()
    pixels.save(written, "JPEG", quality=_QUALITY)
    return "image/jpeg", written.getvalue()


def _flat(opened: Image.Image) -> Image.Image:
    """Return the pixels on white, in colours or greys alone."""
    if opened.mode in ("L", "1", "I;16", "I"):
        return opened.convert("L")
    if opened.mode == "RGB":
        return opened.copy()
    seen = opened.convert("RGBA")
    flat = Image.new("RGB", seen.size, (255, 255, 255))
    flat.paste(seen, mask=seen.getchannel("A"))
    return flat
