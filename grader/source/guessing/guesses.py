"""Guess a value from a name: `num_classes` is the number of classes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class Hints:
    """What the rubric says about every model.

    Attributes:
        input_shape: (channels, height, width) of one picture.
        classes: number of classes.
    """

    input_shape: tuple[int, int, int] = (3, 32, 32)
    classes: int = 10


@dataclass(frozen=True, slots=True)
class Guess:
    """A value that nobody gives.

    Attributes:
        text: the value as Python.
        meaning: what it is, for the report.
        given: whether the rubric says so; else it is merely usual.
    """

    text: str
    meaning: str
    given: bool = False


CHANNELS = """
    in_channel input_channel image_channel img_channel channel channel_in color_channel colour_channel in_ch
    in_chan input_ch chan ch c nc in_c in_plane inplane input_plane in_filter in_conv in_dim
    input_channel_size channel_size color colour in_size input_depth depth_in inp_channel
"""
CLASSES = """
    class label category output output_dim output_size output_shape output_feature output_unit output_node
    output_channel output_class out out_feature out_dim out_size out_shape out_unit out_node out_class
    out_channel class_count class_size class_num label_size label_count target target_size target_class k cls
    y_dim num output_neuron final_dim
"""
SHAPE = "input_shape image_shape img_shape in_shape shape image_dim img_dim picture_shape input_dims"
WIDTH = """
    image_size img_size im_size size width image_width img_width w resolution image_resolution
    input_resolution picture_size side image_side spatial_size spatial_dim input_width input_image_size
    image_res
"""
HEIGHT = "height image_height img_height h input_height"
NUMBERS = """
    input_size input_dim input in_feature input_feature input_unit input_node in_unit in_node flat_size
    flatten_size flat_dim flat_feature x_dim d_in input_neuron pixel feature_in
"""
DROPOUT = """
    dropout p drop_rate dropout_rate dropout_p dropout_prob dropout_probability drop drop_prob p_drop drop_p
    p_dropout dr rate dropout_value drop_out dropout_ratio drop_path keep_prob dropout_fc dropout_conv
    conv_dropout fc_dropout
"""
KERNEL = """
    kernel_size kernel ks filter_size k_size ksize kernel_width conv_kernel conv_kernel_size fsize kernel_dim
"""
BLOCKS = (
    "block_list layer num_block block_count layer_list conv_layer depth block_per_layer stage_block repeat block_layer"
)
HIDDEN = """
    hidden hidden_unit hidden_size hidden_dim hidden_layer hidden_feature hidden_channel hidden_node
    hidden_neuron hidden_width unit dim latent_dim embed_dim embedding_dim filter feature_map base_channel
    base_width base_filter width_base feature conv_channel conv_filter fc fc_unit fc_size fc_dim dense_unit
    dense linear_size linear_unit neuron planes plane nf ngf ndf kernel_count d_model out_conv mid_channel
    feature_dim feature_size start_filter init_channel initial_filter conv_out hid hid_dim channel_base
    emb_size
"""
POOL = "pool_size pool pool_kernel pool_kernel_size pooling pooling_size"
ACTIVATION = """
    activation act activation_fn activation_function act_fn activation_func nonlinearity non_linearity act_func
    act_layer
