"""Slips of the pen that stop the program: names, brackets, `self`, and what is missing."""

from __future__ import annotations

import pytest

from .breaks import CONV, POOL, build, forward


@pytest.mark.parametrize(
    ("line", "help_text"),
    [
        ("self.fc = nn.Dense(6663800, 256)", "Write nn.Linear(6663800, 256)."),
        ("self.fc = nn.Dense(10)", "Write nn.Linear(in_features, out_features)."),
    ],
)
def test_e01_dense(line: str, help_text: str) -> None:
    """The lesson's nn.Dense is nn.Linear, with the student's own numbers."""
    found = build("AttributeError", "module 'torch.nn' has no attribute 'Dense'", line)
    assert (found.code, found.help) == ("E01", help_text)
    assert "a slip in the lesson" in found.cause


@pytest.mark.parametrize(
    ("module", "wrong", "help_text"),
    [
        ("torch.nn", "conv2d", "Write nn.Conv2d."),
        ("torch.nn", "Conv2D", "Write nn.Conv2d."),
        ("torch.nn", "Maxpool2d", "Write nn.MaxPool2d."),
        ("torch.nn", "relu", "Write nn.ReLU."),
        ("torch.nn", "max_pool2d", "Write nn.MaxPool2d."),
        ("torch.nn", "Liner", "Write nn.Linear."),
        ("torch.nn", "MaxPooling2D", "Write nn.MaxPool2d."),
        ("torch.nn", "Qwertzuiop", ""),
        ("torch.nn.functional", "flatten", "Write torch.flatten(x, 1)."),
        ("torch.nn.functional", "Relu", "Write F.relu."),
        ("torch", "Conv2d", "Write nn.Conv2d."),
        ("torch", "Flatten", "Write torch.flatten."),
    ],
)
def test_e22_unknown_name(module: str, wrong: str, help_text: str) -> None:
    """A name that PyTorch does not have is told the one that was meant; where none is near, nothing is guessed."""
    found = build("AttributeError", f"module '{module}' has no attribute '{wrong}'", f"y = {wrong}(2)")
    assert (found.code, found.help) == ("E22", help_text)


def test_name_that_is_not_in_the_line() -> None:
    """A text about a name that the student's line does not have is repeated, not explained."""
    assert build("AttributeError", "module 'torch.nn' has no attribute 'Dense'", "x = 3").code == "E00"


@pytest.mark.parametrize(
    ("layer", "wrong", "help_text"),
    [
        ("Conv2d", "filters", "Write out_channels= in its place."),
        ("Conv2d", "kernal_size", "Write kernel_size= in its place."),
        ("MaxPool2d", "pool_size", "Write kernel_size= in its place."),
        ("Linear", "units", "Write out_features= in its place."),
        ("Linear", "activation", "Leave it out and put an nn.ReLU() after the Linear."),
        ("Linear", "input_shape", "Say what comes in with in_features=."),
        ("Linear", "qwertz", ""),
    ],
)
def test_e22_unknown_argument(layer: str, wrong: str, help_text: str) -> None:
    """An argument that a layer does not have is told PyTorch's own."""
    message = f"{layer}.__init__() got an unexpected keyword argument '{wrong}'"
    found = build("TypeError", message, f"nn.{layer}({wrong}=3)")
    assert (found.code, found.help) == ("E22", help_text)


@pytest.mark.parametrize(
    ("made", "missing", "line", "help_text"),
    [
        ("Conv2d", "kernel_size", "nn.Conv2d(3, 8)", "Add kernel_size=3 to the brackets of nn.Conv2d."),
        ("_MaxPoolNd", "kernel_size", "nn.MaxPool2d()", "Add kernel_size=2 to the brackets of nn.MaxPool2d."),
        ("Linear", "out_features", "nn.Linear(5)", "Write nn.Linear(in_features, out_features) with your numbers."),
        ("Net", "classes", "model = Net()", "Give it a default in def __init__: classes=..."),
    ],
)
def test_e23_size_missing(made: str, missing: str, line: str, help_text: str) -> None:
    """A size that was left out is named, with the layer's own name also where PyTorch uses an inner one."""
    found = build("TypeError", f"{made}.__init__() missing 1 required positional argument: '{missing}'", line)
    assert (found.code, found.help) == ("E23", help_text)


def test_e24_decimal_size() -> None:
    """A size from a division is told the whole line with //."""
    message = "empty(): argument 'size' (position 1) must be tuple of ints, but found element of type float at pos 0"
    found = build("TypeError", message, "self.fc = nn.Linear(32*32/4, 10)")
    assert (found.code, found.help) == ("E24", "Write // in place of /: self.fc = nn.Linear(32*32//4, 10)")
    pool = "max_pool2d(): argument 'kernel_size' (position 2) must be tuple of ints, not float"
    assert (build("TypeError", pool, "x = self.pool(x)").code, build("TypeError", pool).help) == ("E24", "")


