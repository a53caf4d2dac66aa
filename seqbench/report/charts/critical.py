"""Mean ranks over many tasks, with a bar beside each run of methods that do not differ significantly."""

from __future__ import annotations

import numpy as np

from seqbench.report.charts.base import INK, Chart, panels, themed
from seqbench.report.charts.lines import ROW_INCHES, method_point, method_rows
from seqbench.report.evidence import Evidence
from seqbench.report.links import trials
from seqbench.stats.critical_difference import cliques


@themed
def critical(evidence: Evidence) -> Chart:
    """Draw the mean rank of every method, the best on top, and the cliques of Wilcoxon's test, Holm-corrected."""
    ranks, pairs = evidence.comparison.critical_ranks, evidence.comparison.critical_pairs
    order = list(ranks["method"])
    runs = cliques(ranks, pairs)
    figure, axes = panels(width=6.4, height=1.0 + ROW_INCHES * max(len(order), 2))
    tasks, p = int(ranks["tasks"].iloc[0]), float(ranks["friedman_p"].iloc[0])
    friedman = "" if np.isnan(p) else f" Friedman's test of no difference at all: p = {p:.2g}."
    chart = Chart(
        name="critical",
        title="Mean ranks and critical differences",
        figure=figure,
        reading=f"Mean rank over {tasks} independent tasks by octaves alone, ties sharing theirs (1 is best). A bar on "
        f"the right joins methods of which no two differ (Wilcoxon's signed-rank test, Holm).{friedman}",
        table=ranks[["method", "mean_rank", "tasks"]],
        about={"purpose": "reporting"},
    )
    ax = axes[0, 0]
    for place, row in enumerate(ranks.itertuples()):
        tip = f"{row.method}: mean rank {row.mean_rank:.2f} over {tasks} tasks"
        link = trials(evidence, method=row.method, purpose="reporting")
        method_point(chart, ax, evidence, row.method, place, (row.mean_rank, np.nan, np.nan), tip=tip, link=link)
    method_rows(ax, order)
    ax.set_xlim(0.8, len(order) + 0.2)
    ax.set_xlabel("mean rank")
    for turn, run in enumerate(runs):
        ends = [order.index(run[0]) - 0.28, order.index(run[-1]) + 0.28]
        # In data units up and down, in shares of the panel across: the bars stand beside the axis, whatever its range.
        ax.plot([1.02 + 0.025 * turn] * 2, ends, transform=ax.get_yaxis_transform(), color=INK, lw=2.6, clip_on=False)
    return chart
