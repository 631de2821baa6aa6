"""Group A: forging the grade."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

from grader.graph.document import dump
from grader.records import Outcome, Status
from tests.attacks.catalogue.attack import Attack, NotApplicable, Seen, both, module, network, tries
from tests.graph.samples import CNN, blob, document, node, parameter, slot

FAULT, HUMAN = Status.STUDENT_FAULT, Status.NEEDS_HUMAN


def worthless(seen: Seen) -> None:
    """Nothing was earned."""
    assert seen.report.points == 0


def as_honest(seen: Seen) -> None:
    """Assert that the report is that of the same network without an attack: points, layers, size."""
    honest = seen.field.honest().report
    found = seen.report
    assert (found.points, [one.outcome for one in found.findings]) == (
        honest.points,
        [one.outcome for one in honest.findings],
    )
    assert [(one.role, one.inputs, one.outputs) for one in found.layers] == [
        (one.role, one.inputs, one.outputs) for one in honest.layers
    ]
    assert found.model is not None
    assert honest.model is not None
    assert found.model.parameters == honest.model.parameters


def outcome(seen: Seen, criterion: str) -> Outcome:
    """Return what came of a criterion."""
    return next(one.outcome for one in seen.report.findings if one.criterion == criterion)


def not_a_hundred(seen: Seen) -> None:
    """Assert that the number that the submission wanted is nowhere among its points."""
    assert seen.report.points != 100
    assert 100 not in [one.points for one in seen.report.findings]


def forged_network(seen: Seen) -> None:
    """Assert that a graph of the student's own is judged as any other: its layers are those that will be trained."""
    not_a_hundred(seen)
    assert [str(one.role) for one in seen.report.layers if one.on_path and one.role in ("conv", "pool", "dense")] == [
        "conv",
        "pool",
        "dense",
    ]
    assert outcome(seen, "output") is Outcome.FAILED, "the forged network answers with five scores"


def same_bits(seen: Seen) -> None:
    """Once more, and the captured graph and its weights are the same."""
    again = seen.field.run(Attack(22, "again", module()), seen.report.submission.id)
    assert seen.done is not None
    assert again.done is not None
    assert again.done.frames == seen.done.frames


def no_convolution(seen: Seen) -> None:
    """Assert that what is called a convolution and is none is judged by what it does."""
    assert outcome(seen, "convolution") is Outcome.FAILED


def true_size(seen: Seen) -> None:
    """Assert that the size is that of the tensors that came, whatever the model says of itself."""
    as_honest(seen)
    assert seen.report.model is not None
    assert seen.report.model.parameters == 3 * 4 * 9 + 4 + 256 * 10 + 10


def own_clock(seen: Seen) -> None:
    """Assert that times are the grader's own."""
    assert seen.done is not None
    assert 0.4 < seen.done.wall_seconds < 60
    as_honest(seen)


def nothing_found(seen: Seen) -> None:
    """Assert that the hunt came to its end and found nothing."""
    assert "HITS 0" in seen.output
    as_honest(seen)


def nothing_unpickled(seen: Seen) -> None:
    """Assert that the command of the pickle was run by nobody."""
    assert not (seen.field.place.folder / "unpickled").exists()


CLAIM = json.dumps({"outcome": "captured", "score": 100, "points": 100, "status": "graded"})
ODD = json.dumps(
    {
        "outcome": "captured",
        "model": {"name": "x" * 100_000, "how": 7, "where": {"file": ["a"], "line": "x"}},
        "probe": {"train": {"loss": "nan"}},
        "repairs": [{"kind": 5}, 7],
        "notes": [5, None, "y" * 100_000],
        "batches": {"8": 5},
    }
)
CRASHED = json.dumps({"outcome": "crashed", "trace": "MemoryError"})
FACTS = json.dumps({"model": {"name": "Net", "how": "forged"}, "score": 100})


class _Command:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        """Return the command."""
        return os.system, ("touch @FOLDER@/unpickled",)


