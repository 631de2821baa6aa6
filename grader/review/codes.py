"""What a submission is called in the addresses of the review: a number that says nothing of whose it is."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

_CODES = 9000


def codes_of(ids: Sequence[str], salt: str) -> dict[str, str]:
    """Return a number of four digits for each id, which stays when others come; more digits from 4,500 on."""
    size = _CODES
    while size < 2 * len(ids):
        size *= 10
    taken: set[int] = set()
    found = {}
    for name in sorted(ids):
        number = int.from_bytes(hashlib.sha256(f"{salt} {name}".encode("utf-8", "surrogatepass")).digest()[:8]) % size
        while number in taken:
            number = (number + 1) % size
        taken.add(number)
        found[name] = str(number + size // 9)
    return found
