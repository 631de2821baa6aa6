"""What the walls refuse is explained as what it is: no network, no other processes, no other files.

The texts are those that Python and PyTorch 2.13 say behind the walls.
"""

from __future__ import annotations

import pytest

from .breaks import build, forward

BARE = "[Errno 1] Operation not permitted"


@pytest.mark.parametrize(
    ("kind", "message", "source"),
    [
        ("PermissionError", BARE, "socket.create_connection(('127.0.0.1', 80), 1)"),
        ("PermissionError", BARE, "s = socket.socket()"),
        ("URLError", "<urlopen error [Errno -3] Temporary failure in name resolution>", "state = torch.hub.load(a, b)"),
        ("URLError", f"<urlopen error {BARE}>", "net = resnet18(weights=W)"),
        ("OSError", "[Errno 30] Read-only file system: './w.pth.partial'", "torch.hub.load_state_dict_from_url(url)"),
        ("gaierror", "[Errno -3] Temporary failure in name resolution", "x = get()"),
        ("ConnectionError", "HTTPSConnectionPool(host='a', port=443): Max retries exceeded", "requests.get(url)"),
        (
            "RuntimeError",
            "Error downloading: [Errno -2] Name or service not known",
            "datasets.CIFAR10('.', download=True)",
        ),
    ],
)
def test_no_network(kind: str, message: str, source: str) -> None:
    """Sockets, pages, names and downloads are told that there is no network here."""
    found = build(kind, message, source)
    assert found.code == "E45"
    assert found.cause.startswith("There is no network here")
    assert "leave the download out" in found.help


@pytest.mark.parametrize(
    ("kind", "message", "source", "help_text"),
    [
        ("PermissionError", BARE, "os.fork()", "num_workers=0 works"),
        ("PermissionError", BARE, "subprocess.run(['pip', 'install', 'torchinfo'])", "without any other program"),
        ("PermissionError", BARE, "multiprocessing.Process(target=print).start()", "Leave this line out"),
        ("PermissionError", BARE, "for x, y in train_loader:", "Set num_workers=0"),
        ("PermissionError", "[Errno 13] Permission denied", "for x, y in data:", "Set num_workers=0"),
        (
            "InductorError",
            f"PermissionError: {BARE}\n\nSet TORCHDYNAMO_VERBOSE=1",
            "y = self.fast(x)",
            "torch.compile out",
        ),
        ("RuntimeError", BARE, "f = torch.compile(g)", "torch.compile out"),
        ("OSError", "[Errno 30] Read-only file system: '/torchinductor_ada'", "y = f(x)", "torch.compile out"),
    ],
)
def test_no_processes(kind: str, message: str, source: str, help_text: str) -> None:
    """Programs, processes, workers and compilers are told that none can be started, and what works instead."""
    found = build(kind, message, source)
    assert found.code == "E46"
    assert found.cause == "Programs and other processes cannot be started here while grading."
    assert help_text in found.help


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("PermissionError", "[Errno 13] Permission denied: '/content/net.pt'"),
        ("PermissionError", "[Errno 1] Operation not permitted: '/content/net.pt'"),
        ("OSError", "[Errno 30] Read-only file system: '/content/net.pt'"),
    ],
)
def test_no_other_files(kind: str, message: str) -> None:
    """A file that may not be opened is named."""
    found = build(kind, message, "torch.save(net, path)")
    assert found.code == "E47"
    assert "/content/net.pt cannot be opened here" in found.cause


def test_other_errors_are_left_alone() -> None:
    """What only resembles a refusal is somebody else's to explain."""
    assert build("PermissionError", "you may not", "connect()").code == "E00"
    assert build("ValueError", BARE, "socket.socket()").code == "E00"
    assert forward("[Errno 28] No space left on device: 'x'", kind="OSError").code == "E00"
