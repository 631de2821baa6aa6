"""Slips in the student's class: names, `super().__init__()`, `forward` (E16-E21, E29, E40)."""

from __future__ import annotations

import difflib
import re

from grader.diagnosis.scene import Said, Scene, symptom
from grader.diagnosis.spelling import LAYERS, METHODS
from grader.records import Fix
from grader.wording import IMPORTS

_INSIDES = ("_backward_hooks", "_modules", "_parameters", "_buffers", "_forward_hooks")


@symptom("E16")
def super_missing(scene: Scene) -> Said | None:
    """Recognise a missing or late `super().__init__()`, and one without brackets."""
    early = scene.says(r"cannot assign \w+ before Module\.__init__\(\) call", "AttributeError")
    inside = scene.says(r"object has no attribute '(\w{1,60})'", "AttributeError")
    if early is None and (inside is None or inside[1] not in _INSIDES):
        return None
    cause = "The class has to wake up nn.Module before it can hold layers, and that did not happen."
    return cause, "Make super().__init__() the first line inside def __init__, with both pairs of brackets."


@symptom("E18")
def forward_missing(scene: Scene) -> Said | None:
    """Recognise a class whose `forward` is missing, misspelt or indented wrongly."""
    found = scene.says(r"Module \[(\w{1,60})\] is missing the required \"forward\"", "NotImplementedError")
    if found is None:
        return None
    cause = f"The class {found[1]} has no method called forward, so it does not know what to do with a picture."
    return cause, "Check the spelling of forward and that def forward stands as far to the right as def __init__."


@symptom("E19")
def forward_arguments(scene: Scene) -> Said | None:
    """Recognise a `forward` without `self`, or one that also asks for the labels."""
    if scene.says(r"forward\(\) takes 1 positional argument but 2 were given", "TypeError"):
        return (
            "forward takes one thing, but it gets two: the network itself and the pictures.",
            "Write def forward(self, x):",
        )
    found = scene.says(r"forward\(\) missing \d{1,3} required positional arguments?: '(\w{1,60})'", "TypeError")
    if found is None:
        return None
    if found[1] == "x" and not scene.in_forward:
        return "forward was called without pictures.", "Write model(x) with the pictures between the brackets."
    cause = f"forward asks for {found[1]} as well, but it is only given the pictures."
    return cause, "Write def forward(self, x): and compute the loss outside of forward."


@symptom("E20")
def class_not_instance(scene: Scene) -> Said | None:
    """Recognise a class in the place of a network made from it, and a class given more than it takes."""
    bare = scene.says(r"Module\.\w{1,60}\(\) missing 1 required positional argument: 'self'", "TypeError")
    found = scene.says(r"(\w{1,60})\.__init__\(\) takes 1 positional argument but (\d{1,3}) were given", "TypeError")
    if bare or (found and scene.in_forward and found[1] not in LAYERS):
        made = f"{found[1]}()" if found else "Net()"
        return "The model is the class itself, not a network made from it.", f"Write model = {made} with brackets."
    if found is None or found[1] in LAYERS:
        return None
    given = int(found[2]) - 1
    cause = f"{found[1]}(...) was given {given} value{'s' if given > 1 else ''}, but its __init__ takes only self."
    fix = scene.line(rf"\b{found[1]}\([^()]*\)", f"{found[1]}()")
    return cause, f"Write {found[1]}() with nothing between the brackets.", fix


@symptom("E21")
def layer_as_function(scene: Scene) -> Said | None:
    """Recognise `nn.ReLU(x)`, which makes a layer and does not apply it."""
    found = scene.says(r"got \((\w{1,60}),|must be Tensor, not (\w{1,60})", "TypeError")
    layer = (found[1] or found[2]) if found else ""
    asked = scene.says(r"'(\w{1,60})' object has no attribute '(\w{1,60})'", "AttributeError")
    if asked and asked[2] in METHODS:
        layer = asked[1]
    if layer not in LAYERS - {"Module", "Parameter"}:
        return None
    cause = f"nn.{layer}(x) makes a layer but does not apply it, so a layer and not a picture comes out."
    inside = "2" if "Pool" in layer else ""
    return cause, f"Write nn.{layer}({inside})(x), or make the layer in __init__ and call it here."


@symptom("E29")
def nothing_returned(scene: Scene) -> Said | None:
    """Recognise a `forward` without `return`, or one that returns several things."""
    found = scene.says(r"(?:got \(|must be Tensor, not |returned )(NoneType|tuple|dict|list|str|int)\b", "TypeError")
    found = found or scene.says(r"'(NoneType|tuple|dict|list)' object has no attribute", "AttributeError")
    if found is None or not scene.in_forward:
        return None
    if found[1] == "NoneType":
        cause = "Nothing (None) came where a tensor was expected: a forward ends without return."
        return cause, "End forward with return x."
    return (
        f"A {found[1]} came where one tensor was expected.",
        "End forward with one tensor: return x, the class scores.",
    )


@symptom("E17")
def attribute_missing(scene: Scene) -> Said | None:
    """Recognise `self.fc2` where `__init__` made `self.fc1`, and an `__init__` that never ran."""
    found = scene.says(r"'(\w{1,60})' object has no attribute '(\w{1,60})'", "AttributeError")
    if found is None or found[1] in LAYERS | {"Tensor", "NoneType", "list", "tuple", "dict"}:
        return None
    name = found[2]
    if not re.search(rf"\b{name}\b", scene.broke.source or name):
        return None
    cause = f"The line uses self.{name}, but __init__ never made it."
    made = sorted({*scene.broke.names, *(layer.name.split(".")[0] for layer in scene.layers)})
    close = difflib.get_close_matches(name, made, n=1, cutoff=0.6)
    if close:
        fix = scene.line(rf"\bself\.{name}\b", f"self.{close[0]}")
        return cause, f"Write self.{close[0]} if you meant that layer, or make self.{name} in __init__.", fix
    if not made:
        return cause, f"Add self.{name} = ... to __init__, and check that __init__ has two underscores on each side."
    return cause, f"Add self.{name} = ... to __init__, or check its spelling."


@symptom("E17")
def self_missing(scene: Scene) -> Said | None:
    """Recognise `conv1(x)` inside forward where `self.conv1(x)` was meant."""
    found = scene.says(r"name '(\w{1,60})' is not defined", "NameError")
    if found is None or not scene.in_forward or found[1] in IMPORTS or found[1] in LAYERS:
        return None
    if not re.search(rf"(?<!\.)\b{found[1]}\b", scene.broke.source or found[1]):
        return None
    fix = scene.line(rf"(?<![.\w]){found[1]}\b", f"self.{found[1]}")
    return f"forward uses {found[1]}, which it does not know without self.", f"Write self.{found[1]}.", fix


@symptom("E40")
def name_unknown(scene: Scene) -> Said | None:
    """Recognise a name that nothing before it made."""
    found = scene.says(r"name '(\w{1,60})' is not defined", "NameError")
    if found is None:
        return None
    name = found[1]
    if name in IMPORTS:
        fix = Fix("import", new=IMPORTS[name])
        return f"{name} is used before it is imported.", f"Add {IMPORTS[name]} at the top.", fix
    if name in LAYERS:
        return f"{name} is not known by this name alone.", f"Write nn.{name}.", Fix("word", old=name, new=f"nn.{name}")
    return (
        f"{name} is used, but no line that ran before made it.",
        f"Check the spelling of {name}, and that its cell is handed in.",
    )
