"""The table of layers: what a student built, in the order in which it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

from grader.records import Layer, Report, Role
from grader.report.plain import inert_line
from grader.report.terminal_text import counted, named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.text import Text

    from grader.records import Break, Shape, Where

_MOST_ROWS = 32  # longer networks lose their middle
_FOLDED = (Role.ACTIVATION, Role.DROPOUT)
_NAME = 14  # columns for a layer's name
_SHAPES = 27  # columns for its shapes: 1024×112×112 → 1024×56×56 and a little more
_WORDS = {
    "stride": "stride=",
    "padding": "pad=",
    "dilation": "dilation=",
    "groups": "groups=",
    "output_size": "to=",
    "p": "",
}
_BATCH = 7  # pictures in the batch that `Break.inputs` speaks of


def layer_table(report: Report) -> Table | None:
    """Return the layers up to the end or to where forward broke; None where none ran."""
    broke = report.broke if report.broke and report.broke.stage == "forward" else None
    follow = following(report)
    if not report.layers and not follow and broke is None:
        return None
    one_cell = len(_cells(report)) == 1
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("layer", no_wrap=True)
    table.add_column("name", no_wrap=True, overflow="ellipsis", max_width=_NAME)
    table.add_column("line" if one_cell else "cell:line", no_wrap=True, justify="right")
    table.add_column("in → out", no_wrap=True, overflow="ellipsis", max_width=_SHAPES)
    table.add_column("settings", overflow="fold")
    table.add_column("parameters", no_wrap=True, justify="right")
    for row in _shortened(list(_rows(report.layers))):
        if isinstance(row, int):
            table.add_row("…", f"{row} more rows", style="dim")
        else:
            _add(table, row, one_cell=one_cell)
    if broke:
        table.add_row(*_broken_cells(broke, one_cell=one_cell), style="red")
    if follow and report.what_if is not None:
        table.add_row("…", "mended:", "", "", " and ".join(map(str, report.what_if.fixes)), "", style="cyan")
        for row in _shortened(list(_rows(follow))):
            if not isinstance(row, int):
                _add(table, row, one_cell=one_cell)
    return table


def following(report: Report) -> tuple[Layer, ...]:
    """Return the layers that would follow with the error mended: those behind the ones that ran."""
    if report.what_if is None:
        return ()
    ran = [layer.name for layer in report.layers]
    layers = report.what_if.layers
    return layers[len(ran) :] if [layer.name for layer in layers[: len(ran)]] == ran else layers


def totals(report: Report) -> str:
    """Return what the table does not say row by row: all parameters, unused layers, the cell of the lines."""
    cells = _cells(report)
    unused = sum(not layer.on_path for layer in report.layers)
    parameters = report.model.parameters if report.model else None
    (cell,) = cells if len(cells) == 1 else (None,)
    parts = (
        counted(parameters, "parameter") if parameters is not None else "",
        f"{counted(unused, 'layer')} not used" if unused else "",
        f"the lines are those of cell {cell}" if cell else "",
    )
    return "; ".join(filter(None, parts))


def _cells(report: Report) -> set[int | None]:
    places = [layer.where for layer in report.layers]
    places += [layer.where for layer in following(report)]
    if report.broke and report.broke.stage == "forward":
        places.append(report.broke.where)
    return {where.cell for where in places}


def _rows(layers: Sequence[Layer]) -> Iterator[tuple[Layer, ...]]:
    """Yield each layer together with the activations and dropouts that follow it."""
    row: tuple[Layer, ...] = ()
    for layer in layers:
        follows = row and layer.role in _FOLDED and row[-1].on_path == layer.on_path and row[-1].outputs == layer.inputs
        if row and not follows:
            yield row
        row = (*row, layer) if follows else (layer,)
    if row:
        yield row


def _shortened(rows: list[tuple[Layer, ...]]) -> list[tuple[Layer, ...] | int]:
    """Replace the middle of a long network by its number of rows."""
    if len(rows) <= _MOST_ROWS:
        return [*rows]
    half = _MOST_ROWS // 2
    return [*rows[:half], len(rows) - 2 * half, *rows[-half:]]


def _add(table: Table, row: tuple[Layer, ...], *, one_cell: bool) -> None:
    layer, *followers = row
    settings = [part for part in (_settings(layer), *(_follower(one) for one in followers)) if part]
    if not layer.on_path:
        settings.insert(0, "not used:" if settings else "not used")
    parameters = sum(one.parameters for one in row)
    table.add_row(
        str(layer.role) if layer.role is not Role.OTHER else named(layer.op, most=_NAME),
        named(layer.name, most=_NAME),
        _line(layer.where, one_cell=one_cell),
        f"{_size(layer.inputs)} → {_size(layer.outputs)}",
        " ".join(settings),
        f"{parameters:,}" if parameters else "",
        style="" if layer.on_path else "dim",
    )


def _broken_cells(broke: Break, *, one_cell: bool) -> tuple[str | Text, ...]:
    name = named(broke.layer, most=_NAME) if broke.layer else "forward"
    shape = broke.inputs[0] if broke.inputs else ()
    # The batch axis is left out as in the rows above, unless the network has mixed it with the others by now.
    batched = len(shape) > 1 and shape[0] == _BATCH
    came = _size(shape[1:]) if batched else f"{_BATCH} pictures: {_size(shape)}"
    return ("✗", name, _line(broke.where, one_cell=one_cell), f"{came} → ✗" if shape else "", "stops here", "")


def _line(where: Where, *, one_cell: bool) -> str:
    line = "" if where.line is None else str(where.line)
    return line if one_cell or where.cell is None else f"{where.cell}:{line}"


def _follower(layer: Layer) -> str:
    settings = _settings(layer)
    return f"{inert_line(layer.op, _NAME)}{f'({settings})' if settings else ''}"


def _settings(layer: Layer) -> str:
    """Say what differs from PyTorch's default: `3×3 stride=2 pad=1`."""
    kernel = _numbers(layer.settings.get("kernel_size"))
    parts = [_size(kernel * 2 if len(kernel) == 1 and not layer.op.endswith("1d") else kernel)] if kernel else []
    usual = {"stride": _collapsed(kernel) if layer.role is Role.POOL else (1,), "padding": (0,), "output_size": ()}
    for key, word in _WORDS.items():
        value = _collapsed(_numbers(layer.settings.get(key)))
        if value and value != usual.get(key, (1,)):
            parts.append(f"{word}{_size(value)}")
    return " ".join(parts)


def _collapsed(values: Shape) -> Shape:
    """Return `(2,)` for `(2, 2)`."""
    return values[:1] if len(set(values)) == 1 else values


def _numbers(value: object) -> Shape:
    """Return a setting as a tuple of numbers; empty where it is something else."""
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    return values if all(isinstance(one, int | float) and not isinstance(one, bool) for one in values) else ()


def _size(shape: Shape) -> str:
    return "×".join(f"{one:g}" if isinstance(one, float) else str(one) for one in shape) or "one number"
