"""Errors of maps: what reaches a convolution, a pooling or a batch normalisation (E06-E12, E34).

The exception's text says which layer complained and what it was made for. It counts only where its other
numbers agree with the shape that the grader saw itself, as wordings change between versions of PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass

from grader.diagnosis.scene import Said, Scene, symptom
from grader.records import Fix, Role, Shape
from grader.wording import counted, size

_N = r"(\d{1,12})"
_ROW_AXES, _GRID_AXES, _ONE_TOO_MANY = 2, 4, 5  # (N, F), (N, C, H, W)
_COLOURS = (1, 3, 4)
_USUAL_KERNEL = 3


@dataclass(frozen=True, slots=True)
class _Channels:
    """A convolution made for `made_for` channels to which `arrive` came."""

    made_for: int
    arrive: int


def _channels(scene: Scene) -> _Channels | None:
    found = scene.says(rf"to have {_N} channels, but got {_N} channels", "RuntimeError")
    if found is None or len(scene.incoming) != _GRID_AXES or scene.incoming[1] != int(found[2]):
        return None
    return _Channels(int(found[1]), int(found[2]))


def _is_first(scene: Scene) -> bool:
    return not scene.ran(Role.CONV)


@symptom("E09")
def channels_last(scene: Scene) -> Said | None:
    """Recognise a picture whose axes were turned so that the colours do not come first."""
    channels, given = _channels(scene), scene.incoming[1:]
    if channels is None or given == scene.shape or sorted(given) != sorted(scene.shape):
        return None
    if given[-1] in _COLOURS:
        cause = f"The pictures arrive as {size(given)} (height, width, colours), but PyTorch wants the colours first."
        return cause, "Write x = x.permute(0, 3, 1, 2) before this layer, or leave out the line that turned them."
    cause = f"The pictures come in as {size(scene.shape)} (colours first) and were turned into {size(given)}."
    return cause, "Leave out the permute or transpose in forward: the colours already come first."


@symptom("E07")
def grey_on_colour(scene: Scene) -> Said | None:
    """Recognise a first convolution for grey pictures, from a tutorial on MNIST."""
    channels = _channels(scene)
    if channels is None or channels.made_for != 1 or scene.incoming[1:] != scene.shape or not _is_first(scene):
        return None
    cause = f"{scene.name} was made for 1 channel (grey pictures), but colour pictures have {scene.shape[0]}."
    return _in_channels(scene, cause, scene.shape[0])


@symptom("E08")
def blue_removed(scene: Scene) -> Said | None:
    """Recognise two or four colours where pictures have three: the lesson's slice for RGBA pictures."""
    channels = _channels(scene)
    colours = scene.shape[0]
    if channels is None or not _is_first(scene) or scene.incoming[2:] != scene.shape[1:]:
        return None
    if channels.arrive == colours and channels.made_for in (colours - 1, colours + 1):
        cause = f"{scene.name} was made for {channels.made_for} channels, but the pictures have {colours} colours."
        return _in_channels(scene, cause, colours)
    if channels.arrive == colours - 1 and channels.made_for == colours:
        cause = f"{scene.name} gets {channels.arrive} colours of {colours}: the slice [:, :-1] removed blue."
        return cause, "Leave the slice out: these pictures have no transparency channel."
    return None


@symptom("E06")
def conv_channels(scene: Scene) -> Said | None:
    """Recognise an `in_channels` that is not the `out_channels` of the layer before."""
    channels = _channels(scene)
    if channels is None:
        return None
    convs = scene.ran(Role.CONV)
    made = f" ({convs[-1].name} makes {channels.arrive})" if convs and convs[-1].outputs[0] == channels.arrive else ""
    cause = (
        f"{scene.name} was made for {counted(channels.made_for, 'input channel')}, but {channels.arrive} arrive{made}."
    )
    return _in_channels(scene, cause, channels.arrive)


def _in_channels(scene: Scene, cause: str, arrive: int) -> Said:
    return cause, f"Set in_channels{scene.of_layer} to {arrive}.", scene.setting("in_channels", arrive)


