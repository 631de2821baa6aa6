"""The stamp under which a machine's fingerprint is remembered, without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader import hardware

FINGERPRINT = {"device": "cpu", "torch": "2.13.0", "processor": "Z80", "threads": 1}


def test_stamp_is_the_same_until_something_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked twice it is equal; another device or another choice of GPUs changes it."""
    first = hardware.stamp("auto")
    assert hardware.stamp("auto") == first
    assert hardware.stamp("cpu") != first
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert hardware.stamp("auto") != first


def test_stamp_needs_no_torch() -> None:
    """It is reckoned in a fraction of a second, because torch is not imported for it."""
    code = "import sys; from grader import hardware; hardware.stamp('auto'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_fingerprint_is_remembered_under_its_stamp(tmp_path: Path) -> None:
    """What was kept comes back, for that stamp alone, until it is forgotten."""
    assert hardware.remembered(tmp_path, "a" * 64) is None
    hardware.remember(tmp_path, "a" * 64, FINGERPRINT)
    assert hardware.remembered(tmp_path, "a" * 64) == FINGERPRINT
    assert hardware.remembered(tmp_path, "b" * 64) is None
    hardware.forget(tmp_path, "a" * 64)
    hardware.forget(tmp_path, "a" * 64)
    assert hardware.remembered(tmp_path, "a" * 64) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"device": "cpu"}'])
def test_damaged_memory_is_no_memory(tmp_path: Path, text: str) -> None:
    """A file that was cut off or holds something else is asked for again."""
    hardware.remember(tmp_path, "a" * 64, FINGERPRINT)
    next(tmp_path.rglob("*.json")).write_text(text, encoding="utf-8")
    assert hardware.remembered(tmp_path, "a" * 64) is None


def test_sentence_names_the_accelerator_first() -> None:
    """People know their machine by its chip: the accelerator's where there is one."""
    assert hardware.sentence(FINGERPRINT) == "Z80, cpu, torch 2.13.0"
    found = hardware.sentence({**FINGERPRINT, "device": "cuda", "accelerator": "H100, 132 multiprocessors"})
    assert found == "H100, 132 multiprocessors, cuda, torch 2.13.0"
