"""What the report says of tuning: how much was tried, what was chosen, and what that is worth."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from matplotlib import pyplot as plt

from seqbench.report.chapters.tuning import tuning
from seqbench.report.charts.expected_best import expected_best
from seqbench.report.charts.knobs import knobs, scale_of
from seqbench.report.charts.learning_rates import learning_rates
from seqbench.report.evidence import Evidence
from seqbench.report.facts import facts, warnings
from seqbench.stats.tuning import expected_best as expectation
from seqbench.store.results import Results

KNOB = "clip_global_norm.threshold"
THRESHOLDS = {3e-4: 0.5, 1e-3: 5.0, 3e-3: math.inf}


@pytest.fixture(scope="module")
def tuned(make) -> Evidence:
    """Three rates tried on two seeds, with a threshold for the methods that clip by norm."""
    results = make.results(make.methods[:3], make.lengths[:2], 6, make.tasks[:1], tuning_seeds=2)
    clipped = results["method"].str.contains("norm 1")
    texts = results["learning_rate"].map(lambda rate: json.dumps({KNOB: THRESHOLDS[rate]}))
    results["tuned"] = results["tuned"].astype(object).mask(clipped, texts)
    return make.evidence(results)


def test_the_chapter_says_what_was_tried_chosen_and_found(tuned: Evidence) -> None:
    section = tuning(tuned)
    assert section.lead.startswith("K = 3 settings were tried for each method and task, 36 trials that took ")
    # the methods that clip have the highest finite threshold, 5; the rate 0.001 is in the middle of those tried
    assert "In 1 of 3 cases" in section.lead
    [table] = section.parts[0].tables
    shown = {row[0].text: [entry.text for entry in row[1:]] for row in table.entries}
    assert list(shown) == list(tuned.methods)
    assert shown["vanilla"][:3] == ["3", "0.001", "no"]
    assert shown["vanilla + norm 1"][:3] == ["3", f"0.001, {KNOB} 5", "highest threshold"]
    own = tuned.results[(tuned.results["method"] == "vanilla") & (tuned.results["learning_rate"] == 1e-3)]
    solved = own[own["solved_at"].notna()].groupby("purpose").size()
    assert shown["vanilla"][3:5] == [f"{solved.get('tuning', 0)} of 4", f"{solved['reporting']} of 12"]


def test_the_charts_are_those_of_what_was_tuned(tuned: Evidence, small: Evidence) -> None:
    names = [chart.name for chart in tuning(tuned).parts[0].charts]
    assert names == ["tuning-adding", "knobs-adding", "expected-best-adding"]
    assert [chart.name for chart in tuning(small).parts[0].charts] == ["tuning-adding", "expected-best-adding"]


def test_a_ring_marks_the_chosen_setting(tuned: Evidence) -> None:
    chart = learning_rates(tuned, "adding")
    for ax in chart.figure.axes:
        rings = [line for line in ax.lines if line.get_markersize() == 11]
        assert [line.get_xdata().tolist() for line in rings] == [[1e-3]] * 3
    # a method that differs in a threshold as well is not one curve
    lines = [line.get_linestyle() for line in chart.figure.axes[0].lines if len(line.get_xdata()) == 3]
    assert sorted(lines)[-1] == "None"
    assert lines.count("None") == 1


def test_infinity_has_a_place_on_the_axis_of_a_threshold(tuned: Evidence) -> None:
    [ax] = knobs(tuned, "adding").figure.axes
    [points] = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert points.get_xdata()[:2].tolist() == [0.5, 5.0]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0.5", "5", "∞"]
    assert ax.get_xlabel() == KNOB


def test_the_expected_best_is_drawn_to_the_number_tried(tuned: Evidence) -> None:
    chart = expected_best(tuned, "adding")
    curves = tuned.comparison.tuning_curves
    own = curves[curves["method"] == "vanilla"].groupby("learning_rate")["score"].mean()
    drawn = next(
        line for line in chart.figure.axes[0].lines if chart.marks[line.get_gid()].tips[0].startswith("vanilla:")
    )
    assert drawn.get_xdata().tolist() == [1, 2, 3]
    assert drawn.get_ydata().tolist() == pytest.approx(expectation(own.to_numpy()).tolist())


@pytest.fixture(scope="module")
def found(tuned: Evidence) -> Evidence:
    """The same as if lengths had been searched: at 0.001 vanilla's seeds solve the first length and all, else none."""
    declared = {**tuned.plan.declared, "searched": {"adding": [10, 20]}}
    rows = tuned.results.copy()
    own = (rows["method"] == "vanilla") & (rows["purpose"] == "tuning")
    far = (rows["length"] == 10) | (rows["seed"] == rows.loc[own, "seed"].max())
    rows.loc[own, "diverged_at"] = np.nan
    rows.loc[own, "outcome"] = "chance"
    rows.loc[own, "solved_at"] = np.where((rows["learning_rate"] == 1e-3) & far, 100.0, np.nan)[own]
    plan = replace(tuned.plan, declared=declared)
    return Evidence(Results(rows, tuned.curves, tuned.probes, plan))


