"""Packages that are not installed: whatever a program does with them works, and none of them turns into a layer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from grader.sandbox.forked import Zygote
from grader.sandbox.shims import missing_packages
from grader.sandbox.standins.missing import Missing, refuse
from grader.sandbox.standins.origin import NotHereError, Origin, kind_of
from grader.sandbox.standins.transforms import FUNCTIONS, transforms
from grader.source.guessing.guesses import Hints
from tests.sandbox.jobs import capture, submission

USES = {
    "imports": ("import a.b.c as deep\nimport matplotlib.pyplot as plt\nfrom mpl_toolkits.mplot3d import Axes3D", "deep.x.y(plt.figure())"),
    "annotations": (
        "import pandas as pd\nfrom typing import Dict, List, Optional\ndef read(a: pd.DataFrame | None, b: List[pd.Series], c: None | pd.Series = None, d: int | pd.Index = 0) -> Dict[str, Optional[pd.Index]]:\n    return {}",
        "read(1, 2)",
    ),
    "enums": (
        "import enum, cv2\nclass Mode(enum.Enum):\n    NEAR = cv2.INTER_NEAREST\n    LINEAR = cv2.INTER_LINEAR",
        "assert len(Mode) == 2 and Mode(cv2.INTER_LINEAR) is Mode.LINEAR",
    ),
    "dataclasses": (
        "import dataclasses, pandas as pd\n@dataclasses.dataclass\nclass Config:\n    table: pd.DataFrame = pd.DataFrame()\n    width: int = 4\n    more: pd.Series = dataclasses.field(default_factory=pd.Series)",
        "assert Config().width == 4; print(Config(), hash(Config().table))",
    ),
    "bases": (
        "import imgaug, abc\nclass One(imgaug.Augmenter, metaclass=imgaug.Meta):\n    def __init__(self):\n        super().__init__(1, name='x')\nclass Two(imgaug.Mixin, nn.Module):\n    def __init__(self):\n        super().__init__()\nclass Three(imgaug.Generic[int], abc.ABC): pass",
        "One(); self.two = Two(); assert Three().seed is Three().seed",
    ),
    "instances": (
        "import imgaug\nclass Mine(imgaug.Augmenter): pass",
        "assert isinstance(Mine(), imgaug.Augmenter) and not isinstance(3, (str, imgaug.Augmenter)) and not issubclass(int, imgaug.Augmenter)",
    ),
    "contexts": ("import wandb", "with wandb.init(project='x') as run: run.log({'a': 1})\nwandb.config.hidden = 3; assert wandb.config.hidden == 3"),
    "unpacking": ("import matplotlib.pyplot as plt", "figure, axes = plt.subplots(); (a, b), (c, d) = plt.load(); first, *rest = plt.x(); axes[0].imshow(1)"),
    "iteration": ("import cv2", "assert list(cv2.found()) == []\nfor one in cv2.found(): raise ValueError"),
    "arithmetic": (
        "import cv2, copy",
        "z = -(cv2.A + 1 - 2 * cv2.B / cv2.C ** 2) @ (1 << cv2.D) | 3; z += 1; z['a'][0] = 3; del z['a']; assert z and 3 not in z; f'{z:.2f}'; copy.deepcopy(z); abs(~z)",
    ),
    "comparisons": (
        "import cv2",
        "assert cv2.A == cv2.A != cv2.B and cv2.__version__ >= '4.5' and int(cv2.__version__.split('.')[1]) >= 13 and not cv2.A < 3 and cv2.A >= 3",
    ),
    "decorators": (
        "import numba, hydra\n@numba.jit\ndef one(x): return x + 1\n@numba.njit(parallel=True)\ndef two(x): return x + 2\n@torch.jit.script\ndef three(x: torch.Tensor): return x\n@torch.compile(mode='max')\ndef four(x): return x",
        "assert one(1) == 2 and two(1) == 3 and three(1) == four(1) == 1",
    ),
    "stars": ("from albumentations import *\naugment = Compose([Flip()])\nfrom torch.nn import *\nfrom fastai.vision.all import *", "self.conv = Conv2d(3, 4, 3, padding=1)"),
    "passing through": (
        "from accelerate import Accelerator",
        "model, optimiser = Accelerator().prepare(nn.Linear(2, 2), 3); assert isinstance(model, nn.Linear) and optimiser == 3; assert Accelerator().prepare(model) is model",
    ),
    "summaries": ("from torchsummary import summary\nimport torchinfo", "summary(self, (3, 32, 32)); print(torchinfo.summary(self, input_size=(1, 3, 32, 32)))"),
    "progress": (
        "from tqdm import tqdm, trange\nfrom tqdm.auto import tqdm as other",
        "assert [*tqdm([1, 2])] == [1, 2] and [*trange(3)] == [0, 1, 2] and len(other([1, 2], desc='x')) == 2\nwith tqdm(total=3) as bar: bar.update(1); bar.set_postfix(loss=1)",
    ),
    "metrics": (
        "import torchmetrics\nfrom torchmetrics.classification import MulticlassF1Score",
        "self.accuracy = torchmetrics.Accuracy(task='multiclass', num_classes=5); self.all = nn.ModuleDict({'f1': MulticlassF1Score(5)}); self.accuracy.update(1, 2); assert self.accuracy(1, 2) == 0",
    ),
    "tensorboard": ("from torch.utils.tensorboard import SummaryWriter", "SummaryWriter('runs').add_scalar('loss', 1)"),
    "colab": ("from google.colab import drive, files\nimport requests\nfrom IPython.display import display", "files.upload(); requests.get('x').json()['a']"),
    "another way": ("try:\n    from apex import Norm\nexcept ImportError:\n    Norm = nn.BatchNorm2d", "self.conv = nn.Sequential(self.conv, Norm(4))"),
    "no other way": ("try:\n    import torchinfo\nexcept ImportError:\n    raise SystemExit('pip install torchinfo')", "torchinfo.summary(self)"),
    "settings": (
        "from easydict import EasyDict\nfrom omegaconf import OmegaConf\nconfig = EasyDict({'net': {'width': 4}})",
        "self.conv = nn.Conv2d(3, config.net.width, 3, padding=1); assert OmegaConf.create({'a': 3}).a == 3",
    ),
    "what is installed": ("import numpy as np\nfrom PIL import Image", "assert np.zeros(3).shape == (3,) and Image.new('L', (2, 3)).height == 3"),
}  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_uses(zygote: Zygote, use: str) -> None:
    """A program that does this with what is not installed builds its network."""
    top, init = USES[use]
    found = capture(zygote, submission(init, top=top)).result()
    assert found["outcome"] == "captured", found["broke"] or found["reason"]


NEEDS = {
    "nn.Sequential": ("import albumentations as A", "self.conv = nn.Sequential(A.Conv(3, 4), nn.ReLU())", "albumentations"),
    "append": ("import albumentations as A", "nn.Sequential().append(A.Conv(3))", "albumentations"),
    "insert": ("import albumentations as A", "nn.ModuleList().insert(0, A.Conv(3))", "albumentations"),
    "a size": ("import timm", "self.dense = nn.Linear(timm.create_model('x').num_features, 5)", "timm"),
    "a length": ("import albumentations as A", "self.dense = nn.Linear(256, len(A.things()))", "albumentations"),
    "a range": ("import pandas as pd", "for one in range(pd.count): self.dense = None", "pandas"),
    "a list of layers": ("from torchvision.models import resnet18", "self.conv = nn.Sequential(*list(resnet18().children())[:-1])", "torchvision"),
    "a part of a network": ("from torchvision import models", "self.conv = nn.Sequential(*models.vgg16().features)", "torchvision"),
    "a metric": ("import torchmetrics", "self.conv = nn.Sequential(self.conv, torchmetrics.Accuracy())", "torchmetrics"),
}  # fmt: skip


@pytest.mark.parametrize("need", NEEDS)
def test_needs(zygote: Zygote, need: str) -> None:
    """Where a network needs what a package that is not installed would give, the package is named, on the line."""
    top, init, package = NEEDS[need]
    broke = capture(zygote, submission(init, top=top)).result()["broke"]
    assert broke["kind"] == "NotHereError"
    assert package in broke["message"]
    if need != "a metric":
        assert broke["source"] in init


def test_a_stand_in_in_forward(zygote: Zygote) -> None:
    """A stand-in that forward calls as a layer is named where its answer is used, or returned."""
    used = capture(zygote, submission("self.blur = kornia.Blur()", "x = self.blur(x)", "import kornia")).result()
    returned = capture(zygote, submission(forward="return kornia.blur(x)", top="import kornia")).result()
    for found in (used, returned):
        assert found["broke"]["kind"] == "NotHereError"
        assert "kornia" in found["broke"]["message"]


@pytest.mark.parametrize(
    "source",
    [
        "import torch\nfrom torchvision import models\nmodel = models.resnet18(weights='DEFAULT')\nmodel.fc = torch.nn.Linear(model.fc.in_features, 5)\n",
        "import torch\nimport torchvision\nclass Net(torchvision.models.ResNet):\n    def __init__(self):\n        super().__init__([2, 2])\nmodel = Net()\n",
    ],
)
def test_networks_of_a_package(zygote: Zygote, source: str) -> None:
    """A network that torchvision would make, or be the base of, cannot be made up: torchvision is named."""
    broke = capture(zygote, source).result()["broke"]
    assert broke["kind"] == "NotHereError"
    assert broke["message"].startswith("torchvision is not installed")


@pytest.mark.parametrize("init", ["self.conv = nn.Sequential(Block(3, 4))", "self.conv = nn.Sequential(*Block.all())"])
def test_a_module_of_the_students(zygote: Zygote, init: str) -> None:
    """Layers of a file that was not handed in are the student's mistake, and told from a package's."""
    broke = capture(zygote, submission(init, top="from blocks import Block")).result()["broke"]
    assert (broke["kind"], broke["message"]) == ("ModuleNotFoundError", "No module named 'blocks'")


def test_a_base_that_is_not_here(zygote: Zygote) -> None:
    """A class with a forward is a network, though its base is missing and is given arguments."""
    source = """
