"""Three criteria of an instructor's own, as `docs/own_criteria.md` explains them."""

from __future__ import annotations

from typing import Any

from grader.own import Finding, ModelGraph, Role, failed, not_judged, partly, passed


def small_kernels(graph: ModelGraph, params: dict[str, Any]) -> Finding:
    """No kernel is larger than the course allows."""
    most = params.get("most", 5)
    large = [one for one in graph.on_path(Role.CONV) if max(one.settings["kernel_size"]) > most]
    if not large:
        return passed(f"All kernels are at most {most} x {most}.")
    first = large[0]
    size = max(first.settings["kernel_size"])
    return failed(
        f"Kernels of at most {most} x {most} were asked for; {first.name} ({first.where}) has {size} x {size}.",
        f"Set the kernel_size of {first.name} to {most}.",
    )


def few_parameters(graph: ModelGraph, params: dict[str, Any]) -> Finding:
    """The network is no larger than it has to be."""
    limit = params["limit"]
    if graph.parameters <= limit:
        return passed(f"The network learns {graph.parameters:,} numbers; {limit:,} were allowed.")
    largest = max(graph.layers, key=lambda one: one.parameters)
    return partly(
        min(1.0, limit / graph.parameters),
        f"At most {limit:,} numbers were to be learnt; these are {graph.parameters:,}, "
        f"{largest.parameters:,} of them in {largest.name} ({largest.where}).",
        f"Make the maps smaller before {largest.name}: a pooling of 2 x 2 makes it four times smaller.",
    )


def dropout_before_dense(graph: ModelGraph, params: dict[str, Any]) -> Finding:
    """Dropout stands somewhere before the last dense layer."""
    roles = [one.role for one in graph.on_path()]
    if Role.DENSE not in roles:
        return not_judged("Not judged, because there is no dense layer.")
    last = len(roles) - 1 - roles[::-1].index(Role.DENSE)
    if Role.DROPOUT in roles[:last]:
        return passed("Dropout stands before the last dense layer.")
    return failed("Dropout was asked for and none runs.", "Put nn.Dropout(0.25) before the last dense layer.")
