"""Where the grader keeps what can be made again, and what it was told to remember."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

CACHE_VARIABLE = "GRADER_CACHE"
"""Environment variable that names another folder for what can be made again."""

CONFIGURATION_VARIABLE = "GRADER_CONFIG"
"""Environment variable that names another folder for what the grader was told to remember."""

_NAME = "cnn-grader"
_IS_LINUX = sys.platform.startswith("linux")


def cache_folder() -> Path:
    """Return the folder for what can be made again: decoded pictures, the reference's results, fetched files."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir(_NAME))


def configuration_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder for what this user told the grader to remember.

    Every check looks there. On Linux it is what platformdirs says without the 10 ms of its import.
    """
    named = environment.get(CONFIGURATION_VARIABLE)
    if named:
        return Path(named)
    if _IS_LINUX:
        base = environment.get("XDG_CONFIG_HOME", "").strip()
        return Path(base) / _NAME if base else Path("~/.config").expanduser() / _NAME
    import platformdirs

    return Path(platformdirs.user_config_dir(_NAME))