import mytools
from torch import nn
class Net(mytools.Network):
    def __init__(self):
        super().__init__(classes=5)
        self.conv, self.dense = nn.Conv2d(3, 4, 3), nn.Linear(3600, 5)
    def forward(self, x):
        return self.dense(self.conv(x).flatten(1))
model = Net()
"""
    assert capture(zygote, source).result()["outcome"] == "captured"


LIGHTNING = """
import pytorch_lightning as pl
from lightning.pytorch import Trainer
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from torch import nn
import torch
pl.seed_everything(3)
class Quiet(Callback):
    def on_train_end(self, trainer, module): pass
class Base(pl.LightningModule):
    def __init__(self, width, rate=0.1, **more):
        super().__init__()
        self.save_hyperparameters(ignore="rate")
        self.conv = nn.Conv2d(3, self.hparams.width, 3)
class Lit(Base):
    def __init__(self, width=4, extra=7):
        super().__init__(width, extra=extra)
        assert dict(self.hparams) == {"width": 4, "extra": 7}, self.hparams
        self.dense = nn.Linear(self.hparams["width"] * 900, 5)
        self.example_input_array = torch.zeros(1, 3, 32, 32)
        assert self.trainer.max_epochs == 1
    @pl.data_loader
    def loader(self): pass
    def forward(self, x):
        self.log("seen", 1); self.log_dict({})
        return self.dense(self.conv(x.to(self.device)).flatten(1))
