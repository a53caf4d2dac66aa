"""The best validation score to be expected, by the number of settings tried.

Source: Dodge et al. 2019, Show your work: improved reporting of experimental results, arXiv:1909.03004; without bias
as in Dodge et al. 2021, Expected validation performance and estimation of a random variable's maximum,
arXiv:2110.00613
"""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from seqbench.report.charts.base import Chart, panels, themed
from seqbench.report.charts.lines import in_order, method_line
from seqbench.report.charts.settings_tried import SCORE_LABEL
from seqbench.report.evidence import Evidence


@themed
def expected_best(evidence: Evidence, task: str) -> Chart:
    """Draw the expected best validation score against the number of settings tried."""
    rows = evidence.comparison.tuning_budget
    rows = rows[rows["task"] == task]
    figure, axes = panels(width=5.6, height=3.2)
    chart = Chart(
        name=f"expected-best-{evidence.file_names[task]}",
        title=f"{task}: expected best against settings tried",
        figure=figure,
        reading="The best validation score (mean over lengths and tuning seeds) to be expected had only so many of "
        f"the K = {int(rows['settings'].max())} settings been tried. A line that still rises at its end would "
        "gain from more.",
        table=rows.pivot_table(index="method", columns="settings", values="expected_best", sort=False).reset_index(),
    )
    for method in in_order(evidence, set(rows["method"])):
        own = rows[rows["method"] == method]
        tips = [f"{method}: {row.expected_best:.3g} from {row.settings} tried" for row in own.itertuples()]
        x, y = own["settings"].to_numpy(float), own["expected_best"].to_numpy(float)
        method_line(chart, axes[0, 0], evidence, method, x, y, tips=tips)
    axes[0, 0].set_xlabel("settings tried")
    axes[0, 0].set_ylabel(f"expected best {SCORE_LABEL}")
    axes[0, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    return chart
