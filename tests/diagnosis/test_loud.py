"""Errors that stop the program: each is recognised, and the number to type is the right one.

The texts are those of PyTorch 2.13 for a batch of 7 pictures of 3 x 32 x 32.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.diagnosis import SYMPTOMS, explain, explain_stopped
from grader.records import Break, Role, Shape

from .breaks import CONV, FLATTEN, POOL, SHAPE, WHERE, build, forward, layer


def product(rows: int, columns: int, features: int) -> str:
    """Return what a dense layer says when it does not fit."""
    return f"mat1 and mat2 shapes cannot be multiplied ({rows}x{columns} and {features}x10)"


def channels(made_for: int, *arrives: int) -> str:
    """Return what a convolution says when it does not fit."""
    shape = ", ".join(map(str, arrives))
    return (
        f"Given groups=1, weight of size [8, {made_for}, 3, 3], expected input[{shape}] to have {made_for} channels, "
        f"but got {arrives[1]} channels instead"
    )


def test_e02_wrong_in_features() -> None:
    """A wrong in_features is told what arrives, how it comes about, and the number to type."""
    found = forward(product(7, 7200, 512), (7, 7200), (10, 512), name="fc1", ran=(CONV, POOL, FLATTEN))
    assert found.code == "E02"
    assert found.cause == "fc1 expects 512 numbers per picture, but 7200 (32 channels x 15 x 15) arrive."
    assert found.help == "Set in_features of fc1 to 7200."


def test_e02_in_other_words() -> None:
    """Another version's wording leads to the same number; without layers the factors are left out."""
    found = forward("a and b must have same reduction dim, but got [7, 288] X [6663800, 256].", (7, 288), name="fc1")
    assert (found.code, found.help) == ("E02", "Set in_features of fc1 to 288.")
    assert found.cause == "fc1 expects 6,663,800 numbers per picture, but 288 arrive."


def test_e02_from_the_layers_alone() -> None:
    """When the failing call's input is not known, the last layer's result stands for it."""
    assert forward(product(7, 7200, 512), ran=(CONV, POOL, FLATTEN)).help == "Set in_features to 7200."


def test_text_alone_is_not_believed() -> None:
    """A text whose numbers do not agree with the shapes that the grader saw is repeated, not explained."""
    assert forward(product(7, 7200, 512), (7, 100), name="fc1").code == "E00"
    assert forward(product(7, 7200, 512), name="fc1").code == "E00"
    assert forward(channels(16, 7, 3, 32, 32), (7, 8, 32, 32)).code == "E00"


def test_e03_flatten_forgotten() -> None:
    """Maps that reach a dense layer lack a flatten; the number behind it is said."""
    found = forward(product(3360, 15, 7200), (7, 32, 15, 15), name="fc1")
    assert found.code == "E03"
    assert "maps of 32 x 15 x 15 arrive" in found.cause
    assert found.help == "Add nn.Flatten() before fc1; its in_features is right then."
    assert forward(product(3360, 15, 512), (7, 32, 15, 15)).help.endswith("its in_features must be 7200 then.")


@pytest.mark.parametrize("incoming", [(50400,), (1, 50400)])
def test_e04_batch_flattened(incoming: Shape) -> None:
    """Seven pictures in one row are told how to flatten each by itself."""
    found = forward(product(1, 50400, 7200), incoming, name="fc1", ran=(CONV, POOL))
    assert found.code == "E04"
    assert found.cause.startswith("7 pictures became one row of 50,400 numbers")
    assert "a row of 7200 (32 channels x 15 x 15)." in found.help


def test_e06_wrong_in_channels() -> None:
    """A convolution made for other channels is told how many arrive, and from which layer."""
    before = layer(Role.CONV, "conv1", SHAPE, (16, 30, 30))
    found = forward(channels(32, 7, 16, 30, 30), (7, 16, 30, 30), name="conv2", ran=(before,))
    assert found.code == "E06"
    assert found.cause == "conv2 was made for 32 input channels, but 16 arrive (conv1 makes 16)."
    assert found.help == "Set in_channels of conv2 to 16."
    assert forward(channels(8, 7, 3, 32, 32), (7, 3, 32, 32)).help == "Set in_channels to 3."


