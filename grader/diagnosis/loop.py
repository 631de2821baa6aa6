"""Errors of the student's own training loop: what goes in, losses, labels, gradients, the optimiser (E05, E30-E36).

The grader never runs that loop, so it sees these only as an exception that a notebook shows. Where no shape is at
hand, the numbers of the text have to do, and each symptom says which other reading of them it excludes.
"""

from __future__ import annotations

import re

from grader.diagnosis.scene import LIVE, Said, Scene, symptom

_N = r"(-?\d{1,12})"
_LONGEST_SIDE = 64  # of a map that nobody flattened, at a dense layer


@symptom("E05")
def no_batch_axis(scene: Scene) -> Said | None:
    """Recognise one picture without a batch axis: its channels stand where the pictures of a batch belong.

    (8x225 and 1800x10): 8 maps of 15 x 15 are the 1,800 numbers of one picture.
    """
    found = scene.product()
    if found is None or scene.broke.stage != LIVE:
        return None
    rows, columns, features = found
    if rows < 2 or rows * columns != features:
        return None
    taken = f"its {rows} maps of {columns} numbers were taken for {rows} pictures"
    cause = f"One picture went in without a batch axis: {taken}."
    return cause, "Write model(x.unsqueeze(0)) in place of model(x), so that it is a batch of one."


@symptom("E03")
def flatten_missing_live(scene: Scene) -> Said | None:
    """Recognise maps at a dense layer by the text alone.

    (1920x15 and 7200x10): 4 pictures x 32 channels x 15 rows, each of 15 numbers; four times the 7,200.
    """
    found = scene.product()
    if found is None or not scene.unseen_maps:
        return None
    rows, columns, features = found
    whole = rows * columns % features == 0 and features % columns == 0
    if not whole or columns > _LONGEST_SIDE or features <= columns or rows * columns == features:
        return None
    cause = f"Maps reach the dense layer: rows of {columns} numbers, where it expects {features:,} for each picture."
    return cause, "Add nn.Flatten() before this layer, or x = torch.flatten(x, 1)."


@symptom("E13")
def batch_written_down_live(scene: Scene) -> Said | None:
    """Recognise `x.view(16, -1)` at the last batch of an epoch, which is smaller."""
    found = scene.says(
        r"shape '\[(\d{1,6}), ([-\d, ]{1,60})\]' is invalid for input of size (\d{1,12})", "RuntimeError"
    )
    if found is None or not scene.live:
        return None
    cause = f"view({found[1]}, …) fixes the batch at {found[1]} pictures, and here another number of them came in."
    fix = scene.line(r"(\w+)\.(view|reshape)\(\d+, *", r"\1.\2(\1.size(0), ")
    return cause, "Write x.view(x.size(0), -1) in place of the fixed number.", fix


@symptom("E14")
def rows_do_not_match(scene: Scene) -> Said | None:
    """Recognise a `view(-1, k)` that made another number of rows than there are pictures, at the loss."""
    found = scene.says(rf"[Ee]xpected input batch_size \({_N}\) to match target batch_size \({_N}\)", "ValueError")
    if found:
        cause = f"{found[2]} pictures went in and {found[1]} rows came out: numbers of different pictures share a row."
        return cause, "Write torch.flatten(x, 1) in place of view or reshape in forward."
    asked = scene.says(r"shape '\[-1, (\d{1,12})\]' is invalid for input of size (\d{1,12})", "RuntimeError")
    if asked is None or not scene.live:
        return None
    cause = f"{int(asked[2]):,} numbers cannot be laid out in rows of {int(asked[1]):,}: a picture has another number."
    return cause, "Write torch.flatten(x, 1), and the number of its columns as in_features of the next layer."


@symptom("E30")
def gradient_cut(scene: Scene) -> Said | None:
    """Recognise a loss that no weight leads to: argmax, detach, no_grad or frozen weights."""
    if scene.says(
        r"does not require grad and does not have a grad_fn|cuts the gradient: no weight is reached"
    ) is None and not (scene.says(r"class probabilities, got Long", "RuntimeError") and "argmax" in scene.broke.source):
        return None
    cause = "Something between the weights and the loss cuts the gradient, so the network cannot learn."
    return cause, (
        "Leave argmax, .detach(), .data and torch.no_grad() out of forward and return the raw scores; take argmax only "
        "where you print."
    )


@symptom("E32")
def one_score(scene: Scene) -> Said | None:
    """Recognise a network with one score, or a loss for yes and no, where there are classes to choose from."""
    many = f"For {scene.classes} classes: {scene.classes} outputs and nn.CrossEntropyLoss()."
    if scene.says(r"^Target 1 is out of bounds", "IndexError"):
        return "The network answers with one score for each picture, so there is no score for class 1.", many
    sizes = r"\(?torch\.Size\(\[([\d, ]{1,40})\]\)\)?"
    found = scene.says(rf"[Tt]arget size {sizes} (?:that is different to the|must be the same as) input size {sizes}")
    if found:
        cause = f"This loss wants labels of the same shape as the answer, but ({found[1]}) came for ({found[2]})."
        return cause, f"{many} With one score for two classes, write y.float().unsqueeze(1)."
    if scene.says(r"all elements of input should be between 0 and 1"):
        return (
            "nn.BCELoss takes probabilities from 0 to 1, but raw scores arrive.",
            f"Write nn.BCEWithLogitsLoss(). {many}",
        )
    if scene.says(r"Found dtype (Long|Int) but expected Float|desired output type Long", "RuntimeError"):
        return "This loss wants decimal labels, but whole numbers arrive.", f"Write y.float(). {many}"
    return None


