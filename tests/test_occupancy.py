"""How many trainers share a GPU: one more while it has time and memory left."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from grader import occupancy
from grader.occupancy import BLIND, Look, Occupancy

GIGABYTE = 2**30


@dataclass(slots=True)
class Gpu:
    """A GPU on which each trainer takes a share of the time and two gigabytes, and a clock."""

    share: float
    memory: int = 80
    running: int = 0
    now: float = 0.0
    silent: bool = False
    asked: list[float] = field(default_factory=list)

    def look(self) -> Look | None:
        """Say how busy it is."""
        self.asked.append(self.now)
        if self.silent:
            return None
        return Look((self.memory - 2 * self.running) * GIGABYTE, min(1.0, self.share * self.running))

    def fill(self, seconds: int = 200) -> int:
        """Begin what is admitted, asked five times a second; return how many run at the end."""
        gate = Occupancy(self.look, lambda: self.now)
        for _ in range(5 * seconds):
            self.running += gate.admits(2 * GIGABYTE, self.running)
            self.now += 0.2
        return self.running


@pytest.mark.parametrize(("share", "several"), [(0.16, 6), (0.5, 2), (0.95, 1)])
def test_trainers_are_added_until_it_is_busy(share: float, several: int) -> None:
    """Small networks share it, large ones have it alone."""
    assert Gpu(share).fill() == several


def test_memory_is_a_limit_as_well() -> None:
    """However idle it is, nothing is begun that it cannot hold."""
    assert Gpu(0.01, memory=7).fill() == 3


def test_one_that_says_nothing_has_few() -> None:
    """A part of a GPU does not say how busy it is."""
    assert Gpu(0.01, silent=True).fill() == BLIND


def test_the_first_is_never_refused() -> None:
    """What does not fit alone is tried all the same, and its failure said."""
    assert Gpu(0.01, memory=1).fill() == 1


def test_it_is_asked_once_a_second() -> None:
    """Asking costs time, and a trainer has to settle before its GPU feels it."""
    gpu = Gpu(0.15)
    gpu.fill(60)
    assert min(after - before for before, after in zip(gpu.asked, gpu.asked[1:], strict=False)) >= 1
    assert gpu.asked[0] >= occupancy.SETTLED_SECONDS


class _NVMLError(Exception):
    """What the library raises."""


def _library(fails: bool = False) -> SimpleNamespace:
    def rates(handle: str) -> SimpleNamespace:
        if fails:
            raise _NVMLError
        return SimpleNamespace(gpu=25, memory=3)

    return SimpleNamespace(
        NVMLError=_NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda number: f"number {number}",
        nvmlDeviceGetHandleByUUID=lambda name: name,
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(free=len(handle)),
        nvmlDeviceGetUtilizationRates=rates,
    )


@pytest.mark.parametrize(
    ("visible", "free"), [(None, len("number 0")), ("", len("number 0")), ("12,3", len("number 12")), ("GPU-ab", 6)]
)
def test_the_gpu_that_cuda_takes_is_asked(visible: str | None, free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the first of those that are visible, whether they are numbered or named."""
    monkeypatch.setitem(sys.modules, "pynvml", _library())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert occupancy.of_first_gpu()() == Look(free, 0.25)


def test_no_library_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither is an error."""
    monkeypatch.setitem(sys.modules, "pynvml", _library(fails=True))
    assert occupancy.of_first_gpu()() is None
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert occupancy.of_first_gpu()() is None
