"""What becomes of memory that is freed: kept for the next step of a training, or given back by a batch's main process.

Both are wishes to glibc (mallopt(3)), and nothing happens elsewhere. Which bits are computed does not depend on them.
"""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8
_LARGEST = 2**25  # bytes; glibc takes no higher threshold from which a block is mapped on its own
_SMALL = 2**17


def keep_freed_memory() -> None:
    """Ask this process's allocator to keep what is freed.

    By itself glibc gives large blocks back to the system and gets them again, zeroed, page by page, in every step:
    4,900 page faults and a third of the time with maps of 8 MB (64 pictures, 32 channels, 32x32; glibc 2.36).
    """
    _ask({_MMAP_THRESHOLD: _LARGEST, _TRIM_THRESHOLD: 2**30, _TOP_PAD: 2**26})


def give_back_freed_memory() -> None:
    """Ask it to give back what is freed, and to use one heap for all threads.

    By itself glibc raises the size from which it does so with every large block, and has a heap for each thread; a main
    process that passes graphs and answers on then grows with every submission.
    """
    _ask({_ARENA_MAX: 1, _MMAP_THRESHOLD: _SMALL, _TRIM_THRESHOLD: _SMALL})


def _ask(wishes: dict[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in wishes.items():
            mallopt(parameter, value)
