"""The report's figures one at a time, for notebooks: `seqbench.figure(results, "accuracy")`.

A notebook shows a figure that is the last value of its input. Nothing here touches pyplot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from seqbench.components.nearest_name import advice
from seqbench.errors import UsageError
from seqbench.report.charts import gradient as gradients
from seqbench.report.charts.accuracy import accuracy
from seqbench.report.charts.base import PAPER, THEME, Chart
from seqbench.report.charts.cost import cost
from seqbench.report.charts.differences import differences
from seqbench.report.charts.divergence import divergence
from seqbench.report.charts.effects import interaction
from seqbench.report.charts.horizon import horizon
from seqbench.report.charts.learning_rates import learning_rates
from seqbench.report.charts.solve_rate import solve_rate
from seqbench.report.charts.steps import incidence
from seqbench.report.evidence import Evidence
from seqbench.report.files import add_legend, settle
from seqbench.stats.gradient_norms import PROBE
from seqbench.store.results import Results, load


def _interaction(evidence: Evidence, task: str) -> Chart:
    if evidence.comparison.interactions.empty:
        raise UsageError("these results have no two factors that are combined; draw accuracy or horizon instead")
    return interaction(evidence, task)


def _learning_rates(evidence: Evidence, task: str) -> Chart:
    if evidence.tuning.empty:
        raise UsageError("nothing was tuned in these results; draw accuracy or horizon instead")
    return learning_rates(evidence, task)


def _gradient(evidence: Evidence, tasks: Sequence[str]) -> Chart:
    measured = [task for task in tasks if len(gradients.gradient_rows(evidence, task))]
    if not measured:
        raise UsageError(f"the results hold no {PROBE!r} at step 0; run the grid with probes switched on")
    return gradients.gradient(evidence, measured)


def _cost(evidence: Evidence, tasks: Sequence[str]) -> Chart:
    rows = evidence.costs
    measured = rows[rows["milliseconds"].notna() & rows["octaves"].notna()]
    known = [task for task in tasks if task in set(measured["task"])]
    if not known:
        raise UsageError("no horizon is known beside a time per step; draw accuracy instead")
    return cost(evidence, known)


OF_A_TASK: Mapping[str, Callable[[Evidence, str], Chart]] = {
    "accuracy": accuracy,
    "solve_rate": solve_rate,
    "horizon": horizon,
    "steps": incidence,
    "differences": differences,
    "interaction": _interaction,
    "learning_rates": _learning_rates,
}
"""Figures of one task: accuracy and share of seeds solved against dependency length, how far back each method
remembers, seeds solved by each training step, paired differences, factors together, what tuning tried."""

OF_TASKS: Mapping[str, Callable[[Evidence, Sequence[str]], Chart]] = {
    "gradient": _gradient,
    "divergence": divergence,
    "cost": _cost,
}
"""Figures of all tasks: the gradient that arrives above the accuracy at that distance, what diverged, what it costs."""


def figure(results: Results | pd.DataFrame | str | Path, name: str, task: str | None = None) -> Figure:
    """Draw one figure of the report.

        seqbench.figure(results, "accuracy")

    Args:
        results: what `seqbench.run` and `seqbench.load` return, a results folder, or one row a trial (some of
            `results.trials`, for example).
        name: accuracy, solve_rate, horizon, steps, differences, interaction or learning_rates of a task; gradient,
            divergence or cost of all tasks.
        task: the task to draw; may be left out if there is one only.

    Raises:
        UsageError: there is no such figure or task, the results do not hold what it shows, or they have several tasks
            and none is named.
    """
    if name not in {**OF_A_TASK, **OF_TASKS}:
        raise UsageError(f"there is no figure {name!r}{advice(name, [*OF_A_TASK, *OF_TASKS])}")
    evidence = Evidence(_results(results))
    if not len(evidence.reporting) and name != "learning_rates":
        raise UsageError("no trial that is reported has finished yet")
    if name in OF_A_TASK:
        return _finished(OF_A_TASK[name](evidence, _the_task(evidence, task)), evidence)
    return _finished(
        OF_TASKS[name](evidence, evidence.tasks if task is None else [_the_task(evidence, task)]), evidence
    )


def _results(given: Results | pd.DataFrame | str | Path) -> Results:
    if isinstance(given, pd.DataFrame):
        return Results(given)
    return given if isinstance(given, Results) else load(given)


def _the_task(evidence: Evidence, task: str | None) -> str:
    """The task asked for, or the only one."""
    if task in evidence.tasks:
        return str(task)
    if task is None and len(evidence.tasks) == 1:
        return evidence.tasks[0]
    problem = "name a task" if task is None else f"there is no task {task!r}"
    raise UsageError(f"{problem}: the results hold {', '.join(evidence.tasks)}")


def _finished(chart: Chart, evidence: Evidence) -> Figure:
    """The chart's figure on white paper, with a title and a legend."""
    with mpl.rc_context(THEME):
        settle(chart.figure)
        add_legend(chart, evidence)
    chart.figure.set_facecolor(PAPER)
    return chart.figure
