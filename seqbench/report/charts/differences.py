"""Paired differences: each comparison as a row with its interval."""

from __future__ import annotations

from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.lines import ROW_INCHES, method_point, method_rows, zero_line
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials


@themed
def differences(evidence: Evidence, task: str) -> Chart:
    """Draw the paired difference of every comparison of one task on the primary outcome, the largest on top."""
    rows = evidence.comparison.pairwise
    rows = rows[(rows["task"] == task) & rows["difference"].notna()].sort_values("difference", ascending=False)
    one = rows["against"].nunique() == 1
    names = [row.method if one else f"{row.method} – {row.against}" for row in rows.itertuples()]
    figure, axes = panels(width=6.2, height=1.0 + ROW_INCHES * max(len(rows), 2))
    chart = Chart(
        name=f"differences-{evidence.file_names[task]}",
        title=f"{task}: differences from {rows['against'].iloc[0]}" if one else f"{task}: paired differences",
        figure=figure,
        reading="Mean difference over the same seeds, with its 95 % interval. The line at 0 is no difference.",
        table=rows[["method", "against", "n", "difference", "low", "high", "p_holm", "verdict"]],
        about={"task": task, "purpose": "reporting"},
    )
    ax = axes[0, 0]
    for place, row in enumerate(rows.itertuples()):
        tip = f"{row.method} against {row.against}: {row.difference:+z.2f} {row.unit}, {row.verdict}"
        link = trials(evidence, task=task, method=[row.method, row.against], purpose="reporting")
        ends = (row.difference, row.low, row.high)
        method_point(chart, ax, evidence, row.method, place, ends, tip=tip, link=link)
    zero_line(ax)
    method_rows(ax, names)
    ax.set_xlabel(f"difference ({rows['unit'].iloc[0]})")
    return chart