def test_the_chart_of_a_search_shows_how_far_each_rate_got(found: Evidence) -> None:
    chart = learning_rates(found, "adding")
    [ax] = chart.figure.axes
    tips = {line: chart.marks[line.get_gid()].tips for line in ax.lines}
    [line] = [line for line, said in tips.items() if said and said[0].startswith("vanilla, ")]
    assert line.get_ydata().tolist() == pytest.approx([0.5, math.sqrt(10 * 20), 0.5])
    assert ax.get_ylim()[0] < 0.5
    assert next(tick.get_text() for tick in ax.get_yticklabels()) == "none"
    assert tips[line][:2] == ("vanilla, 0.0003: none, n = 2", "vanilla, 0.001: ≥ 14 steps, n = 2")
    assert "n = 2 tuning seeds" in chart.reading
    assert "under way" not in chart.reading
    shown = chart.table[chart.table["method"] == "vanilla"]
    assert shown["steps"].tolist() == pytest.approx([0.5, math.sqrt(10 * 20), 0.5])
    assert shown["n"].tolist() == [2, 2, 2]


def test_a_search_that_is_tuned_still_says_so(found: Evidence) -> None:
    rows = found.results.copy()
    first = rows.index[(rows["purpose"] == "tuning") & (rows["learning_rate"] == 1e-3)][0]
    rows.loc[first, "outcome"] = None
    chart = learning_rates(Evidence(Results(rows, found.curves, found.probes, found.plan)), "adding")
    assert chart.reading.count("Searches are still under way") == 1


def test_a_search_compares_no_scores_and_says_why(tuned: Evidence, found: Evidence) -> None:
    [listed] = tuning(tuned).parts[0].tables
    assert "optimism" in listed.head
    [part] = tuning(found).parts
    assert [chart.name for chart in part.charts] == ["tuning-adding", "knobs-adding"]
    [table] = part.tables
    assert "optimism" not in table.head
    assert "A search trains each setting and seed at lengths of its own" in table.note


def test_the_head_of_the_report_names_the_number(tuned: Evidence, two_by_two: Evidence) -> None:
    assert "K = 3 settings tuned for each method and task" in facts(tuned)
    assert "tuned" not in facts(two_by_two)


def test_unequal_tuning_is_a_warning(tuned: Evidence, make) -> None:
    assert not any("tuned equally" in text for text in warnings(tuned))
    rows = tuned.results
    fewer = rows[(rows["method"] != "vanilla") | (rows["purpose"] != "tuning") | (rows["learning_rate"] == 1e-3)]
    found = warnings(make.evidence(fewer))
    assert any(text.startswith("Not every method was tuned equally: between 1 and 3 settings") for text in found)


def test_values_of_any_kind_have_places() -> None:
    scale = scale_of(["tanh", "relu", "tanh"])
    assert (scale.place("relu"), scale.place("tanh")) == (0, 1)
    scale = scale_of([-1.0, 0.0, 2.0])
    assert [scale.place(value) for value in (-1.0, 0.0, 2.0)] == [0, 1, 2]
    scale = scale_of([0.0, 1.0, 100.0, math.inf])
    places = [scale.place(value) for value in (0.0, 1.0, 100.0, math.inf)]
    assert places == pytest.approx([1 / 100**0.15, 1, 100, 100 * 100**0.15])
    figure, ax = plt.subplots()
    scale.draw(ax)
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["1", "100", "0", "∞"]
    plt.close(figure)
