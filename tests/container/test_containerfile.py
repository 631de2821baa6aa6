"""The Containerfile says what it does, and does it: read always, carried out in a clean chroot by `make stress`."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.container.steps import Container, outside_settings, read
from tests.stress import STRESS

ROOT = Path(__file__).parents[2]
FILE = ROOT / "Containerfile"


def test_it_is_understood() -> None:
    """It begins with a Debian, ends as an ordinary user, and starts the program that the package installs."""
    steps = read(FILE)
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["scripts"]
    assert steps[0].instruction == "FROM"
    assert steps[0].rest.startswith("debian:bookworm")
    users = [one.rest for one in steps if one.instruction == "USER"]
    assert users == ["grader"]
    entry = next(one.rest for one in steps if one.instruction == "ENTRYPOINT")
    assert json.loads(entry) == ["grader"]
    assert "grader" in scripts


def test_what_is_copied_is_there() -> None:
    """Every file that is copied is in the repository, and no ignore file hides it."""
    hidden = [
        one for one in (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines() if not one.startswith("#")
    ]
    assert (ROOT / ".dockerignore").read_bytes() == (ROOT / ".containerignore").read_bytes()
    copied = [name for one in read(FILE) if one.instruction == "COPY" for name in one.rest.split()[:-1]]
    assert {"pyproject.toml", "constraints.txt", "grader", "rubrics", "reference"} <= set(copied)
    for name in copied:
        assert (ROOT / name).exists(), name
        assert name not in hidden
        assert not name.startswith(".")


@pytest.mark.parametrize("text", ["ADD a b", "RUN", "RUN apt-get update \\", "SHELL x", "run x"])
def test_what_is_not_understood(text: str, tmp_path: Path) -> None:
    """An instruction that the test would not carry out is an error, and not passed over."""
    path = tmp_path / "Containerfile"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="not"):
        read(path)


def packages_from_here(root: Path) -> None:
    """Let apt and pip inside ask whom they ask here."""
    for name in ("etc/resolv.conf", "etc/hosts"):
        with contextlib.suppress(OSError):
            shutil.copy(Path("/", name), root / name)
    apt = Path("/etc/apt")
    for one in [*apt.glob("sources.list"), *apt.glob("sources.list.d/*"), *apt.glob("apt.conf.d/*proxy*")]:
        shutil.copy(one, root / one.relative_to("/"))
    told = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.partition("=") for line in told.splitlines() if line.startswith(("global.", "install."))]
    settings = "".join(f"{name.split('.', 1)[1]} = {value.strip(chr(39))}\n" for name, _, value in lines)
    (root / "etc/pip.conf").write_text(f"[global]\n{settings}", encoding="utf-8")
    for word in (*settings.split(), *outside_settings().values()):  # a list of constraints, or of certificates
        if word.startswith("/") and Path(word).is_file():
            (root / word[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(word, root / word[1:])
        elif word.startswith("/") and Path(word).is_dir() and "cert" not in word:  # packages that are kept here
            shutil.copytree(word, root / word[1:], dirs_exist_ok=True)


@contextlib.contextmanager
def debian() -> Iterator[Path]:
    """Give a folder with a clean Debian 12, with /proc, /sys and /dev of this machine in it; remove it afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="container-"))
    folder.chmod(0o755)
    mounted: list[Path] = []
    try:
        mirrors = ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"]
        (site, *_) = subprocess.run(mirrors, capture_output=True, text=True, check=True).stdout.split()
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(folder), site], check=True)
        for name in ("proc", "sys", "dev"):
            subprocess.run(["mount", "--rbind", f"/{name}", str(folder / name)], check=True)
            subprocess.run(["mount", "--make-rslave", str(folder / name)], check=True)
            mounted.append(folder / name)
        yield folder
    finally:
        for one in reversed(mounted):
            subprocess.run(["umount", "--recursive", "--lazy", str(one)], check=True)
        if not any(os.path.ismount(folder / name) for name in ("proc", "sys", "dev")):
            subprocess.run(["rm", "--recursive", "--force", "--one-file-system", str(folder)], check=True)


def test_its_steps_in_a_clean_debian() -> None:
    """Every step works in a Debian with nothing installed; walls hold inside, and a submission is checked behind them."""
    if not STRESS:
        pytest.skip("stress: builds a Debian and installs torch, which takes minutes and the network")
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip("root: debootstrap and chroot are needed")
    steps = read(FILE)
    with debian() as root:
        base = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", **outside_settings()}
        container = Container(root, ROOT, base, packages_from_here)
        container.build(steps)
        container.environment["HOME"] = "/home/grader"
        assert container.user == "grader"
        assert container.run(["id", "-u"]).stdout.strip() == "1500"
        shutil.copy(ROOT / "submissions" / "sequential.ipynb", root / "class")
        found = json.loads(container.run([*container.entry, "doctor", "--json"]).stdout)
        assert found["rung"] in ("A", "B", "C")
        assert found["holds"]
        report = json.loads(
            container.run([*container.entry, "check", "sequential.ipynb", "--isolation", "C", "--json"]).stdout
        )
        assert report["status"] == "graded"
        assert report["isolation"]["rung"] == "C"
        rubric = "/opt/grader/rubrics/first_cnn.toml"
        words = ["batch", "/class", "--rubric", rubric, "--out", "/results", "--only", "nobody"]
        refused = container.run([*container.entry, *words], check=False)
        assert refused.returncode == 2
        assert "nobody" in refused.stderr
