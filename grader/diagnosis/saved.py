"""Saved weights that do not load, or do not fit (E35)."""

from __future__ import annotations

from grader.diagnosis.scene import Said, Scene, symptom

_AGAIN = "Save them again with torch.save(model.state_dict(), 'model.pth'), and hand that file in."


@symptom("E35")
def weights(scene: Scene) -> Said | None:
    """Recognise weights of another network, a file that is none, and `load_state_dict` taken for the model."""
    if found := scene.says(
        r"size mismatch for ([\w.]{1,80}): .{0,60}?torch\.Size\(\[([\d, ]*)\]\).{0,60}?torch\.Size\(\[([\d, ]*)\]\)"
    ):
        cause = f"The saved {found[1]} has the shape ({found[2]}), but in this network it is ({found[3]})."
        return cause, "Load weights of the same network, or give the layer the size that it had when they were saved."
    if scene.says(r"loading state_dict for \w+"):
        missing = scene.says(r"Missing key\(s\) in state_dict: \"([\w.]{1,80})\"")
        extra = scene.says(r"Unexpected key\(s\) in state_dict: \"([\w.]{1,80})\"")
        named = f" It has no {missing[1]}" if missing else ""
        named += f"{' and' if named else ' It has'} {extra[1]} in its place" if extra else ""
        return f"The saved weights are those of a network with other names.{named}.", (
            "Give the layers the names that they had when the weights were saved."
        )
    if scene.says(r"'_IncompatibleKeys' object"):
        cause = "load_state_dict fills the model and answers with a list of names, which was taken for the model."
        return cause, "Write model.load_state_dict(...) on a line of its own, without model = before it."
    if scene.says(r"'(collections\.)?OrderedDict' object (is not callable|has no attribute)"):
        cause = "torch.load gave the weights alone, and they are not a network."
        return cause, "Write model = Net(), then model.load_state_dict(torch.load('model.pth'))."
    if scene.says(r"Expected state_dict to be dict-like", "TypeError"):
        cause = "load_state_dict wants the weights, but got the name of their file."
        return cause, "Write model.load_state_dict(torch.load('model.pth'))."
    if scene.says(r"Attempting to deserialize object on a CUDA device"):
        cause = "The weights were saved on a graphics card, and this machine has none."
        return cause, "Write torch.load('model.pth', map_location='cpu')."
    if scene.says(r"Weights only load failed", "UnpicklingError"):
        return "The file holds more than weights: a whole model, or it is no file of weights at all.", _AGAIN
    if scene.broke.kind == "EOFError" or scene.says(r"PytorchStreamReader|invalid load key|not a ZIP archive"):
        return "The file of weights is empty or cut off.", _AGAIN
    return None
