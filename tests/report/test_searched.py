"""The report of a searched grid: brackets, factors, P(solve), and nothing averaged over seeds that got there alone."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqbench.plan.search import follow, length_grid
from seqbench.report.chapters.accuracy import accuracy
from seqbench.report.chapters.horizons import horizons
from seqbench.report.chapters.limits import limits
from seqbench.report.chapters.stability import stability
from seqbench.report.charts.horizon import horizon
from seqbench.report.evidence import Evidence
from seqbench.report.facts import headline, warnings
from seqbench.report.markdown import markdown_report
from seqbench.stats.horizon_differences import factor_in_words
from seqbench.store.results import Results

LENGTHS = length_grid(10, 160, 1.25)
REACH = {"vanilla": [11, 12, 16, 20, 9, 14], "far": [60, 100, 90, 170, 70, 55]}


def searched(make: Any, reach: dict[str, list[int]] = REACH, *, again: tuple[str, int, int] | None = None) -> Evidence:
    """What searches of these horizons leave behind; `again`: a trial (method, seed, length) that is solved as well."""
    whole = make.results(make.methods[: len(reach)], LENGTHS, len(next(iter(reach.values()))), ("adding",))
    whole["method"] = whole["method"].map(dict(zip(whole["method"].unique(), reach, strict=True)))
    whole = whole.drop(columns=["gating", "clipping", "initialisation", "skip"])
    parts = []
    for (method, seed), own in whole.groupby(["method", "seed"]):
        horizon_of_seed = reach[str(method)][int(str(seed)) - 1000]
        visited = follow(LENGTHS, {length: length <= horizon_of_seed for length in LENGTHS}).visited
        extra = [again[2]] if again and again[:2] == (method, seed) else []
        own = own[own["length"].isin([*visited, *extra])]
        solved = (own["length"] <= horizon_of_seed) | own["length"].isin(extra)
        parts.append(own.assign(outcome=np.where(solved, "solved", "chance"), accuracy=np.where(solved, 0.99, 0.2),
                                solved_at=np.where(solved, 800.0, np.nan), diverged_at=np.nan))  # fmt: skip
    made = make.evidence(pd.concat(parts, ignore_index=True))
    declared = {**made.plan.declared, "baseline": "vanilla", "searched": {"adding": list(LENGTHS)}}
    return Evidence(Results(made.results, made.curves, made.probes, replace(made.plan, declared=declared)))


@pytest.fixture(scope="module")
def found(make: Any) -> Evidence:
    return searched(make)


def test_the_first_screen_states_the_factor_over_the_baseline_with_its_interval(found: Evidence) -> None:
    [pair] = found.comparison.pairwise.to_dict("records")
    table = headline(found)
    assert table is not None
    [row] = table.entries
    said = dict(zip(table.head, (entry.text for entry in row), strict=True))
    factor, low = (factor_in_words(pair[name]) for name in ("factor", "factor_low"))
    assert said["times as far (95 %)"] == f"≥ {factor} ({low} or more)"
    assert "n = 6, at this budget of 4,000 training steps" in table.note
    text = unicodedata.normalize("NFKC", markdown_report(found, [])).replace("\\", "")
    assert f"remembers at least {factor} times as far as vanilla (95 %: {low} or more, n = 6)" in text
    assert said["times as far (95 %)"] in text


@pytest.mark.parametrize(
    ("verdict", "low", "said"),
    [("better", 0.1, False), ("better", -0.1, True), ("no evidence", -0.1, False)],
)
def test_a_verdict_whose_interval_holds_no_difference_is_explained(
    found: Evidence, monkeypatch: pytest.MonkeyPatch, verdict: str, low: float, said: bool
) -> None:
    pairs = found.comparison.pairwise.assign(verdict=verdict, low=low, high=2.0)
    monkeypatch.setitem(found.__dict__, "comparison", replace(found.comparison, pairwise=pairs))
    table = headline(found)
    assert table is not None
    assert ("the interval holds 1, the seeds agree, but a rare failure" in table.note) is said


def test_every_seed_has_its_bracket_and_the_marks_are_those_of_the_table(found: Evidence) -> None:
    chart = horizon(found, "adding")
    tips = [tip for mark in chart.marks.values() for tip in mark.tips]
    brackets = found.comparison.brackets
    for row in brackets.to_dict("records"):
        assert f"{row['method']}, seed {row['seed']}: {row['text']}, in {row['trials']} trials" in tips
    assert sum("solved 160," in tip for tip in tips) == 1
    means = found.comparison.horizons.set_index("method")
    [ax] = chart.figure.axes
    drawn = [float(line.get_xdata()[0]) for line in ax.lines if len(line.get_xdata()) == 1]
    assert drawn == pytest.approx(sorted(means["horizon"], reverse=True))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["far", "vanilla"]


def test_nothing_is_averaged_over_the_seeds_that_got_there(found: Evidence) -> None:
    comparison = found.comparison
    assert comparison.areas.empty
    rates = comparison.solve_rates
    assert set(rates["n"]) == {6}, "only lengths at which every seed of the method was trained"
    assert {10, 20} <= set(rates["length"])
    assert set(comparison.steps["n"]) <= {0, 6}
    assert comparison.profiles.empty
    assert comparison.methods["solved_longest"].isna().all()
    assert not [line for line in warnings(found) if "seeds" in line]
    [part] = accuracy(found).parts
    assert [chart.name for chart in part.charts] == ["horizon-adding", "solve-probability-adding"]
    assert "Searched from 10 to 160 steps" in part.text
    assert "at this budget of 4,000 training steps" in part.text
    assert "None of 12 searches met results that contradict" in part.text


def test_no_share_diverged_is_drawn_of_seeds_that_got_there_alone(found: Evidence) -> None:
    results = found.results.copy()
    far = results[results["method"] == "far"].drop_duplicates("length", keep=False)  # lengths that one seed visited
    results.loc[far.index[-1], ["outcome", "diverged_at"]] = ["diverged", 30.0]
    alone = Evidence(Results(results, found.curves, found.probes, found.plan))
    section = stability(alone)
    assert section.lead.startswith("1 of ")
    assert section.parts[0].charts == (), "1 of 1 would be drawn as 100 %"
    first = results.index[(results["method"] == "vanilla") & (results["length"] == 10)][0]
    results.loc[first, ["outcome", "diverged_at"]] = ["diverged", 30.0]
    [chart] = stability(Evidence(Results(results, found.curves, found.probes, found.plan))).parts[0].charts
    assert far["length"].iloc[-1] not in set(chart.table["length"])
    assert set(chart.table["share"]) == {"0 of 6", "1 of 6"}
    assert "only the lengths at which every seed of a method was trained" in chart.reading


def test_contradicting_results_are_counted_where_they_are_read(make: Any) -> None:
    evidence = searched(make, again=("vanilla", 1001, 160))
    part = accuracy(evidence).parts[0]
    assert "1 of 12 searches met results that contradict" in part.text
    assert "Dotted: a seed whose results contradict each other" in part.charts[0].reading
    assert "1 of 12 seeds solved a length after failing a shorter one" in horizons(evidence).parts[0].text
    said = dict(limits(evidence).parts[0].tables[0].rows.itertuples(index=False))
    assert "1 of 12 searches contradicted it" in said["monotony"]


def test_the_limits_of_a_search(found: Evidence) -> None:
    said = dict(limits(found).parts[0].tables[0].rows.itertuples(index=False))
    assert "4,000 training steps" in said["budget"]
    assert "0 of 12 searches contradicted it" in said["monotony"]


def test_the_horizon_at_parts_of_the_budget_ends_at_the_horizon_itself(found: Evidence) -> None:
    rows = found.comparison.budget_sensitivity
    last = rows[rows["budget_share"] == 1].set_index("method")["octaves"]
    assert last.to_dict() == pytest.approx(found.comparison.horizons.set_index("method")["octaves"].to_dict())
    early = rows[rows["steps"] < 800]
    assert (early["octaves"] == 0).all(), "nothing is solved before step 800"
    [chart] = [chart for chart in horizons(found).parts[0].charts if chart.name == "horizon-steps-adding"]
    assert chart.table.columns[-1] == 4000
