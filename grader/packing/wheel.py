"""The grader's own wheel: one that is named, else made of what is installed, else built of the checkout that runs."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

from grader.faults import OperatorFault
from grader.packing.pins import DISTRIBUTION

_MADE_ON_INSTALLATION = ("INSTALLER", "REQUESTED", "RECORD", "direct_url.json")
_WHEEL = re.compile(r"cnn_grader-[\w.+!]+-py3-none-any\.whl")
_LONG_AGO = (2000, 1, 1, 0, 0, 0)


def wheel(named: Path | None) -> tuple[str, bytes]:
    """Return the name and the bytes of the wheel to pack.

    Raises:
        OperatorFault: the one that is named is no wheel of the grader's, or there is nothing to make one of.
    """
    if named is not None:
        return _named(named)
    installed = metadata.distribution(DISTRIBUTION)
    own = Path(__file__).resolve().parents[1]
    if any(Path(str(installed.locate_file(one))).resolve() == own / "__init__.py" for one in installed.files or ()):
        return _repacked(installed)
    return _built(own.parent)


def _named(path: Path) -> tuple[str, bytes]:
    if not _WHEEL.fullmatch(path.name) or not zipfile.is_zipfile(path):
        raise OperatorFault(f"{path} is no wheel of cnn-grader.", fix="`make wheel` makes one in dist/.")
    return path.name, path.read_bytes()


def _repacked(installed: metadata.Distribution) -> tuple[str, bytes]:
    """Return the wheel that was installed, made anew of the files that it brought."""
    stream, rows = io.BytesIO(), []
    folder = ""
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in sorted(installed.files or (), key=str):
            name = one.as_posix()
            top, _, rest = name.partition("/")
            if top.endswith(".dist-info"):
                folder = top
            skipped = rest in _MADE_ON_INSTALLATION or "__pycache__" in one.parts
            if skipped or not (top == "grader" or top.endswith(".dist-info")):
                continue
            blob = Path(str(installed.locate_file(one))).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(blob).digest()).rstrip(b"=").decode()
            rows.append(f"{name},sha256={digest},{len(blob)}")
            _write(archive, name, blob)
        rows.append(f"{folder}/RECORD,,")
        _write(archive, f"{folder}/RECORD", ("\n".join(rows) + "\n").encode())
    return f"cnn_grader-{installed.version}-py3-none-any.whl", stream.getvalue()


def _write(archive: zipfile.ZipFile, name: str, blob: bytes) -> None:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, blob)


def _built(checkout: Path) -> tuple[str, bytes]:
    missing = [one for one in ("build", "hatchling") if importlib.util.find_spec(one) is None]
    if missing or not (checkout / "pyproject.toml").is_file():
        raise OperatorFault(
            "This grader runs from a checkout, of which no wheel can be built here.",
            f"{missing[0]} is not installed." if missing else "",
            "Run `make wheel`, and name the file that it writes: --wheel dist/cnn_grader-….whl",
        )
    with tempfile.TemporaryDirectory(prefix="grader-wheel-") as folder:
        words = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, str(checkout)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
        made = next(Path(folder).glob("*.whl"), None)
        if done.returncode or made is None:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise OperatorFault("The wheel could not be built.", " ".join(last), "Run `make wheel`, and give --wheel.")
        return made.name, made.read_bytes()