class Pictures(pl.LightningDataModule):
    def __init__(self, size=3):
        super().__init__()
        self.save_hyperparameters()
model = Lit()
trainer = Trainer(max_epochs=3, callbacks=[Quiet(), ModelCheckpoint()])
trainer.fit(model, Pictures())
"""


def test_lightning(zygote: Zygote) -> None:
    """A Lightning module has its hyperparameters from the constructors that ran, its device, and its logs."""
    found = capture(zygote, LIGHTNING).result()
    assert found["outcome"] == "captured", found["broke"] or found["reason"]


@pytest.mark.parametrize(
    "saved", ["self.hparams = hparams", "self.save_hyperparameters(hparams)", "self.save_hyperparameters(); self.hparams.update(hparams)"]
)  # fmt: skip
def test_hyperparameters_as_a_whole(zygote: Zygote, saved: str) -> None:
    """Settings may be handed to Lightning as one dictionary, and a checkpoint that is not opened leaves them."""
    source = f"""
from torch import nn
import pytorch_lightning as pl
class Lit(pl.LightningModule):
    def __init__(self, hparams):
        super().__init__()
        {saved}
        self.conv, self.dense = nn.Conv2d(3, self.hparams.width, 3), nn.Linear(3600, 5)
    def forward(self, x):
        return self.dense(self.conv(x).flatten(1))
