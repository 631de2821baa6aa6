"""Which pictures a run uses: the rubric's generated ones, its folder, or the folder of the command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from grader.data import loaders, patterns, splits
from grader.data.pictures import PictureSet, Split
from grader.data.store import StoredSplit, is_complete, store
from grader.faults import DataFault
from grader.folders import cache_folder
from grader.rubric import Rubric
from grader.wording import counted, listed, size


def split_for(rubric: Rubric, folder: Path | None) -> Split:
    """Return training and held-out pictures from the rubric's source, or from `folder`, which may be a file `.npz`.

    A source that brings its own test set is split as it says; any other is split by the rubric's fraction and seed.

    Raises:
        DataFault: the pictures cannot be read, or do not fit the rubric.
    """
    data = rubric.data
    if folder is None and data.source == "patterns":
        found = patterns.split(data.train, data.held_out, data.seed, data.held_out_seed)
    else:
        chosen = folder if folder is not None else rubric.resolve(data.source)
        pictures = loaders.load(chosen, rubric.input.shape)
        _refuse_other_classes(pictures.train if isinstance(pictures, Split) else pictures, rubric)
        if isinstance(pictures, Split):
            return pictures
        return splits.stratified(pictures, data.held_out_fraction, data.seed)
    shape = rubric.input.shape
    if not patterns.fits(shape):
        raise DataFault(
            f"Generated pictures have 1 or 3 channels and sides of {patterns.LEAST_SIDE} to {patterns.SIDE}, and the "
            f"rubric's input is {size(shape)}.",
            fix="Set shape = [3, 32, 32] under [input] in the rubric, or name a folder of pictures.",
        )
    if found.train.shape != shape:
        found = Split(patterns.fitted(found.train, shape), patterns.fitted(found.held_out, shape))
    _refuse_other_classes(found.train, rubric)
    return found


def _refuse_other_classes(pictures: PictureSet, rubric: Rubric) -> None:
    if len(pictures.classes) != rubric.input.classes:
        raise DataFault(
            f"{pictures.origin} has {counted(len(pictures.classes), 'label')} ({listed(pictures.classes)}), and the "
            f"rubric asks for {rubric.input.classes} classes.",
            fix=f"Set classes = {len(pictures.classes)} under [input] in the rubric, or use other pictures.",
        )


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
