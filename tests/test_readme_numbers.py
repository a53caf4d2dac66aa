"""What the README says of the central question, against the committed rows and reports."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
REMEDIES = {
    "GRU whose gates keep for as long as the longest length": "GRU",
    "LSTM whose gates keep for as long as the longest length": "LSTM",
    "identity start": "identity",
    "skips over 10 steps in time": "10 steps",
    "LSTM as it comes": "LSTM as it comes",
    "GRU as it comes": "GRU as it comes",
    "clipping the gradient's norm at 1": "norm 1",
}
"""The names that the grids give to the remedies of the README's table."""


def test_the_readme_says_of_each_remedy_what_the_committed_reports_say():
    text = (ROOT / "README.md").read_text().partition("| remedy, alone |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]
    assert len(rows) == 7
    for column, grid in enumerate(("factorial", "factorial_sgd", "factorial_agreement", "factorial_adding"), start=1):
        report = (ROOT / "results" / grid / "report.md").read_text().partition("**Times as far as plain")[2]
        stated = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", report.partition("\n\nPaired")[0], re.MULTILINE)
        told = {REMEDIES[row[0]]: row[column] for row in rows if row[column] != "not tried"}
        assert len(told) >= 3
        assert told == {name: own for name, own in stated if "(" in own and "far" not in own}


def reach_by_rate(grid):
    """How far each method got in tuning by learning rate, recomputed without the report's code; and its chosen rate.

    The mean over seeds, on a log scale, of the longest length solved on validation data; half the shortest if none was.
    """
    rows = pd.read_parquet(ROOT / "results" / grid / "results.parquet")
    tried = rows[rows["purpose"] == "tuning"]
    solved = tried[tried["solved_at"].notna() & (tried["outcome"] != "diverged")]
    longest = solved.groupby(["method", "learning_rate", "seed"], observed=True)["length"].max().astype(float)
    seeds = tried.groupby(["method", "learning_rate", "seed"], observed=True).size()
    none = rows["length"].min() / 2
    octaves = np.log2(longest.reindex(seeds.index, fill_value=none)).groupby(level=[0, 1]).mean()
    chosen = rows[rows["purpose"] == "reporting"].groupby("method", observed=True)["learning_rate"].first()
    return np.exp2(octaves).unstack(), chosen


def at_an_edge(grid, longest):
    """Methods that chose the lowest or the highest rate, those of them that solved the longest length, and all."""
    reach, chosen = reach_by_rate(grid)
    edge = chosen[chosen.isin([min(reach), max(reach)])]
    far = [method for method, rate in edge.items() if reach.loc[method, rate] == pytest.approx(longest)]
    return list(edge.index), far, list(chosen.index)


def readme():
    """The text of the README without its line breaks."""
    return " ".join((ROOT / "README.md").read_text().split())


def test_the_readme_says_of_learning_rates_what_the_committed_rows_say():
    reach, _ = reach_by_rate("factorial")
    gated = reach[reach.index.str.contains("GRU|LSTM") & ~reach.index.str.contains("as it comes")]
    assert len(gated) == 16
    assert (gated[0.0003] < 10).all()
    text = readme()
    assert f"at least {gated[0.003].min():.0f} at 0.003" in text
    identity = reach.loc["norm 1 + identity"]
    assert f"the other way, {identity[0.0003]:.0f} and {identity[0.003]:.0f} steps" in text
    assert f"skips alone reached {reach.loc['10 steps'].max():.0f} at every rate" in text
    assert reach.loc["10 steps"].nunique() == 1
    picture = (ROOT / "results/factorial/figures/tuning-delayed-recall.svg").read_text()
    assert "longest solved (steps)" in picture


@pytest.mark.parametrize(
    ("grid", "longest", "stated"),
    [
        (
            "factorial",
            500,
            "{edge} of the {all} methods chose the highest or the lowest rate tried; {far} of them solved {longest} "
            "steps with both tuning seeds, and a wider range might take the other {rest} further",
        ),
        ("factorial_agreement", 400, "On agreement {edge} of {all} chose an edge"),
        (
            "factorial_adding",
            200,
            "on adding {edge} chose the highest, of which all {far} with gates solved {longest} steps with both",
        ),
        ("factorial_sgd", 500, "under plain descent {edge} of {all} did"),
    ],
)
def test_the_readme_says_how_many_methods_chose_a_rate_at_the_edge(grid, longest, stated):
    edge, far, chosen = at_an_edge(grid, longest)
    figures = {"edge": len(edge), "all": len(chosen), "far": len(far), "rest": len(edge) - len(far)}
    assert stated.format(longest=longest, **figures) in readme()


def test_all_that_solved_the_longest_sums_at_the_edge_have_gates():
    edge, far, _ = at_an_edge("factorial_adding", 200)
    assert set(far) == {method for method in edge if re.search("GRU|LSTM", method)}