@symptom("E31")
def labels(scene: Scene) -> Said | None:
    """Recognise labels that do not fit the scores: their range, type, shape or place."""
    last = scene.classes - 1
    found = scene.says(rf"^Target {_N} is out of bounds", "IndexError")
    if found and 0 <= int(found[1]) <= last:
        cause = f"There is a label {found[1]}, but the network has no score for it: it has too few outputs."
        return cause, f"Set out_features of the last layer to {scene.classes}."
    if found:
        cause = f"There is a label {found[1]}, but {scene.classes} classes are numbered from 0 to {last}."
        return cause, "Write y - 1, if your labels begin with 1." if int(
            found[1]
        ) > last else "Look where it comes from."
    if found := scene.says(
        r"dtype to be Long or Byte, but got (\w{1,20})|scalar type Long but (?:found|got) (\w{1,20})"
    ):
        got = found[1] or found[2]
        return f"Labels that are class numbers must be whole numbers (int64), but {got} arrives.", "Write y.long()."
    if scene.says(r"class probabilities, got (Long|Int)", "RuntimeError"):
        cause = "Labels of the same shape as the scores (one-hot) must be decimal numbers, but whole numbers arrive."
        return cause, "Write y.float(), or give class numbers of the shape (N,)."
    if scene.says(r"multi-target not supported", "RuntimeError"):
        cause = "The labels have two axes, and not as many columns as there are scores."
        return cause, f"Write y.squeeze(1) for labels of the shape (N, 1), or one-hot rows of {scene.classes} numbers."
    if scene.says(r"too many dimensions 'str'", "ValueError"):
        cause = "The labels are words, and a tensor holds numbers alone."
        return cause, "Number the classes: names = sorted(set(labels)); y = [names.index(one) for one in labels]."
    if scene.says(r"log_softmax\w*\" not implemented for '(Long|Int)'"):
        return (
            "The loss got the labels first and the scores second.",
            "Write loss_function(scores, labels), in this order.",
        )
    if scene.says(r"only batches of spatial targets supported", "RuntimeError"):
        cause = "The network answers with maps, not with one row of scores for each picture."
        return cause, "Add nn.Flatten() before the last dense layer."
    return None


@symptom("E33")
def autograd(scene: Scene) -> Said | None:
    """Recognise what the way back trips over: overwritten values, a second way back, a loss of many numbers."""
    if found := scene.says(r"modified by an inplace operation(?:.*?output \d{1,3} of (\w{1,30}?)(?:Backward\d)?,)?"):
        made = f" of {found[1]}" if found[1] else ""
        cause = f"The result{made} was overwritten in place, and the way back still needs it."
        return (
            cause,
            "Write x = x + ... in place of x += ..., and leave out inplace=True and names that end in _ (mul_).",
        )
    if scene.says(r"leaf Variable that requires grad"):
        return "A weight was changed in place while gradients are recorded.", "Put the line under with torch.no_grad():"
    if scene.says(r"backward through the graph a second time"):
        cause = "backward() ran twice over the same loss, or a loss of the last step is still part of this one."
        return cause, "Compute the scores and the loss anew in each step, and add loss.item() where you sum losses up."
    if scene.says(r"created only for scalar outputs"):
        return "backward() needs one number, but the loss has many.", "Write loss.mean().backward()."
    if scene.says(r"Can't call numpy\(\) on Tensor that requires grad"):
        return "This tensor still records its gradient, which NumPy cannot hold.", "Write .detach().numpy()."
    return None


@symptom("E36")
def optimiser(scene: Scene) -> Said | None:
    """Recognise an optimiser that was not given the network's weights."""
    if scene.says(r"optimizer got an empty parameter list", "ValueError"):
        cause = "The optimiser found no weights: layers in a plain Python list are not part of a network."
        return cause, "Write nn.ModuleList([...]) in place of [...], or make the layers in __init__."
    found = scene.says(r"^'(\w{1,60})' object is not iterable", "TypeError")
    if found is None or not re.search(r"optim|Adam|SGD|RMSprop|Adagrad", scene.broke.source):
        return None
    if found[1] in ("method", "function", "builtin_function_or_method"):
        fix = scene.line(r"\.parameters\b(?!\()", ".parameters()")
        return "parameters is a function, and its brackets are missing.", "Write model.parameters().", fix
    cause = f"The optimiser wants the weights, but got the network itself ({found[1]})."
    fix = scene.line(r"(optim\.\w+|Adam|SGD)\((\w+)(?=[,)])", r"\1(\2.parameters()")
    return cause, "Write model.parameters() between the brackets.", fix
