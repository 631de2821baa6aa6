"""Guess a value for a parameter from its name and from what the class does with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from grader.source.guessing.guesses import Guess, Hints, by_name
from grader.source.guessing.usage import Use

_SETTINGS = frozenset(
    {"args", "arg", "config", "cfg", "conf", "hparams", "params", "opt", "options", "hp", "configs", "settings"}
)
"""Parameters that carry many values: `Net(config)` reads `config.hidden` or `config["hidden"]`."""
_SHAPE = re.compile(r"^(in|input|image|img|picture|x)_?(size|shape|dim|dimension)s?$|shape$")
_SIZES = ("the shape of a picture", "the width of a picture")
_BLOCK = re.compile(r"block|unit|cell|bottleneck|stage|layer", re.IGNORECASE)
_INNER = re.compile(r"^(model|net|network|backbone|encoder|extractor|features?|base|cnn|body|trunk)(_|$)")
"""Parameters that take a whole network: `Lit(model)`."""
_WIDTHS = (32, 64, 128, 256)
_NN = "__import__('torch').nn."
_BY_LAYER: Mapping[str, Guess] = {
    "kernel_size": Guess("3", "a usual kernel size"),
    "stride": Guess("1", "a usual stride"),
    "padding": Guess("1", "a usual padding"),
    "p": Guess("0.5", "a usual dropout"),
    "pool_size": Guess("2", "a usual pool size"),
    "pool_stride": Guess("2", "a usual pool size"),
    "slope": Guess("0.1", "a usual slope"),
}
_BY_TYPE: Mapping[str, Guess] = {
    "bool": Guess("True", "switched on"),
    "float": Guess("0.5", "a usual number"),
    "str": Guess("'model'", "some text"),
}


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is for parameters that nobody gives.

    Attributes:
        hints: what the rubric says.
        names: names of the program that can be used, because they are made without data.
        command_line: argparse options with their defaults, as Python.
        blocks: classes of layers for parameters such as `block`, the likeliest first, each with the least and the
            largest number of arguments that it takes.
        tables: dicts of the program with the first of their keys.
    """

    hints: Hints
    names: frozenset[str] = frozenset()
    command_line: Mapping[str, str] = field(default_factory=dict)
    blocks: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)


def fitting(name: str, parameter: str, use: Use, offered: Offered) -> Guess:
    """Guess a value for a parameter of `name`; use goes before names where the two do not agree."""
    usual = by_name(parameter, offered.hints)
    for guess in (
        _text(use, usual, offered),
        _settings(parameter, use, usual, offered),
        _callable(name, parameter, use, usual, offered),
        _sequence(parameter, use, usual, offered.hints),
        _in_layers(use, usual, offered.hints),
        _number(use, usual),
        _block(name, parameter, offered),
        usual,
    ):
        if guess is not None:
            return guess
    return Guess("64", "a usual width")


def _text(use: Use, usual: Guess | None, offered: Offered) -> Guess | None:
    """Guess from `if activation == "relu"` and `WIDTHS[name]`."""
    if use.texts and not (usual and usual.text == "None"):
        return Guess(repr(use.texts[0]), "the first that it is compared with")
    keys = [offered.tables[table] for table in use.tables if table in offered.tables]
    return Guess(keys[0], "the first key of the table that it is looked up in") if keys else None


def _settings(parameter: str, use: Use, usual: Guess | None, offered: Offered) -> Guess | None:
    """Make an object or a dict with everything that is read from `config`."""
    read = (use.keys or use.attributes) and not (use.called or use.several or use.layers or use.annotation in _BY_TYPE)
    if parameter not in _SETTINGS and not (read and usual is None):
        return None
    if use.keys:
        inside = ", ".join(f"{key!r}: {_setting(key, offered)}" for key in sorted(use.keys))
        return Guess("{" + inside + "}", "usual settings")
    inside = ", ".join(f"{key}={_setting(key, offered)}" for key in sorted(use.attributes))
    return Guess(f"__import__('types').SimpleNamespace({inside})", "usual settings")


def _setting(key: str, offered: Offered) -> str:
    guess = by_name(key, offered.hints)
    return offered.command_line.get(key) or (guess.text if guess else "64")


def _callable(name: str, parameter: str, use: Use, usual: Guess | None, offered: Offered) -> Guess | None:
    """Guess a class of layers, an activation or a network: what is called is no number."""
    if not use.called:
        return None
    most = max(use.called)
    if "expansion" in use.attributes or most > 1 or (_BLOCK.search(parameter) and not usual):
        fits = [
            one for one, (least, limit) in offered.blocks.items() if one != name and least <= most <= max(limit, least)
        ]
        if fits:
            return Guess(fits[0], "a class of layers in the submission")
    whole = [one for one, (least, _) in offered.blocks.items() if one != name and least == 0]
    if most == 1 and _INNER.search(parameter) and whole:
        return Guess(f"{whole[-1]}()", "a network of the submission")
    if most == 0:  # activation() makes one: what is given is the class
        text = usual.text.removesuffix("()") if usual and usual.text.startswith(_NN) else f"{_NN}ReLU"
        return Guess(text, "a usual activation")
    return usual if usual and usual.text.startswith(_NN) else Guess(f"{_NN}ReLU()", "a usual activation")


