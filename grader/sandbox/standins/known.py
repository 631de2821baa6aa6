"""Which names of packages that are not here have a stand-in that does its work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.sandbox.standins import lightning, transforms
from grader.sandbox.standins.datasets import data_sets
from grader.sandbox.standins.settings import OmegaConf, Settings
from grader.sandbox.standins.tools import Metric, Progress, metric, numbers, processor
from grader.source.guessing.guesses import Hints

StandIns = Mapping[str, Mapping[str, Any]]
"""From the dotted name of a module to what it holds; `*` makes a class for any other name with a capital."""


def stand_ins(hints: Hints) -> StandIns:
    """Return all of them; hints: the shape and the classes that data sets have."""
    found: dict[str, Mapping[str, Any]] = {
        "torchvision.datasets": data_sets(hints),
        "torchmetrics": {"Metric": Metric, "*": metric},
        "torchmetrics.classification": {"*": metric},
        "torch_xla": {"device": processor},
        "torch_xla.core.xla_model": {"xla_device": processor, "xrt_world_size": lambda: 1, "get_ordinal": lambda: 0},
        "torch_directml": {"device": processor, "is_available": lambda: True, "device_count": lambda: 1},
        "omegaconf": {"OmegaConf": OmegaConf, "DictConfig": Settings},
        "huggingface_hub": {"PyTorchModelHubMixin": lightning.PyTorchModelHubMixin},
        "fastprogress": {"master_bar": Progress, "progress_bar": Progress},
        "fastprogress.fastprogress": {"master_bar": Progress, "progress_bar": Progress},
    }
    for name in ("torchvision.transforms", "torchvision.transforms.v2"):
        found[name] = transforms.transforms()
        found[f"{name}.functional"] = transforms.FUNCTIONS
    for name in ("tqdm", "tqdm.auto", "tqdm.notebook", "tqdm.std", "tqdm.autonotebook", "tqdm.rich"):
        found[name] = {"tqdm": Progress, "trange": numbers, "tqdm_notebook": Progress, "tnrange": numbers}
    for name, kind in (("easydict", "EasyDict"), ("munch", "Munch"), ("addict", "Dict"), ("box", "Box")):
        found[name] = {kind: Settings}
    found["attrdict"], found["ml_collections"] = {"AttrDict": Settings}, {"ConfigDict": Settings}
    for name in ("pytorch_lightning", "lightning", "lightning.pytorch"):
        found[name] = found[f"{name}.core"] = lightning.NAMES
        found[f"{name}.core.lightning"] = found[f"{name}.core.module"] = found[f"{name}.core.datamodule"] = (
            lightning.NAMES
        )
        found[f"{name}.callbacks"] = {"Callback": lightning.Callback}
        found[f"{name}.utilities.seed"] = {"seed_everything": lightning.seed_everything}
    return found
