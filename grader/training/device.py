"""Which device trains, and what makes two gradebooks comparable."""

from __future__ import annotations

import os
import platform
from typing import Any

import torch


def choose(wanted: str) -> torch.device:
    """Return the device for `auto`, `cpu`, `cuda` or `mps`; raise RuntimeError when it is not there."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("there is no CUDA device on this machine")
    if wanted == "mps" and not torch.backends.mps.is_available():
        raise RuntimeError("there is no MPS device on this machine")
    return torch.device(wanted)


def settle(device: torch.device, *, tf32: bool = False) -> None:
    """Make results repeatable: one thread, deterministic kernels, no autotuning, and TF32 where it is asked for."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.mha.set_fastpath_enabled(False)
    if device.type == "cuda":
        # Read when cuBLAS is first used; without it its products may differ from run to run (cuBLAS, Reproducibility).
        os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cuda.matmul.allow_tf32 = tf32
        torch.backends.cudnn.allow_tf32 = tf32


def fingerprint(device: torch.device) -> dict[str, Any]:
    """Return what decides the bits of a training on this machine, as plain values."""
    found = {
        "device": device.type,
        "torch": torch.__version__,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "processor": PROCESSOR,
        "machine": platform.machine(),
        "system": platform.system(),
        "threads": 1,
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        found["accelerator"] = f"{properties.name}, {properties.multi_processor_count} multiprocessors"
        found["cuda"] = str(torch.version.cuda)
    return found


def _processor() -> str:
    """Return the processor's model; platform.processor() is empty on Linux."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as listing:
            for line in listing:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or "unknown"


PROCESSOR = _processor()
"""Read when this is imported: behind the walls there is no /proc."""