def _sequence(parameter: str, use: Use, usual: Guess | None, hints: Hints) -> Guess | None:
    """Guess a shape or a list for what is taken apart, gone through or read by its places."""
    typed = re.match(r"(typing\.)?(list|tuple|sequence|iterable)\b", use.annotation, re.IGNORECASE)
    if not (use.several or typed):
        return None
    count = max([len(use.parts), *(index + 1 for index in use.indexes)])
    shape = _picture(parameter, use, usual, count, hints)
    if shape is not None:
        return shape
    if usual and usual.text.startswith("["):
        return Guess(str([2] * min(count, 16)), usual.meaning) if count else usual
    length = min(count or 2, 16)
    if use.element_keys:
        inside = ", ".join(f"{key!r}: {_element(key, hints)}" for key in sorted(use.element_keys))
        return Guess("[" + ", ".join(["{" + inside + "}"] * length) + "]", "usual layers")
    if use.pairs:
        rest = (3, 1, 1, 1, 1, 1, 1)[: use.pairs - 1]
        return Guess(str([(width, *rest) for width in _WIDTHS[:length]]), "usual layers")
    return _values(use, usual, length, hints)


def _values(use: Use, usual: Guess | None, length: int, hints: Hints) -> Guess:
    """Return a list: of what the layers take that its elements go into, else of what its name says."""
    roles = {role for _, role in use.elements}
    by_layer = next((_BY_LAYER[role] for role in sorted(roles) if role in _BY_LAYER), None)
    plain = usual if usual and not usual.given and usual.meaning != "a usual width" else None
    if one := by_layer or plain:
        return Guess(f"[{', '.join([one.text] * length)}]", one.meaning)
    if use.indexes and usual is None and not roles and not use.starts:
        return Guess(str([2] * length), "a usual number of blocks")
    widths = [*_WIDTHS, *[_WIDTHS[-1]] * length][:length]
    return Guess(str([hints.input_shape[0], *widths] if use.starts else widths), "usual widths")


def _picture(parameter: str, use: Use, usual: Guess | None, count: int, hints: Hints) -> Guess | None:
    """Return the shape of a picture for `c, h, w = size` and `input_dim[0]`, and two numbers for `h, w = size`."""
    channels, height, width = hints.input_shape
    parts = [by_name(part.rpartition(".")[2], hints) for part in use.parts]
    known = [part.meaning.split()[1] if part and part.given else "" for part in parts]  # "the height of a picture"
    places = bool(use.parts or use.indexes)
    sized = bool(_SHAPE.search(parameter.lower())) or bool({"height", "width"} & set(known))
    sized = sized or (places and usual is not None and usual.meaning in _SIZES)
    if not sized or use.starts or count > len(hints.input_shape) or (usual is not None and not usual.given):
        return None  # h, w = kernel_size is no picture
    shape: tuple[int, ...] = hints.input_shape
    if known[:1] in (["height"], ["width"]):
        shape = (height, width, channels) if count == len(shape) else (height, width)
    elif count == len(("height", "width")) and (use.parts or (usual is not None and usual.meaning == _SIZES[1])):
        shape = shape if known[:1] == ["number"] else (height, width)
    return Guess(str(shape), _SIZES[0], given=True)


def _in_layers(use: Use, usual: Guess | None, hints: Hints) -> Guess | None:
    """Guess from the layers that a number goes into.

    What goes into a convolution are the channels, what comes out of a dense layer the classes, what does both a
    width. TinyVGG(input_shape, hidden_units, output_shape) calls the channels a shape; nn.Conv2d(input_shape, …) tells.
    """
    into = [layer for layer, role in use.layers if role in ("in_channels", "in_features")]
    out_of = [layer for layer, role in use.layers if role in ("out_channels", "out_features")]
    if usual is not None and not usual.given:
        return None
    if into and out_of:
        return Guess("64", "a usual width")
    if into and into[0].startswith("Conv"):
        return Guess(str(hints.input_shape[0]), "the number of colour channels", given=True)
    if out_of and not into and out_of[-1].endswith("Linear"):
        return Guess(str(hints.classes), "the number of classes", given=True)
    other = [_BY_LAYER[role] for _, role in use.layers if role in _BY_LAYER]
    return other[0] if other and usual is None else None


def _number(use: Use, usual: Guess | None) -> Guess | None:
    """Guess how often something is repeated, and what a condition or a type asks for."""
    if use.counted and (usual is None or usual.text.startswith("[")):
        return Guess("2", "a usual number of times")
    if usual is not None:
        return None
    if use.annotation in _BY_TYPE:
        return _BY_TYPE[use.annotation]
    return Guess("True", "switched on") if use.asked and not use.layers else None


def _block(name: str, parameter: str, offered: Offered) -> Guess | None:
    if "block" not in parameter or "num" in parameter:
        return None
    blocks = [one for one in offered.blocks if one != name]
    return Guess(blocks[0], "a class of layers in the submission") if blocks else None


def _element(key: str, hints: Hints) -> str:
    guess = by_name(key, hints)
    return guess.text if guess and not guess.given else "64"
