"""What was stopped or is missing: memory, time, files, modules, text that is not Python (E35, E37, E39, E41-E44)."""

from __future__ import annotations

import re

from grader.diagnosis.scene import Explanation, Said, Scene, symptom
from grader.records import Break, Role
from grader.wording import counted, sentence

_BYTES_PER_NUMBER = 4
_GIGA = 1e9
_MEMORY = ("MemoryError", "memory-limit", "OutOfMemoryError", "TooLargeError")
_TIME = ("wall-limit", "cpu-limit", "TimeoutError")


@symptom("E37")
def memory(scene: Scene) -> Said | None:
    """Recognise a layer, or a list, that needs more memory than there is."""
    found = scene.says(r"allocate (\d{1,18}) bytes", "RuntimeError", *_MEMORY)
    given = scene.says(r"takes (\d{1,9}(?:\.\d{1,3})?) GB", *_MEMORY)
    if found is None and scene.broke.kind not in _MEMORY:
        return None
    asked = int(found[1]) / _GIGA if found else float(given[1]) if given else None
    dense = re.search(r"Linear\(\s*(\d{1,12})\s*,\s*(\d{1,12})", scene.broke.source)
    pool = "Put an nn.MaxPool2d(2) before the Flatten: a quarter of the numbers then reaches the dense layer."
    if dense:
        weights = int(dense[1]) * int(dense[2])
        size = weights * _BYTES_PER_NUMBER / _GIGA
        return f"This one dense layer has {counted(weights, 'weight')}, which need {size:.1f} GB of memory.", pool
    if asked is None:
        return "The program needed more memory than the grader gives to a submission.", ""
    cause = f"This line asked for {asked:.1f} GB of memory at once, which is more than the grader gives."
    return cause, pool if scene.in_forward and not scene.ran(Role.POOL) else ""


@symptom("E42")
def time(scene: Scene) -> Said | None:
    """Recognise a program that was stopped because it took too long."""
    if scene.broke.kind not in _TIME:
        return None
    found = re.search(r"(\d{1,6}(?:\.\d{1,3})?) ?s\b", scene.broke.message)
    return _still_running(scene.broke, float(found[1]) if found else None)


@symptom("E39")
def module_missing(scene: Scene) -> Said | None:
    """Recognise an import of something that the grader does not have."""
    found = scene.says(r"No module named '([\w.]{1,80})'", "ModuleNotFoundError", "ImportError")
    if found is None:
        return None
    name = found[1].split(".")[0]
    if name in ("tensorflow", "keras"):
        cause = f"The grader has no module called {found[1]}. This assignment is in PyTorch."
        return cause, "Build the network with torch.nn."
    cause = f"The network needs the module {found[1]}: {name}.py was not handed in, and no package here has that name."
    return cause, f"Hand in {name}.py together with this file, as a folder or a zip, or put its classes into this file."


@symptom("E53")
def repairs_forbidden(scene: Scene) -> Said | None:
    """Recognise code that leaves out what the rubric forbids to guess."""
    if scene.broke.kind != "RepairsForbidden":
        return None
    cause, write, line = scene.broke.message.partition(" Write the line")
    return cause, f"{write.strip()}{line}." if write else "Write the line that builds it into your own code."


@symptom("E35")
def file_missing(scene: Scene) -> Said | None:
    """Recognise a file that is not among those handed in."""
    found = scene.says(r"No such file or directory: '(.{1,200}?)'", "FileNotFoundError")
    if found is None:
        return None
    if scene.live:
        return (
            f"There is no file {found[1]} here.",
            "Look at its name and folder, and mount your Drive before this line.",
        )
    cause = f"{found[1]} is not among the files that you handed in."
    return cause, "Build the model without reading that file, or hand it in next to the notebook."


@symptom("E35")
def only_loaded(scene: Scene) -> Said | None:
    """Recognise a network that is only loaded from a file, its class not being there."""
    if scene.broke.kind != "OnlyLoaded":
        return None
    help_text = "Put the class of the network into the notebook, and model = Net() before the weights are loaded."
    return sentence(scene.broke.message), help_text