@symptom("E10")
def kernel_too_large(scene: Scene) -> Said | None:
    """Recognise a kernel that is larger than the map that it is to move over."""
    found = scene.says(rf"\({_N} x {_N}\)\. Kernel size: \({_N} x {_N}\)", "RuntimeError")
    if found is None or len(scene.incoming) != _GRID_AXES:
        return None
    height, width, *kernel = map(int, found.groups())
    if height < scene.incoming[2] or width < scene.incoming[3]:  # the text speaks of the padded size
        return None
    largest = min(height, width)
    place, kernel_size = scene.name_within, size(kernel)
    cause = f"At {place} the picture is only {size(scene.incoming[2:])}, so a {kernel_size} kernel does not fit."
    if largest < _USUAL_KERNEL:
        fix = scene.setting("kernel_size", largest)
        return cause, f"Use a kernel of at most {largest}, or leave out a pooling layer before it.", fix
    fix = scene.setting("kernel_size", _USUAL_KERNEL)
    return cause, f"Use a kernel of at most {largest} (3 or 5 is usual).", fix


@symptom("E11")
def pooled_to_nothing(scene: Scene) -> Said | None:
    """Recognise a pooling of a map that is smaller than its kernel."""
    found = scene.says(rf"\({_N}x{_N}x{_N}\).*[Oo]utput size", "RuntimeError")
    if found is None or scene.incoming[1:] != tuple(map(int, found.groups())):
        return None
    sides, pools = scene.incoming[2:], len(scene.ran(Role.POOL))
    if max(sides) > 1:
        cause = f"{scene.name} cannot pool: the map is only {size(sides)}, which is smaller than its kernel."
        fix = scene.setting("kernel_size", min(sides))
        return cause, f"Give it a kernel of at most {min(sides)}, or leave out a pooling layer before it.", fix
    side = min(scene.shape[1:])
    after = f"after {counted(pools, 'pooling')} " if pools else ""
    cause = f"Nothing is left to pool at {scene.name_within}: {after}the map is already 1 x 1."
    leave = Fix("setting", scene.broke.layer, "out") if scene.broke.layer else None
    return cause, f"Leave this pooling layer out ({side} can be halved {side.bit_length() - 1} times).", leave


@symptom("E12")
def no_grid(scene: Scene) -> Said | None:
    """Recognise a convolution or pooling that gets rows, a batch inside a batch, or maps without channels."""
    shape = scene.incoming
    if len(shape) == _GRID_AXES - 1 and scene.says(r"to have \d+ channels, but got", "RuntimeError"):
        cause = f"{scene.name} needs (batch, channels, height, width), but {_tuple(shape)} has no channel axis."
        return cause, "Write x = x.unsqueeze(1) before it."
    if (
        scene.says(r"3D.*4D.*tensor|3D.*4D.*input", "RuntimeError") is None
        and scene.says(r"but got -3", "IndexError") is None
    ):
        return None
    if len(shape) == _ROW_AXES:
        cause = f"{scene.name} needs the picture as a grid, but rows of {counted(shape[1], 'number')} arrive."
        return cause, "Move the Flatten to after the last convolution or pooling."
    if len(shape) == _ONE_TOO_MANY:
        cause = f"{scene.name} needs four axes (batch, channels, height, width), but {_tuple(shape)} arrives."
        return cause, "Leave out one unsqueeze."
    return None


@symptom("E34")
def batch_norm(scene: Scene) -> Said | None:
    """Recognise a batch normalisation for another number of channels or axes, or with a single value to average."""
    shape = scene.incoming
    channels = scene.says(rf"running_mean should contain {_N} elements not {_N}", "RuntimeError")
    if channels and len(shape) > 1 and shape[1] == int(channels[1]):
        cause = f"{scene.name} was made for {counted(int(channels[2]), 'channel')}, but {shape[1]} arrive."
        return (
            cause,
            f"Write {shape[1]} between the brackets{scene.of_layer}: nn.BatchNorm{_norm_axes(shape)}d({shape[1]}).",
            scene.setting("num_features", shape[1]),
        )
    if scene.says(r"expected (4D|2D or 3D) input", "ValueError"):
        arrives = _tuple(shape) if shape else "what arrives"
        right = (
            f"Write nn.BatchNorm{_norm_axes(shape)}d({shape[1]})" if len(shape) > 1 else "Change the number in its name"
        )
        cause = f"{scene.name} is the wrong kind of batch normalisation for {arrives}."
        return cause, f"{right}: 2d belongs after a convolution, 1d after a dense layer."
    if scene.says(r"more than 1 value per channel", "ValueError"):
        cause = "Batch normalisation cannot be trained on a single picture: it has nothing to average over."
        return cause, "Write drop_last=True in the DataLoader, and model.eval() before you test one picture."
    return None


def _norm_axes(shape: Shape) -> int:
    return 2 if len(shape) == _GRID_AXES else 1


def _tuple(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"
