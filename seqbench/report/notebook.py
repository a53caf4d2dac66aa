"""The report's figures for notebooks: every function takes a frame of results and returns a matplotlib figure.

    import seqbench
    from seqbench.report import notebook

    results = seqbench.load_results("results/quickstart")
    notebook.accuracy(results, task="delayed_recall")

A notebook shows a figure that is the last value of its input. Nothing here touches pyplot.
"""

from __future__ import annotations

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from seqbench.errors import UsageError
from seqbench.report.charts import accuracy as accuracy_chart
from seqbench.report.charts import effects as effects_chart
from seqbench.report.charts import gradient as gradient_chart
from seqbench.report.charts import horizon as horizon_chart
from seqbench.report.charts import solve_rate as solve_rate_chart
from seqbench.report.charts import steps as steps_chart
from seqbench.report.charts.base import PAPER, THEME, Chart
from seqbench.report.evidence import Evidence
from seqbench.report.files import add_legend, settle
from seqbench.stats.gradient_norms import PROBE
from seqbench.store.results import Results


def accuracy(results: pd.DataFrame, task: str | None = None) -> Figure:
    """Accuracy against dependency length: every seed a dot, medians as lines, chance dashed.

    Args:
        results: one row per trial, as `seqbench.load_results` returns it.
        task: the task to draw; may be left out if there is one only.

    Raises:
        UsageError: the task is not in the results, or there are several and none is named.
    """
    evidence = Evidence(Results(results))
    return _finished(accuracy_chart.accuracy(evidence, _the_task(evidence, task)), evidence)


def solve_rate(results: pd.DataFrame, task: str | None = None) -> Figure:
    """Share of seeds that solved each dependency length, with exact intervals. Arguments as `accuracy`."""
    evidence = Evidence(Results(results))
    return _finished(solve_rate_chart.solve_rate(evidence, _the_task(evidence, task)), evidence)


def horizon(results: pd.DataFrame, task: str | None = None) -> Figure:
    """How far back each method remembers, seed by seed. Arguments as `accuracy`."""
    evidence = Evidence(Results(results))
    return _finished(horizon_chart.horizon(evidence, _the_task(evidence, task)), evidence)


def steps(results: pd.DataFrame, task: str | None = None) -> Figure:
    """Share of seeds that had solved the task by each training step. Arguments as `accuracy`."""
    evidence = Evidence(Results(results))
    return _finished(steps_chart.incidence(evidence, _the_task(evidence, task)), evidence)


def interaction(results: pd.DataFrame, task: str | None = None) -> Figure:
    """How the remedies of a factorial grid act together. Arguments as `accuracy`.

    Raises:
        UsageError: the results are of no factorial grid.
    """
    evidence = Evidence(Results(results))
    if evidence.comparison.interactions.empty:
        raise UsageError("these results have no two factors that are combined; draw accuracy or horizon instead")
    return _finished(effects_chart.interaction(evidence, _the_task(evidence, task)), evidence)


def gradient(results: pd.DataFrame, probes: pd.DataFrame) -> Figure:
    """The gradient that arrives from each distance above the accuracy at that distance, for every task.

    Args:
        results: one row per trial, as `seqbench.load_results` returns it.
        probes: one row per measurement, as `seqbench.load_probes` returns it.

    Raises:
        UsageError: no gradient was measured at initialisation.
    """
    evidence = Evidence(Results(results, probes=probes))
    tasks = [task for task in evidence.tasks if len(gradient_chart.gradient_rows(evidence, task))]
    if not tasks:
        raise UsageError(f"the probes hold no {PROBE!r} at step 0; run the grid with probes switched on")
    return _finished(gradient_chart.gradient(evidence, tasks), evidence)


def _the_task(evidence: Evidence, task: str | None) -> str:
    """The task asked for, or the only one."""
    if task in evidence.tasks:
        return task
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
