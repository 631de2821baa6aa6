"""Optional packages: where one is missing, one line names it and says what to install."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest

from grader.extras import NETWORKS, bringing, missing
from grader.faults import MissingPackageFault
from grader.report.calibration_plot import draw
from grader.sandbox.standins.origin import Origin
from tests.rubrics import samples

ROOT = Path(__file__).parents[1]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]


def test_a_plot_without_matplotlib(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The fault is one line with the command to type, and nothing is written."""
    for name in [one for one in sys.modules if one.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageFault) as raised:
        draw(samples.clear(), "t", tmp_path / "plot.png")
    assert str(raised.value) == "matplotlib is not installed. Run pip install 'cnn-grader[report]'"
    assert not list(tmp_path.iterdir())


def test_what_is_missing_inside_a_package_is_its_own_trouble() -> None:
    """A package that is there and broken is not called missing."""
    with pytest.raises(ModuleNotFoundError, match="fontTools"), bringing("report", "matplotlib"):
        raise ModuleNotFoundError("No module named 'fontTools'", name="fontTools")


@pytest.mark.parametrize(
    ("package", "said"),
    [
        ("torchvision", "is not installed on the grader's machine (pip install 'cnn-grader[images]' brings it), and"),
        ("timm", "is not installed on the grader's machine, and"),
    ],
)
def test_a_network_of_a_package_that_is_not_here(package: str, said: str) -> None:
    """Where an extra brings what the network is made of, the human who has to look is told so."""
    origin = Origin("package", package, make=lambda name: name)
    assert (
        str(origin.fault(f"{package}.models.resnet18")) == f"{package} {said} the model needs {package}.models.resnet18"
    )


@pytest.mark.parametrize("extra", ["torch", "report", "review", *NETWORKS.values()])
def test_an_extra_that_is_named_exists(extra: str) -> None:
    """What the messages tell to install is declared, and brings a package."""
    assert EXTRAS[extra]
    assert f"'cnn-grader[{extra}]'" in missing(extra, "x").fix


def test_every_extra_is_in_the_readme() -> None:
    """The install section names each extra that an instructor may want."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [one for one in EXTRAS if one not in {"test", "dev"} and f"`{one}`" not in text] == []
