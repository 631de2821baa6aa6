"""What the walls of the sandbox refused: the network, other programs and processes, files (E45-E47)."""

from __future__ import annotations

import re

from grader.diagnosis.scene import Said, Scene, symptom

_NETWORK_KINDS = ("URLError", "HTTPError", "gaierror", "herror", "ConnectionError", "ConnectTimeout", "SSLError")
_NETWORK_WORDS = re.compile(
    r"name resolution|Name or service not known|getaddrinfo failed|urlopen error|Network is unreachable"
    r"|Max retries exceeded|NameResolutionError|No address associated with hostname"
)
_NETWORK_CALLS = re.compile(
    r"socket|connect|urlopen|urlretrieve|urllib|requests|http|download|hub\b|pretrained|wget|gdown|fetch"
)
_DOWNLOADS = re.compile(r"torch\.hub\b|from_url|urlretrieve|download|pretrained|from_pretrained|wget|gdown")
"""Calls that keep what they fetch in a file, which may be what fails first."""

_REFUSED = ("PermissionError", "BlockingIOError", "OSError", "RuntimeError", "InductorError", "BackendCompilerFailed")
_BARE = re.compile(r"\[Errno (?:1|13)\] (?:Operation not permitted|Permission denied)(?!: ['\"b])")
"""Words of a system call that names no file."""

_FILE = re.compile(
    r"\[Errno (?:1|13|30)\] (?:Operation not permitted|Permission denied|Read-only file system): '([^']{1,200})'"
)
_WORKERS = re.compile(r"DataLoader|num_workers|[Ll]oader\b|workers")
_ALONE = "Set num_workers=0: the pictures are then loaded in the program itself, and everything else stays."


@symptom("E45")
def network(scene: Scene) -> Said | None:
    """Recognise an attempt to reach the network."""
    broke = scene.broke
    bare = _BARE.search(broke.message) and _NETWORK_CALLS.search(broke.source)
    kept = _FILE.search(broke.message) and _DOWNLOADS.search(broke.source)
    refused = broke.kind in _REFUSED and (bare or kept)
    if not refused and broke.kind not in _NETWORK_KINDS and not _NETWORK_WORDS.search(broke.message):
        return None
    cause = "There is no network here: while grading, nothing can be downloaded or sent."
    return cause, "Build the model without it: leave the download out, and pretrained=True or weights=… with it."


@symptom("E46")
def processes(scene: Scene) -> Said | None:
    """Recognise an attempt to start a program or another process."""
    broke = scene.broke
    compiles = "torchinductor" in broke.message or "triton" in broke.message
    if broke.kind not in _REFUSED or not (_BARE.search(broke.message) or (compiles and _FILE.search(broke.message))):
        return None
    cause = "Programs and other processes cannot be started here while grading."
    if compiles or "compile" in broke.source or "Inductor" in broke.kind:
        return cause, "Leave torch.compile out: the network is the same without it."
    if _WORKERS.search(broke.source) or "[Errno 13]" in broke.message:
        return cause, _ALONE
    return cause, "Leave this line out: the model is built without any other program, and num_workers=0 works."


@symptom("E47")
def files(scene: Scene) -> Said | None:
    """Recognise a file that may not be opened or changed."""
    found = _FILE.search(scene.broke.message) if scene.broke.kind in ("PermissionError", "OSError") else None
    if found is None:
        return None
    cause = f"{found[1]} cannot be opened here: a submission sees Python's own files, and changes none."
    return cause, "Build the model without reading or writing that file."
