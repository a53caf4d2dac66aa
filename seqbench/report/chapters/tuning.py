"""How settings were chosen, and how sensitive results are to them."""

from __future__ import annotations

from seqbench.report.charts.base import Chart
from seqbench.report.charts.expected_best import expected_best
from seqbench.report.charts.knobs import knobs
from seqbench.report.charts.learning_rates import learning_rates
from seqbench.report.charts.settings_tried import tried
from seqbench.report.columns import method_column, ratio
from seqbench.report.definitions import duration
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Table, number

OPTIMISM = "Optimism: the mean validation score on the former less that on the latter."
NOT_COMPARED = (
    "A search trains each setting and seed at lengths of its own, so that mean scores cannot be compared: neither the "
    "optimism of the choice nor the best to be expected of fewer settings is given."
)


def tuning(evidence: Evidence) -> Section:
    """The score at every setting tried, and what was chosen; nothing where nothing was tuned."""
    rows = evidence.comparison.tuning
    tasks = [task for task in evidence.tasks if len(tried(evidence, task))]
    part = Part(
        charts=tuple(chart for task in tasks for chart in _charts(evidence, task)),
        tables=tuple(tuning_table(evidence, task) for task in tasks),
    )
    return Section(
        "tuning", "Tuning and its sensitivity", _lead(evidence) if len(rows) else "", (part,) if tasks else ()
    )


def settings_tried(evidence: Evidence) -> str:
    """How many settings every method had, in words: `K = 12 settings`; empty where nothing was tuned."""
    numbers = sorted(set(evidence.comparison.tuning["settings"]))
    if not numbers:
        return ""
    return f"K = {' to '.join(map(str, numbers[:: max(len(numbers) - 1, 1)]))} settings"


def _lead(evidence: Evidence) -> str:
    """What was tried, what it took, and whether a range was too narrow."""
    rows = evidence.comparison.tuning
    edged = int((rows["edges"] != "").sum())
    lead = (
        f"{settings_tried(evidence)} were tried for each method and task, {int(rows['trials'].sum()):,} trials that "
        f"took {duration(float(rows['seconds'].sum()) / 3600)} of training. One was chosen on validation data of "
        "tuning seeds; everything above comes from other seeds and test data."
    )
    if not edged:
        return lead
    return (
        f"{lead} In {edged:,} of {len(rows):,} cases the chosen value of a setting is the lowest or the highest tried: "
        "its range may be too narrow, and should be extended for all methods."
    )


def _brief(edges: str) -> str:
    """Which values are at an edge, in as few words as a table allows: `highest threshold, lowest rate`."""
    words = [edge.split(" at the ") for edge in edges.split("; ") if edge]
    short = [f"{end.removesuffix(' tried')} {name.rpartition('.')[2].removeprefix('learning_')}" for name, end in words]
    return ", ".join(short) or "no"


def _charts(evidence: Evidence, task: str) -> list[Chart]:
    """What more than one value was tried of."""
    rows = tried(evidence, task)
    charts = []
    if rows["learning_rate"].nunique() > 1:
        charts.append(learning_rates(evidence, task))
    if any(rows["knobs"]):
        charts.append(knobs(evidence, task))
    if rows["setting"].nunique() > 1 and (evidence.comparison.tuning_budget["task"] == task).any():
        charts.append(expected_best(evidence, task))
    return charts


def tuning_table(evidence: Evidence, task: str) -> Table:
    """One row per method."""
    rows = evidence.comparison.tuning
    rows = evidence.in_grid_order(rows[rows["task"] == task])
    compared = NOT_COMPARED if task in evidence.declared.searched else OPTIMISM
    columns = (
        method_column(evidence),
        Column("K", "settings"),
        Column("chosen rate, and others", lambda row: row["chosen"] or "not chosen yet", align="left"),
        Column("at the edge", lambda row: _brief(row["edges"]), align="left"),
        Column("solved, tuning", ratio("solved_tuning", "n_tuning")),
        Column("solved, reported", ratio("solved_reporting", "n_reporting")),
        Column("optimism", lambda row: number(row["optimism"], 2)),
        Column("diverged", lambda row: f"{row['diverged']:.0%}"),
        Column("cost", "seconds", unit="s"),
    )
    return Table(
        f"tuning-{evidence.tasks.index(task) + 1}", f"Settings chosen for {task}", columns, rows,
        note="K: settings tried. At the edge: which of the values chosen is the lowest or the highest tried. Solved: "
        "trials of the chosen setting that met the criterion on validation data, on the seeds that chose it and on the "
        f"fresh seeds that are reported. {compared} Diverged and cost: share and training time of all tuning trials.",
    ).without_empty()  # fmt: skip
