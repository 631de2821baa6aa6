"""A GPU that is not there, named in every way that people write: nothing fails for the lack of one."""

from __future__ import annotations

import pytest
import torch

from grader.sandbox.devices import PROCESSOR, OnThisMachine, TooLargeError, at_home
from grader.sandbox.forked import Zygote
from tests.sandbox.jobs import capture, submission

BUILDING = [
    "self.cuda(); self.dense.cuda(0)",
    "self.to('cuda'); self.to(0); self.to('cuda:0', torch.float32)",
    "self.to(device=torch.device('cuda', 0)); self.to(torch.device(0))",
    "self.to(torch.zeros(1).cuda())",
    "self.to(memory_format=torch.channels_last)",
    "self.to_empty(device='cuda')",
    "self.type('torch.cuda.FloatTensor'); self.type(torch.cuda.FloatTensor)",
    "self.dense = nn.Linear(256, 5, True, 'cuda')",
    "with torch.device('cuda'): self.dense = nn.Linear(256, 5)",
    "self.offset = torch.arange(3, device='cuda:0') + torch.tensor([1], device='cuda')",
    "self.offset = torch.cuda.FloatTensor(3).fill_(0) + torch.as_tensor([1.0], device='mps')",
    "self.offset = torch.zeros(3).pin_memory() + torch.empty(3, pin_memory=True)",
    "self.offset = torch.randn(3, generator=torch.Generator(device='cuda').manual_seed(1), device='cuda')",
    "torch.set_default_device('cuda'); torch.set_default_tensor_type('torch.cuda.FloatTensor')",
    "torch.set_default_tensor_type(torch.cuda.FloatTensor)",
    "torch.backends.cudnn.benchmark = True; torch.backends.cuda.matmul.allow_tf32 = True",
    "assert torch.cuda.is_available() and torch.cuda.device_count() > 0 and torch.cuda.current_device() == 0",
    "if torch.cuda.get_device_properties(0).total_memory < 2**30 or torch.cuda.memory_allocated() > 1: raise SystemExit",
    "self.stream = torch.cuda.Stream(); self.event = torch.cuda.Event(enable_timing=True)",
    "with torch.cuda.device(0), torch.cuda.stream(torch.cuda.Stream()): self.offset = torch.zeros(3).cuda()",
    "self.conv = nn.DataParallel(self.conv, device_ids=[0, 1])",
    "self.conv = nn.parallel.DistributedDataParallel(self.conv, device_ids=[0])",
    "self.conv = nn.Sequential(self.conv, nn.SyncBatchNorm(4)); nn.SyncBatchNorm.convert_sync_batchnorm(self)",
    "self.scalers = torch.cuda.amp.GradScaler(), torch.amp.GradScaler('cuda')",
    "import torch.distributed as dist; dist.init_process_group('nccl'); torch.cuda.set_device(dist.get_rank())",
    "assert torch.backends.mps.is_available(); self.to('mps')",
    "self.to(torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None)",
    "import torch_xla.core.xla_model as xm; self.to(xm.xla_device()); torch.zeros(1, device=xm.xla_device())",
    "import torch_directml; self.to(torch_directml.device()); torch.zeros(1, device=torch_directml.device())",
    "self.half()",
    "self.bfloat16()",
    "torch.set_default_dtype(torch.float64); self.dense = nn.Linear(256, 5)",
]

IN_FORWARD = [
    "x = x.cuda(); x = x.cuda(0, non_blocking=True)",
    "x = x.to('cuda:0', torch.float32).to(0).to(torch.device('cuda')).to(torch.zeros(1).cuda())",
    "x = x + torch.zeros(x.shape).to(x.get_device())",
    "x = x + torch.zeros(x.shape[0], 1, 1, 1, device=x.device)",
    "x = x + torch.tensor([1.0], device='cuda') + torch.arange(32, device='cuda:0')",
    "x = x + x.new_tensor([1.0], device='cuda') + torch.full((1,), 2.0, device='mps')",
    "x = x + torch.randn(x.shape, device='cuda') * 0",
    "x = x.type(torch.cuda.FloatTensor).type('torch.cuda.FloatTensor')",
    "x = x + torch.cuda.FloatTensor(x.size(0), 1, 1, 1).fill_(0)",
    "x = x.pin_memory().contiguous(memory_format=torch.channels_last)",
    "with torch.cuda.amp.autocast(): x = self.conv(x.half())[:, :3]",
    "with torch.autocast('cuda', dtype=torch.float16): x = x * 2",
    "with torch.cuda.stream(torch.cuda.Stream()): x = x * 2",
    "assert torch.cuda.is_available(); torch.cuda.synchronize(); x = x * (torch.cuda.memory_allocated() + 1)",
    "x = x.half().float()",
]


