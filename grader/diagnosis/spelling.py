"""Names that PyTorch does not have, and sizes that were left out or are decimals (E01, E22-E25)."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from grader.diagnosis.scene import Said, Scene, symptom
from grader.records import Fix

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_LAYERS = """
AdaptiveAvgPool2d AdaptiveMaxPool2d AvgPool2d BatchNorm1d BatchNorm2d Conv1d Conv2d ConvTranspose2d
CrossEntropyLoss Dropout Dropout2d ELU Flatten GELU Hardswish Identity LayerNorm LazyConv2d LazyLinear
LeakyReLU Linear LogSoftmax LSTM MaxPool1d MaxPool2d Module ModuleDict ModuleList MSELoss NLLLoss Parameter
PReLU ReLU Sequential SELU Sigmoid SiLU Softmax Softplus Tanh Unflatten Upsample ZeroPad2d
"""
_FUNCTIONS = """
adaptive_avg_pool2d avg_pool2d batch_norm conv2d cross_entropy dropout elu gelu interpolate leaky_relu linear
log_softmax max_pool2d nll_loss normalize one_hot pad relu selu sigmoid silu softmax softplus tanh
"""
_METHODS = """
argmax contiguous detach dim flatten float long max mean permute relu reshape shape sigmoid size softmax
squeeze sum tanh transpose unflatten unsqueeze view
"""
LAYERS = frozenset(_LAYERS.split())
"""Names in `torch.nn` that a course such as this one uses."""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Names in `torch.nn.functional`."""
METHODS = frozenset(_METHODS.split())
"""Names of a tensor, and with that most names in `torch`."""
KERAS: Mapping[str, str] = {
    "Activation": "ReLU",
    "AveragePooling2D": "AvgPool2d",
    "BatchNorm": "BatchNorm2d",
    "BatchNormalization": "BatchNorm2d",
    "Dense": "Linear",
    "GlobalAveragePooling2D": "AdaptiveAvgPool2d",
    "MaxPooling2D": "MaxPool2d",
    "MaxPooling2d": "MaxPool2d",
}
"""Layers of Keras that have another name in PyTorch."""
KERAS_WORDS: Mapping[str, str] = {
    "filters": "out_channels",
    "units": "out_features",
    "pool_size": "kernel_size",
    "strides": "stride",
    "rate": "p",
    "kernel": "kernel_size",
    "axis": "dim",
}
"""Arguments of Keras that have another name in PyTorch."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "Conv2d": ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"),
    "MaxPool2d": ("kernel_size", "stride", "padding", "dilation", "ceil_mode"),
    "AvgPool2d": ("kernel_size", "stride", "padding", "ceil_mode"),
    "Linear": ("in_features", "out_features", "bias"),
    "Dropout": ("p", "inplace"),
    "BatchNorm2d": ("num_features", "eps", "momentum", "affine"),
    "Flatten": ("start_dim", "end_dim"),
    "Softmax": ("dim",),
    "ReLU": ("inplace",),
}
"""Arguments of the layers, in their order."""
_NEEDED = ("in_channels", "out_channels", "kernel_size", "in_features", "out_features", "num_features")
_NO_SUCH = r"module 'torch(?:\.(nn|nn\.functional))?' has no attribute '(\w{1,60})'"


def nearest(name: str, names: Collection[str]) -> str:
    """Return the name that was probably meant: the same but for capitals, else the most similar; else nothing."""
    same = [one for one in sorted(names) if one.lower() == name.lower().replace("_", "")]
    close = same or difflib.get_close_matches(name, sorted(names), n=1, cutoff=0.75)
    return close[0] if close else ""


@symptom("E01")
def dense_of_keras(scene: Scene) -> Said | None:
    """Recognise `nn.Dense`, copied from the lesson."""
    if scene.says(r"module 'torch\.nn' has no attribute 'Dense'", "AttributeError") is None or not scene.line_has(
        "Dense"
    ):
        return None
    call = re.search(r"nn\.Dense\(([^(),]{1,40},[^(),]{1,40})\)", scene.broke.source)
    numbers = call[1] if call else "in_features, out_features"
    fix = Fix("word", old="nn.Dense", new="nn.Linear")
    return "PyTorch has no nn.Dense: that is Keras, and a slip in the lesson.", f"Write nn.Linear({numbers}).", fix


@symptom("E22")
def unknown_name(scene: Scene) -> Said | None:
    """Recognise other capitals, a Keras layer, or a function that lives elsewhere."""
    found = scene.says(_NO_SUCH, "AttributeError")
    if found is None or not scene.line_has(found[2]):
        return None
    place, wrong = {"nn": "nn", "nn.functional": "F"}.get(found[1], "torch"), found[2]
    cause = f"PyTorch has no {place}.{wrong}."
    if place == "F" and wrong == "flatten":
        return cause, "Write torch.flatten(x, 1).", scene.line(r"F\.flatten\((\w+)(?:, *1)?\)", r"torch.flatten(\1, 1)")
    if wrong in KERAS:
        fix = Fix("word", old=f"nn.{wrong}", new=f"nn.{KERAS[wrong]}") if place == "nn" else None
        return f"{cause} That is how Keras calls it.", f"Write nn.{KERAS[wrong]}.", fix
    for prefix, names in _places(place):
        right = nearest(wrong, names)
        if right:
            fix = Fix("word", old=f"{place}.{wrong}", new=f"{prefix}.{right}") if prefix == place else None
            return f"{cause} Capital letters and every letter count.", f"Write {prefix}.{right}.", fix
    return cause, ""


def _places(place: str) -> list[tuple[str, Collection[str]]]:
    order: list[tuple[str, Collection[str]]] = [("nn", LAYERS), ("F", FUNCTIONS), ("torch", METHODS)]
    return sorted(order, key=lambda one: one[0] != place)


@symptom("E22")
def unknown_method(scene: Scene) -> Said | None:
    """Recognise a slip in the name of something that a tensor can do."""
    found = scene.says(r"'Tensor' object has no attribute '(\w{1,60})'", "AttributeError")
    if found is None or not scene.line_has(found[1]):
        return None
    right = nearest(found[1], METHODS)
    fix = scene.line(rf"\.{found[1]}\b", f".{right}") if right else None
    return f"A tensor has no .{found[1]}.", f"Write .{right}." if right else "", fix


@symptom("E22")
def unknown_argument(scene: Scene) -> Said | None:
    """Recognise an argument that a layer does not have, often one of Keras."""
    found = scene.says(r"(\w{1,60})\.__init__\(\) got an unexpected keyword argument '(\w{1,60})'", "TypeError")
    if found is None or found[1].strip("_") not in LAYERS or not scene.line_has(found[2]):
        return None
    layer, wrong = found[1].strip("_"), found[2]
    cause = f"nn.{layer} has no argument called {wrong}."
    if wrong == "activation":
        return f"{cause} That is Keras.", f"Leave it out and put an nn.ReLU() after the {layer}."
    known = WORDS.get(layer, ())
    if KERAS_WORDS.get(wrong) in known:
        return f"{cause} That is Keras.", f"Write {KERAS_WORDS[wrong]}= in its place.", _word(scene, KERAS_WORDS[wrong])
    if wrong == "input_shape" and known and known[0].startswith("in_"):
        return f"{cause} That is Keras.", f"Say what comes in with {known[0]}=."
    right = nearest(wrong, known)
    return cause, f"Write {right}= in its place." if right else "", _word(scene, right)


def _word(scene: Scene, right: str) -> Fix | None:
    """Return the change of the argument's name that the exception complains about."""
    wrong = scene.says(r"keyword argument '(\w{1,60})'")
    return scene.line(rf"\b{wrong[1]} *=", f"{right}=") if wrong and right else None


