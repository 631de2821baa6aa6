"""How networks answer and learn: S21 to S28 and S30."""

from __future__ import annotations

from tests.mistakes.silent.parts import CONV, DATA, FEATURES, LAYERS, MIDDLE, NET, TEST, book, class_of, sequential
from tests.mistakes.specimen import HERE, Mistake

NORM = f"{LAYERS}\nself.norm = nn.BatchNorm2d(16, track_running_stats=False)"
NO_EVAL = TEST.replace("model.eval()\n", "")

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "S21",
        "half",
        class_of(f"{FEATURES}\nreturn self.fc(F.dropout(x, 0.5)){HERE}"),
        ("0.5", "self.training"),
        "behaviour",
    ),
    Mistake(
        "S21",
        "channels",
        class_of(
            f"x = F.dropout2d(F.relu(self.conv(x)), 0.25, True){HERE}\nreturn self.fc(F.max_pool2d(x, 2).flatten(1))"
        ),
        ("0.25", "self.training"),
        "behaviour",
    ),
    Mistake(
        "S22",
        "norm",
        book(
            network=NET.replace("F.relu(self.conv(x))", "F.relu(self.norm(self.conv(x)))").replace(
                "        self.fc =", "        self.norm = nn.BatchNorm2d(16)\n        self.fc ="
            ),
            test=NO_EVAL,
        ),
        ("norm", "model.eval()"),
        "source",
    ),
    Mistake(
        "S22",
        "dropout",
        book(
            network=NET.replace("return self.fc(x.flatten(1))", "return self.fc(self.drop(x.flatten(1)))").replace(
                "        self.fc =", "        self.drop = nn.Dropout(0.3)\n        self.fc ="
            ),
            test=NO_EVAL,
            data=DATA,
        ),
        ("drop", "model.eval()"),
        "source",
    ),
    Mistake(
        "S23",
        "no_statistics",
        class_of(f"x = F.relu(self.norm(self.conv(x))){HERE}\nreturn self.fc(F.max_pool2d(x, 2).flatten(1))", NORM),
        ("norm", "goes by the batch"),
        "behaviour",
    ),
    Mistake(
        "S23",
        "function",
        class_of(
            f"x = F.relu(F.batch_norm(self.conv(x), None, None, training=True)){HERE}\nreturn self.fc(F.max_pool2d(x, 2).flatten(1))"
        ),
        ("goes by the batch", "self.training"),
        "behaviour",
    ),
    Mistake(
        "S24",
        "noise",
        class_of(f"x = x + 0.1 * torch.randn_like(x){HERE}\n{FEATURES}\nreturn self.fc(x)"),
        ("random numbers", "if self.training:"),
        "behaviour",
    ),
    Mistake(
        "S24",
        "uniform",
        class_of(f"{FEATURES}\nx = x * torch.rand(x.shape[0], 1){HERE}\nreturn self.fc(x)"),
        ("random numbers", "if self.training:"),
        "behaviour",
    ),
    Mistake(
        "S25",
        "zeros",
        sequential(CONV, *MIDDLE, "nn.Linear(3600, 10)") + "for p in model.parameters():\n    nn.init.zeros_(p)\n",
        ("begin as 0",),
        "behaviour",
    ),
    Mistake(
        "S25",
        "constant",
        class_of(f"{FEATURES}\nreturn self.fc(x)", f"{LAYERS}\nnn.init.constant_(self.conv.weight, 0.01)"),
        ("conv.weight", "begin as 0.01"),
        "behaviour",
    ),
    Mistake(
        "S26",
        "layer",
        class_of(f"{FEATURES}\nreturn self.fc(x)", f"{LAYERS}\nself.conv.requires_grad_(False)"),
        ("conv", "requires_grad"),
        criterion="used",
    ),
    Mistake(
        "S26",
        "loop",
        sequential(CONV, *MIDDLE, "nn.Linear(3600, 10)")
        + "for p in model[0].parameters():\n    p.requires_grad = False\n",
        ("0", "requires_grad"),
        criterion="used",
    ),
    Mistake(
        "S27",
        "detach",
        class_of(f"{FEATURES}\nx = x.detach(){HERE}\nreturn self.fc(x)"),
        ("conv never learns", ".detach()"),
        "behaviour",
    ),
    Mistake(
        "S27",
        "no_grad",
        class_of(
            f"with torch.no_grad():\n    x = self.conv(x){HERE}\nx = F.max_pool2d(F.relu(x), 2).flatten(1)\nreturn self.fc(x)"
        ),
        ("conv never learns", "torch.no_grad()"),
        "behaviour",
    ),
    Mistake(
        "S28",
        "bias",
        class_of(f"{FEATURES}\nreturn self.fc(x)", f"{LAYERS}\nnn.init.constant_(self.conv.bias, -50.0)"),
        ("exactly the same answer",),
        "behaviour",
    ),
    Mistake(
        "S28",
        "minus",
        class_of("x = F.relu(self.conv(x) - 100)\nreturn self.fc(F.max_pool2d(x, 2).flatten(1))"),
        ("exactly the same answer",),
        "behaviour",
    ),
    Mistake(
        "S30",
        "method",
        class_of(f"{FEATURES}\nreturn self.fc(x).squeeze(){HERE}"),
        ("(10,)", "squeeze(1)"),
        "behaviour",
        criterion="output",
    ),
    Mistake(
        "S30",
        "function",
        class_of(
            f"x = F.adaptive_avg_pool2d(F.relu(self.conv(F.max_pool2d(x, 2))), 1)\nx = torch.squeeze(x){HERE}\nreturn self.fc(x)",
            LAYERS.replace("3600", "16"),
        ),
        ("(10,)", "squeeze(1)"),
        "behaviour",
        criterion="output",
    ),
)
