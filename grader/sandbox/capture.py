"""The child's job: bytes of a submission in, a captured model out.

Read, slice, build, run once, capture in both modes, measure. What was learned from the text is sent before the
first student statement runs; everything after it is a claim.
"""

from __future__ import annotations

import bdb
import dataclasses
import logging
import re
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from grader.explanation import cells
from grader.graph.document import dump
from grader.graph.encode import UncapturableError
from grader.graph.fidelity import seed_everything
from grader.records import Break, Repair, Where
from grader.sandbox import export as exporting
from grader.sandbox import shims
from grader.sandbox.build import BuildError, Built, TooSlowError, build, deadline, is_local, places_of, too_slow
from grader.sandbox.mending import Change, changes_from, mend, mended_text
from grader.sandbox.network import Network, Places, describe
from grader.sandbox.protocol import Channel
from grader.sandbox.rehearsal import DryRun, dry_run, limited
from grader.source.batches import batch_sizes
from grader.source.entry import Hints, Plan, plans, unrepaired, why_nothing, why_refused
from grader.source.practice import practice
from grader.source.reading.folders import own_files
from grader.source.reading.notebook import ReadLimits, Source, read_submission
from grader.wording import counted

STATEMENTS_SHOWN = 400
"""How many places of the slice are reported."""


@dataclasses.dataclass(frozen=True, slots=True)
class Task:
    """What to build and capture.

    Attributes:
        shape: of one picture, (C, H, W).
        classes: how many scores a picture gets.
        batch: the recipe's batch size.
        entry: the rubric's own name for the model; empty when it names none.
        build_seconds: how long building and the first run may take.
        file_bytes: the largest file that is read.
        code_characters: all code together.
        seed: what torch, Python and numpy are seeded with before the model is built.
        repairs: whether something may be put in the place of what the student had to write: an argument that nobody
            gives, a class that is not called.
        changes: fixes to apply first, for what the network would do with its error mended.
    """

    shape: tuple[int, int, int]
    classes: int
    batch: int
    entry: str
    build_seconds: float
    file_bytes: int
    code_characters: int
    seed: int = 0
    repairs: bool = True
    changes: tuple[Change, ...] = ()


def capture(arguments: dict[str, Any], blobs: dict[str, bytes], channel: Channel) -> None:
    """Run the job: `blobs` are the submission's files by path."""
    changes = changes_from(arguments.get("changes", ()))
    task = Task(**{**arguments, "shape": tuple(arguments["shape"]), "changes": changes})
    quiet()
    limits = ReadLimits(file_bytes=task.file_bytes, code_characters=task.code_characters)
    source = mended_text(read_submission(blobs, limits), task.changes)
    found = plans(source, task.entry or None, Hints(task.shape, task.classes))
    channel.facts(_facts(source, found, sum(path.lower().endswith(".ipynb") for path in own_files(blobs))))
    allowed = found if task.repairs else unrepaired(found)
    if not allowed:
        broke = why_refused(found[0]) if found else why_nothing(source)
        channel.result({"outcome": "broke", "broke": dataclasses.asdict(broke), "repairs": [], "notes": []})
        return
    Session(source, allowed, task, channel).run(blobs)


def capture_object(model: torch.nn.Module, task: Task, channel: Channel, places: Places) -> None:
    """Capture a model that is there already, as `capture` does one that it built; nothing but its calls is run."""
    plan = Plan(type(model).__name__, "object", Where(), (), "")
    session = Session(Source(()), (plan,), task, channel)
    session.places = places
    session.send(Built(model, plan))


def quiet() -> None:
    """Keep torch's own warnings and logs out of the submission's output, and let no debugger stop it."""
    warnings.filterwarnings("ignore")
    logging.disable(logging.CRITICAL)
    sys.breakpointhook = lambda *args, **kwargs: None
    bdb.Bdb.set_trace = lambda self, *args, **kwargs: None  # type: ignore[method-assign]  # pdb's, ipdb's
    sys.setrecursionlimit(5_000)


def _facts(source: Source, found: tuple[Plan, ...], notebooks: int) -> dict[str, Any]:
    best = found[0] if found else None
    shown = best.statements[:STATEMENTS_SHOWN] if best else ()
    return {
        "problems": [dataclasses.asdict(one) for one in source.problems],
        "cells": len(source.cells),
        "slice": [dataclasses.asdict(one.where) for one in shown],
        "model": None
        if best is None
        else {"name": best.name, "how": best.how, "where": dataclasses.asdict(best.where)},
        "others": list(best.others)[:20] if best else [],
        "choice": best.choice if best else "",
        "explanation": [dataclasses.asdict(one) for one in cells.passages(source, notebooks)],
        "source": [dataclasses.asdict(one) for one in cells.code(source)],
        "practice": dataclasses.asdict(practice(source)),
    }


