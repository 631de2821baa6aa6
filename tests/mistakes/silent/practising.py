"""The notebook's own loop: S32 to S36."""

from __future__ import annotations

from tests.mistakes.silent.parts import DATA, LOOP, LOSS, TEST, book
from tests.mistakes.specimen import HERE, Mistake

PLAIN = DATA.replace(", random_split", "").replace(
    "train_set, test_set = random_split(data, [48, 16])", "train_set, test_set = data, data"
)
UNMIXED = PLAIN.replace(", shuffle=True)", f"){HERE}")
FUNCTION = """
def train(model, loader, criterion, optimizer):
    model.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

for epoch in range(3):
    train(model, train_loader, criterion, optimizer)
"""
BY_HAND = """
for epoch in range(3):
    for x, y in train_loader:
        out = model(x)
        loss = criterion(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""
COURSE = """
for epoch in range(3):
    for x, y in train_loader:
        out = model(x)
        loss = criterion(out, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    pred = out.argmax(1)
    print("accuracy", (pred == y).sum() / BATCH_SIZE)
"""
ON_TRAINING = TEST.replace("test_loader", "train_loader").replace("len(test_set)", "len(train_set)")
HEAD = "    for x, y in train_loader:\n"


def _loop(*calls: str) -> str:
    return (
        f"\nfor epoch in range(3):\n{HEAD.replace(chr(10), HERE + chr(10))}        loss = criterion(model(x), y)\n"
        + "".join(f"        {one}\n" for one in calls)
    )


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "S32",
        "mse",
        book(
            loss="criterion = nn.MSELoss()\n", loop=LOOP.replace("(model(x), y)", "(model(x), y.float().unsqueeze(1))")
        ),
        ("10 scores", "nn.CrossEntropyLoss()"),
        "source",
    ),
    Mistake(
        "S32",
        "by_hand",
        book(loss="", loop=LOOP.replace("criterion(model(x), y)", "torch.sum((model(x) - y.view(-1, 1)) ** 2)")),
        ("10 scores", "nn.CrossEntropyLoss()"),
        "source",
    ),
    Mistake("S33", "plain", book(data=UNMIXED), ("same order", "shuffle=True"), "source"),
    Mistake(
        "S33",
        "function",
        book(
            FUNCTION, data=UNMIXED.replace("DataLoader(train_set, batch_size=16)", "DataLoader(train_set, 16, False)")
        ),
        ("same order", "shuffle=True"),
        "source",
    ),
    Mistake(
        "S34",
        "no_zero_grad",
        book(_loop("loss.backward()", "optimizer.step()")),
        ("zero_grad() is never called", "after optimizer.step()"),
        "source",
    ),
    Mistake(
        "S34",
        "between",
        book(_loop("loss.backward()", "optimizer.zero_grad()", "optimizer.step()")),
        ("between backward() and step()",),
        "source",
    ),
    Mistake(
        "S34", "no_step", book(_loop("optimizer.zero_grad()", "loss.backward()")), ("step() is never called",), "source"
    ),
    Mistake(
        "S34",
        "no_brackets",
        book(_loop("optimizer.zero_grad", "loss.backward()", "optimizer.step()")),
        ("without its brackets",),
        "source",
    ),
    Mistake(
        "S34",
        "function",
        book(FUNCTION.replace("        optimizer.zero_grad()\n", "").replace("in loader:", f"in loader:{HERE}")),
        ("zero_grad() is never called",),
        "source",
    ),
    Mistake(
        "S34",
        "each_epoch",
        book(_loop("loss.backward()", "optimizer.step()") + "    optimizer.zero_grad()\n"),
        ("not called for each batch",),
        "source",
    ),
    Mistake("S35", "loader", book(test=ON_TRAINING), ("learns from", "random_split"), "source"),
    Mistake(
        "S35",
        "function",
        book(
            FUNCTION,
            test=f"def test(model, loader):\n    right = 0\n    model.eval()\n    for x, y in loader:\n        _, pred = torch.max(model(x), 1)\n        right += (pred == y).sum().item(){HERE}\n    return right\n\nprint(test(model, train_loader))\n",
        ),
        ("learns from", "random_split"),
        "source",
    ),
    Mistake(
        "S36",
        "course",
        book(
            COURSE.replace("BATCH_SIZE)", f"BATCH_SIZE){HERE}"),
            data=DATA.replace("batch_size=16", "batch_size=BATCH_SIZE").replace(
                "from torch", "BATCH_SIZE = 16\nfrom torch", 1
            ),
        ),
        ("last batch alone, divided by the batch size",),
        "source",
    ),
    Mistake(
        "S36",
        "test_loop",
        book(
            test=f"model.eval()\nfor x, y in test_loader:\n    acc = (model(x).argmax(dim=1) == y).float().mean(){HERE}\nprint(acc)\n"
        ),
        ("last batch alone",),
        "source",
    ),
)
RIGHT: tuple[tuple[str, str], ...] = (
    ("course_order", book()),
    ("zero_first", book(BY_HAND)),
    ("function", book(FUNCTION)),
    (
        "function_tests",
        book(
            FUNCTION,
            test="def accuracy(loader):\n    right, all_of_them = 0, 0\n    model.eval()\n    for x, y in loader:\n        right += (model(x).argmax(1) == y).sum().item()\n        all_of_them += len(y)\n    return right / all_of_them\n\nprint(accuracy(train_loader), accuracy(test_loader))\n",
        ),
    ),
    (
        "accumulates",
        book(
            "\nfor epoch in range(3):\n    for step, (x, y) in enumerate(train_loader):\n        loss = criterion(model(x), y) / 4\n        loss.backward()\n        if (step + 1) % 4 == 0:\n            optimizer.step()\n            optimizer.zero_grad()\n"
        ),
    ),
    (
        "scheduler",
        book(LOOP + "    scheduler.step()\n", loss=LOSS).replace(
            "for epoch", "scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)\nfor epoch", 1
        ),
    ),
    (
        "one_hot",
        book(LOOP.replace("criterion(model(x), y)", "((model(x) - F.one_hot(y, 10).float()) ** 2).mean()"), loss=""),
    ),
    (
        "by_hand",
        book(
            "\nfor epoch in range(3):\n    for x, y in train_loader:\n        loss = F.cross_entropy(model(x), y)\n        loss.backward()\n        with torch.no_grad():\n            for p in model.parameters():\n                p -= 0.01 * p.grad\n                p.grad = None\n",
            loss="",
        ),
    ),
    (
        "closure",
        book(
            "\nfor x, y in train_loader:\n    def closure():\n        optimizer.zero_grad()\n        loss = criterion(model(x), y)\n        loss.backward()\n        return loss\n    optimizer.step(closure)\n"
        ),
    ),
    (
        "running",
        book(
            LOOP.replace("        loss =", "        scores = model(x)\n        loss =").replace(
                "criterion(model(x), y)", "criterion(scores, y)"
            )
            + "        running = (scores.argmax(1) == y).float().mean()\n        print(running)\n"
        ),
    ),
)
"""Loops that are right, whatever their style."""
