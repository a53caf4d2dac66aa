"""Every goal of the benchmark beside what was measured, from the tables of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

Rows = Sequence[Mapping[str, Any]]

PRODUCTS_GOAL, PRODUCTS_SIZE = 0.65, (64, 200, 128)
"""The part of a training step that its recurrent matrix products should take, at their own rate, and where."""
COMPILATIONS_GOAL = 40
"""Programs of the factorial grid at most."""
WORKERS_GOAL = 1.8
"""How many times one worker's pace two should reach."""
LENGTHS_GOAL = 1.3
"""How many times as long as at 100 steps a step of time may take at another length."""
PLAN_MIB_GOAL = 300e6 / 2**20
"""Memory of planning a million trials."""
SCALE_GOAL = 1.5
"""Times those of the smallest grid that a driver's memory and time per trial may be."""
EVENTS_GOAL = 500
"""Events that a driver should handle in a second."""
PAGE_MIB_GOAL = 8.0
"""Size of the report of 5,000 trials."""


def goals(tables: Mapping[str, Rows]) -> list[dict[str, Any]]:
    """One row a goal: what, the figure, the goal, and whether it holds; none of a table without rows."""
    return [row for name, rows in tables.items() if rows and name in _OF for row in _OF[name](rows)]


def _goal(what: str, measured: float | None, goal: float | None, *, least: bool = False) -> Iterator[dict[str, Any]]:
    """The row of a goal, if there is one and its figure was measured; `least`: more is better."""
    if measured is None or goal is None or measured != measured:
        return
    holds = measured >= goal if least else measured <= goal
    yield {
        "what": what,
        "measured": measured,
        "goal": f"{'at least' if least else 'at most'} {goal:.3g}",
        "holds": "yes" if holds else "no",
    }


def _of_steps(rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows:
        name = f"{row['cell']} {row['batch']} x {row['steps']} x {row['width']}"
        for other, word in (("pytorch", "PyTorch"), ("flax", "Flax")):
            yield from _goal(
                f"step of {name}, {word} / seqbench", row[f"{other}_ratio"], row[f"{other}_goal"], least=True
            )
        if (row["batch"], row["steps"], row["width"]) == PRODUCTS_SIZE:
            yield from _goal(f"step of {name}, share of products", row.get("products_share"), PRODUCTS_GOAL, least=True)


def _of_grids(rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield from _goal(f"64 trials, {row['harness']} / seqbench", row["ratio"], row["goal"], least=True)


def _of_quickstart(rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows:
        cache = row["cache"]
        yield from _goal(f"quickstart, {cache}, seconds", row["seconds"], row["goal_seconds"])
        yield from _goal(
            f"quickstart, {cache}, share of compilation", row["compilation_share"], row["compilation_goal"]
        )
        yield from _goal(f"quickstart, {cache}, share of probes", row["probes_share"], row["probes_goal"])


def _of_evaluation(rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield from _goal(f"trial of {row['cell']}, share of evaluation and test", row["share"], row["goal_share"])


def _of_lengths(rows: Rows) -> Iterator[dict[str, Any]]:
    for cell in dict.fromkeys(row["cell"] for row in rows):
        worst = max((row for row in rows if row["cell"] == cell), key=lambda row: row["relative"])
        what = f"step of time of {cell}, 10 to 10,000 steps / at 100, most (at {worst['steps']})"
        yield from _goal(what, worst["relative"], LENGTHS_GOAL)


def _of_scaling(rows: Rows) -> Iterator[dict[str, Any]]:
    one, two = (next(row for row in rows if (row["varied"], row["workers"]) == ("workers", n)) for n in (1, 2))
    yield from _goal("pace of two workers / of one", one["seconds"] / two["seconds"], WORKERS_GOAL, least=True)


def _of_scale(rows: Rows, place: str = "") -> Iterator[dict[str, Any]]:
    most, least = (end(rows, key=lambda row: row["trials"]) for end in (max, min))
    driver, sizes = f"driver{place}", f"{most['trials']:,} trials / {least['trials']:,}"
    yield from _goal(f"{driver}, events a second of {most['trials']:,} trials", most["events_a_second"], EVENTS_GOAL,
                     least=True)  # fmt: skip
    yield from _goal(f"{driver}, time a trial, {sizes}", most["time_ratio"], SCALE_GOAL)
    for phase, when in (("training", "training"), ("run", "the tables"), ("report", "the report")):
        yield from _goal(f"{driver}, memory up to {when}, {sizes}", most.get(f"{phase}_memory_ratio"), SCALE_GOAL)


def _of_overheads(rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows:
        command = row["command"]
        yield from _goal(f"{command}, seconds", row["seconds"], row.get("goal_seconds"))
        yield from _goal(f"{command}, compilations", row.get("compilations"), COMPILATIONS_GOAL)
        yield from _goal(f"{command}, MiB of its page", row.get("page_mib"), PAGE_MIB_GOAL)
        if command == "plan 10^6 trials":
            yield from _goal(f"{command}, MiB of memory", row["peak_mib"], PLAN_MIB_GOAL)


def _of_suite(rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows:
        yield from _goal(f"{row['command']}, seconds", row.get("seconds"), row.get("goal_seconds"))


def _of_stacked(rows: Rows) -> Iterator[dict[str, Any]]:
    for row in rows:
        what = f"stacked on a GPU, {row['cell']} {row['batch']} x {row['steps']} x {row['width']}, PyTorch / kernel"
        yield from _goal(what, row["kernel_ratio"], row["goal"], least=True)


_OF: dict[str, Callable[[Rows], Iterator[dict[str, Any]]]] = {
    "steps": _of_steps,
    "grids": _of_grids,
    "quickstart": _of_quickstart,
    "evaluation": _of_evaluation,
    "lengths": _of_lengths,
    "scaling": _of_scaling,
    "scale": _of_scale,
    "scale_ray": partial(_of_scale, place=" on Ray"),
    "stacked": _of_stacked,
    "overheads": _of_overheads,
    "suite": _of_suite,
}
"""The goals of each table."""
