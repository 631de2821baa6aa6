"""Layers that do nothing, do the same twice, or leave too little: S02 to S07, S10, S17, S18, S29."""

from __future__ import annotations

from tests.mistakes.silent.parts import CONV, FEATURES, LAYERS, class_of, sequential
from tests.mistakes.specimen import HERE, Mistake

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "S02",
        "sequential",
        sequential(CONV, "nn.Conv2d(16, 16, 3)", "nn.ReLU()", "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(3136, 10)"),
        ("between 0 and 1", "nn.ReLU()"),
        criterion="activations",
    ),
    Mistake(
        "S02",
        "dense",
        class_of(
            f"{FEATURES}\nreturn self.fc2(self.fc1(x))",
            "self.conv = nn.Conv2d(3, 16, 3)\nself.fc1 = nn.Linear(3600, 64)\nself.fc2 = nn.Linear(64, 10)",
        ),
        ("between fc1 and fc2", "nn.ReLU()"),
        criterion="activations",
    ),
    Mistake(
        "S02",
        "average_pool",
        class_of("return self.fc(F.avg_pool2d(self.conv(x), 2).flatten(1))"),
        ("between conv and fc",),
        criterion="activations",
    ),
    Mistake(
        "S03",
        "list",
        class_of(
            "for conv in self.convs:\n    x = torch.relu(conv(x))\nreturn self.fc(F.max_pool2d(x, 2).flatten(1))",
            "self.convs = [nn.Conv2d(3, 16, 3), nn.Conv2d(16, 16, 3)]\nself.fc = nn.Linear(3136, 10)",
        ),
        ("2 layers", "nn.ModuleList"),
        criterion="used",
    ),
    Mistake(
        "S03",
        "dict",
        class_of(
            "x = F.max_pool2d(F.relu(self.parts['conv'](x)), 2)\nreturn self.parts['fc'](x.flatten(1))",
            "self.parts = {'conv': nn.Conv2d(3, 16, 3), 'fc': nn.Linear(3600, 10)}\nself.scale = nn.Parameter(torch.ones(1))",
        ).replace("return self.parts['fc'](x.flatten(1))", "return self.scale * self.parts['fc'](x.flatten(1))"),
        ("2 layers", "nn.ModuleList"),
        criterion="used",
    ),
    Mistake(
        "S04",
        "conv",
        class_of(
            f"x = F.max_pool2d(F.relu(nn.Conv2d(3, 16, 3)(x)), 2).flatten(1){HERE}\nreturn self.fc(x)",
            "self.fc = nn.Linear(3600, 10)",
        ),
        ("new weights at every call", "__init__"),
        "behaviour",
    ),
    Mistake(
        "S04",
        "named",
        class_of(f"layer = nn.Linear(3600, 10){HERE}\n{FEATURES}\nreturn layer(x)", "self.conv = nn.Conv2d(3, 16, 3)"),
        ("new weights at every call", "__init__"),
        "behaviour",
    ),
    Mistake(
        "S05",
        "conv",
        class_of(
            f"{FEATURES.replace('conv', 'conv1')}\nreturn self.fc(x)",
            f"{LAYERS.replace('conv', 'conv1')}\nself.conv2 = nn.Conv2d(16, 16, 3){HERE}",
        ),
        ("conv2", "self.conv2"),
        criterion="used",
    ),
    Mistake(
        "S05",
        "pool",
        class_of(
            "return self.fc(F.avg_pool2d(F.relu(self.conv(x)), 2).flatten(1))",
            f"{LAYERS}\nself.pool = nn.MaxPool2d(2){HERE}",
        ),
        ("pool is made", "self.pool(x)"),
        "source",
    ),
    Mistake(
        "S06",
        "conv",
        class_of(
            f"features = F.max_pool2d(F.relu(self.conv(x)), 2){HERE}\nreturn self.fc(x.flatten(1))",
            "self.conv = nn.Conv2d(3, 16, 3)\nself.fc = nn.Linear(3072, 10)",
        ),
        ("16 x 30 x 30", "x = self.conv(x)"),
        criterion="convolution",
    ),
    Mistake(
        "S06",
        "pool",
        class_of(
            f"x = F.relu(self.conv(x))\nself.pool(x){HERE}\nreturn self.fc(x.flatten(1))",
            "self.conv = nn.Conv2d(3, 16, 3)\nself.pool = nn.MaxPool2d(2)\nself.fc = nn.Linear(14400, 10)",
        ),
        ("16 x 15 x 15",),
        criterion="pooling",
    ),
    Mistake(
        "S07",
        "class",
        class_of(
            f"x = F.relu(self.stem(x))\nx = F.relu(self.conv1(x))\nx = F.relu(self.conv1(x)){HERE}\nreturn self.fc(F.max_pool2d(x, 4).flatten(1))",
            "self.stem = nn.Conv2d(3, 16, 3, padding=1)\nself.conv1 = nn.Conv2d(16, 16, 3, padding=1)\nself.conv2 = nn.Conv2d(16, 16, 3, padding=1)\nself.fc = nn.Linear(1024, 10)",
        ),
        ("conv1 is called 2 times", "self.conv2(x)"),
    ),
    Mistake(
        "S07",
        "dense",
        class_of(
            f"{FEATURES}\nx = F.relu(self.fc1(x))\nx = F.relu(self.fc2(x))\nx = F.relu(self.fc2(x)){HERE}\nreturn self.fc4(x)",
            "self.conv = nn.Conv2d(3, 16, 3)\nself.fc1 = nn.Linear(3600, 32)\nself.fc2 = nn.Linear(32, 32)\nself.fc3 = nn.Linear(32, 32)\nself.fc4 = nn.Linear(32, 10)",
        ),
        ("fc2 is called 2 times", "self.fc3(x)"),
    ),
    Mistake(
        "S10",
        "four_axes",
        sequential(CONV, "nn.ReLU()", "nn.MaxPool2d(2)", "nn.Linear(15, 10)"),
        ("16 x 15 x 15", "3600"),
        criterion="dense",
    ),
    Mistake(
        "S10",
        "mean",
        class_of(
            f"x = F.max_pool2d(F.relu(self.conv(x)), 2)\nreturn self.fc(x).mean((1, 2)){HERE}",
            LAYERS.replace("3600", "15"),
        ),
        ("rows of 15 numbers", "3600"),
        criterion="dense",
    ),
    Mistake(
        "S17",
        "pooled",
        sequential("nn.Conv2d(3, 4, 3)", "nn.ReLU()", "nn.MaxPool2d(30)", "nn.Flatten()", "nn.Linear(4, 10)"),
        ("Only 4 numbers", "10"),
    ),
    Mistake(
        "S17",
        "lesson",
        class_of(
            "x = F.max_pool2d(F.relu(self.conv1(x)), 2)\nx = F.relu(self.conv2(x)).flatten(1)\nreturn self.fc(x)",
            "self.conv1 = nn.Conv2d(3, 32, 2)\nself.conv2 = nn.Conv2d(32, 2, 15)\nself.fc = nn.Linear(2, 10)",
        ),
        ("Only 2 numbers", "10"),
    ),
    Mistake(
        "S18",
        "whole_picture",
        sequential("nn.Conv2d(3, 64, 32)", "nn.ReLU()", "nn.Flatten()", "nn.Linear(64, 10)"),
        ("32 x 32",),
        criterion="convolution",
    ),
    Mistake(
        "S18",
        "one_pixel_map",
        class_of(
            f"x = F.max_pool2d(F.relu(self.conv1(x)), 30)\nx = F.relu(self.conv2(x)).flatten(1){HERE}\nreturn self.fc(x)",
            "self.conv1 = nn.Conv2d(3, 16, 3)\nself.conv2 = nn.Conv2d(16, 16, 3, padding=1)\nself.fc = nn.Linear(16, 10)",
        ),
        ("1 x 1", "kernel_size of conv2 to 1"),
    ),
    Mistake(
        "S18",
        "pool_of_one",
        class_of(
            f"x = F.max_pool2d(F.relu(self.conv(x)), 2)\nx = self.pool(x){HERE}\nreturn self.fc(x.flatten(1))",
            f"{LAYERS}\nself.pool = nn.MaxPool2d(1)",
        ),
        ("1 pixel", "pool to 2"),
    ),
    Mistake(
        "S29",
        "class",
        class_of(
            f"x = F.max_pool2d(F.relu(self.conv(x)), 2, 1).flatten(1)\nreturn self.fc2(F.relu(self.fc1(x))){HERE}",
            "self.conv = nn.Conv2d(3, 32, 3)\nself.fc1 = nn.Linear(26912, 256)\nself.fc2 = nn.Linear(256, 10)",
        ),
        ("6,889,728", "nn.MaxPool2d(2)"),
    ),
    Mistake(
        "S29",
        "sequential",
        sequential(
            "nn.Conv2d(3, 64, 3, padding=1)",
            "nn.ReLU()",
            "nn.MaxPool2d(2)",
            "nn.Flatten()",
            "nn.Linear(16384, 512)",
            "nn.ReLU()",
            "nn.Linear(512, 10)",
        ),
        ("8,389,120", "nn.MaxPool2d(2)"),
    ),
)