@pytest.mark.parametrize(
    ("inside", "help_text"),
    [
        ("list", "Leave out the [ ] inside nn.Sequential(...)."),
        ("torch.nn.functional.relu", "Write nn.ReLU() in its place."),
        ("torch.nn.modules.activation.ReLU", "Write nn.ReLU()."),
        ("builtins.print", ""),
    ],
)
def test_e25_sequential(inside: str, help_text: str) -> None:
    """What does not belong into nn.Sequential is told what does."""
    found = build("TypeError", f"{inside} is not a Module subclass", "nn.Sequential(...)")
    assert (found.code, found.help) == ("E25", help_text)


@pytest.mark.parametrize(
    "message",
    [
        "cannot assign module before Module.__init__() call",
        "cannot assign parameters before Module.__init__() call",
        "'Net' object has no attribute '_backward_hooks'",
    ],
)
def test_e16_super(message: str) -> None:
    """All ways in which super().__init__() is missing lead to the same line."""
    found = build("AttributeError", message)
    assert found.code == "E16"
    assert found.help.startswith("Make super().__init__() the first line inside def __init__")


def test_e17_attribute_missing() -> None:
    """A layer that __init__ never made is told the one that was meant, or to make it."""
    text = "'Net' object has no attribute '{}'"
    near = forward(text.format("conv11"), kind="AttributeError", source="x = self.conv11(x)", ran=(CONV, POOL))
    far = forward(text.format("fc2"), kind="AttributeError", source="x = self.fc2(x)", ran=(CONV, POOL))
    none = forward(text.format("conv1"), kind="AttributeError", source="x = self.conv1(x)")
    assert {near.code, far.code, none.code} == {"E17"}
    assert near.help.startswith("Write self.conv1 if you meant that layer")
    assert far.help == "Add self.fc2 = ... to __init__, or check its spelling."
    assert "two underscores on each side" in none.help


@pytest.mark.parametrize(
    ("code", "name", "line", "help_text"),
    [
        ("E17", "conv1", "x = conv1(x)", "Write self.conv1."),
        ("E40", "F", "x = F.relu(x)", "Add import torch.nn.functional as F at the top."),
        ("E40", "Conv2d", "x = Conv2d(3, 8, 3)(x)", "Write nn.Conv2d."),
    ],
)
def test_unknown_name_in_forward(code: str, name: str, line: str, help_text: str) -> None:
    """An unknown name in forward lacks self, its import, or its module."""
    found = forward(f"name '{name}' is not defined", kind="NameError", source=line)
    assert (found.code, found.help) == (code, help_text)


def test_e40_unknown_name_in_building() -> None:
    """An unknown name outside of forward is told to look for its cell."""
    found = build("NameError", "name 'hidden' is not defined", "nn.Linear(hidden, 10)")
    assert (found.code, found.help) == ("E40", "Check the spelling of hidden, and that its cell is handed in.")


def test_e18_forward_missing() -> None:
    """A class without forward is told to check spelling and indentation."""
    found = forward('Module [Net] is missing the required "forward" function', kind="NotImplementedError")
    assert found.code == "E18"
    assert "spelling of forward" in found.help


def test_e19_forward_arguments() -> None:
    """A forward without self, and one that wants the labels, are told how to begin."""
    without_self = forward("Net.forward() takes 1 positional argument but 2 were given", kind="TypeError")
    labels = forward("_.<locals>.Net.forward() missing 1 required positional argument: 'y'", kind="TypeError")
    assert (without_self.code, without_self.help) == ("E19", "Write def forward(self, x):")
    assert (labels.code, labels.cause) == ("E19", "forward asks for y as well, but it is only given the pictures.")


def test_e20_class_in_place_of_a_network() -> None:
    """A class that was handed in is told its brackets; one that was given too much, to leave it out."""
    taken = "Net.__init__() takes 1 positional argument but 2 were given"
    bare = build("TypeError", "Module.parameters() missing 1 required positional argument: 'self'")
    assert (bare.code, bare.help) == ("E20", "Write model = Net() with brackets.")
    assert forward(taken, kind="TypeError").help == "Write model = Net() with brackets."
    assert build("TypeError", taken, "model = Net(10)").help == "Write Net() with nothing between the brackets."


