"""Group G: what breaks the sandbox without anybody's attack, and the tests that hold it."""

from __future__ import annotations

from tests.attacks.catalogue.attack import Attack, Trap, module, tries
from tests.attacks.catalogue.forging import as_honest

HERE = "tests/attacks/test_catalogue.py"

TRAPS: tuple[Trap, ...] = (
    Trap(
        98,
        "a warm process that ends with the thread that started it",
        (f"{HERE}::test_a_slot_starts_and_runs_in_one_thread",),
    ),
    Trap(
        99,
        "a warm process with more than one thread",
        ("tests/sandbox/test_child.py::test_one_thread", f"{HERE}::test_one_thread_behind_walls"),
    ),
    Trap(
        100,
        "folders above a bind that only the first user may enter",
        (f"{HERE}::test_every_folder_above_a_bind_is_made",),
    ),
    Trap(101, "a process that may not write its own maps", (f"{HERE}::test_what_a_rung_promises_stands",)),
    Trap(102, "a kernel that claims more of Landlock than it has", (f"{HERE}::test_a_kernel_that_claims_too_much",)),
    Trap(
        103, "rules that keep the rights of a file for the folders after it", (f"{HERE}::test_what_works_behind_walls",)
    ),
    Trap(104, "an optimiser that imports for seconds and wants a folder", (f"{HERE}::test_what_works_behind_walls",)),
    Trap(105, "a canary that says too much", (f"{HERE}::test_a_canary_says_what_it_saw",)),
)

WORKING = Attack(
    0,
    "what honest code does",
    module(
        "import asyncio, decimal, sqlite3, unittest, multiprocessing, random\n"
        "import torch.fx, torch.utils.data\n"
        "import numpy\n"
        "async def answer(): return 1\n"
        + tries(
            listing="len(os.listdir(os.path.dirname(torch.__file__))) > 10",
            reading="len(open(torch.__file__).read()) > 100",
            optimiser="torch.optim.AdamW(self.parameters(), fused=True).step()",
            threads="[one.join() for one in [threading.Thread(target=torch.randn, args=(10,)) for _ in range(4)] if not one.start()]",
            two_threads="torch.set_num_threads(2) or nn.Conv2d(3, 16, 3)(torch.randn(64, 3, 32, 32)).sum().backward()",
            one_thread="torch.set_num_threads(1)",
            random="numpy.random.default_rng().random() < 1 and len(os.urandom(8))",
            clock="time.sleep(0.01)",
        )
        + "\nattempt('loop', lambda: asyncio.run(answer()))"
    ),
    tried={
        "listing": "open True",
        "reading": "open True",
        "optimiser": "open None",
        "threads": "open",
        "two_threads": "open None",
        "one_thread": "open None",
        "random": "open 8",
        "clock": "open None",
        "loop": "open 1",
    },
    proof=as_honest,
)
"""Not an attack: what has to go on working behind every rung."""
