"""A diverged seed counts as accuracy 0, and picture, table, terminal and MLflow show the same number for it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from rich.console import Console

from seqbench.commands.summary import factor_lines, horizon_table, summary_table
from seqbench.report.chapters.accuracy import methods_table
from seqbench.report.charts.accuracy import accuracy
from seqbench.report.charts.horizon import horizon
from seqbench.report.evidence import Evidence
from seqbench.stats.brackets import find_brackets
from seqbench.stats.pairwise import pairwise
from seqbench.stats.task_arrays import complete, task_arrays
from seqbench.tracking.comparison import comparison_entries
from tests.report.conftest import SIX, make_evidence, make_results
from tests.report.test_searched import searched
from tests.tracking.frames import grid, snapshot

MEDIAN, MEAN = (0.92 + 0.0) / 2, (1.0 + 0.92 + 0.0 + 0.0) / 4


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """Four seeds of one method at one length: two solved, two diverged."""
    taken = snapshot(grid({"a": {10: [1.0, None, 0.92, None]}}), tmp_path)
    return Evidence(taken.results)


def test_the_statistics_take_a_diverged_seed_as_the_worst(evidence: Evidence) -> None:
    [row] = evidence.comparison.solve_rates.to_dict("records")
    assert (row["n"], row["solved"], row["diverged"], row["rate"]) == (4, 2, 2, 0.5)
    assert row["accuracy_median"] == pytest.approx(MEDIAN)
    assert row["accuracy"] == pytest.approx(MEAN)
    assert row["accuracy_worst"] == 0


def test_picture_and_its_table(evidence: Evidence) -> None:
    chart = accuracy(evidence, "adding")
    drawn = {round(float(y), 6) for line in chart.figure.axes[0].lines for y in line.get_ydata()}
    assert {round(MEDIAN, 6), round(MEAN, 6)} <= drawn
    [row] = chart.table.to_dict("records")
    assert (row["median"], row["mean"], row["worst"]) == (pytest.approx(MEDIAN), pytest.approx(MEAN), 0)
    assert "a diverged seed counts as 0" in chart.reading


def test_table_of_methods(evidence: Evidence) -> None:
    table = methods_table(evidence, "adding")
    [row] = table.entries
    said = dict(zip(table.head, (entry.text for entry in row), strict=True))
    assert float(said["worst seed"]) == 0
    assert "0 if it diverged" in table.note


def test_terminal(evidence: Evidence) -> None:
    rates = evidence.comparison.solve_rates
    console = Console(width=100, record=True, file=None)
    with console.capture() as said:
        parameters = evidence.results.groupby("method")["parameters"].median()
        console.print(summary_table("adding", rates, parameters, ["a"]))
    [line] = [line for line in said.get().splitlines() if line.startswith("│ a ")]
    assert [cell.strip() for cell in line.strip("│").split("│")] == ["a", f"2/4 {MEDIAN:.2f}", "2", "100"]


def test_a_searched_horizon_is_the_same_number_everywhere() -> None:
    evidence = searched(SimpleNamespace(results=make_results, evidence=make_evidence, methods=SIX))
    [plain, far] = evidence.comparison.horizons.sort_values("octaves").to_dict("records")
    assert far["horizon_low"] < far["horizon"] < far["horizon_high"]
    [ax] = horizon(evidence, "adding").figure.axes
    assert [float(line.get_xdata()[0]) for line in ax.lines if len(line.get_xdata()) == 1] == pytest.approx(
        [far["horizon"], plain["horizon"]]
    )
    words = {row["method"]: row["text"] for row in (plain, far)}
    own = complete(evidence.results)
    arrays = task_arrays(own, evidence.declared)
    console = Console(width=200)
    with console.capture() as said:
        console.print(horizon_table(find_brackets(arrays), pd.Series({"vanilla": 1, "far": 1}), list(words), 0.05))
    for method, text in words.items():
        assert text in next(line for line in said.get().splitlines() if line.startswith(f"│ {method} "))
    factor = evidence.comparison.pairwise["text"].iloc[0]
    assert factor_lines(pairwise(own, arrays, evidence.declared)) == [f"far {factor}"]
    assert factor in evidence.comparison.answers["answer"].iloc[0]
    entries = comparison_entries(
        evidence.results, evidence.probes, "adding", ["vanilla", "far"], (), "toy", 0, evidence.declared
    )
    for entry, row in zip(entries, (plain, far), strict=True):
        found = {point.metric: point.value for point in entry.points}
        for name in ("horizon", "horizon_low", "horizon_high"):
            assert found[name] == pytest.approx(row[name])
        lengths = [point.step for point in entry.points if point.metric == "accuracy_vs_length"]
        visited = evidence.reporting.loc[evidence.reporting["method"] == row["method"], "length"]
        assert lengths == sorted(visited.unique()), "every length visited"


def test_mlflow(evidence: Evidence) -> None:
    (entry,) = comparison_entries(evidence.results, evidence.probes, "adding", ["a"], (10,), "toy", created=0)
    found = {point.metric: point.value for point in entry.points}
    assert found["accuracy_vs_length"] == pytest.approx(MEDIAN)
    assert found["worst_seed_accuracy_vs_length"] == 0
    assert (found["solve_rate_vs_length"], found["diverged_share_vs_length"]) == (0.5, 0.5)
    [far] = evidence.comparison.horizons.to_dict("records")
    assert found["horizon"] == far["horizon"] == 10
