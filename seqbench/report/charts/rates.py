"""What was tuned: the validation score at every learning rate that was tried."""

from __future__ import annotations

import pandas as pd

from seqbench.report.charts.base import Chart, log_axis, panels, themed
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.charts.steps import MOST_PANELS, spread
from seqbench.report.evidence import Evidence


@themed
def learning_rates(evidence: Evidence, task: str) -> Chart:
    """Draw the score on the tuning seeds against the learning rate, one panel for each length (at most five)."""
    rows = evidence.comparison.tuning_curves
    rows = rows[(rows["task"] == task) & rows["score"].notna()]
    rates = sorted(rows["learning_rate"].unique())
    lengths = spread(sorted(rows["length"].unique()))
    figure, axes = panels(len(lengths), width=2.25 * len(lengths) + 0.8, height=2.7, sharey=True)
    chart = Chart(
        name=f"tuning-{evidence.file_names[task]}",
        title=f"{task}: sensitivity to the learning rate",
        figure=figure,
        reading=f"Mean validation score over n = {int(rows['n'].max())} tuning seeds at every learning rate tried. "
        "A flat line is a method that needs little tuning.",
        table=_table(rows),
    )
    for length, ax in zip(lengths, axes[0], strict=True):
        own = rows[rows["length"] == length]
        for method in in_order(evidence, set(own["method"])):
            line = own[own["method"] == method].sort_values("learning_rate")
            tips = [
                f"{method}, learning rate {row.learning_rate:g}: score {row.score:.3g}, {row.solved} of {row.n} solved"
                for row in line.itertuples()
            ]
            method_line(
                chart,
                ax,
                evidence,
                method,
                line["learning_rate"].to_numpy(float),
                line["score"].to_numpy(float),
                tips=tips,
            )
        log_axis(ax.xaxis)
        if len(rates) <= MOST_PANELS:
            ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
        ax.set_title(f"length {length:g}")
        ax.set_xlabel("learning rate")
    axes[0, 0].set_ylabel("validation score")
    return chart


def _table(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[["method", "length", "learning_rate", "n", "solved", "diverged", "score"]]
