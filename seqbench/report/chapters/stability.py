"""How often training diverged."""

from __future__ import annotations

from typing import Any

import pandas as pd

from seqbench.report.chapters.entries import (
    as_it_is,
    in_groups,
    interval_text,
    linked,
    method_cell,
    p_text,
    percent_text,
    ratio_cell,
)
from seqbench.report.charts.divergence import divergence
from seqbench.report.evidence import Evidence
from seqbench.report.section import Part, Section
from seqbench.report.table import Cell, Table, plain, tabulate
from seqbench.stats.interval import clopper_pearson

HEADS = {
    "method": "method", "task": "task", "seeds": "seeds diverged (95 %)", "seeds_against": "of the baseline (95 %)",
    "change": "difference (95 %)", "p": "p", "test": "test", "p_holm": "p (Holm)", "p_lengths": "p across lengths",
}  # fmt: skip


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
    rows = evidence.in_grid_order(rows[(rows["diverged"] > 0) | (rows["diverged_against"] > 0)])
    shown = pd.DataFrame([_entries(evidence, row) for row in rows.to_dict(orient="records")], columns=list(HEADS))
    return tabulate(
        shown, name="divergence", title="Divergence against the baseline", heads=HEADS,
        raw=evidence.comparison.divergence, folded=True, cells=dict.fromkeys(HEADS, as_it_is),
        note="Seeds that diverged at any length; Newcombe's interval. McNemar's exact test over common seeds, "
        "Boschloo's where the two methods share none. Across lengths: Cochran, Mantel and Haenszel's test with the "
        "lengths as strata, which takes the trials of a seed as independent: a second opinion only. Pairs in which no "
        "seed diverged are left out.",
    )  # fmt: skip


def _entries(evidence: Evidence, row: dict[str, Any]) -> dict[str, Cell]:
    """One method against the baseline of its task."""
    at, both = {"task": row["task"], "outcome": "diverged"}, [row["method"], row["against"]]
    ours, theirs = (row["diverged"], row["n"]), (row["diverged_against"], row["n_against"])
    return {
        "method": method_cell(evidence, row["method"]),
        "task": plain(row["task"]),
        "seeds": linked(evidence, _share(*ours, evidence.declared.alpha), method=row["method"], **at),
        "seeds_against": linked(evidence, _share(*theirs, evidence.declared.alpha), method=row["against"], **at),
        "change": linked(evidence, interval_text(row["difference"], row["low"], row["high"]), method=both, **at),
        "test": plain(row["test"]),
        **{name: linked(evidence, p_text(row[name]), method=both, **at) for name in ("p", "p_holm", "p_lengths")},
    }


def _share(count: int, total: int, alpha: float) -> str:
    """`0 of 30 (0 to 12 %)`: nothing is ever said to happen never."""
    low, high = clopper_pearson(count, total, alpha)
    return f"{ratio_cell(count, total)} ({percent_text(float(low), float(high))})"
