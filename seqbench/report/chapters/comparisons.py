"""Paired comparisons: the same seeds under two methods, corrected for how many were made."""

from __future__ import annotations

from seqbench.report.charts.differences import differences
from seqbench.report.columns import attainable_p, factor, interval, level, method_column
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Table, word


def comparisons(evidence: Evidence) -> Section:
    """Differences, intervals, corrected p-values and verdicts, task by task."""
    found = evidence.comparison.pairwise
    tasks = [task for task in evidence.tasks if ((found["task"] == task) & found["difference"].notna()).any()]
    part = Part(
        charts=tuple(differences(evidence, task) for task in tasks),
        tables=tuple(pairs_table(evidence, task) for task in tasks),
    )
    lead = "A seed gives every method the same data, so methods are compared seed by seed."
    return Section("comparisons", "Paired comparisons", lead, (part,) if tasks else ())


def pairs_table(evidence: Evidence, task: str) -> Table:
    """One row per comparison."""
    rows = evidence.comparison.pairwise
    rows = rows[rows["task"] == task]
    both = behind(evidence, pair=True)
    columns = (
        method_column(evidence),
        word("against"),
        Column("seeds", "n", link=both),
        Column("difference", interval("difference"), unit=f"{rows['unit'].iloc[0]}, 95 %", link=both),
        *([Column("times as far", factor, unit=level(evidence), link=both)] if rows["factor"].notna().any() else []),
        Column("P(improvement)", interval("improved", "improved_low", "improved_high"), unit="95 %", link=both),
        Column("p", attainable_p(evidence, "p", "n", "comparisons"), link=both),
        Column("p", attainable_p(evidence, "p_holm", "n", "comparisons"), unit="Holm", link=both),
        word("verdict"),
        word("family"),
    )
    return Table(
        f"pairs-{evidence.tasks.index(task) + 1}", f"Comparisons on {task}", columns, rows, folded=True,
        note="Exact sign-flip test over seeds, corrected by Holm within the declared family; all others are "
        "exploratory. No p is given where no "
        "difference could be significant with so few seeds. P(improvement): the share of seeds that "
        "improved, ties counting one half. "
        "A difference that is not significant is no evidence that there is none.",
    )  # fmt: skip