@pytest.mark.parametrize(
    ("code", "made_for", "incoming", "cause", "help_text"),
    [
        (
            "E07",
            1,
            (7, 3, 32, 32),
            "1 channel (grey pictures), but colour pictures have 3.",
            "Set in_channels of c to 3.",
        ),
        ("E08", 4, (7, 3, 32, 32), "but the pictures have 3", "Set in_channels of c to 3."),
        ("E08", 2, (7, 3, 32, 32), "but the pictures have 3", "Set in_channels of c to 3."),
        ("E08", 3, (7, 2, 32, 32), "removed blue", "Leave the slice out"),
        ("E09", 3, (7, 32, 32, 3), "colours first", "x.permute(0, 3, 1, 2)"),
        ("E09", 3, (7, 32, 3, 32), "turned into 32 x 3 x 32", "Leave out the permute"),
    ],
)
def test_first_convolution(code: str, made_for: int, incoming: Shape, cause: str, help_text: str) -> None:
    """A first convolution that does not fit the pictures is told why: grey, blue removed, or colours last."""
    found = forward(channels(made_for, *incoming), incoming, name="c")
    assert found.code == code
    assert cause in found.cause
    assert help_text in found.help


def test_e10_kernel_too_large() -> None:
    """A kernel that does not fit is told the largest that does."""
    text = (
        "Calculated padded input size per channel: ({0} x {0}). Kernel size: ({1} x {1}). Kernel size can't be greater"
    )
    found = forward(text.format(31, 32), (7, 8, 31, 31), name="conv2")
    assert (found.code, found.help) == ("E10", "Use a kernel of at most 31 (3 or 5 is usual).")
    assert found.cause == "At conv2 the picture is only 31 x 31, so a 32 x 32 kernel does not fit."
    assert "leave out a pooling" in forward(text.format(2, 3), (7, 8, 2, 2)).help
    assert forward(text.format(4, 5), (7, 8, 2, 2), name="padded").code == "E10"
    assert forward(text.format(4, 5), (7, 8, 9, 9)).code == "E00"


def test_e11_pooled_to_nothing() -> None:
    """A pooling of a map that is already one pixel is told how often the picture can be halved."""
    text = "Given input size: ({0}). Calculated output size: (8x0x0). Output size is too small"
    found = forward(text.format("8x1x1"), (7, 8, 1, 1), name="pool6", ran=(POOL,) * 5)
    assert found.code == "E11"
    assert "after 5 poolings the map is already 1 x 1" in found.cause
    assert "32 can be halved 5 times" in found.help
    assert "a kernel of at most 4" in forward(text.format("8x4x4"), (7, 8, 4, 4)).help


@pytest.mark.parametrize(
    ("message", "kind", "incoming", "help_text"),
    [
        (
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [7, 3072]",
            "RuntimeError",
            (7, 3072),
            "Move the Flatten",
        ),
        ("non-empty 3D or 4D (batch mode) tensor expected for input", "RuntimeError", (7, 3072), "Move the Flatten"),
        (
            "Dimension out of range (expected to be in range of [-2, 1], but got -3)",
            "IndexError",
            (7, 3072),
            "Move the Flatten",
        ),
        (
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [1, 7, 3, 32, 32]",
            "RuntimeError",
            (1, 7, 3, 32, 32),
            "Leave out one unsqueeze.",
        ),
        (channels(1, 1, 7, 32, 32), "RuntimeError", (7, 32, 32), "x = x.unsqueeze(1)"),
    ],
)
def test_e12_no_grid(message: str, kind: str, incoming: Shape, help_text: str) -> None:
    """What is not (batch, channels, height, width) is told which axis is missing or too many."""
    found = forward(message, incoming, kind=kind)
    assert found.code == "E12"
    assert help_text in found.help


def test_e13_batch_written_down() -> None:
    """A number of pictures in `view` is told to leave it to the batch."""
    found = forward("shape '[16, 7200]' is invalid for input of size 50400", (7, 32, 15, 15), ran=(CONV, POOL))
    assert (found.code, found.help) == ("E13", "Write x.view(x.size(0), -1) in place of the fixed number.")
    assert "fixes the batch at 16 pictures, but here 7 came in, with 7,200 numbers each" in found.cause


def test_e14_rows_do_not_fit() -> None:
    """A `view` into rows of another length is told how many numbers a picture has."""
    found = forward("shape '[-1, 512]' is invalid for input of size 50400", (7, 32, 15, 15), ran=(CONV, POOL))
    assert found.code == "E14"
    assert found.cause == "Each picture has 7,200 numbers here (32 channels x 15 x 15), but view asks for 512 numbers."
    assert found.help == "Write torch.flatten(x, 1) and set in_features of the next layer to 7200."
    assert forward("shape '[-1, 3, 28, 28]' is invalid for input of size 21504").help == ""
    assert forward("shape '[7, 500]' is invalid for input of size 50400").code == "E14"


def test_e14_pictures_mixed() -> None:
    """Rows that hold numbers of several pictures are noticed at the dense layer."""
    found = forward(product(64, 336, 3072), (64, 336), name="fc1")
    assert found.code == "E14"
    assert found.cause == "7 pictures went in and 64 rows arrived at fc1: the pictures are mixed."
    assert found.help.endswith("each picture is then a row of 3072.")
    assert forward(product(5, 3, 4), (5, 3)).help == ""


