"""A shell of IPython's without a kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return IPython's own shell, whose history is in memory; the last exception is forgotten afterwards."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    config = import_module("traitlets.config").Config({"HistoryManager": {"hist_file": ":memory:", "enabled": True}})
    made = import_module("IPython.core.interactiveshell").InteractiveShell(config=config)
    yield made
    made.history_manager.end_session()
    made.restore_sys_module_state()
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        sys.__dict__.pop(name, None)