@symptom("E23")
def size_missing(scene: Scene) -> Said | None:
    """Recognise a layer, or a class of the student's own, that was made without a number it needs."""
    found = scene.says(
        r"(?:(\w{1,60})\.)?__init__\(\) missing \d{1,3} required positional arguments?: (.{1,200})", "TypeError"
    )
    if found is None:
        return None
    missing = " and ".join(re.findall(r"'(\w{1,60})'", found[2]))
    pool = re.search(r"\b(\w{1,20}Pool\w{1,20})\(", scene.broke.source)
    said = found[1] or "".join(re.findall(r"\bnn\.(\w{1,60})\(", scene.broke.source)[:1]) or "This layer"
    layer = pool[1] if said.startswith("_") and pool else said.strip("_")
    fix: Fix | None = None
    if layer in LAYERS:
        order = ", ".join(word for word in WORDS.get(layer, ()) if word in _NEEDED)
        help_text = f"Write nn.{layer}({order}) with your numbers." if order else ""
        if missing == "kernel_size":
            kernel = 2 if "Pool" in layer else 3
            help_text = f"Add kernel_size={kernel} to the brackets of nn.{layer}."
            given = scene.line(rf"nn\.{layer}\(([^()]+)\)", rf"nn.{layer}(\1, kernel_size={kernel})")
            fix = given or scene.line(rf"nn\.{layer}\(\)", f"nn.{layer}(kernel_size={kernel})")
        return f"nn.{layer} needs {missing} between its brackets.", help_text, fix
    cause = f"{layer} needs {missing}, and nothing was given when it was made."
    return cause, f"Give it a default in def __init__: {missing}=..." if " and " not in missing else ""


@symptom("E24")
def decimal_size(scene: Scene) -> Said | None:
    """Recognise a size that is a decimal number, usually from a division with `/`."""
    if scene.says(r"ints?\b.*\bfloat|float.*interpreted as an integer", "TypeError") is None:
        return None
    cause = "A size has to be a whole number, but a decimal number was given."
    line = scene.broke.source
    if re.search(r"(?<!/)/(?!/)", line):
        return (
            f"{cause} In Python / always gives a decimal number.",
            f"Write // in place of /: {re.sub(r'/+', '//', line)}",
            Fix("line", old=line, new=re.sub(r"/+", "//", line)),
        )
    return cause, ""


@symptom("E25")
def sequential_misuse(scene: Scene) -> Said | None:
    """Recognise a list, a function or a class without brackets inside `nn.Sequential`."""
    found = scene.says(r"([\w.]{1,120}) is not a Module subclass", "TypeError")
    if found is None:
        return None
    name = found[1].rpartition(".")[2]
    if found[1] == "list":
        whole = scene.line(r"nn\.Sequential\(\[(.*)\]\)", r"nn.Sequential(\1)")
        return "nn.Sequential takes layers, but got a list.", "Leave out the [ ] inside nn.Sequential(...).", whole
    if name in LAYERS:
        return (
            f"nn.Sequential takes layers, but nn.{name} without brackets is only the plan of one.",
            f"Write nn.{name}().",
            scene.line(rf"nn\.{name}\b(?! *\()", f"nn.{name}()"),
        )
    layer = nearest(name, LAYERS)
    cause = f"nn.Sequential takes layers, but {name} is a function."
    fix = scene.line(rf"\b(?:F|torch)\.{name}\b(?! *\()", f"nn.{layer}()") if layer else None
    return cause, f"Write nn.{layer}() in its place." if layer else "", fix