def notebook(*cells: str, outputs: list[object] | None = None, **metadata: object) -> dict[str, bytes]:
    """Return a notebook of code cells that carry these outputs."""
    written = [
        {
            "cell_type": "code",
            "source": one,
            "outputs": outputs or [],
            "metadata": {"nbgrader": {"grade": True, "points": 100, "score": 100, "locked": True}},
            "execution_count": 1,
        }
        for one in cells
    ]
    return {
        "net.ipynb": json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": written}).encode()
    }


def forged(*frames: str, init: str = "") -> dict[str, bytes]:
    """Return a submission that sends frames of its own and leaves."""
    return module(init="\n".join((init, *frames, "os._exit(0)")))


FORGED = document(
    [parameter("conv.weight", 4, 3, 3, 3), parameter("conv.bias", 4), parameter("w", 5, 256), parameter("b", 5)],
    [
        node("conv2d", slot(0), slot(1), slot(2), [1, 1], [1, 1], [1, 1], 1),
        node("relu", slot(5)),
        node("max_pool2d", slot(6), [4, 4]),
        node("flatten.using_ints", slot(7), 1),
        node("linear", slot(8), slot(3), slot(4)),
    ],
)
"""A network that fits the pictures and answers with five scores."""

GRAPH = f"send(3, bytes.fromhex({dump(CNN).hex()!r}))"
TENSORS = f"send(4, bytes.fromhex({blob(CNN).hex()!r}))"
OWN_GRAPH = f"send(3, bytes.fromhex({dump(FORGED).hex()!r}))"
HALF_GRAPH = f"send(3, bytes.fromhex({dump(replace(FORGED, complete=False)).hex()!r}))"
OWN_TENSORS = f"send(4, bytes.fromhex({blob(FORGED).hex()!r}))"


def _not_run(seen: Seen) -> None:
    """No file ran by itself."""
    assert "RAN" not in seen.output
    assert not Path(seen.field.place.folder, "ran").exists()


def _no_forged_text(seen: Seen) -> None:
    """Nothing of what was saved is in the report."""
    assert "FORGED" not in str(seen.report.to_json())