class Session:
    """One submission on its way from statements to a captured model."""

    def __init__(self, source: Source, found: tuple[Plan, ...], task: Task, channel: Channel) -> None:
        """Prepare; nothing of the student's runs yet."""
        self.source, self.plans, self.task, self.channel = source, found, task, channel
        self.places: Places = places_of(source)
        self.noted: list[str] = []
        self.repairs: list[Repair] = []
        self.notes: list[str] = []

    def run(self, files: Mapping[str, bytes]) -> None:
        """Build, run, capture and measure; send what came of it. Weights are loaded from `files` alone."""
        shims.install_devices()
        shims.install_plain_precision(self.noted)
        shims.install_for_export()
        shims.install_plain_programs()
        shims.install_weights(files, self.repairs)
        shims.install_command_line()
        shims.install_optimisers()
        seed_everything(self.task.seed)
        hints = Hints(self.task.shape, self.task.classes)
        with shims.missing_packages(is_local(self.source), self.places, hints) as missing:
            try:
                built = build(self.plans, self.places, self.task.build_seconds, repairs=self.task.repairs)
            except BuildError as error:
                self.repairs += missing.said(_needed(error.broke, missing.used))
                self._answer("broke", broke=error.broke)
                return
            except BaseException as error:  # noqa: BLE001 - a kind of the student's own, as hostile code raises
                self._answer("broke", broke=describe(error, "build", self.places))
                return
            self.repairs += [*missing.said(), *built.repairs]
            self.send(built)

    def send(self, built: Built) -> None:
        """Run, capture and measure a model that was built; send what came of it."""
        try:
            self._captured(built)
        except BaseException as error:  # noqa: BLE001 - the student's objects take part in every call of ours
            traceback.print_exc()
            said = describe(error, "forward", self.places)
            self._answer("uncapturable", reason=f"{said.kind}: {said.message[:300]}")

    def _captured(self, built: Built) -> None:
        """Run the model on noise, then capture it whole or up to its break."""
        model = {"name": built.plan.name, "how": built.plan.how, "where": dataclasses.asdict(built.plan.where)}
        try:
            mend(built.model, self.task.changes)
            network = Network(built.model, self.task.classes)
            with deadline(self.task.build_seconds):
                run = dry_run(network, self.task.shape, self._sizes, self.places)
        except TooSlowError as error:
            self._answer("broke", broke=too_slow(error, "forward", self.places), model=model)
            return
        self.repairs += run.repairs
        if run.batch is None:
            self._prefix(network, run, model)
            return
        try:
            run, found = self._whole(network, run)
        except UncapturableError as error:
            stopped = exporting.stopped_at(error, self.places, network)
            self._answer("uncapturable", broke=stopped, reason=str(error), model=model)
            return
        self.notes += [*found.notes, *_fixed(run)]
        probe = exporting.probe(network, found, self.task.shape, run.fixed or self.task.batch)
        document = dump(found.document)
        self._answer("captured", model=model, probe=probe)
        self.channel.document(document)
        self.channel.tensors(found.tensors)

    def _sizes(self) -> tuple[int, ...]:
        """Return the batch sizes to try where a batch of 7 breaks, the recipe's first."""
        return tuple(dict.fromkeys((self.task.batch, *batch_sizes(self.source), 1, 2)))

    def _whole(self, network: Network, run: DryRun) -> tuple[DryRun, exporting.Captured]:
        """Capture for every number of pictures, else for the recipe's, else for the one that works."""
        try:
            batch, fixed = run.fixed or self.task.batch, run.fixed is not None
            return run, exporting.capture(network, self.task.shape, batch, self.places, fixed=fixed)
        except UncapturableError:
            few = limited(network, run, self.task.shape, self.task.batch, self.places)
            if few is None or few.batch is None:
                raise
            return few, exporting.capture(network, self.task.shape, few.batch, self.places)

    def _prefix(self, network: Network, run: DryRun, model: Mapping[str, Any]) -> None:
        try:
            with deadline(self.task.build_seconds):
                found = exporting.capture_prefix(network, self.task.shape, self.task.batch, self.places)
        except TooSlowError:  # `x.tolist()` of a whole batch: export makes an unknown of each number
            found = None
        document = dump(found.document) if found is not None else b""
        self._answer("broke", broke=run.broke, model=model)
        if found is not None:
            self.channel.document(document)
            self.channel.tensors(found.tensors)

    def _answer(
        self,
        outcome: str,
        *,
        broke: Break | None = None,
        reason: str = "",
        model: Mapping[str, Any] | None = None,
        probe: Mapping[str, Any] | None = None,
    ) -> None:
        if "autocast" in self.noted:
            self.notes.append("Autocast was left out: the grader trains in float32.")
        self.channel.result(
            {
                "outcome": outcome,
                "broke": None if broke is None else dataclasses.asdict(broke),
                "reason": reason,
                "model": model,
                "probe": probe,
                "repairs": [dataclasses.asdict(one) for one in self.repairs],
                "notes": self.notes,
            }
        )


def _needed(broke: Break, missing: Sequence[str]) -> str:
    """Return the package that a model could not be built without, among those that are missing; empty for none."""
    if broke.kind not in ("NotHereError", "ModuleNotFoundError"):
        return ""
    return next((root for root in missing if re.search(rf"\b{re.escape(root)}\b", broke.message)), "")


def _fixed(run: DryRun) -> Iterator[str]:
    """Say that a batch size is written into a network, and where another one stops."""
    if run.fixed is not None and run.broke is not None:
        line = f", in `{run.broke.source}`" if run.broke.source else ""
        yield (
            f"forward works with {counted(run.fixed, 'picture')} at a time and stops with other numbers of them "
            f"at {run.broke.where}{line}. It is graded with batches of {run.fixed}."
        )
