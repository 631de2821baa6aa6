"""Extraction builds the model and runs it on noise; it calls nobody, touches no file of anybody's and trains nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.sandbox.forked import Zygote
from grader.sandbox.protocol import Limits
from tests.sandbox.audited import MARK
from tests.sandbox.jobs import ARGUMENTS, submission

EXAMPLES = sorted(
    one for one in (Path(__file__).parents[2] / "submissions").iterdir() if one.suffix in (".py", ".ipynb")
)
LIMITS = Limits(wall_seconds=60, cpu_seconds=60, memory_megabytes=4096)

BUSY = """
import os, subprocess, urllib.request, requests, pandas as pd, matplotlib.pyplot as plt
from google.colab import drive, files
from torchvision import datasets, transforms
drive.mount("/content/drive")
os.makedirs("/content/models", exist_ok=True)
urllib.request.urlretrieve("http://example.com/data.zip", "/tmp/data.zip")
subprocess.run(["unzip", "/tmp/data.zip"])
os.system("nvidia-smi")
table = pd.read_csv("/content/drive/labels.csv")
names = open("/etc/hostname").read()
train_set = datasets.CIFAR10("/content/data", train=True, download=True, transform=transforms.ToTensor())
train_loader = torch.utils.data.DataLoader(train_set, batch_size=32, shuffle=True)
"""

TRAINING = """
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(2):
    for images, labels in train_loader:
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), "/content/models/net.pt")
plt.plot([1, 2])
plt.savefig("/content/curve.png")
model.load_state_dict(torch.load("/content/models/net.pt"))
requests.post("http://example.com", data={"done": True})
"""


@pytest.fixture(scope="module")
def watched() -> Iterator[Zygote]:
    """Return a warm process without walls, so that whatever is tried is seen and not stopped."""
    zygote = Zygote(jobs={"audited": "tests.sandbox.audited"})
    yield zygote
    zygote.stop()


def attempts(zygote: Zygote, files: dict[str, bytes], classes: int = 10) -> tuple[str, list[str]]:
    """Return how a capture ended and what it tried besides."""
    done = zygote.run("audited", {**ARGUMENTS, "classes": classes, "batch": 64, "file_bytes": 2**26}, files, LIMITS)
    found = [line.removeprefix(MARK) for line in done.output.splitlines() if line.startswith(MARK)]
    return str(done.stopped or done.result().get("outcome")), found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda one: one.name)
def test_of_the_examples(watched: Zygote, path: Path) -> None:
    """No example reaches for anything, whatever its notebook does with data, files and training."""
    outcome, found = attempts(watched, {path.name: path.read_bytes()})
    assert outcome in ("captured", "broke", "exited-without-result")  # one ends itself while it is built
    assert found == []


def test_of_a_busy_notebook(watched: Zygote) -> None:
    """Downloads, mounts, files, programs, plots and training around a model are all left out."""
    outcome, found = attempts(watched, {"net.py": (submission(top=BUSY) + TRAINING).encode()}, classes=5)
    assert (outcome, found) == ("captured", [])


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("open('/etc/hostname').read()", "open '/etc/hostname'"),
        ("open('/tmp/grader-test-touched', 'w').close()", "open '/tmp/grader-test-touched'"),
        ("os.listdir('/home')", "os.listdir '/home'"),
        ("__import__('socket').create_connection(('127.0.0.1', 9))", "socket."),
        ("__import__('subprocess').run(['true'])", "subprocess.Popen"),
        ("s = torch.optim.SGD(self.parameters(), 0.1); s.step()", "a training step"),
    ],
)
def test_an_attempt_is_seen(watched: Zygote, statement: str, expected: str) -> None:
    """What a constructor does itself is no part of what can be left out, and the watch sees it."""
    guarded = f"try:\n    {statement}\nexcept Exception:\n    pass"
    _, found = attempts(watched, {"net.py": submission(guarded).encode()}, classes=5)
    assert any(expected in one for one in found), found
