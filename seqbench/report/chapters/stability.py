"""How often training diverged."""

from __future__ import annotations

from seqbench.report.chapters.entries import in_groups, interval_text, method_cell, p_text, ratio_cell
from seqbench.report.charts.divergence import divergence
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, tabulate
from seqbench.stats.interval import clopper_pearson


def stability(evidence: Evidence) -> Section:
    """Divergence of the reporting trials, by length and against the baseline."""
    rows = evidence.comparison.divergence
    rows = rows[rows["purpose"] != "tuning"]
    if rows.empty:
        return Section("stability", "Divergence", "", ())
    diverged, n = int(rows["diverged"].sum()), int(rows["n"].sum())
    low, high = (100 * float(end) for end in clopper_pearson(diverged, n))
    lead = f"{diverged:,} of {n:,} reporting trials diverged (95 %: {low:.1f} to {high:.1f} %)."
    if not diverged:
        return Section("stability", "Divergence", lead, (Part(),))
    tasks = [task for task in evidence.tasks if rows.loc[rows["task"] == task, "diverged"].sum()]
    charts = tuple(divergence(evidence, group, name) for name, group in in_groups(tasks, "divergence"))
    return Section("stability", "Divergence", lead, (Part(charts=charts, tables=(divergence_table(evidence),)),))


def divergence_table(evidence: Evidence) -> Table:
    """Every method against the baseline: seeds that diverged at any length."""
    rows = evidence.comparison.divergence_pairs
    rows = rows[(rows["diverged"] > 0) | (rows["diverged_against"] > 0)]

    def seeds(row: dict) -> Cell:
        link = trials(evidence, task=row["task"], method=row["method"], outcome="diverged")
        return Cell(ratio_cell(row["diverged"], row["n"]), link, number=True)

    shown = rows.assign(
        method=[method_cell(evidence, name) for name in rows["method"]],
        seeds=[seeds(row) for row in rows.to_dict(orient="records")],
        seeds_against=[Cell(ratio_cell(row.diverged_against, row.n), number=True) for row in rows.itertuples()],
        change=[Cell(interval_text(row.difference, row.low, row.high), number=True) for row in rows.itertuples()],
        p_holm=[Cell(p_text(p), number=True) for p in rows["p_holm"]],
    )
    heads = {"method": "method", "task": "task", "seeds": "seeds diverged", "seeds_against": "of the baseline",
             "change": "difference (95 %)", "p_holm": "p (Holm)"}  # fmt: skip
    return tabulate(
        shown, name="divergence", title="Divergence against the baseline", heads=heads,
        raw=evidence.comparison.divergence, folded=True,
        cells={name: lambda cell: cell for name in heads if name != "task"},
        note="Seeds that diverged at any length; Newcombe's interval, exact McNemar test. Pairs in which no seed "
        "diverged are left out.",
    )  # fmt: skip
