"""Errors of rows: what reaches a dense layer, and how `view` cut it (E02-E04, E13-E15).

The exception's text says which layer complained and what it was made for. It counts only where its other
numbers agree with the shape that the grader saw itself, as wordings change between versions of PyTorch.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from grader.diagnosis.scene import BATCH, Said, Scene, symptom
from grader.records import Fix, Role
from grader.wording import counted, size

_N = r"(\d{1,12})"
_ROW_AXES = 2  # (N, F)


@dataclass(frozen=True, slots=True)
class _Product:
    """A product of matrices that failed: `rows` x `columns` arrived where `features` columns were expected."""

    rows: int
    columns: int
    features: int


def _product(scene: Scene) -> _Product | None:
    found = scene.product()
    if found is None or not scene.incoming:
        return None
    rows, columns, features = found
    return _Product(rows, columns, features) if rows * columns == math.prod(scene.incoming) else None


@symptom("E04")
def batch_flattened(scene: Scene) -> Said | None:
    """Recognise `nn.Flatten(0)`, `torch.flatten(x)` and `x.view(-1)`: the pictures are one long row."""
    product = _product(scene)
    count = BATCH if product is None or not scene.live else product.columns // product.features
    if product is None or product.rows != 1 or count < 2 or product.columns % count:
        return None
    each = product.columns // count
    cause = f"{count} pictures became one row of {counted(product.columns, 'number')}: the batch was flattened too."
    return (
        cause,
        f"Write nn.Flatten() or torch.flatten(x, 1); each picture is then a row of {each}{scene.factors(each)}.",
        _keeps_the_batch(scene),
    )


def _keeps_the_batch(scene: Scene) -> Fix | None:
    """Return the change to the flatten that took the batch as well, as far as it can be seen."""
    here = scene.line(r"torch\.flatten\((\w+)\)", r"torch.flatten(\1, 1)")
    here = here or scene.line(r"(\w+)\.flatten\(\)", r"\1.flatten(1)")
    here = here or scene.line(r"(\w+)\.(view|reshape)\(-1\)", r"\1.\2(\1.size(0), -1)")
    flattens = scene.ran(Role.FLATTEN)
    if here is None and flattens and flattens[-1].op != flattens[-1].name:
        return Fix("setting", flattens[-1].name, "start_dim", 1)
    return here


@symptom("E14")
def pictures_mixed(scene: Scene) -> Said | None:
    """Recognise a `view` that cut the rows of several pictures together, seen at the dense layer after it."""
    product = _product(scene)
    if product is None or scene.live or len(scene.incoming) != _ROW_AXES or scene.incoming[0] == BATCH:
        return None
    each, rest = divmod(math.prod(scene.incoming), BATCH)
    cause = f"{BATCH} pictures went in and {product.rows} rows arrived at {scene.name_within}: the pictures are mixed."
    return cause, "" if rest else f"Write torch.flatten(x, 1) in place of view; each picture is then a row of {each}."


@symptom("E02")
def dense_features(scene: Scene) -> Said | None:
    """Recognise an `in_features` that is not what the flatten produces."""
    product = _product(scene)
    if product is None or len(scene.incoming) != _ROW_AXES or product.columns != scene.incoming[1]:
        return None
    arrives = f"{product.columns}{scene.factors(product.columns)}"
    cause = f"{scene.name} expects {counted(product.features, 'number')} per picture, but {arrives} arrive."
    fix = scene.setting("in_features", product.columns)
    return cause, f"Set in_features{scene.of_layer} to {product.columns}.", fix


@symptom("E03")
def flatten_missing(scene: Scene) -> Said | None:
    """Recognise maps that reach a dense layer, which then works on rows of one map."""
    product = _product(scene)
    if product is None or len(scene.incoming) <= _ROW_AXES or product.columns != scene.incoming[-1]:
        return None
    maps = scene.incoming[1:]
    each = math.prod(maps)
    cause = (
        f"{scene.name} expects {counted(product.features, 'number')} in a row, but maps of {size(maps)} arrive: the "
        "Flatten before it is missing."
    )
    right = "is right" if product.features == each else f"must be {each}"
    fix = scene.setting("flatten", each)
    return cause, f"Add nn.Flatten() before {scene.name_within}; its in_features {right} then.", fix


def _reshape(scene: Scene) -> tuple[list[int], int] | None:
    """Return the shape that was asked for and the numbers of one picture, where the text agrees with our shape."""
    found = scene.says(rf"shape '\[([-\d, ]{{1,80}})\]' is invalid for input of size {_N}", "RuntimeError")
    if found is None or scene.live:
        return None
    asked, total = [int(one) for one in re.findall(r"-?\d{1,12}", found[1])], int(found[2])
    known = scene.incoming
    agrees = not known or math.prod(known) == total
    return (asked, total // BATCH) if asked and agrees and total % BATCH == 0 else None


@symptom("E13")
def batch_written_down(scene: Scene) -> Said | None:
    """Recognise `x.view(16, -1)`: a number stands where the number of pictures belongs."""
    reshaped = _reshape(scene)
    if reshaped is None or reshaped[0][0] in (-1, BATCH):
        return None
    asked, each = reshaped
    cause = (
        f"view({asked[0]}, ...) fixes the batch at {counted(asked[0], 'picture')}, but here {BATCH} came in, "
        f"with {counted(each, 'number')} each."
    )
    return cause, "Write x.view(x.size(0), -1) in place of the fixed number."


@symptom("E14")
def rows_do_not_fit(scene: Scene) -> Said | None:
    """Recognise `x.view(-1, 512)` where a picture has another number of numbers."""
    reshaped = _reshape(scene)
    if reshaped is None:
        return None
    asked, each = reshaped
    wanted = math.prod(asked[1:])
    cause = (
        f"Each picture has {counted(each, 'number')} here{scene.factors(each)}, but view asks for {size(asked[1:])}."
    )
    if len(asked) != _ROW_AXES or wanted < 0:
        return cause, ""
    fix = scene.line(r"(\w+)\.(?:view|reshape)\(\(?-1, *\w+\)?\)", r"torch.flatten(\1, 1)")
    return cause, f"Write torch.flatten(x, 1) and set in_features of the next layer to {each}.", fix


@symptom("E15")
def view_after_permute(scene: Scene) -> Said | None:
    """Recognise a `view` of numbers that do not lie in order."""
    if scene.says(r"[Uu]se \.reshape|view size is not compatible", "RuntimeError") is None or not scene.line_has(
        "view"
    ):
        return None
    cause = "After permute or transpose the numbers do not lie in order any more, and view needs them in order."
    fix = scene.line(r"\.view\(", ".reshape(")
    return cause, "Write .reshape(...) in place of .view(...), or use nn.Flatten().", fix
