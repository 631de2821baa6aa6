"""The words by which a program shows what it does: changing a model, training it, loading data."""

from __future__ import annotations

import re

CONTAINER_EDITS = frozenset(
    "append extend insert add update setdefault pop popitem remove discard clear sort reverse appendleft "
    "add_argument add_argument_group add_mutually_exclusive_group add_parser add_subparsers set_defaults".split()
)
"""Methods that change a list, a dict, a set or an argument parser in place."""

HOLDING = frozenset(
    "append extend insert add update setdefault appendleft add_module register_module register_buffer "
    "register_parameter set_submodule __setattr__ __setitem__".split()
)
"""Those after which an object holds their arguments."""

MODULE_EDITS = frozenset(
    "add_module register_module register_buffer register_parameter apply set_submodule requires_grad_ double half "
    "bfloat16 float type load_state_dict __setattr__ __setitem__ __delattr__ __delitem__".split()
)
"""Methods that change an `nn.Module` in place; `.to(device)` and `.cuda()` only move it."""

WEIGHTS_EDITS = frozenset({"load_state_dict"})
"""Those that bring saved weights back."""

ARGUMENT_EDITS = frozenset(
    "setattr delattr weight_norm spectral_norm remove_weight_norm remove_spectral_norm register_parametrization "
    "random_unstructured l1_unstructured ln_structured global_unstructured".split()
)
"""Functions that change their first argument, besides those that PyTorch names with a `_` at the end."""

NO_EDITS = frozenset({"clip_grad_norm_", "clip_grad_value_", "_"})
"""Names that end in `_` and leave the model's numbers alone."""

GLOBAL_SWITCHES = frozenset({"backends", "rcParams", "options", "_dynamo", "_inductor", "environ"})
"""Attributes under which imported packages keep settings: `torch.backends.cudnn.benchmark = True`."""

INITIALISER = re.compile(
    r"init(ial)?i?[sz]?e?_?(weights?|params|parameters|model|net)|weights?_init|^freeze|^unfreeze|xavier|kaiming"
)
"""Functions from elsewhere that change the model given to them: `init_weights(model)`."""

PARTS = frozenset(
    "parameters named_parameters modules named_modules children named_children buffers named_buffers items values "
    "keys get to cuda cpu train eval float double half bfloat16 type apply requires_grad_ get_submodule get_parameter "
    "get_buffer state_dict xpu mps share_memory".split()
)
"""Methods whose result is the object itself or a part of it."""

PASSING = frozenset(
    "enumerate zip list tuple iter next reversed sorted getattr vars filter map chain DataParallel "
    "DistributedDataParallel compile".split()
)
"""Functions whose result holds their arguments: `for index, layer in enumerate(model)`."""

TRAINING_CALLS = frozenset({"backward", "manual_backward", "step", "fit_one_cycle", "fine_tune"})
TRAINER = re.compile(r"train|learn|runner|engine|model|net", re.IGNORECASE)
"""Receivers whose `.fit(…)` trains; an encoder's or scaler's does not."""
TRAINING_FUNCTION = re.compile(
    r"^(run_|do_|start_|my_)?(train|fit|training|fit_and_\w+|train_and_\w+)"
    r"(_?(model|net|network|epochs?|one_epoch|loop|cnn|fn|nn|classifier|all|eval|val|validate|and_\w+|with_\w+|evaluate))*\d*$",
    re.IGNORECASE,
)
"""Functions from elsewhere that train: `engine.train(model=…)`, not `train_test_split`."""

OPTIMISER = re.compile(r"^(SGD|\w*Adam\w*|RMSprop|Adagrad|Adadelta|LBFGS|ASGD|Rprop|Lion|Ranger\w*|\w*[Oo]ptim\w*)$")
SUMMARY = frozenset(
    {"summary", "torchsummary", "make_dot", "draw_graph", "add_graph", "count_parameters", "print_summary"}
)

DATA_CALLS = frozenset(
    "DataLoader ImageFolder DatasetFolder TensorDataset Subset ConcatDataset random_split SubsetRandomSampler "
    "CIFAR10 CIFAR100 MNIST FashionMNIST KMNIST EMNIST QMNIST SVHN STL10 CelebA Caltech101 Food101 Flowers102 "
    "OxfordIIITPet USPS ImageNet GTSRB FakeData load_dataset fetch_openml load_digits load_iris load_data read_csv "
    "read_excel read_pickle read_parquet loadtxt genfromtxt loadmat fromfile imread open glob rglob iglob listdir "
    "scandir walk iterdir urlretrieve urlopen download download_url upload mount train_test_split get_data "
    "load_state_dict_from_url untar_data from_folder extractall unpack_archive".split()
)
"""Calls that read files, fetch something or make a data set."""

DATA_MODULE = re.compile(r"[A-Za-z0-9](DataModule|DataBunch|DataLoaders)$")
"""Classes from elsewhere that hold a data set: `CIFAR10DataModule`."""

DATA_MODULES = frozenset({"datasets", "drive", "files", "gdown", "requests", "wget", "kagglehub", "urllib"})
"""Names of packages whose functions all do that: `torchvision.datasets.CIFAR10`."""

LOADERS = frozenset({"load", "load_model", "load_from_checkpoint", "from_checkpoint", "load_checkpoint"})
"""Calls that bring a saved model back."""

OVERRIDDEN_BUILTINS = frozenset({"pow", "sum", "min", "max", "abs", "round", "all", "any"})
"""Builtins that `from math import *` or `from torch import *` replaces."""