def test_e15_view_after_permute() -> None:
    """A view of numbers that are out of order is told reshape."""
    message = "view size is not compatible with input tensor's size and stride (...). Use .reshape(...) instead."
    found = forward(message, (7, 32, 32, 3), source="x = x.view(7, -1)")
    assert (found.code, found.help.split()[1]) == ("E15", ".reshape(...)")


def test_e34_batch_normalisation() -> None:
    """Batch normalisation is told its number and its kind."""
    found = forward("running_mean should contain 16 elements not 32", (7, 16, 30, 30), name="bn1")
    assert (found.code, found.cause) == ("E34", "bn1 was made for 32 channels, but 16 arrive.")
    assert found.help.endswith("nn.BatchNorm2d(16).")
    rows = forward("expected 4D input (got 2D input)", (7, 64), kind="ValueError", name="bn1")
    assert rows.help.startswith("Write nn.BatchNorm1d(64)")
    assert forward("expected 2D or 3D input (got 4D input)", kind="ValueError").code == "E34"
    one = "Expected more than 1 value per channel when training, got input size torch.Size([1, 64])"
    assert "drop_last=True" in forward(one, (1, 64), kind="ValueError").help


def test_time_says_place_and_line() -> None:
    """A program that was stopped for its time is told after how long, and where it was."""
    expected = "The program was still running after 20 s in cell 3, line 7: `while True:`."
    assert build("wall-limit", "20 s", "while True:").cause == expected
    broke = Break("build", "wall-limit", "", WHERE, "while True:")
    assert explain_stopped("wall-limit", broke, 20) == build("wall-limit", "20 s", "while True:")
    assert build("TimeoutError", "still running after 20 s", "for epoch in range(9):").help.startswith(
        "Put the training"
    )
    assert forward("still running after 20 s", kind="TimeoutError", source="while True:").help == ""
    assert explain_stopped("cpu-limit").cause == "The program was still running when its time was over."


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("memory-limit", "E37"),
        ("output-limit", "E43"),
        ("killed-sig11", "E43"),
        ("exited-without-result", "E43"),
        ("malformed-result", "E43"),
        ("forbidden-syscall", "E43"),
        ("rejected-input", "E43"),
        ("something-new", "E43"),
    ],
)
def test_every_outcome_word_has_a_sentence(word: str, code: str) -> None:
    """A child that was stopped gets a sentence for every outcome word, also for one that is new."""
    found = explain_stopped(word)
    assert found.code == code
    assert found.cause.endswith(".")


def test_fallback_is_the_students_line() -> None:
    """An error that is not in the catalogue repeats the student's own line and Python's words."""
    found = build("KeyError", "'a'", "sizes['a']")
    assert (found.code, found.help) == ("E00", "")
    assert found.cause == "The line `sizes['a']` stopped. Python says KeyError: 'a'."
    assert build("KeyboardInterrupt", "").cause == "The program stopped. Python says KeyboardInterrupt."


@pytest.mark.parametrize("one", SYMPTOMS, ids=lambda one: f"{one.code}-{one.recognise.__name__}")
def test_every_symptom_says_what_it_recognises(one: Any) -> None:
    """Every symptom has a code of the catalogue and a docstring."""
    assert one.code[0] == "E"
    assert one.code[1:].isdigit()
    assert one.recognise.__doc__.startswith("Recognise ")


_TEXTS = st.one_of(
    st.text(max_size=80),
    st.from_regex(r"\(\d{1,9}x\d{1,9} and \d{1,9}x\d{1,9}\)"),
    st.from_regex(r"shape '\[[-\d, ]{1,20}\]' is invalid for input of size \d{1,9}"),
    st.from_regex(r"to have \d+ channels, but got \d+ channels"),
    st.from_regex(r"\(\d+ x \d+\)\. Kernel size: \(\d+ x \d+\)"),
    st.from_regex(r"'\w+' object has no attribute '\w+'"),
    st.just("running_mean should contain " + "9" * 5000 + " elements not 3"),
)
_KINDS = st.sampled_from(
    ["RuntimeError", "TypeError", "AttributeError", "NameError", "ValueError", "IndexError", "wall-limit"]
)
_SHAPES = st.lists(st.lists(st.integers(0, 70), max_size=6).map(tuple), max_size=2).map(tuple)


@given(st.sampled_from(["build", "forward"]), _KINDS, _TEXTS, st.text(max_size=40), _SHAPES)
def test_no_text_breaks_the_diagnosis(stage: str, kind: str, message: str, source: str, inputs: Any) -> None:
    """The text is the student's to write: whatever stands in it, there is an explanation."""
    found = explain(Break(stage, kind, message, WHERE, source, None, inputs), None, 10, SHAPE)
    assert found.cause
