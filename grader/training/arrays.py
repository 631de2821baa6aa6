"""Arrays that a trainer is given as open files: it can open none by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Source = Path | str | int
"""A path, or the number of a descriptor that is open for reading."""

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def mapped(source: Source, *, private: bool = False) -> npt.NDArray[Any]:
    """Return the array of a `.npy` file, mapped and not to be changed; raise ValueError where it is none.

    A `private` one is this process's own where it is written to, which torch asks of what it reads without a copy.
    """
    with open(source, "rb") as stream:
        shape, fortran, dtype = _HEADERS[np.lib.format.read_magic(stream)](stream)
        return np.memmap(stream, dtype, "c" if private else "r", stream.tell(), shape, "F" if fortran else "C")
