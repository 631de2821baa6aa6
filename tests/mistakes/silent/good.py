"""Good models in many styles: of none of them anything may be said but information."""

from __future__ import annotations

from tests.mistakes.silent.parts import CONV, FEATURES, LAYERS, MIDDLE, class_of, sequential
from tests.mistakes.silent.practising import RIGHT
from tests.mistakes.specimen import Mistake

TEXTS: tuple[tuple[str, str], ...] = (
    ("sequential", sequential(CONV, *MIDDLE, "nn.Linear(3600, 64)", "nn.ReLU()", "nn.Linear(64, 10)")),
    (
        "tutorial",
        class_of(
            "x = self.pool(F.relu(self.conv1(x)))\nx = self.pool(F.relu(self.conv2(x)))\nx = torch.flatten(x, 1)\n"
            "x = F.relu(self.fc1(x))\nx = F.relu(self.fc2(x))\nreturn self.fc3(x)",
            "self.conv1 = nn.Conv2d(3, 6, 5)\nself.pool = nn.MaxPool2d(2, 2)\nself.conv2 = nn.Conv2d(6, 16, 5)\n"
            "self.fc1 = nn.Linear(400, 120)\nself.fc2 = nn.Linear(120, 84)\nself.fc3 = nn.Linear(84, 10)",
        ),
    ),
    (
        "course_sizes",
        class_of(
            "x = self.pool1(self.relu(self.conv1(self.relu(self.conv0(x)))))\n"
            "x = self.pool2(self.relu(self.conv3(self.relu(self.conv2(x)))))\nx = self.flat(x)\n"
            "x = self.relu(self.dense1(x))\nx = self.relu(self.dense2(x))\nreturn self.softmax(self.dense3(x))",
            "self.conv0 = nn.Conv2d(3, 16, 2)\nself.conv1 = nn.Conv2d(16, 32, 4)\nself.pool1 = nn.MaxPool2d(2)\n"
            "self.conv2 = nn.Conv2d(32, 32, 4)\nself.conv3 = nn.Conv2d(32, 16, 8)\nself.pool2 = nn.MaxPool2d(4)\n"
            "self.flat = nn.Flatten()\nself.relu = nn.ReLU()\nself.softmax = nn.Softmax(1)\n"
            "self.dense1 = nn.Linear(16, 64)\nself.dense2 = nn.Linear(64, 128)\nself.dense3 = nn.Linear(128, 10)",
        ),
    ),
    (
        "norm_dropout",
        class_of(
            "x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)\nx = F.max_pool2d(F.relu(self.conv2(x)), 2)\n"
            "x = x.view(x.size(0), -1)\nx = F.dropout(F.relu(self.fc1(x)), 0.5, self.training)\nreturn self.fc2(x)",
            "self.conv1 = nn.Conv2d(3, 16, 3, padding=1)\nself.norm = nn.BatchNorm2d(16)\n"
            "self.conv2 = nn.Conv2d(16, 32, 3, padding=1)\nself.fc1 = nn.Linear(2048, 64)\nself.fc2 = nn.Linear(64, 10)",
        ),
    ),
    (
        "residual",
        class_of(
            "x = F.relu(self.stem(x))\nfor block in self.blocks:\n    x = x + F.relu(block(x))\nx = F.max_pool2d(x, 2)\n"
            "return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))",
            "self.stem = nn.Conv2d(3, 16, 3, padding=1)\n"
            "self.blocks = nn.ModuleList([nn.Conv2d(16, 16, 3, padding=1) for _ in range(2)])\nself.fc = nn.Linear(16, 10)",
        ),
    ),
    (
        "shortcut_of_stride_2",
        class_of(
            "x = F.relu(self.stem(x))\nx = F.relu(self.b(F.relu(self.a(x))) + self.short(x))\nx = F.avg_pool2d(x, 4)\n"
            "return self.fc(x.flatten(1))",
            "self.stem = nn.Conv2d(3, 16, 3, padding=1)\nself.a = nn.Conv2d(16, 32, 3, stride=2, padding=1)\n"
            "self.b = nn.Conv2d(32, 32, 3, padding=1)\nself.short = nn.Conv2d(16, 32, 1, stride=2)\nself.fc = nn.Linear(512, 10)",
        ),
    ),
    (
        "squeeze_and_excitation",
        class_of(
            "x = F.relu(self.conv(x))\ngate = F.relu(self.down(x.mean((2, 3))))\n"
            "x = x * torch.sigmoid(self.up(gate))[:, :, None, None]\nreturn self.fc(F.max_pool2d(x, 2).flatten(1))",
            f"{LAYERS}\nself.down = nn.Linear(16, 4)\nself.up = nn.Linear(4, 16)",
        ),
    ),
    ("tanh", sequential("nn.Conv2d(3, 8, 3)", "nn.Tanh()", "nn.AvgPool2d(2)", "nn.Flatten()", "nn.Linear(1800, 10)")),
    ("lazy", sequential("nn.LazyConv2d(8, 3)", "nn.ReLU()", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.LazyLinear(10)")),
    ("log_softmax", class_of(f"{FEATURES}\nreturn F.log_softmax(self.fc(x), dim=1)")),
    ("logits_and_probabilities", class_of(f"{FEATURES}\nx = self.fc(x)\nreturn x, F.softmax(x, 1)")),
    (
        "shared_on_purpose",
        class_of(
            "x = F.relu(self.stem(x))\nfor _ in range(3):\n    x = F.relu(self.again(x))\n"
            "return self.fc(F.max_pool2d(x, 4).flatten(1))",
            "self.stem = nn.Conv2d(3, 16, 3, padding=1)\nself.again = nn.Conv2d(16, 16, 3, padding=1)\n"
            "self.fc = nn.Linear(1024, 10)",
        ),
    ),
    (
        "separable_and_dilated",
        sequential(
            "nn.Conv2d(3, 12, 3, dilation=2, padding=2)",
            "nn.ReLU()",
            "nn.Conv2d(12, 12, 3, groups=12, padding=1)",
            "nn.Conv2d(12, 24, 1)",
            "nn.ReLU()",
            "nn.AdaptiveMaxPool2d(4)",
            "nn.Flatten()",
            "nn.Linear(384, 10)",
        ),
    ),
    (
        "noise_while_training",
        class_of(f"if self.training:\n    x = x + 0.1 * torch.randn_like(x)\n{FEATURES}\nreturn self.fc(x)"),
    ),
    ("zero_bias", class_of(f"{FEATURES}\nreturn self.fc(x)", f"{LAYERS}\nnn.init.zeros_(self.fc.bias)")),
    (
        "chosen_by_name",
        class_of(
            "for name in ('conv', 'pool'):\n    x = F.relu(getattr(self, name)(x))\nreturn self.fc(x.flatten(1))",
            f"{LAYERS}\nself.pool = nn.MaxPool2d(2)",
        ),
    ),
    *RIGHT,
)
GOOD = tuple(Mistake("good", name, text, ()) for name, text in TEXTS)
