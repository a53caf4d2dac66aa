"""What the chapters say: censoring, rank stability, divergence, limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqbench.report.chapters.accuracy import accuracy, areas_table
from seqbench.report.chapters.across import across
from seqbench.report.chapters.horizons import horizons
from seqbench.report.chapters.limits import limits
from seqbench.report.chapters.protocol import protocol
from seqbench.report.chapters.remedies import remedies
from seqbench.report.chapters.stability import stability
from seqbench.report.charts.critical import critical
from seqbench.report.evidence import Evidence
from seqbench.store.results import Results
from tests.report.reaching import solved_up_to, texts


class TestHorizons:
    def test_where_the_grid_ends_before_the_memory_it_says_so(self, make: Any) -> None:
        evidence = solved_up_to(make, {"vanilla": [0, 0, 0, 1, 1], "far": [4, 4, 4, 2, 2]})
        [part] = horizons(evidence).parts
        assert "of far solved the longest length: add lengths beyond 100 to measure how far they remember" in part.text
        assert "of vanilla did not solve length 10: add shorter lengths" in part.text

    def test_half_is_not_more_than_half(self, make: Any) -> None:
        [part] = horizons(solved_up_to(make, {"vanilla": [1] * 6, "far": [4, 4, 4, 2, 2, 2]})).parts
        assert "solved the longest length:" not in part.text

    def test_seeds_that_solve_again_after_a_failure_are_counted(self, make: Any) -> None:
        evidence = solved_up_to(make, {"vanilla": [1] * 5, "far": [2] * 5})
        again = evidence.results["method"].eq("far") & evidence.results["length"].eq(100)
        evidence.results.loc[again & evidence.results["seed"].lt(1002), "outcome"] = "solved"
        [part] = horizons(Evidence(Results(evidence.results))).parts
        assert "2 of 10 seeds solved a length after failing a shorter one" in part.text
        assert "far on adding (2 of 5)" in part.text
        [table] = part.tables
        assert texts(table)[0] == "far"
        assert table.entries[0][table.head.index("contradicting results")].text == "2 of 5"

    def test_an_open_horizon_is_called_open(self, make: Any) -> None:
        evidence = solved_up_to(make, {"vanilla": [1] * 5, "far": [2] * 5})
        missing = evidence.results["method"].eq("far") & evidence.results["length"].ne(20)
        evidence.results.loc[missing, ["outcome", "accuracy"]] = [None, np.nan]
        table = horizons(Evidence(Results(evidence.results))).parts[0].tables[0]
        row = next(row for row in table.entries if row[0].text == "far")
        said = dict(zip(table.head, (entry.text for entry in row), strict=True))
        assert said["still open"] == "5 of 5"


class TestAccuracy:
    def test_areas_stand_with_their_difference_and_its_p(self, make: Any) -> None:
        evidence = solved_up_to(make, {"vanilla": [1] * 8, "far": [3] * 8})
        table = areas_table(evidence, "adding")
        said = {row[0].text: dict(zip(table.head, (entry.text for entry in row), strict=True)) for row in table.entries}
        assert said["far"]["p"] == said["far"]["p (Holm)"] == "0.0078"
        assert said["far"]["against"] == "vanilla"
        octaves = np.log2([1, 2, 5, 10])
        expected = (octaves[2] + octaves[3]) / 2 - octaves[1] / 2
        assert said["far"]["difference (95 %)"].startswith(f"{expected:.2f} (")
        assert said["vanilla"]["difference (95 %)"] == "–"

    def test_a_single_length_has_no_area(self, make: Any) -> None:
        assert areas_table(make.evidence(make.results(make.methods[:2], (50,), 5, make.tasks[:1])), "adding") is None

    def test_nothing_is_drawn_of_nothing(self, make: Any) -> None:
        results = make.results(make.methods[:2], make.lengths[:2], 3, make.tasks[:1]).assign(outcome=None)
        [part] = accuracy(make.evidence(results)).parts
        assert part.charts == ()
        assert part.text == "No reporting trial of this task has finished yet."

    def test_no_p_is_given_where_so_few_seeds_could_find_nothing(self, make: Any) -> None:
        table = areas_table(solved_up_to(make, {"vanilla": [1] * 5, "far": [3] * 5}), "adding")
        places = [table.head.index(name) for name in ("p", "p (Holm)", "difference (95 %)")]
        p, corrected, difference = (table.entries[0][place].text for place in places)
        assert (p, corrected) == ("–", "–"), "of five pairs p is at least 0.0625"
        assert difference != "–"


class TestAcross:
    def test_the_order_and_whether_it_rests_on_one_task(self, make: Any) -> None:
        same = {"vanilla": [1] * 3, "near": [2] * 3, "far": [4] * 3}
        both = solved_up_to(make, same, ("adding", "agreement"))
        assert "far is first, whichever task is left out" in across(both).parts[0].text
        swapped = solved_up_to(make, {"vanilla": [4] * 3, "near": [1] * 3, "far": [1] * 3}, ("recall",)).results
        adding = both.results[both.results["task"] == "adding"]
        [part] = across(Evidence(Results(pd.concat([adding, swapped], ignore_index=True)))).parts
        assert "By mean rank over all tasks far is first; without adding vanilla." in part.text
        assert "tested from 10 independent tasks on; this grid has 2" in part.text
        assert not part.charts
        assert part.tables[0].head[-1] == "without recall"

    def test_one_task_has_nothing_to_leave_out(self, small: Any) -> None:
        assert across(small).parts == ()

    def test_ten_tasks_have_a_diagram_with_bars_beside_what_cannot_be_told_apart(self, make: Any) -> None:
        tasks = tuple(f"task{number}" for number in range(10))
        evidence = solved_up_to(make, {"vanilla": [1] * 3, "near": [3] * 3, "far": [4] * 3, "last": [3] * 3}, tasks)
        [part] = across(evidence).parts
        [chart] = part.charts
        assert "Mean rank over 10 independent tasks" in chart.reading
        assert chart.table["method"].tolist()[0] == "far"
        bars = [line for line in critical(evidence).figure.axes[0].lines if not line.get_clip_on()]
        assert len(bars) == 1, "only the two that are alike on every task"
        assert np.ptp(bars[0].get_ydata()) == pytest.approx(1.56)

    def test_variants_of_a_task_are_not_independent(self, make: Any) -> None:
        tasks = tuple(f"recall (symbols {number})" for number in range(10))
        [part] = across(solved_up_to(make, {"vanilla": [1] * 3, "far": [4] * 3}, tasks)).parts
        assert not part.charts
        assert "this grid has 1." in part.text


class TestStability:
    def test_shares_have_intervals_and_lengths_are_strata(self, make: Any) -> None:
        results = solved_up_to(make, {"vanilla": [2] * 10, "far": [4] * 10}).results
        lost = results["method"].eq("vanilla") & results["seed"].lt(1006)
        results.loc[lost, ["outcome", "diverged_at", "diverged_kind", "accuracy"]] = ["diverged", 30.0, "loss", np.nan]
        part = stability(Evidence(Results(results))).parts[0]
        [row] = part.tables[0].entries
        said = dict(zip(part.tables[0].head, (entry.text for entry in row), strict=True))
        assert said["seeds diverged (95 %)"] == "0 of 10 (0 to 31 %)"
        assert said["of the baseline (95 %)"] == "6 of 10 (26 to 88 %)"
        assert (said["test"], said["p"]) == ("McNemar", "0.031")
        assert said["p across lengths"] == "< 0.001"
        assert set(part.charts[0].table["kinds"]) == {"", "loss 6"}

    def test_below_five_seeds_a_share_has_no_interval(self, make: Any) -> None:
        results = solved_up_to(make, {"vanilla": [2] * 4, "far": [4] * 4}).results
        lost = results["method"].eq("vanilla") & results["seed"].lt(1003)
        results.loc[lost, ["outcome", "diverged_at", "accuracy"]] = ["diverged", 30.0, np.nan]
        table = stability(Evidence(Results(results))).parts[0].tables[0]
        said = dict(zip(table.head, (entry.text for entry in table.entries[0]), strict=True))
        assert said["seeds diverged (95 %)"] == "0 of 4"
        assert said["of the baseline (95 %)"] == "3 of 4"

    def test_methods_without_a_common_seed_are_tested_unpaired(self, make: Any) -> None:
        results = solved_up_to(make, {"vanilla": [2] * 6, "far": [4] * 6}).results
        lost = results["method"].eq("vanilla")
        results.loc[lost, ["outcome", "diverged_at", "accuracy"]] = ["diverged", 30.0, np.nan]
        results.loc[~lost, "seed"] += 100
        [row] = stability(Evidence(Results(results))).parts[0].tables[0].entries
        assert [entry.text for entry in row if entry.text in ("McNemar", "Boschloo")] == ["Boschloo"]


class TestRemedies:
    def test_an_incomplete_factorial_says_what_is_missing_and_who_is_outside(self, make: Any) -> None:
        methods = [(gating, "none", "default", skip) for gating in ("none", "GRU") for skip in ("none", "residual")]
        results = make.results(methods, make.lengths[:2], 3, make.tasks[:1])
        plain = results["method"] == "vanilla"
        results.loc[plain, ["method", "gating", "skip"]] = ["listed", None, None]
        [part] = remedies(make.evidence(results)).parts
        assert part.text == (
            "Not in the grid, so effects that need them are not given: gating=none, skip=none. "
            "Outside of the factors, so in no effect: listed."
        )
        assert (part.charts, part.tables) == ((), ())

    def test_a_two_way_effect_is_half_of_what_two_remedies_add_beyond_their_sum_and_is_called_so(
        self, make: Any
    ) -> None:
        # Octaves: none 0, each alone half of the first octave, both between 50 and 100 steps.
        evidence = solved_up_to(make, {"none": [0] * 6, "a": [1] * 6, "b": [1] * 6, "both": [3] * 6})
        levels = {"none": ("no", "no"), "a": ("yes", "no"), "b": ("no", "yes"), "both": ("yes", "yes")}
        results = evidence.results.assign(
            gating=[levels[name][0] for name in evidence.results["method"]],
            skip=[levels[name][1] for name in evidence.results["method"]],
        )
        part = remedies(Evidence(Results(results))).parts[0]
        both = (np.log2(5) + np.log2(10)) / 2  # between 50, solved, and 100, failed
        table = part.tables[1]
        said = {row[0].text: row[1].text for row in table.entries}
        assert said["gating=yes × skip=yes"].startswith(f"{(both - 0.5 - 0.5) / 2:.2f} (")
        assert "half of how much more (or less) two remedies add together than their sum" in part.charts[0].reading
        assert "half of how much more two remedies add together" in table.note

    def test_higher_orders_are_shown_as_diagnostics_without_correction(self, factorial: Any) -> None:
        part = remedies(factorial).parts[0]
        effects = part.tables[1]
        said = {
            row[0].text: dict(zip(effects.head, (entry.text for entry in row), strict=True)) for row in effects.entries
        }
        order = {name: name.count(" × ") + 1 for name in said}
        assert set(order.values()) == {1, 2, 3, 4}
        for name, row in said.items():
            assert (row["verdict"] == "diagnostic") == (order[name] > 2)
            assert (row["p (Holm)"] == "–") == (order[name] > 2)
            assert row["p"] != "–"


class TestLimits:
    def test_what_follows_from_the_seeds_and_lengths(self, small: Any) -> None:
        [table] = limits(small).parts[0].tables
        said = {row[0].text: row[1].text for row in table.entries}
        assert said["rare failures"] == "what none of 6 seeds showed may still happen in 0 to 46 % of seeds"
        assert "below 10 or above 50 steps" in said["beyond the grid"]
        assert "fewer than 7 seeds" in said["small differences"]

    def test_each_task_has_its_own_ends(self, make: Any) -> None:
        rows = make.results(make.methods[:2], (10, 50, 100, 1000), 3, make.tasks[:2])
        short = rows["task"].eq("adding") & rows["length"].le(50)
        long = rows["task"].eq("delayed_recall") & rows["length"].ge(100)
        said = dict(limits(make.evidence(rows[short | long])).parts[0].tables[0].rows.itertuples(index=False))
        assert said["beyond the grid"] == (
            "nothing is known about dependency lengths below 10 or above 50 steps on adding; "
            "below 100 or above 1,000 steps on delayed_recall, nor between the lengths that were run"
        )

    def test_trials_that_did_not_stay_solved_are_counted(self, make: Any) -> None:
        rows = make.results(make.methods[:2], make.lengths[:2], 3, make.tasks[:1])
        solved = rows["solved_at"].notna()
        assert solved.sum() > 2
        first = rows.index[solved][0]
        [table] = (
            limits(make.evidence(rows.assign(held=1.0).assign(held=lambda t: t["held"].where(t.index != first, 0.5))))
            .parts[0]
            .tables
        )
        said = {row[0].text: row[1].text for row in table.entries}["later collapse"]
        assert f"of {solved.sum()} trials that were trained on" in said
        assert "0 no longer met the criterion at the end, and 1 more did not at an evaluation between" in said
        assert "no further" not in said

    def test_without_results_there_is_nothing_to_limit(self, make: Any) -> None:
        results = make.results(make.methods[:2], make.lengths[:2], 3, make.tasks[:1])
        assert limits(make.evidence(results.assign(outcome=None))).parts == ()


def test_a_method_at_several_learning_rates_is_several_methods(make: Any) -> None:
    results = make.results(make.methods[:2], make.lengths[:2], 5, make.tasks[:1])
    again = results.assign(learning_rate=0.01, trial="again" + results["trial"])
    evidence = make.evidence(pd.concat([results, again], ignore_index=True))
    assert [chart.name for part in accuracy(evidence).parts for chart in part.charts] == [
        "accuracy-adding",
        "solved-adding",
    ]
    assert "vanilla at learning rate 0.01" in evidence.methods
    assert set(evidence.styles) >= set(evidence.methods)


def test_the_protocol_counts_trials_that_a_rule_stopped(make: Any) -> None:
    rows = make.results(make.methods[:2], make.lengths[:2], 3, make.tasks[:1])

    def said(stuck: list[int | None]) -> str | None:
        [table] = protocol(make.evidence(rows.assign(stuck_at=pd.array(stuck, "Int64")))).parts[0].tables
        return {row[0].text: row[1].text for row in table.entries}.get("stuck")

    assert said([None] * len(rows)) is None
    text = said([50, 60, *[None] * (len(rows) - 2)])
    assert text is not None
    assert text.startswith(f"2 of {len(rows)} trials were stopped before their budget")


@pytest.mark.parametrize("rule", [None, "each training batch at one of up to 16 lengths"])
def test_the_protocol_says_at_which_lengths_batches_were_drawn(make: Any, rule: str | None) -> None:
    evidence = make.evidence(make.results(make.methods[:2], make.lengths[:2], 3, make.tasks[:1]))
    drawn = {"training_lengths": rule} if rule else {}
    evidence.plan = replace(evidence.plan, declared={**evidence.plan.declared, **drawn})
    [table] = protocol(evidence).parts[0].tables
    assert {row[0].text: row[1].text for row in table.entries}.get("training lengths") == rule
