"""What each method costs."""

from __future__ import annotations

from seqbench.report.charts.cost import cost
from seqbench.report.charts.facets import in_groups
from seqbench.report.columns import method_column
from seqbench.report.definitions import duration
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Table, word
from seqbench.stats.costs import hours


def price(evidence: Evidence) -> Section:
    """Time per step, parameters and the time of all trials."""
    rows = evidence.costs
    rows = rows[rows["milliseconds"].notna()]
    if rows.empty:
        return Section("price", "Cost", "", ())
    known = set(rows.loc[rows["octaves"].notna(), "task"])
    tasks = [task for task in evidence.tasks if task in known]
    own = behind(evidence)
    columns = (
        method_column(evidence),
        word("task"),
        Column("parameters", "parameters", link=own),
        Column("ms per step", lambda row: f"{row['milliseconds']:.3g}", link=own),
        Column("trials", "trials", link=own),
        Column("hours, all trials", lambda row: f"{row['hours']:.2f}", link=own),
    )
    table = Table(
        "cost", "Cost of each method", columns, rows, folded=True,
        note="Wall-clock time of training and evaluation without compilation, on the machine named below.",
    )  # fmt: skip
    charts = tuple(cost(evidence, group, name) for name, group in in_groups(tasks, "cost"))
    spent = duration(hours(evidence.results))
    lead = f"All trials of this grid, tuning included, took {spent} of training on one worker."
    return Section("price", "Cost", lead, (Part(charts=charts, tables=(table,)),))
