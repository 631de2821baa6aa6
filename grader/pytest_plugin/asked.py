"""What the options and the configuration file of pytest ask for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be graded.

    Attributes:
        paths: of notebooks, modules, folders and zips; absolute.
        rubric: the rubric file; the packaged course rubric when None.
        train: train and score as well.
        isolation: `auto`, `none`, or the rung of the ladder that has to hold.
        named: whether the command line names them; else the configuration file does.
    """

    paths: tuple[Path, ...]
    rubric: Path | None = None
    train: bool = False
    isolation: str = "auto"
    named: bool = True


def asked(config: pytest.Config) -> Asked | None:
    """Return what is to be graded; None where no submission is given."""
    option = config.option
    paths = _paths(config, option.submission)
    if not paths:
        return None
    rubric = absolute(config, option.rubric) if option.rubric else _rubric_of_file(config)
    return Asked(paths, rubric, option.submission_train, option.submission_isolation, bool(option.submission))


def absolute(config: pytest.Config, path: str) -> Path:
    """Return a path of the command line, seen from where it was typed."""
    return (config.invocation_params.dir / Path(path).expanduser()).resolve()


def foreign_file(early_config: pytest.Config) -> Path | None:
    """Return a file in a submission that pytest would obey: a `conftest.py`, or a configuration that nobody named.

    pytest takes whatever follows an option that it does not know yet for a path beside which its configuration may lie.
    """
    known = early_config.known_args_namespace
    found = [] if known.noconftest else list(_conftests(early_config))
    if early_config.inipath is not None and not known.inifilename and _configures(early_config.inipath):
        found.append(early_config.inipath)
    folders = [one for one in _paths(early_config, known.submission) if one.is_dir()]
    return next((one for one in found if any(one.is_relative_to(each) for each in folders)), None)


def _configures(file: Path) -> bool:
    """Tell whether a file that pytest takes for its own has anything for it; a `pyproject.toml` may be for others."""
    if file.name != "pyproject.toml":
        return True
    return "pytest" in tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})


def _paths(config: pytest.Config, named: list[str]) -> tuple[Path, ...]:
    """Return the paths that the command line names, else those of the configuration file, each once."""
    found = [absolute(config, one) for one in named] or [one.resolve() for one in config.getini("submissions")]
    return tuple(dict.fromkeys(found))


def _rubric_of_file(config: pytest.Config) -> Path | None:
    name = config.getini("submission_rubric")
    beside = config.inipath.parent if config.inipath is not None else config.rootpath
    return (beside / name).resolve() if name else None


def _conftests(early_config: pytest.Config) -> Iterator[Path]:
    """Yield what pytest runs before it collects: of each argument, the folders above it, and `test*` in it."""
    arguments = [absolute(early_config, one.split("::")[0]) for one in early_config.known_args_namespace.file_or_dir]
    for anchor in arguments or [early_config.invocation_params.dir.resolve()]:
        for folder in (anchor, *anchor.parents, *anchor.glob("test*")):
            if (folder / "conftest.py").is_file():
                yield folder / "conftest.py"
