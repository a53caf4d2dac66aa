"""How fast each method solves what it solves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from seqbench.report.charts.steps import endings, incidence, profile
from seqbench.report.columns import attainable_p, interval, method_column
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import MISSING, Column, Row, Table


def speed(evidence: Evidence) -> Section:
    """Steps to solve for every task, and the profile over all of them."""
    found = evidence.comparison.incidence
    tasks = [task for task in evidence.tasks if (found["task"] == task).any()]
    lead = (
        "The first of three evaluations in a row that met the criterion on validation data; where there is none, more "
        "than the budget. Such seeds may be others than those that solved it at the end, by which horizons are judged."
    )
    parts = [
        Part(
            title=task,
            charts=(
                incidence(evidence, task),
                *((endings(evidence, task),) if found.loc[found["task"] == task, "diverged"].any() else ()),
            ),
            tables=(steps_table(evidence, task), differences_table(evidence, task)),
        )
        for task in tasks
    ]
    if evidence.comparison.profiles["method"].nunique() > 1:
        parts.append(Part(title="Over all tasks and lengths", charts=(profile(evidence),)))
    return Section("speed", "Steps to solve", f"{lead} {_coarse(evidence)}".strip(), tuple(parts))


def _coarse(evidence: Evidence) -> str:
    """The resolution of steps to solve, where evaluations are rare."""
    rows = evidence.comparison.steps
    rows = rows[rows["coarse"].astype(bool)]
    if rows.empty:
        return ""
    share = (rows["evaluate_every"] / rows["budget"]).max()
    return (
        f"Evaluations are up to {rows['evaluate_every'].max():,.0f} steps apart, {100 * share:.1f} % of the budget: "
        "steps to solve have that resolution."
    )


def steps_table(evidence: Evidence, task: str) -> Table:
    """Median steps to solve, methods by lengths."""
    rows = _begun(evidence, task)
    found = {(row["method"], row["length"]): row for row in rows.to_dict(orient="records")}

    def column(length: float) -> Column:
        return Column(
            f"length {length:g}", lambda row: _median_of(found.get((row["method"], length))),
            link=behind(evidence, length=int(length)),
        )  # fmt: skip

    return Table(
        f"steps-{evidence.tasks.index(task) + 1}", f"Median steps to solve {task}",
        (method_column(evidence), *map(column, sorted(rows["length"].unique()))),
        evidence.in_grid_order(rows[["task", "method"]].drop_duplicates()), folded=True, values=rows,
        note="Median: the step by which half of the seeds had solved. In brackets: seeds that held the criterion for "
        "three evaluations in a row. One that diverged before it solved never does.",
    )  # fmt: skip


def differences_table(evidence: Evidence, task: str) -> Table:
    """One row per method and length: how many solved in time, how fast, and whether faster than the baseline."""
    rows = _begun(evidence, task)
    own, paired = behind(evidence, "length"), behind(evidence, "length", pair=True)
    columns = (
        method_column(evidence),
        Column("length", lambda row: f"{row['length']:g}"),
        Column("solved in time", interval("rate"), unit="95 %", link=own),
        Column("median steps", _median, link=own),
        Column(
            "mean steps up to the budget", interval("restricted_mean", "mean_low", "mean_high", 0), unit="95 %",
            link=own,
        ),
        Column(
            "difference from baseline", interval("difference", "difference_low", "difference_high", 0), unit="95 %",
            link=paired,
        ),
        Column("pairs", "pairs", link=paired),
        Column("p", attainable_p(evidence, "p", "pairs", "tests"), unit="log-rank", link=paired),
        Column("p", attainable_p(evidence, "p_holm", "pairs", "tests"), unit="Holm", link=paired),
        Column("seconds", "median_seconds", link=own),
        Column("sequences seen", "median_sequences", link=own),
    )  # fmt: skip
    shown = rows.assign(against=evidence.comparison.baselines.get(task), tests=int(rows["p"].notna().sum()))
    return Table(
        f"speed-{evidence.tasks.index(task) + 1}", f"Steps to solve {task} against the baseline", columns,
        evidence.in_grid_order(shown), folded=True, values=rows,
        note="Solved in time: held the criterion for three evaluations in a row. A seed that never did, or diverged "
        "before, counts with the whole budget in the mean and is censored there in the log-rank test, which is "
        "permuted within seeds and corrected among all methods and lengths of the task: exploratory. Seconds and "
        "sequences: medians of the seeds that solved, up to the step at which they did.",
    )  # fmt: skip


def _begun(evidence: Evidence, task: str) -> pd.DataFrame:
    """The steps to solve of the methods and lengths of which a trial has finished."""
    rows = evidence.comparison.steps
    return rows[(rows["task"] == task) & (rows["n"] > 0)]


def _median_of(row: Row | None) -> str:
    """The median step and how many seeds solved."""
    return MISSING if row is None else f"{_median(row)} ({row['solved']} of {row['n']})"


def _median(row: Row) -> str:
    """The median step, or that it lies beyond the budget."""
    return f"> {row['budget']:,.0f}" if np.isinf(row["median"]) else f"{row['median']:,.0f}"
