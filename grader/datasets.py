"""Which pictures a run uses: the rubric's generated ones, its folder, or the folder of the command line."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import platformdirs

from grader.data import loaders, patterns, splits
from grader.data.pictures import Split
from grader.data.store import StoredSplit, is_complete, store
from grader.faults import DataFault
from grader.rubric import Rubric

CACHE_VARIABLE = "GRADER_CACHE"
"""Environment variable that names another folder for what can be made again."""


def cache_folder() -> Path:
    """Return the folder for what can be made again: decoded pictures, the reference's results."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named) if named else Path(platformdirs.user_cache_dir("cnn-grader"))


def split_for(rubric: Rubric, folder: Path | None) -> Split:
    """Return training and held-out pictures; raise DataFault where they do not fit the rubric."""
    data = rubric.data
    if folder is None and data.source == "patterns":
        found = patterns.split(data.train, data.held_out, data.seed, data.held_out_seed)
    else:
        chosen = folder if folder is not None else rubric.resolve(data.source)
        found = splits.stratified(loaders.load(chosen, rubric.input.shape), data.held_out_fraction, data.seed)
    shape = found.train.images.shape[1:]
    if shape != rubric.input.shape:
        raise DataFault(f"The pictures are {shape}, the rubric's input is {rubric.input.shape}.")
    if len(found.train.classes) != rubric.input.classes:
        raise DataFault(
            f"The pictures have {len(found.train.classes)} classes, the rubric {rubric.input.classes}.",
            fix="Set classes under [input] in the rubric.",
        )
    return found


def stored(rubric: Rubric, folder: Path | None) -> StoredSplit:
    """Return the pictures as memory-mapped arrays, generated or decoded once per machine."""
    cache = cache_folder() / "data"
    if folder is not None or rubric.data.source != "patterns":
        return store(split_for(rubric, folder), cache)
    index = cache / f"{_patterns_key(rubric)}.json"
    try:
        known = StoredSplit.from_json(json.loads(index.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        known = None
    if known is not None and is_complete(known):
        return known
    found = store(split_for(rubric, None), cache)
    index.write_text(json.dumps(found.to_json()), encoding="utf-8")
    return found


def _patterns_key(rubric: Rubric) -> str:
    """Return what generated pictures depend on: the rubric's numbers and the generator's own source."""
    settings = json.dumps([rubric.data.model_dump(), rubric.input.model_dump()], sort_keys=True)
    return hashlib.sha256(settings.encode() + Path(patterns.__file__).read_bytes()).hexdigest()[:32]