@pytest.mark.parametrize(
    ("kind", "message", "help_text"),
    [
        ("TypeError", "conv2d() received an invalid combination of arguments - got (ReLU, Parameter)", "nn.ReLU()(x)"),
        ("TypeError", "linear(): argument 'input' (position 1) must be Tensor, not Flatten", "nn.Flatten()(x)"),
        ("AttributeError", "'MaxPool2d' object has no attribute 'view'", "nn.MaxPool2d(2)(x)"),
    ],
)
def test_e21_layer_as_function(kind: str, message: str, help_text: str) -> None:
    """A layer that was made where it should have been applied is told the second pair of brackets."""
    found = forward(message, kind=kind, ran=(CONV,))
    assert found.code == "E21"
    assert help_text in found.help


@pytest.mark.parametrize(
    ("kind", "message", "help_text"),
    [
        ("TypeError", "forward returned NoneType, not a tensor", "End forward with return x."),
        (
            "TypeError",
            "linear(): argument 'input' (position 1) must be Tensor, not NoneType",
            "End forward with return x.",
        ),
        ("AttributeError", "'NoneType' object has no attribute 'size'", "End forward with return x."),
        (
            "TypeError",
            "linear(): argument 'input' (position 1) must be Tensor, not tuple",
            "return x, the class scores.",
        ),
        ("TypeError", "forward returned dict, not a tensor", "return x, the class scores."),
    ],
)
def test_e29_nothing_returned(kind: str, message: str, help_text: str) -> None:
    """A forward without return, or one that returns several things, is told its last line."""
    found = forward(message, kind=kind)
    assert found.code == "E29"
    assert found.help.endswith(help_text)


def test_slip_in_a_tensors_method() -> None:
    """A slip in what a tensor can do is told the right name."""
    found = forward("'Tensor' object has no attribute 'flaten'", kind="AttributeError", source="x = x.flaten(1)")
    assert (found.code, found.help) == ("E22", "Write .flatten.")


@pytest.mark.parametrize(
    ("code", "kind", "message", "help_text"),
    [
        ("E35", "FileNotFoundError", "[Errno 2] No such file or directory: '/content/drive/m.pth'", "hand it in"),
        ("E39", "ModuleNotFoundError", "No module named 'tensorflow'", "Build the network with torch.nn."),
        ("E39", "ModuleNotFoundError", "No module named 'mylayers'", "Hand in mylayers.py together"),
        (
            "E53",
            "RepairsForbidden",
            "Net was to be built by your own code. Guessing is off. Write the line that builds it: model = Net(3)",
            "Write the line that builds it: model = Net(3).",
        ),
        ("E44", "NoModel", "no class derived from nn.Module was found in 3 code cells", "model = Net()"),
        ("E44", "NotAModel", "model is a list, not a model.", "model = Net()"),
        ("E41", "IndentationError", "unexpected indent", "same number of spaces"),
        ("E44", "Empty", "The notebook is empty.", "right file"),
        ("E44", "CutOff", "net.ipynb is cut off.", "Download the notebook again"),
        ("E41", "SyntaxError", "'(' was never closed", "Close the ("),
        ("E41", "SyntaxError", "unmatched ']'", "Remove the ]"),
        ("E41", "SyntaxError", "expected ':'", "Put a : at the end"),
        ("E41", "SyntaxError", "invalid syntax", ""),
    ],
)
def test_missing_files_and_lines_that_cannot_be_read(code: str, kind: str, message: str, help_text: str) -> None:
    """A missing file or module is named; a line that is not Python is said in Python's words."""
    found = build(kind, message)
    assert found.code == code
    assert help_text in found.help


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("RuntimeError", "can't allocate memory: you tried to allocate 6823731200 bytes. Error code 12"),
        ("TooLargeError", "a tensor of 256x6663800 numbers takes 6.8 GB"),
    ],
)
def test_e37_says_the_weights(kind: str, message: str) -> None:
    """A giant dense layer is told its number of weights and what they need."""
    found = build(kind, message, "self.fc = nn.Linear(6663800, 256)")
    assert found.code == "E37"
    assert found.cause == "This one dense layer has 1,705,932,800 weights, which need 6.8 GB of memory."
    assert "nn.MaxPool2d(2) before the Flatten" in found.help


def test_e37_elsewhere() -> None:
    """Memory that another line asked for is told in GB where that is known; pooling helps only without a pool."""
    assert "6.8 GB of memory at once" in forward("a tensor takes 6.8 GB", kind="TooLargeError", ran=(POOL,)).cause
    assert forward("a tensor takes 6.8 GB", kind="TooLargeError", ran=(POOL,)).help == ""
    assert "MaxPool2d" in forward("a tensor takes 6.8 GB", kind="TooLargeError", ran=(CONV,)).help
    assert build("MemoryError", "", "x = [0] * 10**12").help == ""
