"""How often training diverged."""

from __future__ import annotations

from collections.abc import Callable

from seqbench.report.charts.divergence import divergence, drawn
from seqbench.report.charts.facets import in_groups
from seqbench.report.columns import interval, method_column, p_text, percent_text, ratio_text
from seqbench.report.evidence import Evidence
from seqbench.report.links import behind
from seqbench.report.section import Part, Section
from seqbench.report.table import Column, Row, Table, word
from seqbench.schema import with_purpose
from seqbench.stats.interval import SEEDS_FOR_INTERVAL, clopper_pearson


def stability(evidence: Evidence) -> Section:
    """Divergence of the reporting trials, by length and against the baseline."""
    rows = with_purpose(evidence.comparison.divergence, "reporting")
    if rows.empty:
        return Section("stability", "Divergence", "", ())
    diverged, n = int(rows["diverged"].sum()), int(rows["n"].sum())
    # No interval: trials of all methods and lengths share their seeds.
    lead = f"{diverged:,} of {n:,} reporting trials diverged."
    if not diverged:
        return Section("stability", "Divergence", lead, (Part(),))
    shares = drawn(evidence)
    tasks = [task for task in evidence.tasks if shares.loc[shares["task"] == task, "diverged"].sum()]
    charts = tuple(divergence(evidence, group, name) for name, group in in_groups(tasks, "divergence"))
    return Section("stability", "Divergence", lead, (Part(charts=charts, tables=(divergence_table(evidence),)),))


def divergence_table(evidence: Evidence) -> Table:
    """Every method against the baseline: seeds that diverged at any length."""
    rows = evidence.comparison.divergence_pairs
    rows = evidence.in_grid_order(rows[(rows["diverged"] > 0) | (rows["diverged_against"] > 0)])
    own, both = behind(evidence, outcome="diverged"), behind(evidence, pair=True, outcome="diverged")
    columns = (
        method_column(evidence),
        word("task"),
        Column("seeds diverged", _share(evidence, "diverged", "n"), unit="95 %", link=own),
        Column(
            "of the baseline", _share(evidence, "diverged_against", "n_against"), unit="95 %",
            link=lambda row: own({**row, "method": row["against"]}),
        ),
        Column("difference", interval("difference"), unit="95 %", link=both),
        Column("p", lambda row: p_text(row["p"]), link=both),
        word("test"),
        Column("p", lambda row: p_text(row["p_holm"]), unit="Holm", link=both),
        Column("p across lengths", lambda row: p_text(row["p_lengths"]), link=both),
    )  # fmt: skip
    return Table(
        "divergence", "Divergence against the baseline", columns, rows, folded=True,
        values=evidence.comparison.divergence,
        note="Seeds that diverged at any length; Newcombe's interval. McNemar's exact test over common seeds, "
        "Boschloo's where the two methods share none. Across lengths: Cochran, Mantel and Haenszel's test with the "
        "lengths as strata, which assumes that the trials of a seed are independent: a secondary result. Pairs in "
        "which no seed diverged are left out.",
    )  # fmt: skip


def _share(evidence: Evidence, count: str, total: str) -> Callable[[Row], str]:
    """`0 of 30 (0 to 12 %)`: a share of 0 has an interval, too. Below 5 seeds there is none."""

    def text(row: Row) -> str:
        if row[total] < SEEDS_FOR_INTERVAL:
            return ratio_text(row[count], row[total])
        low, high = clopper_pearson(row[count], row[total], evidence.declared.alpha)
        return f"{ratio_text(row[count], row[total])} ({percent_text(float(low), float(high))})"

    return text
