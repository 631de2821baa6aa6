"""What of a picture is looked at: S08, S09, S19, S20."""

from __future__ import annotations

from tests.mistakes.silent.parts import FEATURES, LAYERS, book, class_of, sequential
from tests.mistakes.specimen import HERE, Mistake

ROWS = "self.conv = nn.Conv2d(32, 16, 3, padding=1)\nself.fc = nn.Linear(256, 10)"
FILES = """
import numpy as np
from PIL import Image
def read(path):
    arr = np.array(Image.open(path).convert("RGB"))
    return arr.reshape(3, 32, 32) / 255  # here
"""
FILES_IN_LIST = """
import numpy as np
from PIL import Image
pictures = []
for number in range(1, 10):
    img = Image.open(f"data/{number}.png")
    arr = np.asarray(img)
    pictures.append(np.reshape(arr, (3, 32, 32)))  # here
"""

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "S08",
        "permute",
        class_of(
            f"x = x.permute(0, 2, 3, 1)\nx = F.max_pool2d(F.relu(self.conv(x)), (2, 3)).flatten(1){HERE}\nreturn self.fc(x)",
            ROWS,
        ),
        ("the 32 rows", "in_channels=3"),
    ),
    Mistake(
        "S08",
        "transpose",
        class_of(
            f"x = x.transpose(1, 2)\nx = F.max_pool2d(F.relu(self.conv(x)), (3, 2)).flatten(1){HERE}\nreturn self.fc(x)",
            ROWS,
        ),
        ("the 32 rows", "in_channels=3"),
    ),
    Mistake(
        "S08",
        "made_for_rows",
        sequential(
            "nn.Conv2d(32, 16, 3, padding=1)", "nn.ReLU()", "nn.MaxPool2d((2, 3))", "nn.Flatten()", "nn.Linear(256, 10)"
        ),
        ("32 channels", "in_channels to 3"),
        "build",
    ),
    Mistake(
        "S09",
        "forward",
        class_of(f"x = x.permute(0, 2, 3, 1)\nx = x.reshape(-1, 3, 32, 32){HERE}\n{FEATURES}\nreturn self.fc(x)"),
        ("32 x 32 x 3", "permute(0, 3, 1, 2)"),
    ),
    Mistake("S09", "file", book(more=FILES), ("transpose(2, 0, 1)",), "source"),
    Mistake("S09", "list", book(more=FILES_IN_LIST), ("transpose(2, 0, 1)",), "source"),
    Mistake(
        "S19",
        "conv",
        sequential(
            "nn.Conv2d(3, 16, 2, stride=4)", "nn.ReLU()", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(256, 10)"
        ),
        ("2 wide and moves 4", "768 of 1,024 pixels (75.0 %)"),
    ),
    Mistake(
        "S19",
        "pool",
        class_of(
            f"x = F.max_pool2d(F.relu(self.conv(x)), 1, stride=4).flatten(1){HERE}\nreturn self.fc(x)",
            LAYERS.replace("3600", "1024"),
        ),
        ("1 wide and moves 4", "kernel_size to 4"),
    ),
    Mistake(
        "S20",
        "crop",
        class_of(
            f"x = x[:, :, :16, :16]{HERE}\nx = F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1)\nreturn self.fc(x)",
            LAYERS.replace("3600", "784"),
        ),
        ("75.0 %", "16 rows at the bottom"),
    ),
    Mistake(
        "S20",
        "flooring",
        sequential(
            "nn.Conv2d(3, 16, 3, stride=2)", "nn.ReLU()", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(784, 10)"
        ),
        ("17.9 %", "3 rows at the bottom", "3 columns on the right"),
    ),
    Mistake(
        "S20",
        "colours",
        class_of(
            f"x = F.max_pool2d(F.relu(self.conv(x[:, :2])), 2).flatten(1){HERE}\nreturn self.fc(x)",
            LAYERS.replace("Conv2d(3", "Conv2d(2"),
        ),
        ("Only 2 of the 3 colours", "in_channels=3"),
    ),
)
