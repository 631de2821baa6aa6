"""Why a network that runs cannot be captured: its line, and what to write in its place (E48-E52)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from grader.diagnosis.scene import Explanation
from grader.wording import sentence

if TYPE_CHECKING:
    from grader.records import Break

_OPERATION = re.compile(r"the operation (?:aten\.)?(\w+)")
_DECISION = re.compile(r"^(?:el)?if\b|^while\b|^assert\b|^not\b|\bif\b.*\belse\b|\band\b|\bor\b")
_LOOP = re.compile(r"^for\b|range\(")
_BY_VALUE = re.compile(r"data-dependent|DataDependent|Could not (?:guard|extract)", re.IGNORECASE)
_NUMBERS = ("item", "_local_scalar_dense")
_COUNTS = ("nonzero", "masked_select", "unique", "_unique2", "unique_consecutive", "bincount")
_MASK = re.compile(r"\w\[[^\]]*(?:[<>=!]=?|mask)[^\]]*\]|\.nonzero\(|unique\(|masked_select\(|where\([^,]*\)")
_ARRAYS = re.compile(r"\.numpy\(|\bnumpy\b|tensor subclasses|\bnp\.|\.tolist\(|cv2|Image")
_CHAIN = "The grader records a network as one chain of operations that is the same for every picture"


def explain_uncapturable(broke: Break) -> Explanation:
    """Explain which line of a network that runs cannot be captured; code `E00` repeats torch's own words."""
    line = f"`{broke.source}`" if broke.source else "forward"
    place = f" ({broke.where})" if str(broke.where) else ""
    operation = _OPERATION.search(broke.message)
    name = operation[1] if operation else ""
    by_value = bool(_BY_VALUE.search(f"{broke.kind} {broke.message}")) or name in _NUMBERS
    if broke.kind == "CumulativeStatistics":
        return Explanation("E52", *_cumulative(line, place))
    if name in _COUNTS or (_MASK.search(broke.source) and (by_value or name in ("ge", "gt", "lt", "le"))):
        return Explanation("E50", *_counted(line, place))
    if _ARRAYS.search(broke.message) or (by_value and _ARRAYS.search(broke.source)):
        return Explanation("E51", *_arrays(line, place))
    if by_value and _LOOP.search(broke.source):
        return Explanation("E48", *_loop(line, place))
    if by_value and _DECISION.search(broke.source):
        return Explanation("E48", *_decision(line, place))
    if by_value:
        return Explanation("E49", *_number(line, place))
    said = f"{broke.message} in {line}{place}" if broke.source or place else broke.message
    return Explanation("E00", sentence(f"The model runs, but it cannot be captured: {said}"))


def _decision(line: str, place: str) -> tuple[str, str]:
    cause = f"{line}{place} decides by the numbers in the pictures. {_CHAIN}, so it cannot follow a decision."
    return cause, "Write torch.where(condition, a, b) in place of the if, or leave the line out."


def _loop(line: str, place: str) -> tuple[str, str]:
    cause = f"{line}{place} repeats as often as the numbers in the pictures say. {_CHAIN}, so it cannot follow."
    return cause, "Write a fixed number of repetitions, for i in range(3)."


def _number(line: str, place: str) -> tuple[str, str]:
    cause = (
        f"{line}{place} takes a plain number out of a tensor (item(), float(), int()), and goes on with that. "
        f"{_CHAIN}, and a number that was read once would stay the same for all."
    )
    return cause, "Leave it a tensor: x / x.max() in place of x / x.max().item()."


def _counted(line: str, place: str) -> tuple[str, str]:
    cause = f"{line}{place} keeps as many numbers as their values say. {_CHAIN}, with shapes that are known before."
    return cause, "Keep the shape: torch.where(mask, x, torch.zeros_like(x)), or x * mask."


def _arrays(line: str, place: str) -> tuple[str, str]:
    cause = f"{line}{place} leaves torch for NumPy or plain lists, where no gradient and no captured network follow."
    return cause, "Use torch's own function, and keep plots and prints of values out of forward."


def _cumulative(line: str, place: str) -> tuple[str, str]:
    cause = f"{line}{place} makes a batch normalisation count its batches, which a captured network cannot."
    return cause, "Leave momentum=None out: nn.BatchNorm2d(channels) uses 0.1."
