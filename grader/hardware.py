"""What a training's bits depend on beside the graph, known without importing torch.

The *fingerprint* of the hardware is torch's to say (`grader.training.device.fingerprint`), which takes seconds. The
*stamp* is what a program without torch can see of the same things; as long as it has not changed, the fingerprint
that was found with it holds. A trainer sends the fingerprint again, so a stale one cannot go unnoticed.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

VERSION = 1

_ENVIRONMENT = ("CUDA_VISIBLE_DEVICES", "ATEN_CPU_CAPABILITY", "DNNL_MAX_CPU_ISA", "MKL_ENABLE_INSTRUCTIONS")
_DRIVER = Path("/proc/driver/nvidia/version")


def stamp(device: str) -> str:
    """Return a digest of the machine, torch's installation and the device asked for (`auto`, `cpu`, …)."""
    torch = metadata.distribution("torch")
    installed = Path(str(torch.locate_file("torch/version.py")))
    parts = [
        VERSION,
        device,
        torch.version,
        str(installed),
        installed.stat().st_mtime_ns if installed.is_file() else 0,
        _processor(),
        platform.machine(),
        platform.system(),
        platform.node(),
        _text(_DRIVER),
        {name: os.environ.get(name) for name in _ENVIRONMENT},
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def remembered(cache: Path, stamped: str) -> dict[str, Any] | None:
    """Return the fingerprint that was found under this stamp; None when none was."""
    try:
        plain = json.loads(_file(cache, stamped).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return plain if isinstance(plain, dict) and plain.get("torch") else None


def remember(cache: Path, stamped: str, fingerprint: Mapping[str, Any]) -> None:
    """Keep the fingerprint under its stamp; the file appears whole or not at all."""
    file = _file(cache, stamped)
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False, encoding="utf-8") as stream:
        json.dump(dict(fingerprint), stream)
    Path(stream.name).replace(file)


def forget(cache: Path, stamped: str) -> None:
    """Remove what is kept under this stamp."""
    _file(cache, stamped).unlink(missing_ok=True)


def digest(fingerprint: Mapping[str, Any]) -> str:
    """Return a short name for a fingerprint: machines that have it give the same bits."""
    return hashlib.sha256(json.dumps(dict(fingerprint), sort_keys=True).encode()).hexdigest()[:16]


def sentence(fingerprint: Mapping[str, Any]) -> str:
    """Write a fingerprint for people: `AMD EPYC, cpu, torch 2.13.0`."""
    chip = fingerprint.get("accelerator") or fingerprint.get("processor") or "unknown processor"
    return f"{chip}, {fingerprint.get('device', '?')}, torch {fingerprint.get('torch', '?')}"


def _file(cache: Path, stamped: str) -> Path:
    return cache / "machines" / f"{stamped[:32]}.json"


def _processor() -> str:
    """Return model and instruction sets of the first processor, as Linux lists them; elsewhere its name."""
    wanted = [
        line.strip()
        for line in _text(Path("/proc/cpuinfo")).partition("\n\n")[0].splitlines()
        if line.startswith(("model name", "flags", "Features", "CPU part"))
    ]
    return "\n".join(wanted) or platform.processor()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