"""
LOSS = "criterion loss loss_fn loss_function loss_func"
SAVED = "pretrained weight weight_path checkpoint checkpoint_path model_path path ckpt"
FLAGS = "bias bn batch_norm batchnorm relu residual train training verbose init_weight debug init"
SWITCHES = ("is_", "use_", "with_", "has_", "do_", "enable_", "include_", "add_")


@dataclass(frozen=True, slots=True)
class _Rule:
    """Values for names.

    Attributes:
        words: the names, in the singular and without counting words.
        value: the value as Python, given what the rubric says.
        meaning: what it is, for the report.
        given: whether the rubric says so; else it is merely usual.
    """

    words: str
    value: Callable[[Hints], str]
    meaning: str
    given: bool = False


_RULES = (
    _Rule(CLASSES, lambda hints: str(hints.classes), "the number of classes", given=True),
    _Rule(CHANNELS, lambda hints: str(hints.input_shape[0]), "the number of colour channels", given=True),
    _Rule(SHAPE, lambda hints: str(hints.input_shape), "the shape of a picture", given=True),
    _Rule(WIDTH, lambda hints: str(hints.input_shape[2]), "the width of a picture", given=True),
    _Rule(HEIGHT, lambda hints: str(hints.input_shape[1]), "the height of a picture", given=True),
    _Rule(NUMBERS, lambda hints: str(prod(hints.input_shape)), "the numbers of one picture", given=True),
    _Rule(DROPOUT, lambda _: "0.5", "a usual dropout"),
    _Rule(KERNEL, lambda _: "3", "a usual kernel size"),
    _Rule("stride s", lambda _: "1", "a usual stride"),
    _Rule("padding pad pad_size", lambda _: "1", "a usual padding"),
    _Rule(POOL, lambda _: "2", "a usual pool size"),
    _Rule(BLOCKS, lambda _: "[2, 2, 2, 2]", "a usual number of blocks"),
    _Rule("patch patch_size", lambda _: "4", "a usual size of a patch"),
    _Rule("head attention_head", lambda _: "4", "a usual number of heads"),
    _Rule("growth_rate growth", lambda _: "12", "a usual growth rate"),
    _Rule("lr learning_rate alpha", lambda _: "0.001", "a usual learning rate"),
    _Rule("batch_size batch bs", lambda _: "64", "a usual batch size"),
    _Rule("epoch max_epoch", lambda _: "1", "one epoch"),
    _Rule("momentum beta gamma", lambda _: "0.9", "a usual momentum"),
    _Rule("weight_decay wd l_reg eps epsilon", lambda _: "0.0", "none"),
    _Rule("device dev", lambda _: "'cpu'", "the grader's device"),
    _Rule(ACTIVATION, lambda _: "__import__('torch').nn.ReLU()", "a usual activation"),
    _Rule("norm norm_layer", lambda _: "__import__('torch').nn.BatchNorm2d", "a usual normalisation"),
    _Rule(LOSS, lambda _: "__import__('torch').nn.CrossEntropyLoss()", "a usual loss"),
    _Rule(SAVED, lambda _: "None", "no saved weights"),
    _Rule(FLAGS, lambda _: "True", "switched on"),
    _Rule(HIDDEN, lambda _: "64", "a usual width"),
)
_BY_WORD = {word: rule for rule in reversed(_RULES) for word in rule.words.split()}
_COUNTING = frozenset({"n", "num", "nb", "no", "nr", "number", "of", "the", "my", "total"})


def by_name(name: str, hints: Hints) -> Guess | None:
    """Guess a value from a name; `num_classes`, `numClasses`, `NUM_CLASSES` and `nb_class` are the same."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")
    if snake.startswith(SWITCHES):
        return Guess("True", "switched on")
    words = [_singular(re.sub(r"\d+$", "", word)) for word in snake.split("_")]
    bare = [word for word in words if word and word not in _COUNTING]
    for key in ("_".join(word for word in words if word), "_".join(bare)):
        if key in _BY_WORD:
            rule = _BY_WORD[key]
            return Guess(rule.value(hints), rule.meaning, rule.given)
    if "hidden" in snake or "filter" in snake or "unit" in snake:
        return Guess("64", "a usual width")
    return None


def _singular(word: str) -> str:
    """Cut a plural: classes, categories, features, in_chans."""
    if word in ("classes", "categories"):
        return {"classes": "class", "categories": "category"}[word]
    return word[:-1] if len(word) > len("bs") and word.endswith("s") and not word.endswith("ss") else word