model = Lit.load_from_checkpoint("last.ckpt", hparams={{"width": 4}})
"""
    found = capture(zygote, source).result()
    assert found["outcome"] == "captured", found["broke"]


DATA = """
d = Mine('data', train=True, download=True, transform=T.Compose([T.RandomCrop(32, padding=4), T.AutoAugment(), T.ToTensor(), T.Normalize((.5,) * 3, (.5,) * 3)]))
assert len(d) == 50_000 and len(d.targets) == 50_000 and d.data.shape == (50_000, 32, 32, 3) and d.class_to_idx['1'] == 1
x, y = next(iter(torch.utils.data.DataLoader(d, batch_size=4, num_workers=2, pin_memory=True, persistent_workers=True)))
assert x.shape == (4, 3, 32, 32) and y.tolist() == [0, 1, 2, 3]
m = datasets.MNIST('data', False, T.ToTensor())
assert len(m) == 10_000 and m.targets.shape == (10_000,) and m.data.dtype == torch.uint8
torch.utils.data.random_split(datasets.FashionMNIST('data'), [50_000, 10_000])
fake, numbers = datasets.FakeData(7), datasets.SVHN('data', split='test')
assert len(fake) == 7 and len(numbers) == 26_032
self.dense = nn.Linear(256, len(datasets.ImageFolder('data').classes))
"""


def test_data_sets(zygote: Zygote) -> None:
    """Data sets of torchvision's have the rubric's shape and classes, the real lengths, and need no file."""
    top = "import torchvision.transforms as T\nfrom torchvision import datasets\nclass Mine(datasets.CIFAR10): pass"
    found = capture(zygote, submission(DATA, top=top)).result()
    assert found["outcome"] == "captured", found["broke"] or found["reason"]


PICTURE = Image.fromarray(np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3))
TENSOR = torch.from_numpy(np.asarray(PICTURE).transpose(2, 0, 1).copy()).float() / 255


@pytest.mark.parametrize(
    ("name", "arguments", "size"),
    [
        ("Resize", ((8, 10),), (8, 10)),
        ("Resize", (8,), (8, 12)),
        ("CenterCrop", (2,), (2, 2)),
        ("CenterCrop", (8,), (8, 8)),
        ("RandomCrop", (4, 2), (4, 4)),
        ("RandomResizedCrop", (5,), (5, 5)),
        ("Pad", (1,), (6, 8)),
        ("Pad", ((1, 2),), (8, 8)),
        ("RandomHorizontalFlip", (1.0,), (4, 6)),
        ("Grayscale", (3,), (4, 6)),
        ("NoSuchTransform", (7,), (4, 6)),
    ],
)
def test_sizes_of_transforms(name: str, arguments: tuple[Any, ...], size: tuple[int, int]) -> None:
    """A transform gives a PIL picture and a tensor the same size."""
    known = transforms()
    kind = known.get(name) or known["*"](name)
    picture = kind(*arguments)(PICTURE)
    assert (picture.height, picture.width) == size
    assert tuple(kind(*arguments)(TENSOR).shape) == (3, *size)


def test_values_of_transforms() -> None:
    """Tensors are scaled to 0 to 1 and normalised by channel; mirrors mirror, and what is cut out stays where it was."""
    known = transforms()
    assert torch.equal(known["ToTensor"]()(PICTURE), TENSOR)
    assert torch.equal(known["ToImage"]()(PICTURE), (TENSOR * 255).to(torch.uint8))
    assert torch.equal(known["ToDtype"](torch.float32, scale=True)((TENSOR * 255).to(torch.uint8)), TENSOR)
    assert torch.allclose(known["Normalize"]([0.5, 0.4, 0.3], [0.5, 0.2, 0.1])(TENSOR)[2], (TENSOR[2] - 0.3) / 0.1)
    assert torch.equal(known["RandomHorizontalFlip"](1.0)(TENSOR), TENSOR.flip(-1))
    assert torch.equal(known["CenterCrop"](2)(TENSOR), TENSOR[:, 1:3, 2:4])
    assert torch.equal(
        known["Compose"]([known["ToTensor"](), known["Lambda"](lambda one: one * 2)])(PICTURE), TENSOR * 2
    )
    assert torch.equal(FUNCTIONS["to_tensor"](known["ToPILImage"]()(TENSOR)), TENSOR)
    assert known["Grayscale"]()(TENSOR).shape == (1, 4, 6)


def test_normalising_inside(zygote: Zygote) -> None:
    """A network may normalise its pictures by a transform, as it may with the real one."""
    top = "from torchvision import transforms"
    init = "self.normalise = transforms.Normalize([0.5] * 3, [0.2] * 3)"
    found = capture(zygote, submission(init, "x = self.normalise(x)", top)).result()
    assert found["outcome"] == "captured", found["broke"]


def test_an_installed_torchvision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where torchvision is installed, its own networks are used, and its data sets are stand-ins all the same."""
    folder = tmp_path / "torchvision"
    (folder / "datasets").mkdir(parents=True)
    (folder / "__init__.py").write_text("from torchvision import datasets\ndef resnet18(): return 'real'\n", "utf-8")
    (folder / "datasets" / "__init__.py").write_text(
        "class CIFAR10:\n    def __init__(self, root): raise RuntimeError('not downloaded')\nclass Rare(CIFAR10): pass\n",
        "utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [one for one in sys.modules if one.partition(".")[0] == "torchvision"]:
        monkeypatch.delitem(sys.modules, name)
    with missing_packages(frozenset(), (), Hints((1, 28, 28), 4)):
        import torchvision  # type: ignore[import-not-found, unused-ignore]

        assert torchvision.resnet18() == "real"
        assert torchvision.datasets.CIFAR10("data").classes == ["0", "1", "2", "3"]
        assert len(torchvision.datasets.Rare("data")) == 1_000
    for name in ("torchvision", "torchvision.datasets"):
        sys.modules.pop(name)


def test_nothing_stays() -> None:
    """Afterwards imports, containers of layers and loaders are what they were."""
    places = (torch.nn.Module, "add_module"), (torch.nn.ModuleList, "insert"), (torch.utils.data.DataLoader, "__init__")
    before = [getattr(*one) for one in places], list(sys.meta_path), sys.modules.get("torch.utils.tensorboard")
    with missing_packages(frozenset(), ()):
        assert [getattr(*one) for one in places] != before[0]
    assert (
        [getattr(*one) for one in places],
        list(sys.meta_path),
        sys.modules.get("torch.utils.tensorboard"),
    ) == before


def test_what_was_touched(zygote: Zygote) -> None:
    """Roots of packages that the network does without are told, and a library's own imports are not."""
    done = capture(zygote, submission("timm.x(dnn)", top="import timm\nfrom cv2 import dnn\nimport numpy.testing"))
    said = [one["message"] for one in done.result()["repairs"] if one["kind"] == "import"]
    assert said == ["Not needed for the model, and left out: timm, cv2."]


def stand_in(name: str, touched: list[str]) -> Missing:
    """Make a stand-in outside of the sandbox."""
    root = name.partition(".")[0]
    origin = Origin(kind_of(root), root, lambda part: Missing(part, origin), touched.append)
    return Missing(name, origin)


def test_names_that_were_touched() -> None:
    """Every attribute, call and item is noted by its dotted name."""
    touched: list[str] = []
    stand_in("wandb", touched).init(project="x").config["rate"]
    assert touched == ["wandb.init", "wandb.init()", "wandb.init().config", "wandb.init().config['rate']"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("timm.create_model", "timm is not installed"), ("blocks.Block", "No module named 'blocks'")],
)
def test_refusals(name: str, words: str) -> None:
    """A number, a layer or a tensor of a stand-in is refused in the words of what is missing."""
    one = stand_in(name, [])
    refused: list[Callable[[], Any]] = [
        lambda: int(one),
        lambda: float(one),
        lambda: range(one),
        lambda: len(one),
        lambda: torch.zeros((one, 3)),  # type: ignore[arg-type]
        lambda: torch.zeros(3) + one,  # type: ignore[operator]
        lambda: torch.cat([torch.zeros(3), one]),  # type: ignore[list-item]
        lambda: torch.nn.Linear(one, 3),  # type: ignore[arg-type]
        lambda: torch.nn.functional.relu(one),  # type: ignore[arg-type]
        lambda: list(one.children()),
        lambda: refuse(one),
    ]
    for attempt in refused:
        with pytest.raises(ModuleNotFoundError, match=words):
            attempt()
    for _ in one.parameters():
        pytest.fail("a stand-in has no parameters to freeze")
    refuse(torch.nn.ReLU())


def test_kinds_of_errors() -> None:
    """A package that is missing is nobody's mistake; a file that is missing is the student's."""
    assert isinstance(stand_in("timm", []).fault(), NotHereError)
    assert type(stand_in("blocks", []).fault()) is ModuleNotFoundError