@symptom("E44")
def no_model(scene: Scene) -> Said | None:
    """Recognise a submission in which no network is made, or something else stands in its place."""
    if scene.broke.kind not in _NOTHING:
        return None
    return sentence(scene.broke.message), _NOTHING[scene.broke.kind]


_NOTHING = {
    "NoModel": "Make the network in a cell of its own: model = Net().",
    "NotAModel": "Make the network in a cell of its own: model = Net().",
    "Empty": "Look whether this is the right file, and hand in the one with your network.",
    "CutOff": "Download the notebook again (File, Download, Download .ipynb) and hand in the whole file.",
}
"""What to do where reading ended without a model, by the kind of break."""


@symptom("E41")
def not_python(scene: Scene) -> Said | None:
    """Recognise a line that Python cannot read."""
    if scene.broke.kind not in ("SyntaxError", "IndentationError", "TabError"):
        return None
    place = str(scene.broke.where) or "this line"
    if scene.broke.kind == "SyntaxError" and "indent" not in scene.broke.message:
        return f"Python cannot read {place}: {scene.broke.message}.", _mended(scene.broke.message, place)
    cause = f"The spaces at the start of {place} do not fit the lines around it: {scene.broke.message}."
    return cause, "Give all lines of one block the same number of spaces at their start."


def _mended(said: str, place: str) -> str:
    """Return what to type, where Python's words leave no doubt."""
    opened = re.search(r"'([(\[{])' was never closed", said)
    if opened:
        return f"Close the {opened[1]} that opens in {place}: its {_CLOSING[opened[1]]} is missing."
    unmatched = re.search(r"unmatched '([)\]}])'", said)
    if unmatched:
        return f"Remove the {unmatched[1]} in {place}, or open it before."
    return f"Put a : at the end of {place}." if said.startswith("expected ':'") else ""


_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _still_running(broke: Break, seconds: float | None) -> Said:
    after = f"still running after {seconds:g} s" if seconds is not None else "still running when its time was over"
    place = f" in {broke.where}" if str(broke.where) else ""
    line = f": `{broke.source}`" if broke.source else ""
    loop = re.match(r"(for|while)\b", broke.source) if broke.stage == "build" else None
    help_text = "Put the training loop in a cell of its own, after the cell that makes the model." if loop else ""
    if loop and re.match(r"while +(True|1) *:", broke.source):
        help_text = "Leave this loop out of what makes the network: what it waits for does not come here."
    return f"The program was {after}{place}{line}.", help_text


_STOPPED = {
    "killed-supervisor": "The program ended the process that watches over it, twice; a human looks at it.",
    "output-limit": "The program printed or sent back far more than a model needs.",
    "exited-without-result": "The program ended by itself before the model was made, for example through exit().",
    "malformed-result": "What the program sent back cannot be read as a model.",
    "forbidden-syscall": "The program tried something that building a model never needs, and was stopped.",
    "rejected-input": "The files could not be taken in: their size, type or name does not fit.",
    "student-error": "The program stopped with an error.",
}


def explain_stopped(word: str, broke: Break | None = None, seconds: float | None = None) -> Explanation:
    """Explain an outcome word of a child that was stopped, with its place where it is known.

    `seconds` is the limit that was reached; None when the word does not speak of time.
    """
    broke = broke or Break("build", word, "")
    if word in _TIME:
        return Explanation("E42", *_still_running(broke, seconds))
    if word == "memory-limit":
        said = memory.recognise(Scene(Break(broke.stage, word, "", broke.where, broke.source, broke.layer), (), 0, ()))
        if said:
            return Explanation("E37", *said)
    if word.startswith("killed-sig"):
        return Explanation(
            "E43", f"The program crashed as a whole ({word.removeprefix('killed-')}), not only in one line."
        )
    help_text = (
        "Leave exit(), quit() and os._exit() out: the network has to be made." if word.startswith("exit") else ""
    )
    return Explanation("E43", _STOPPED.get(word, f"The program was stopped ({word})."), help_text)