@pytest.mark.parametrize("init", BUILDING)
def test_while_building(zygote: Zygote, init: str) -> None:
    """A network that is made on a GPU is made all the same."""
    found = capture(zygote, submission(init)).result()
    assert found["outcome"] == "captured", found["broke"] or found["reason"]


@pytest.mark.parametrize("forward", IN_FORWARD)
def test_in_forward(zygote: Zygote, forward: str) -> None:
    """A forward that sends its tensors to a GPU is captured in both modes."""
    found = capture(zygote, submission(forward=forward)).result()
    assert found["outcome"] == "captured", found["broke"] or found["reason"]


def test_at_the_top(zygote: Zygote) -> None:
    """What the file asks and asserts about GPUs before the class holds, and its device is understood everywhere."""
    top = """
device = torch.device("cuda" if torch.cuda.is_available() else sys.exit("Please switch the GPU on"))
def best():
    assert torch.cuda.is_available(), "no GPU"
    return device
"""
    found = capture(zygote, submission("self.device = best(); self.to(self.device)", "x = x.to(self.device)", top))
    assert found.result()["outcome"] == "captured", found.result()["broke"]


def test_in_defaults_and_class_bodies(zygote: Zygote) -> None:
    """A device may be a default argument, a class attribute, a decorator or a string that forward uses."""
    source = """
import torch
from torch import nn
class Net(nn.Module):
    fast = torch.cuda.is_available()
    def __init__(self, device=torch.device("cuda:0"), stream=torch.cuda.Stream()):
        super().__init__()
        self.device = "cuda"
        self.conv, self.dense = nn.Conv2d(3, 4, 3, device=device), nn.Linear(3600, 5).cuda()
    @torch.cuda.amp.autocast()
    def forward(self, x):
        return self.dense(self.conv(x + torch.zeros(1).to(self.device)).flatten(1))
model = nn.DataParallel(Net().cuda(), device_ids=[0, 1]).to(torch.device("cuda", 0))
"""
    found = capture(zygote, source).result()
    assert found["outcome"] == "captured", found["broke"]
    assert any("Autocast" in note for note in found["notes"])


def test_double_by_default(zygote: Zygote) -> None:
    """What was meant to be float64 throughout is float32 throughout."""
    done = capture(zygote, submission("torch.set_default_dtype(torch.float64)", "x = x.double()"))
    assert done.result()["outcome"] == "captured", done.result()["broke"]


def test_a_wrong_device_stays_wrong(zygote: Zygote) -> None:
    """A device that no machine has is the student's mistake."""
    broke = capture(zygote, submission("self.to('gpu')")).result()["broke"]
    assert broke["kind"] == "RuntimeError"
    assert "gpu" in broke["message"]


@pytest.mark.parametrize(
    "named", ["cuda", "cuda:1", "mps", "xla:0", torch.device("cuda:0"), torch.device("mps"), 0, -1]
)
def test_accelerators(named: object) -> None:
    """Every name of an accelerator stands for the processor; a number counts GPUs."""
    assert at_home(named) is PROCESSOR


@pytest.mark.parametrize("other", ["cpu", "meta", "gpu", None, True, torch.float16, torch.device("meta")])
def test_what_is_no_accelerator(other: object) -> None:
    """All else is left as it is."""
    assert at_home(other) is other


def test_places_of_numbers() -> None:
    """A number is a device as the first argument of `.to` alone, and sizes stay sizes."""
    with OnThisMachine():
        assert torch.zeros(3).to(0, torch.float64).dtype == torch.float64
        assert torch.zeros(3, 2, device="cuda").shape == (3, 2)
        assert torch.zeros(1).new_zeros(3, 4).shape == (3, 4)
        assert torch.ones(3).cuda(0).sum() == torch.ones(3).pin_memory().sum() == 3
        assert torch.device("cuda") == torch.device(0) == PROCESSOR
        assert torch.device("meta").type == "meta"


def test_giants() -> None:
    """A tensor of more than two gigabytes is refused with its shape, wherever it was meant to be."""
    with OnThisMachine(), pytest.raises(TooLargeError, match=r"1048576×1024 numbers takes 4\.3 GB"):
        torch.zeros(2**20, 2**10, device="cuda")
