"""Which of several networks is the model: programs with more than one, each with the class that a person would grade."""

from __future__ import annotations

import pytest

from grader.source.entry import unrepaired, why_refused
from tests.source.models import CNN, MLP, SIZED, SMALL, TRAIN, answer, built, planned

TRAINER = """
class Trainer:
    def __init__(self, model, loader):
        self.model, self.loader = model, loader
        self.optimizer = optim.Adam(self.model.parameters())
    def fit(self):
        for images, labels in self.loader:
            F.cross_entropy(self.model(images), labels).backward()
            self.optimizer.step()
"""
LIT = """
import lightning as L
class Lit(nn.Module, L.LightningModule):
    def __init__(self, model):
        super().__init__()
        self.model = model
    def forward(self, x):
        return self.model(x)
"""
MAKES_PICTURES = """
class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3)
        self.up = nn.ConvTranspose2d(4, 3, 3)
    def forward(self, x):
        return self.up(self.down(x))
"""
JUDGES_PICTURES = MAKES_PICTURES.replace("Autoencoder", "Discriminator").replace("ConvTranspose2d", "Conv2d")
RESIDUAL = """
class Block(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.conv = nn.Conv2d(i, o, 3, padding=1)
    def forward(self, x):
        return F.relu(self.conv(x))
"""
OF_BLOCKS = CNN.replace("nn.Conv2d(3, 8, 3)", "Block(3, 8)")

BROUGHT_BACK = """
torch.load = lambda path: Small().state_dict()
net = Small()
net.load_state_dict(torch.load('small.pt'))
"""
DISTIL = """
def distil(student, teacher, loader):
    optimizer = optim.Adam(student.parameters())
    for x, _ in loader:
        F.mse_loss(student(x), teacher(x)).backward()
        optimizer.step()
"""

