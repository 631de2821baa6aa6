"""Memory that a training frees is kept for its next step.

glibc gives large blocks back to the system and gets them again, zeroed, page by page, in every step: 4,900 page faults
and a third of the time with maps of 8 MB (64 pictures, 32 channels, 32x32; glibc 2.36). Which bits are computed does
not depend on it.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # parameters of mallopt(3)
_LARGEST = 2**25  # bytes; glibc takes no higher threshold from which a block is mapped on its own
_KEPT = 2**30
_AHEAD = 2**26


def keep_freed_memory() -> None:
    """Ask this process's allocator to keep what is freed; where it is not glibc's, nothing happens."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((_MMAP_THRESHOLD, _LARGEST), (_TRIM_THRESHOLD, _KEPT), (_TOP_PAD, _AHEAD)):
            mallopt(parameter, value)
