"""The chapter that says why: gradient beside accuracy, what it predicts, and whether remedies acted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seqbench.report.chapters.mechanism import mechanism
from seqbench.report.charts.gradient_vs_horizon import correlations
from seqbench.report.evidence import Evidence
from seqbench.stats.gradient_horizon import learned_by_gradient, shared_lengths
from seqbench.store.results import Results
from seqbench.traces import Remedy, Trace

REACH = {"vanilla": 8, "vanilla + norm 1": 8, "vanilla + identity": 60}
"""How far the gradient of each method reaches, in steps."""


def with_figures(evidence: Evidence, **changes) -> Evidence:
    """The evidence with the figures that probes record beside the curve, and with a remedy that never acted."""
    rows = []
    for trial in evidence.results.itertuples():
        at = min(REACH.get(trial.method, 100), trial.length) + trial.seed % 2
        rows += [(trial.trial, 0, "gradient_horizon", None, at), (trial.trial, 0, "gradient_growth", None, 0.9)]
        rows += [(trial.trial, step, "from_identity", None, 1.5 + step / 1000) for step in (0, 500)]
    figures = pd.DataFrame(rows, columns=["trial", "step", "probe", "distance", "value"])
    results = evidence.results
    clipped = results.loc[results["method"] == "vanilla + norm 1", "trial"]
    never = pd.DataFrame({"trial": clipped, "step": 500, "probe": "steps_changed", "value": 0.0, "remedy": 0})
    figures = pd.concat([figures, never])
    remedies = {"vanilla + norm 1": (Remedy("clip_global_norm", (Trace.GRADIENT,)),),
                "vanilla + identity": (Remedy("identity_init", (Trace.START,)),)}  # fmt: skip
    probes = pd.concat([evidence.probes, figures])
    return Evidence(Results(results, evidence.curves, probes, replace(evidence.plan, remedies=remedies, **changes)))


@pytest.fixture(scope="module")
def probed(small: Evidence) -> Evidence:
    return with_figures(small)


def test_gradient_and_accuracy_first_then_what_it_predicts_then_the_proof(probed):
    section = mechanism(probed)
    assert [chart.name for part in section.parts for chart in part.charts] == ["gradient", "gradient-vs-horizon"]
    assert [table.name for part in section.parts for table in part.tables] == ["action"]


def test_the_caption_holds_the_rank_correlation(probed):
    shared = shared_lengths(probed.reporting)
    learned = learned_by_gradient(probed.reporting, probed.probes, probed.comparison.horizons, shared=shared)
    expected = stats.spearmanr(learned["horizon"], learned["octaves"]).statistic
    chart = mechanism(probed).parts[0].charts[1]
    assert f"Rank correlation {expected:.2f} over 3 methods" in chart.reading
    [length] = shared.values()
    assert f"mean over seeds at {length:,} steps, the longest at which every method was trained" in chart.reading
    drawn = [mark for mark in chart.marks.values() if mark.tips]
    assert {mark.method for mark in drawn} == {probed.place(method) for method in REACH}


def test_intervals_stand_in_the_caption_from_five_methods_on():
    learned = pd.DataFrame(
        {"method": list("uvwxyz"), "task": "a", "horizon": np.arange(6.0), "octaves": [1, 0, 2, 4, 3, 5], "measured": 9}
    )
    assert "(95 %: " in correlations(learned, ["a"])
    far = learned.assign(horizon=[1, 2, 9, 9, 9, 9])
    said = correlations(far, ["a"])
    assert "over 6 methods (4 of them reach all that was measured, and count as equal), p = " in said
    assert "(95 %: " not in said
    both = pd.concat([learned, learned.assign(task="b")])
    assert "Over all tasks, rank correlation 0.89 over 6 methods that are on every one, p" in correlations(both, ["a"])
    assert "On b" not in correlations(both, ["a"])
    assert correlations(learned.iloc[:2], ["a"]) == "No rank correlation over 2 methods (too few)."


def test_a_remedy_that_never_acted_is_inactive_in_table_and_text(probed):
    part = mechanism(probed).parts[1]
    [table] = part.tables
    said = {row[0].text: row[-1].text for row in table.entries}
    assert said["vanilla + norm 1"] == "clip_global_norm: inactive"
    assert said["vanilla"] == ""
    assert "clip_global_norm of vanilla + norm 1 on adding" in part.text
    place = table.head.index("from identity")
    assert {row[place].text for row in table.entries} == {"1.5 → 2"}


def test_an_inactive_remedy_that_equals_its_baseline_says_so(small):
    numbers = ["accuracy", "loss", "diverged_at"]
    results = small.results.sort_values(["method", "length", "seed", "learning_rate"]).copy()
    chosen = results["method"] == "vanilla + norm 1"
    results.loc[chosen, numbers] = results.loc[results["method"] == "vanilla", numbers].to_numpy()
    declared = {**small.plan.declared, "baseline": "vanilla"}
    same = with_figures(Evidence(Results(results, small.curves, small.probes, small.plan)), declared=declared)
    [table] = mechanism(same).parts[1].tables
    said = {row[0].text: row[-1].text for row in table.entries}
    assert said["vanilla + norm 1"] == "clip_global_norm: inactive, equals the baseline"


def test_without_probes_and_remedies_there_is_no_chapter(small):
    assert mechanism(Evidence(Results(small.results, small.curves))).parts == ()
