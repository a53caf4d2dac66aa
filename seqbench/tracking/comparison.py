"""One MLflow run for each method of a task, its metrics logged with step = dependency length.

The MLflow page averages only the runs that it has loaded; therefore all averages are computed here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from seqbench.palette import COLOURS, styles
from seqbench.schema import finished, with_purpose
from seqbench.stats.brackets import find_brackets
from seqbench.stats.gradient_norms import NORMS, gradient_by_distance, norms_by_length
from seqbench.stats.horizon_means import horizon_means
from seqbench.stats.preregistration import Declared
from seqbench.stats.solve_rate import solve_rates
from seqbench.stats.task_arrays import complete, task_arrays
from seqbench.tracking.runs import Point, RunContent
from seqbench.tracking.saved_view import BY_DISTANCE, HORIZON
from seqbench.tracking.trial_runs import text

METHOD = "seqbench.method"


def method_order(planned: Sequence[str], results: pd.DataFrame) -> list[str]:
    """Methods in the order of the grid, then those it does not name."""
    return list(dict.fromkeys([*planned, *(str(name) for name in results["method"])]))


def run_colours(methods: Sequence[str]) -> dict[str, str]:
    """A colour for each method, its colour in the report.

    MLflow draws neither dashes nor markers, so colours become paler each time the palette repeats.
    """
    rounds = math.ceil(len(methods) / len(COLOURS))
    return {
        method: _whitened(style.colour, 0.75 * (place // len(COLOURS)) / rounds)
        for place, (method, style) in enumerate(styles(methods).items())
    }


def _whitened(colour: str, share: float) -> str:
    parts = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return "#" + "".join(f"{round(part + share * (255 - part)):02x}" for part in parts)


def compared_pairs(rows: pd.DataFrame) -> set[tuple[str, str]]:
    """Every (task, method) of these finished reporting trials: one run of a comparison each."""
    return {(str(task), str(method)) for task, method in zip(rows["task"], rows["method"], strict=True)}


def comparison_entries(
    results: pd.DataFrame,
    probes: pd.DataFrame,
    task: str,
    methods: Sequence[str],
    lengths: Sequence[int],
    grid: str,
    created: int,
    declared: Declared = Declared(),  # noqa: B008 (frozen)
) -> Iterator[RunContent]:
    """One entry for each method that has a finished reporting trial of `task`.

    probes: one row per measurement; those of other tasks are ignored
    lengths: all dependency lengths of the task, in steps, shortest first
    created: milliseconds since 1970; later methods get earlier times, because the page lists the newest run first
    """
    rows = complete(with_purpose(finished(results[results["task"] == task]), "reporting"))
    by_method = {str(method): own for method, own in rows.groupby("method", sort=False)}
    figures = method_figures(rows, lengths, declared)
    arriving, norms, colours = gradient_by_distance(rows, probes), norms_by_length(rows), run_colours(methods)
    floor = _floor(arriving["value"])
    shared = {"seqbench.grid": grid, "seqbench.kind": "comparison", "seqbench.task": task}
    for place, method in enumerate(methods):
        if method not in by_method:
            continue
        start = created - 1000 * place
        points = (
            *figures[method],
            *norm_points(norms[norms["method"] == method]),
            *gradient_points(arriving[arriving["method"] == method], floor),
        )
        yield RunContent(
            key=method,
            name=method,
            tags={**shared, "mlflow.runColor": colours[method]},
            params={"method": method, "task": task, **_levels(by_method[method])},
            points=tuple(point for point in points if math.isfinite(point.value)),
            start=start,
            end=start,
        )


def method_figures(rows: pd.DataFrame, lengths: Sequence[int], declared: Declared) -> dict[str, list[Point]]:
    """What the statistics say of each method of a task: its horizon with its interval, in steps, and its accuracies.

    Accuracies stand at every length visited. In a search long lengths are visited only by seeds that solved shorter
    ones: `seeds_vs_length` says by how many.
    """
    if rows.empty:
        return {}
    far = horizon_means(find_brackets(task_arrays(rows, declared, lengths)), declared.alpha)
    found = {row["method"]: [Point(name, float(row[name])) for name in HORIZON] for row in far.to_dict("records")}
    for row in solve_rates(rows, declared).to_dict("records"):
        found[row["method"]] += accuracy_points(row)
    return found


def accuracy_points(row: Mapping[Any, Any]) -> Iterator[Point]:
    """The figures of one method at one dependency length, from its row of the table of solve rates."""
    step = int(row["length"])
    yield Point("accuracy_vs_length", float(row["accuracy_median"]), step)
    yield Point("worst_seed_accuracy_vs_length", float(row["accuracy_worst"]), step)
    yield Point("solve_rate_vs_length", float(row["rate"]), step)
    yield Point("diverged_share_vs_length", row["diverged"] / row["n"], step)
    yield Point("seeds_vs_length", float(row["n"]), step)


def norm_points(norms: pd.DataFrame) -> Iterator[Point]:
    """Gradient norms of one method on one task by dependency length, before and after its mitigations."""
    for row in norms.to_dict("records"):
        for name in NORMS:
            yield Point(f"{name}_vs_length", float(row[name]), int(row["length"]))


def gradient_points(arriving: pd.DataFrame, floor: int) -> Iterator[Point]:
    """The gradient that arrives from each distance before training, of one method: log10 of the median over seeds.

    Its step is the distance. The logarithm is taken here because the axis of the page writes 0 at every norm below a
    millionth.

    arriving: the method's rows of `gradient_by_distance`
    floor: stands for the logarithm of a gradient of exactly 0
    """
    for distance, value in zip(arriving["distance"], arriving["value"], strict=True):
        yield Point(BY_DISTANCE, math.log10(value) if value > 0 else floor, int(distance))


def _floor(values: pd.Series) -> int:
    """A whole decade or more below the smallest of these norms, so that the series of one page have the same floor."""
    smallest = values[(values > 0) & (values < math.inf)].min()
    return math.floor(math.log10(smallest)) - 1 if smallest > 0 else 0


def _levels(rows: pd.DataFrame) -> Mapping[str, str]:
    """What all lengths share: chance and the score of the best predictor that ignores the distant information."""
    return {
        name: ", ".join(text(float(value)) for value in sorted(rows[name].dropna().unique()))
        for name in ("chance", "trivial")
        if rows[name].notna().any()
    }
