"""What kind of remedy a method is, for filters: from what its grid names, without importing any of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seqbench.errors import GridError
from seqbench.grid.document import document_of
from seqbench.grid.named import STARTS, named_components
from seqbench.report.evidence import Evidence
from seqbench.traces import Remedy, Trace

FAMILIES = (
    "plain",
    "clipping",
    "initialisation",
    "skips in time",
    "gating",
    "depth",
    "other cells",
    "penalties",
    "truncation",
    "without recurrence",
)
"""In the order of the filter. A method may belong to several."""

GATED = ("gru", "lstm", "mgu", "mingru", "minlstm", "slstm")
BETWEEN_LAYERS = ("residual", "highway")
CONTROLS = ("bag_linear", "bag_mlp", "feedforward", "tcn", "transformer", "window_linear", "window_mlp")
OF_TRACES = {
    Trace.GRADIENT: "clipping",
    Trace.START: "initialisation",
    Trace.PATH: "skips in time",
    Trace.LOSS: "penalties",
    Trace.BACKWARD: "truncation",
}


def families_of(evidence: Evidence) -> Mapping[str, tuple[str, ...]]:
    """The families of every method, in the order of `FAMILIES`."""
    named = _named(evidence)
    found = {}
    for method in evidence.methods:
        own = set(_of_remedies(evidence.plan.remedies.get(method, ()))) | set(_of_parts(named.get(method, {})))
        found[method] = tuple(family for family in FAMILIES if family in own) or ("plain",)
    return found


def _of_remedies(remedies: tuple[Remedy, ...]) -> Iterator[str]:
    for remedy in remedies:
        if remedy.name.split(":")[-1] in BETWEEN_LAYERS:
            yield "depth"
        else:
            yield from (OF_TRACES[trace] for trace in remedy.traces)


def _of_parts(parts: Mapping[str, tuple[str, Any]]) -> Iterator[str]:
    """The families of a method's cell and model, each given as a name and its settings."""
    model, settings = parts.get("models", ("stacked", None))
    if model in CONTROLS:
        yield "without recurrence"
    if isinstance(settings, dict) and settings.get("depth", 1) != 1:
        yield "depth"
    cell, _ = parts.get("cells", ("vanilla", None))
    if model not in CONTROLS and cell != "vanilla":
        yield "gating" if cell in GATED else "other cells"


def _named(evidence: Evidence) -> Mapping[str, Mapping[str, tuple[str, Any]]]:
    """Name and settings of the cell and the model of every method, by family, as far as the grid's text names them."""
    plan = evidence.plan
    try:
        data = document_of(plan.grid_text, file="grid").data
    except GridError:  # a text that no version of seqbench writes: remedies alone must do
        return {}
    listed = data.get("methods") if isinstance(data, dict) else None
    names = [method.get("name") for method in listed or [] if isinstance(method, dict)]
    levels = {label.method: label.factors for label in plan.trials.values()}
    found: dict[str, dict[str, tuple[str, Any]]] = {method: {} for method in evidence.methods}
    for place, family, reference in named_components(data):
        if family not in ("cells", "models"):
            continue
        for method, own in found.items():
            at = place[1] if place[0] == "methods" else None
            chosen = levels.get(method, {})
            if (
                place[0] in ("cell", "model")
                or (isinstance(at, int) and at < len(names) and names[at] == method)
                or (place[0] == "factors" and len(place) > 2 and chosen.get(str(place[1])) == str(place[2]))
            ):
                before = own.get(family, (STARTS[family.removesuffix("s")], None))
                settings = {**(before[1] or {}), **(reference.settings or {})}
                own[family] = (reference.name or before[0], settings)
    return found
