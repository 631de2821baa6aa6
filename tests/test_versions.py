"""Which versions grade, and what is said where torch is not one of them."""

from __future__ import annotations

from importlib import metadata

import pytest

from grader.faults import OperatorFault
from grader.versions import LOWEST_TORCH, versions


def installed(monkeypatch: pytest.MonkeyPatch, torch: str | None) -> None:
    """Let torch be installed in another version, or not at all."""
    asked = metadata.version

    def version(name: str) -> str:
        if name != "torch":
            return asked(name)
        if torch is None:
            raise metadata.PackageNotFoundError(name)
        return torch

    monkeypatch.setattr(metadata, "version", version)


@pytest.mark.parametrize("torch", [".".join(map(str, LOWEST_TORCH)) + ".0+cu128", "2.14.1", "3.0.0"])
def test_a_torch_that_is_there_is_taken(torch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the lowest on, whatever is installed counts, also one built for a GPU."""
    installed(monkeypatch, torch)
    assert versions()["torch"] == torch


@pytest.mark.parametrize("torch", [None, "2.3.1", "1.13.1+cu117"])
def test_a_torch_that_will_not_do_is_said_in_one_line(torch: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing or old torch is the command's fault, with what was found and what to run."""
    installed(monkeypatch, torch)
    with pytest.raises(OperatorFault, match=r"pip install 'cnn-grader\[torch\]'") as raised:
        versions()
    assert torch is None or torch in str(raised.value)


def test_an_installation_never_replaces_torch() -> None:
    """The package itself asks for no torch; the extra does."""
    asked = metadata.requires("cnn-grader") or []
    torch = [one for one in asked if one.startswith("torch")]
    assert torch
    assert all("extra ==" in one for one in torch)
