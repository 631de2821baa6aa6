"""Values of the wrong kind: number types, arrays and lists, devices, an axis that is not there (E26-E28, E38)."""

from __future__ import annotations

import re

from grader.diagnosis.scene import Said, Scene, symptom

_TYPES = {
    "double": "float64",
    "long": "int64",
    "long int": "int64",
    "int": "int32",
    "unsigned char": "uint8",
    "byte": "uint8",
    "half": "float16",
    "c10::half": "float16",
}
_WORDS = "|".join(sorted(_TYPES, key=len, reverse=True))
_PAIRS = (
    rf"Input type \(({_WORDS})\) and (?:bias|weight) type",
    rf"must have the same dtype, but got ({_WORDS}) and Float",
    rf"have the same dtype, but got: ({_WORDS}) != float",
    rf"expected scalar type Float but found ({_WORDS})",
    r"Input type \(torch\.(Double|Long|Byte|Int|Half)Tensor\)",
)
_WEIGHTS = (
    r"and (?:bias|weight) type \((double)\)",
    r"must have the same dtype, but got Float and (Double)",
    r"expected scalar type (Double) but found Float",
)
_DEVICES = (
    r"Torch not compiled with CUDA enabled",
    r"Found no NVIDIA driver",
    r"No CUDA GPUs are available",
    r"not linked with support for mps",
)
_MIXED = r"to be on the same device|torch\.cuda\.\w+\) and weight type|\) and weight type \(torch\.cuda"
_ARRAYS = {
    "numpy.ndarray": "A NumPy array",
    "Image": "A picture of PIL",
    "list": "A list",
    "PngImageFile": "A picture of PIL",
}


@symptom("E28")
def device(scene: Scene) -> Said | None:
    """Recognise a GPU that is not there, and a network and pictures on two devices."""
    if any(scene.says(words) for words in _DEVICES):
        cause = "This line asks for a graphics card, and this machine has none that PyTorch can use."
        return cause, "Write device = 'cuda' if torch.cuda.is_available() else 'cpu' at the top, and .to(device) here."
    if scene.says(_MIXED, "RuntimeError"):
        cause = "The network and what comes in lie on two devices, one on the graphics card and one not."
        return cause, "Write x = x.to(device) before this line, with the device that the model was sent to."
    return None


@symptom("E26")
def number_type(scene: Scene) -> Said | None:
    """Recognise pictures, or weights, that are not float32."""
    flags = re.IGNORECASE | re.DOTALL
    for pattern in _WEIGHTS:
        if scene.broke.kind == "RuntimeError" and re.search(pattern, scene.broke.message, flags):
            return (
                f"{scene.name} has weights of the type float64, and pictures of the type float32 arrive.",
                "Write model = model.float() after the model is made.",
            )
    for pattern in _PAIRS:
        found = re.search(pattern, scene.broke.message, flags) if scene.broke.kind == "RuntimeError" else None
        if found:
            arrives = _TYPES.get(found[1].lower(), found[1].lower())
            cause = f"{scene.name} has weights of the type float32, but numbers of the type {arrives} arrive."
            divided = " (and divide by 255, where pixels go from 0 to 255)" if arrives == "uint8" else ""
            return cause, f"Add .float() to what goes in{divided}."
    return None


@symptom("E27")
def not_a_tensor(scene: Scene) -> Said | None:
    """Recognise an array, a list or a picture of another package where a tensor belongs."""
    found = scene.says(r"^(\w{1,40})\(\).{0,80}?(?:got \(|must be Tensor, not )([\w.]{1,60})", "TypeError")
    if found is None or "loss" in found[1] or found[2] not in _ARRAYS:
        return None
    cause = f"{_ARRAYS[found[2]]} goes into a layer, which takes tensors alone."
    if found[2] == "list":
        return (
            cause,
            "Write x = torch.tensor(x).float() before this line, or leave out the line that made a list of it.",
        )
    return cause, "Write x = torch.tensor(x).float() before this line."


@symptom("E38")
def softmax_axis(scene: Scene) -> Said | None:
    """Recognise a softmax over an axis that rows of scores do not have."""
    found = scene.says(
        r"Dimension out of range \(expected to be in range of \[-2, 1\], but got (-?\d{1,3})\)", "IndexError"
    )
    if found is None or not _is_softmax(scene):
        return None
    axes = "0 (pictures) and 1 (classes)"
    cause = f"The scores have two axes, {axes}, and the softmax asks for axis {found[1]}, which is not there."
    fix = scene.line(rf"dim *= *{found[1]}\b", "dim=1") or scene.line(rf"(oftmax\([^()]*)\b{found[1]}\)", r"\g<1>1)")
    return cause, "Write dim=1: across the classes.", fix or scene.setting("dim", 1)


def _is_softmax(scene: Scene) -> bool:
    """Tell whether it is a softmax that complains: its line says so, or it comes behind the dense layers."""
    if scene.broke.source:
        return "softmax" in scene.broke.source.lower()
    return bool(scene.layers) and scene.layers[-1].op in ("linear", "softmax", "log_softmax")