ROWS: tuple[Attack | NotApplicable, ...] = (
    Attack(
        1,
        "leaving with status 0 while building",
        module("os._exit(0)"),
        "exited-without-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        1,
        "leaving with status 0 in forward",
        module(forward="os._exit(0)"),
        "exited-without-result",
        FAULT,
        proof=worthless,
    ),
    Attack(1, "sys.exit(0) while building", module("sys.exit(0)"), "student-error", FAULT, proof=worthless),
    Attack(1, "sys.exit(0) in forward", module(forward="sys.exit(0)"), "student-error", FAULT),
    Attack(1, "sys.exit(0) at the end of the file", module(end="sys.exit(0)"), proof=as_honest),
    Attack(
        2,
        "a handler at exit that writes a result",
        module(f"import atexit\natexit.register(lambda: send(2, {CLAIM.encode()!r}))"),
        proof=as_honest,
    ),
    Attack(
        3,
        "a result of its own with a score, and gone",
        forged(f"send(2, {CLAIM.encode()!r})"),
        "malformed-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        3,
        "facts of its own before the result",
        forged(f"send(1, {FACTS.encode()!r})"),
        "malformed-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        3,
        "a whole network of its own as a document",
        forged(f"send(2, {CLAIM.encode()!r})", OWN_GRAPH, OWN_TENSORS),
        None,
        HUMAN,
        proof=forged_network,
    ),
    Attack(
        3,
        "half a network that is said to be whole",
        forged(f"send(2, {CLAIM.encode()!r})", HALF_GRAPH, OWN_TENSORS),
        "malformed-result",
        FAULT,
        proof=not_a_hundred,
    ),
    Attack(
        3,
        "answers, repairs and notes of the wrong kinds",
        forged(f"send(2, {ODD.encode()!r})", OWN_GRAPH, OWN_TENSORS),
        None,
        HUMAN,
        proof=forged_network,
    ),
    Attack(
        3,
        "a network of its own that does not fit the pictures",
        forged(f"send(2, {CLAIM.encode()!r})", GRAPH, TENSORS),
        None,
        HUMAN,
        proof=worthless,
    ),
    Attack(
        3,
        "a result with a score, then the grader's own",
        module(f"send(2, {CLAIM.encode()!r})"),
        "malformed-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        4,
        "garbage for a result",
        module("os.write(4, b'{\"score\": 100}' * 9); os._exit(0)"),
        "malformed-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        4, "half a frame", module("os.write(4, b'GRDR\\x02'); os._exit(0)"), "malformed-result", FAULT, proof=worthless
    ),
    Attack(
        5,
        "a result of 60,000 open brackets",
        forged("send(2, b'[' * 60_000)"),
        "malformed-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        5,
        "a number of 50,000 digits in the result",
        forged("send(2, b'{\"outcome\": \"captured\", \"probe\": ' + b'9' * 50_000 + b'}')"),
        "malformed-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        5,
        "truth values, NaN and negative numbers for shapes",
        forged(
            'send(2, b\'{"outcome": "captured"}\')',
            'send(3, b\'{"version": 1, "tensors": [["a", "f", [true, NaN, -1]]], "graphs": []}\')',
            "send(4, bytes(8))",
        ),
        None,
        HUMAN,
        proof=worthless,
    ),
    Attack(
        5,
        "a document of 60,000 open brackets",
        forged(f"send(2, {CLAIM.encode()!r})", "send(3, b'[' * 60_000)", "send(4, bytes(8))"),
        None,
        HUMAN,
        proof=worthless,
    ),
    Attack(
        5,
        "tensors whose header speaks of 4 TiB",
        forged(
            f"send(2, {CLAIM.encode()!r})",
            GRAPH,
            "head = json.dumps({str(i): {'dtype': 'F32', 'shape': [2**20, 2**20], 'data_offsets': [0, 2**42]} for i in range(8)}).encode()",
            "send(4, len(head).to_bytes(8, 'little') + head)",
        ),
        None,
        HUMAN,
        proof=worthless,
    ),
    Attack(
        6,
        "printing a success",
        module("print('All tests passed\\n{\"score\": 100}\\nGRDR\\x02', flush=True)"),
        proof=as_honest,
    ),
    Attack(
        7,
        "writing results where graders put them",
        module(
            "for place in ('/autograder/results/results.json', '/grade/results/results.json', '@FOLDER@/results.json', '@ROOT@/report.json', '/tmp/gradebook.sqlite', '../report.json'):\n"
            "    attempt(place.replace('@FOLDER@', 'ground').replace('@ROOT@', 'root'), lambda: open(place, 'w').write('{\"score\": 100}'))\n"
            "attempt('here', lambda: open('report.json', 'w').write('{\"score\": 100}'))"
        ),
        tried={
            "/autograder/results/results.json": "ENOENT|EACCES|EROFS",
            "/grade/results/results.json": "ENOENT|EACCES|EROFS",
            "ground/results.json": "ENOENT|EACCES|EROFS",
            "root/report.json": "ENOENT|EACCES|EROFS",
            "/tmp/gradebook.sqlite": "ENOENT|EACCES|EROFS",
            "../report.json": "ENOENT|EACCES|EROFS",
            "here": {"A": "open", "B": "EROFS|EACCES", "C": "EACCES"},
        },
        proof=as_honest,
    ),
    Attack(
        8,
        "an answer that equals everything",
        module(
            top="class Fake:\n    shape = (8, 10)\n    dtype = torch.float32\n    __eq__ = lambda self, other: True\n    __hash__ = None\n    detach = cpu = numpy = lambda self: self\n",
            forward="return Fake()",
        ),
        "student-error",
        FAULT,
    ),
    Attack(
        8,
        "a tensor of a class of its own",
        module(
            top="class Always(torch.Tensor):\n    def __eq__(self, other): return True\n    def argmax(self, *given): return 'right'\n",
            forward="x = self.pool(torch.relu(self.conv(x)))\nreturn self.dense(x.flatten(1)).as_subclass(Always)",
        ),
        proof=as_honest,
    ),
    Attack(
        9,
        "checks that are always passed",
        module(
            "import random, unittest\n"
            "torch.equal = torch.allclose = lambda *given, **more: True\n"
            "torch.testing.assert_close = lambda *given, **more: None\n"
            "random.random = lambda: 0\n"
            "unittest.TestCase.assertEqual = lambda *given: None"
        ),
        proof=as_honest,
    ),
    Attack(
        9,
        "isinstance that says yes",
        module("import builtins\nbuiltins.isinstance = lambda *given: True"),
        "exited-without-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        10,
        "another json.dumps, os.write and os._exit",
        module("json.dumps = lambda *given, **more: '{\"score\": 100}'\nos._exit = lambda *given: None"),
        None,
        HUMAN,
        proof=worthless,
    ),
    Attack(
        10,
        "another os.write",
        module("write = os.write\nos.write = lambda one, data: write(one, b'{\"score\": 100}') and len(data)"),
        "malformed-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        10,
        "the harness's own functions, found in sys.modules",
        module(
            "for name in list(sys.modules):\n"
            "    if name.startswith('grader.'):\n"
            "        for key, one in list(vars(sys.modules[name]).items()):\n"
            "            if callable(one) and not isinstance(one, type):\n"
            "                setattr(sys.modules[name], key, lambda *given, **more: {'score': 100})"
        ),
        "exited-without-result",
        FAULT,
        proof=worthless,
    ),
    Attack(
        11,
        "modules of its own in the grader's places",
        module(
            "for name in ('grader.scoring', 'grader.criteria', 'grader.training.trainer', 'numpy.testing', 'sqlite3'):\n"
            "    sys.modules[name] = types.ModuleType(name)\n"
            "sys.path.insert(0, os.getcwd())"
        ),
        proof=as_honest,
    ),
    Attack(
        12,
        "files that Python and its tools run by themselves",
        {
            "net.py": network(),
            "sitecustomize.py": b"print('RAN')\nraise SystemExit(0)\n",
            "usercustomize.py": b"print('RAN')\nraise SystemExit(0)\n",
            "conftest.py": b"print('RAN')\nraise SystemExit(0)\n",
            "evil.pth": b"import os; os.system('touch @FOLDER@/ran')\n",
            "pytest.ini": b"[pytest]\naddopts = -p evil\n",
            "numpy.py": b"print('RAN')\nraise SystemExit(0)\n",
            "grader/scoring.py": b"print('RAN')\nraise SystemExit(0)\n",
        },
        proof=both(as_honest, _not_run),
    ),
    Attack(
        12,
        "a torch of its own",
        {
            "net.py": b"import torch\nfrom torch import nn\nmodel = nn.Linear(3, 10)\n",
            "torch.py": b"class nn:\n    class Linear:\n        def __init__(self, *given): self.score = 100\n",
        },
        "student-error",
        FAULT,
        proof=worthless,
    ),
    Attack(
        13,
        "hunting for labels and scores in frames and objects",
        module(
            "import gc\n"
            "secret, hits, frame = ''.join(['held-', 'out-7f3a']), 0, sys._getframe(1)\n"
            "gc.unfreeze()\n"
            "while frame:\n"
            "    hits += secret in repr(list(frame.f_locals.values()))\n"
            "    frame = frame.f_back\n"
            "for one in gc.get_objects():\n"
            "    if type(one) in (dict, list, tuple):\n"
            "        for each in (one.values() if type(one) is dict else one):\n"
            "            hits += type(each) in (str, bytes) and secret in str(each) and secret != each\n"
            "print('HITS', hits, flush=True)"
        ),
        proof=nothing_found,
    ),
    Attack(
        14,
        "a model that lies about itself",
        module(
            top="class Liar(type(nn.Linear(1, 1))):\n    pass\n",
            end="Net.parameters = lambda self, recurse=True: iter([nn.Parameter(torch.zeros(7))])\n"
            "Net.__repr__ = lambda self: 'Net(7,850 parameters, 12 convolutions)'",
        ),
        proof=true_size,
    ),
    Attack(
        14,
        "a dense layer that is called a convolution",
        {
            "net.py": b"import torch\nfrom torch import nn\n\nclass Conv2d(nn.Linear):\n    def __repr__(self): return 'Conv2d(3, 4, kernel_size=(3, 3))'\n\n"
            b"class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.conv = Conv2d(3072, 10)\n        self.real = nn.Conv2d(3, 4, 3)\n"
            b"    def forward(self, x):\n        return self.conv(x.flatten(1))\n\nmodel = Net()\n"
        },
        proof=no_convolution,
    ),
    Attack(
        14,
        "a hook that answers in the place of the layers",
        module("self.conv.register_forward_hook(lambda *given: torch.zeros(given[1][0].shape[0], 4, 32, 32))"),
        proof=no_convolution,
    ),
    Attack(
        15,
        "answers by the number of the call",
        module(
            "self.register_buffer('known', torch.eye(10).repeat(200, 1))\nself.asked = 0",
            "self.asked += 1\nreturn self.known[:x.shape[0]]",
        ),
        proof=no_convolution,
    ),
    Attack(
        16,
        "answers that are no numbers",
        module(forward="return self.dense(self.pool(self.conv(x)).flatten(1)) * float('nan')"),
        None,
        HUMAN,
    ),
    Attack(
        16, "the same answer for everything", module(forward="return torch.ones(x.shape[0], 10)"), proof=no_convolution
    ),
    Attack(
        17,
        "another clock",
        module(
            "time.sleep(0.4)\nfor name in ('time', 'monotonic', 'perf_counter', 'process_time'):\n    setattr(time, name, lambda: 0.0)"
        ),
        proof=own_clock,
    ),
    *(
        Attack(
            18,
            f"leaving with the harness's status {code}",
            module(f"print('SETUP failed'); os._exit({code})"),
            "exited-without-result",
            FAULT,
            proof=worthless,
        )
        for code in (70, 90, 91, 109, 131, 255)
    ),
    Attack(
        18,
        "saying that the grader crashed",
        forged(f"send(2, {CRASHED.encode()!r})"),
        None,
        HUMAN,
        proof=worthless,
    ),
    Attack(
        18,
        "a report of a set-up that failed",
        module(tries(five='os.write(5, b\'{"error": "no walls"}\')', six="os.write(6, b'{}')")),
        tried={"five": "EBADF", "six": "EBADF"},
        proof=as_honest,
    ),
    Attack(
        19,
        "outputs and scores saved in the notebook",
        notebook(
            network().decode(),
            outputs=[{"output_type": "stream", "name": "stdout", "text": ["All tests passed: held 100/100 FORGED"]}],
            nbgrader={"score": 100},
            kernelspec={"name": "FORGED", "display_name": "FORGED"},
        ),
        proof=both(as_honest, _no_forged_text),
    ),
    NotApplicable(
        20,
        "editing the cells with the tests",
        "No cell of a submission tests anything: what is judged is the captured graph, by the grader's own code.",
    ),
    Attack(
        21,
        "a pickle for a result",
        forged(f"send(2, {pickle.dumps(_Command())!r})"),
        "malformed-result",
        FAULT,
        proof=nothing_unpickled,
    ),
    Attack(
        21,
        "a pickle for the tensors",
        forged(f"send(2, {CLAIM.encode()!r})", GRAPH, f"send(4, {pickle.dumps(_Command())!r})"),
        None,
        HUMAN,
        proof=nothing_unpickled,
    ),
    Attack(22, "handing in again until the seed is a lucky one", module(), proof=same_bits),
)
