"""Why a network that runs cannot be captured: the student's line and what to write in its place."""

from __future__ import annotations

import pytest

from grader.diagnosis import explain_uncapturable
from grader.records import Break, Where

PLACE = Where("net.ipynb", 3, 12)
VALUES = "GuardOnDataDependentSymNode: Could not guard on data-dependent expression Eq(u0, 1)"


def explained(source: str, message: str = VALUES, kind: str = "GuardOnDataDependentSymNode") -> tuple[str, str, str]:
    """Return code, cause and help for one line."""
    said = explain_uncapturable(Break("capture", kind, message, PLACE, source))
    return said.code, said.cause, said.help


@pytest.mark.parametrize(
    ("source", "message", "code", "fix"),
    [
        ("if x.mean() > 0:", VALUES, "E48", "torch.where("),
        ("x = x * 2 if x.sum() > 0 else x", VALUES, "E48", "torch.where("),
        ("while x.norm() > 10:", VALUES, "E48", "torch.where("),
        ("assert not torch.isnan(x).any()", VALUES, "E48", "torch.where("),
        ("for step in range(int(x.max())):", VALUES, "E48", "range(3)"),
        ("x = x / x.max().item()", "the operation aten.item.default", "E49", "x / x.max()"),
        ("scale = float(x.mean())", VALUES, "E49", "x / x.max()"),
        ("y = x[x > 0]", "the operation masked_select", "E50", "torch.where(mask"),
        ("i = torch.nonzero(x)", "the operation aten.nonzero.default", "E50", "torch.where(mask"),
        ("u = torch.unique(x)", "the operation aten._unique2.default", "E50", "torch.where(mask"),
        (
            "plt.imshow(x.numpy())",
            "RuntimeError: .numpy() is not supported for tensor subclasses.",
            "E51",
            "torch's own",
        ),
        ("first = x.tolist()[0]", VALUES, "E51", "torch's own"),
    ],
)
def test_a_line(source: str, message: str, code: str, fix: str) -> None:
    """The cause quotes the line with its place, and the help says what to type."""
    found, cause, help_text = explained(source, message)
    assert found == code
    assert f"`{source}` (cell 3, line 12)" in cause
    assert fix in help_text


def test_a_batch_normalisation_that_counts() -> None:
    """momentum=None is told with the number to use."""
    code, cause, help_text = explained("x = self.bn(x)", VALUES, "CumulativeStatistics")
    assert code == "E52"
    assert "count its batches" in cause
    assert "0.1" in help_text


def test_what_nobody_knows() -> None:
    """Anything else repeats torch's words with the line."""
    code, cause, help_text = explained("x = torch.stft(x)", "the operation aten.stft.default", "Unsupported")
    assert (code, help_text) == ("E00", "")
    assert cause == (
        "The model runs, but it cannot be captured: the operation aten.stft.default in `x = torch.stft(x)` "
        "(cell 3, line 12)."
    )