CASES = {
    "trained last": (f"{CNN}{SMALL}{TRAIN}a = CNN()\ntrain(a, 1)\nb = Small()\ntrain(b, 1)", "Small"),
    "trained, not built last": (f"{CNN}{SMALL}{TRAIN}a = CNN()\ntrain(a, 1)\nb = Small()\nprint(b)", "CNN"),
    "trained again after the other": (
        f"{CNN}{SMALL}{TRAIN}a = CNN()\nb = Small()\ntrain(b, 1)\ntrain(a, 1)\nb.eval()",
        "CNN",
    ),
    "trained by turns, and a dense one at the end": (
        f"{CNN}{SMALL}{MLP}{TRAIN}a = Small()\nb = CNN()\ntrain(b, 1)\ntrain(a, 1)\na = Small()\ntrain(a, 1)\nc = MLP()\ntrain(c, 1)",
        "Small",
    ),
    "brought back at the end, a dense one after it": (
        f"{CNN}{SMALL}{MLP}{TRAIN}small = Small()\nlarge = CNN()\ntrain(small, 1)\ntrain(large, 1)\n{BROUGHT_BACK}mlp = MLP()\ntrain(mlp, 1)",
        "Small",
    ),
    "given to a trainer": (
        f"{CNN}{SMALL}{TRAINER}a = CNN()\ntrainer = Trainer(a, 1)\ntrainer.fit()\nb = Small()",
        "CNN",
    ),
    "given to a trainer where it is built": (
        f"{CNN}{SMALL}{TRAINER}trainer = Trainer(CNN(), 1)\ntrainer.fit()\nb = Small()",
        "CNN",
    ),
    "kept by a trainer that is used, not the one tried out": (
        f"{CNN}{SMALL}{TRAINER.replace('= model, loader', '= CNN(), loader')}b = Small()\nt = Trainer(0, 1)\nt.fit()",
        "CNN",
    ),
    "built for the training call": (f"{CNN}{SMALL}{TRAIN}train(CNN(), 1)\nb = Small()", "CNN"),
    "of a dict, by a loop": (
        f"{CNN}{SMALL}{MLP}{TRAIN}nets = {{'mlp': MLP(), 'cnn': CNN()}}\nfor name, net in nets.items():\n    train(net, 1)",
        "CNN",
    ),
    "of a dict, the dense one last": (
        f"{CNN}{SMALL}{MLP}{TRAIN}nets = {{'cnn': CNN(), 'mlp': MLP()}}\nfor name, net in nets.items():\n    train(net, 1)",
        "CNN",
    ),
    "of a list that a loop writes down": (f"{CNN}{MLP}{TRAIN}for net in [CNN(), MLP()]:\n    train(net, 1)", "CNN"),
    "of a list of pairs": (
        f"{CNN}{MLP}{TRAIN}trials = [('cnn', CNN()), ('mlp', MLP())]\nfor name, net in trials:\n    train(net, 1)",
        "CNN",
    ),
    "of a list, by its place": (f"{CNN}{SMALL}{TRAIN}nets = [CNN(), Small()]\nmodel = nets[0]\ntrain(model, 1)", "CNN"),
    "of a list of equals": (
        f"{CNN}{TRAIN}nets = [CNN() for _ in range(3)]\nfor net in nets:\n    train(net, 1)",
        "CNN",
    ),
    "of dict(...)": (
        f"{CNN}{MLP}{TRAIN}nets = dict(a=CNN(), b=MLP())\nfor net in nets.values():\n    train(net, 1)",
        "CNN",
    ),
    "never used": (f"{SMALL}{CNN}{MLP}", "CNN"),
    "for classes, not for pictures": (
        f"{CNN}{MAKES_PICTURES}{TRAIN}a = CNN()\ntrain(a, 1)\nb = Autoencoder()\ntrain(b, 1)",
        "CNN",
    ),
    "for classes, not to judge pictures": (
        f"{CNN}{JUDGES_PICTURES}{TRAIN}a = CNN()\ntrain(a, 1)\nb = Discriminator()\ntrain(b, 1)",
        "CNN",
    ),
    "never built, not for pictures": (f"{CNN}{MAKES_PICTURES}", "CNN"),
    "no block that is tried out": (
        f"{RESIDUAL}{OF_BLOCKS}net = CNN()\nblock = Block(3, 8)\nblock(torch.zeros(1, 3, 8, 8))",
        "CNN",
    ),
    "no block that nobody uses": (f"{CNN}{RESIDUAL}", "CNN"),
    "no block that is put into a list": (
        f"{RESIDUAL}{OF_BLOCKS}layers = []\nlayers.append(Block(3, 8))\nprint(layers)",
        "CNN",
    ),
    "no list of layers": (
        f"{RESIDUAL}{TRAIN}layers = [Block(3, 8), nn.Flatten(), nn.Linear(8192, 10)]\nmodel = nn.Sequential(*layers)\ntrain(model, 1)",
        "Sequential",
    ),
    "built for the training call inside a function": (
        f"{CNN}{SMALL}{TRAIN}def main():\n    train(CNN(), 1)\nmain()",
        "CNN",
    ),
    "named in a loop over classes": (
        f"{CNN}{SMALL}{MLP}{TRAIN}def main():\n    for kind in (MLP, Small, CNN):\n        net = kind()\n        train(net, 1)\nmain()",
        "CNN",
    ),
    "in a search": (f"{SIZED}{TRAIN}for width in (4, 8):\n    net = Net(10, width)\n    train(net, 1)", "Net"),
    "None at the end": (f"{CNN}{TRAIN}model = CNN()\ntrain(model, 1)\nmodel = None\nbest_model = None", "CNN"),
    "of the class that has its name": (
        f"{CNN.replace('CNN', 'model')}{TRAIN}model = model()\ntrain(model, 1)",
        "model",
    ),
    "student of a teacher": (
        f"{CNN}{SMALL}{TRAIN}{DISTIL}teacher = CNN()\ntrain(teacher, 1)\nstudent = Small()\ndistil(student, teacher, 1)",
        "Small",
    ),
    "in a function called by a command line": (
        f"import click\n{CNN}{MLP}{TRAIN}@click.command()\ndef main():\n    net = CNN()\n    train(net, 1)\n    base = MLP()\n    train(base, 1)\nmain()",
        "CNN",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_model_of_several_is_found(name: str) -> None:
    """The first plan builds the network that a person would grade, and it answers two pictures."""
    text, wanted = CASES[name]
    model = built(planned(text)[0])
    assert type(model).__name__ == wanted
    assert answer(model) == (2, 10)


def test_network_around_a_network_is_the_model() -> None:
    """`fit(Lit(CNN()))` trains the outer one, with the inner one in it."""
    plan = planned(f"{CNN}{LIT}L.Trainer().fit(Lit(CNN()), 1)")[0]
    assert (plan.name, plan.expression) == ("Lit", "Lit(CNN())")
    assert not plan.repairs


def test_model_in_a_dict_is_named_by_its_place() -> None:
    """What stands in a dict is taken from there, with the arguments that it was given."""
    plan = planned(f"{SIZED}{TRAIN}nets = {{'wide': Net(10, 64)}}\nfor net in nets.values():\n    train(net, 1)")[0]
    assert plan.expression == "nets['wide']"
    assert not plan.repairs


def test_arguments_of_a_call_inside_a_function_are_kept() -> None:
    """Of `Net(width, num_classes=10)` in a method the 10 is kept; the width is a local name there."""
    text = f"{SIZED}class Runner:\n    def __init__(self, config):\n        self.net = Net(10, width=config.width)"
    assert planned(text)[0].expression == "Net(10)"
    text = SIZED.replace("num_classes, width=8", "width, num_classes")
    text = f"{text}class Runner:\n    def __init__(self, config):\n        self.net = Net(config.width, 10)"
    assert planned(text)[0].expression == "Net(num_classes=10, width=64)"


def test_others_are_named_and_the_choice_is_explained() -> None:
    """The plan names the other networks, but no blocks, and says why it was taken."""
    text = f"{RESIDUAL}{OF_BLOCKS}{SMALL}{TRAIN}a = Small()\ntrain(a, 1)\nb = CNN()\ntrain(b, 1)"
    plan = planned(text)[0]
    assert plan.others == ("Small",)
    assert plan.choice.startswith("CNN was taken out of 2 models: its parameters go to an optimiser (cell 1, line")
    assert planned(f"{CNN}model = CNN()")[0].choice == ""


def test_methods_are_no_factories() -> None:
    """A method that returns layers is no function that somebody could call for a model."""
    text = CNN.replace(
        "    def forward", "    def make(self):\n        return nn.Sequential(nn.Linear(8, 10))\n    def forward"
    )
    assert [plan.name for plan in planned(text)] == ["CNN"]


def test_entry_overrides_the_evidence() -> None:
    """The rubric's name is taken before the one that was trained last, and the last one is named."""
    text = f"{CNN}{SMALL}{TRAIN}a = Small()\ntrain(a, 1)\nb = CNN()\ntrain(b, 1)"
    plan = planned(text, entry="a")[0]
    assert (plan.name, plan.others) == ("Small", ("CNN",))
    assert plan.choice == "Small was taken out of 2 models: the rubric asks for a."


def test_rubric_can_forbid_guesses() -> None:
    """Without repairs a network whose arguments nobody gives is not built; the student is told the line to write."""
    found = planned(f"{MLP}{SIZED}")
    assert found[0].name == "Net"
    assert unrepaired(found) == ()
    broke = why_refused(found[0])
    assert (broke.stage, broke.kind) == ("build", "RepairsForbidden")
    assert broke.message.endswith("Write the line that builds it, for example: model = Net(num_classes=10)")


def test_rubric_that_forbids_guesses_takes_what_needs_none() -> None:
    """A network that the student builds is no repair; data that the grader puts in place is none either."""
    found = planned(
        f"from torchvision.datasets import ImageFolder\n{SIZED}data = ImageFolder('x')\nmodel = Net(len(data.classes))"
    )
    assert unrepaired(found)[0] == found[0]
    assert all(repair.kind == "data" for repair in found[0].repairs)


def test_brackets_and_entries_can_be_forbidden() -> None:
    """A class in place of its object, and a name that is not there, are told in their own words."""
    text = f"{CNN}{TRAIN}model = CNN\ntrain(model, 1)"
    assert "write CNN() with brackets" in why_refused(planned(text)[0]).message
    assert (
        "has no wanted, which the rubric asks for" in why_refused(planned(f"{CNN}m = CNN()", entry="wanted")[0]).message
    )


def test_the_first_of_a_family_of_functions() -> None:
    """Of functions that nobody calls and that make the same class, the first is taken, as the smallest one is."""
    family = "def cnn8():\n    return CNN()\ndef cnn80():\n    return CNN()\ndef cnn800():\n    return CNN()\n"
    assert planned(CNN + family)[0].name == "cnn8"
    other = "class Other(CNN):\n    pass\ndef other():\n    return Other()\n"
    assert planned(CNN + family + other)[0].name == "other"
