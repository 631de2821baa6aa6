"""The tables of a rubric that say how a network is captured and trained; those of one kind all derive from `Table`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=10**12)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Amount = Annotated[float, Field(gt=0, le=1e12)]
Points = Annotated[float, Field(ge=0, le=1000)]
Text = Annotated[str, Field(min_length=1)]


class Table(BaseModel):
    """One table of the file: frozen, with no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Input(Table):
    """What a network is given (channels, height, width) and how many scores it must answer with."""

    shape: Annotated[tuple[Count, Count, Count], Field(strict=False)] = Field(
        default=(3, 32, 32), description="channels, height and width of one picture"
    )
    classes: Annotated[int, Field(ge=2, le=100_000)] = Field(
        default=10, description="how many scores a network must answer with, one for each class"
    )


class Data(Table):
    """The pictures: counts are for generated ones, the fraction for a folder."""

    source: Text = Field(
        default="patterns",
        description="`patterns` for generated pictures, or a folder or .npz of your own, seen from the rubric",
    )
    train: Count = Field(default=4000, description="generated pictures to train on")
    held_out: Count = Field(default=1000, description="generated pictures to measure on")
    held_out_fraction: Annotated[float, Field(gt=0, lt=1)] = Field(
        default=0.2, description="share of your own pictures that is kept back to measure on"
    )
    seed: Seed = Field(default=1, description="draws the generated training pictures, or the split of your own")
    held_out_seed: Seed = Field(
        default=2,
        description="draws the generated held-out pictures; a number that you keep private, and nobody has seen them",
    )


class ReferenceSolution(Table):
    """The solution whose accuracy earns full points, and over how many seeds it is trained."""

    solution: Text = Field(
        default="../reference/solution.py",
        description="the network whose mean accuracy, less two deviations, earns full points; seen from the rubric",
    )
    seeds: Annotated[int, Field(ge=2, le=1000)] = Field(
        default=5, description="how often it is trained, each time from other weights, to know its mean and deviation"
    )


class Recipe(Table):
    """How every network is trained; the same for everybody.

    `warmup` is a share of the steps; `weights` says whether those that were handed in are trained on or drawn anew.
    """

    steps: Count = Field(default=500, description="optimiser steps (AdamW) of every training")
    batch: Count = Field(default=64, description="pictures in each step")
    learning_rate: Annotated[float, Field(gt=0, le=10)] = Field(
        default=4e-3, description="the highest learning rate; it begins at a 25th of it and ends near nothing"
    )
    weight_decay: Annotated[float, Field(ge=0, le=10)] = Field(
        default=0.05, description="AdamW's pull of every weight towards 0"
    )
    warmup: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.2, description="share of the steps in which the learning rate rises"
    )
    seed: Seed = Field(default=1, description="draws the order of the pictures, and dropout")
    memory_format: Literal["channels_last", "contiguous"] = Field(
        default="channels_last",
        description="how pictures lie in memory, `channels_last` or `contiguous`; it moves the last bits of results",
    )
    weights: Literal["submitted", "fresh"] = Field(
        default="fresh",
        description="`fresh` draws all weights anew first, each as PyTorch's own layers do; `submitted` trains on from "
        "those that were handed in",
    )
    flips: bool = Field(default=False, description="whether one training picture in two is mirrored, left to right")
    crops: Annotated[int, Field(ge=0, le=16)] = Field(
        default=0,
        description="pixels of mean colour around each training picture, from which a window of its size is cut at "
        "random; 0 to 16",
    )
    tf32: bool = Field(
        default=False, description="whether a GPU may round what it multiplies to 10 bits of mantissa, which is faster"
    )
    autocast: Literal["off", "bfloat16"] = Field(
        default="off",
        description="`bfloat16` computes convolutions and dense layers in it: faster on a GPU, and 12 times slower on "
        "a processor without instructions for it",
    )
    seeds: Annotated[int, Field(ge=1, le=100)] = Field(
        default=1,
        description="trainings of every network, each in another order of the pictures; the median one counts",
    )


class Budget(Table):
    """What a network may be; FLOPs and activations for one picture, forward."""

    parameters: Count = Field(default=50_000_000, description="numbers that a network may learn")
    flops: Count = Field(default=1_500_000_000, description="floating-point operations for one picture, forward")
    activation_megabytes: Amount = Field(default=64, description="memory for the maps of one picture")
    constants: Count = Field(
        default=1_000_000, description="numbers that a network may carry besides weights that learn and frozen layers"
    )


class Limits(Table):
    """Where the sandbox and the trainer stop."""

    capture_seconds: Amount = Field(
        default=60, description="from the start of a submission's code to the captured network"
    )
    build_seconds: Amount = Field(default=20, description="of that, for the statements that build the network")
    cpu_seconds: Amount = Field(default=60, description="of processor time, however many threads")
    memory_megabytes: Count = Field(
        default=4096, description="memory of one submission's code, or of one training on the processor"
    )
    training_seconds: Amount = Field(default=3600, description="for one training")
    notebook_megabytes: Amount = Field(default=100, description="size of one file that is handed in")
    source_megabytes: Amount = Field(default=10, description="size of the code in it")


class Extract(Table):
    """Which object is the model (empty: it is looked for) and whether small repairs are made."""

    entry: str = Field(default="", description="the variable or class that is the model; empty: it is looked for")
    repairs: bool = Field(
        default=True, description="whether small repairs are made, such as calling a class; each is said in the report"
    )
