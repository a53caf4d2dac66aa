"""What depends on the threshold of "solved" and on the budget, and what a single length leaves out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from seqbench.errors import UsageError
from seqbench.report.chapters.accuracy import accuracy
from seqbench.report.chapters.price import price
from seqbench.report.chapters.sensitivity import sensitivity
from seqbench.report.evidence import Evidence
from seqbench.report.figure import figure
from seqbench.store.results import Results
from tests.report.reaching import solved_up_to, texts


class TestSensitivity:
    def test_another_leader_at_another_threshold_is_named(self, make: Any) -> None:
        evidence = solved_up_to(make, {"vanilla": [2] * 5, "far": [4] * 5})
        results = evidence.results.assign(steps=evidence.results["budget"])
        results.loc[results["method"].eq("vanilla") & results["outcome"].eq("solved"), "accuracy"] = 0.995
        [part] = sensitivity(Evidence(Results(results))).parts
        assert "On adding, far as declared, but vanilla at accuracy 0.99." in part.text
        assert "does not depend on the budget." not in part.text, "no seed solves in half of it"
        thresholds, budgets = part.tables
        assert thresholds.head[2:] == ("as declared", "at accuracy 0.9", "at accuracy 0.99")
        assert budgets.head[2:] == ("with the whole budget", "with 50 % of it", "with 25 % of it")
        assert dict(zip(texts(budgets), texts(budgets, 2), strict=True))["far"] == "3.32 (5 of 5)"
        assert dict(zip(texts(budgets), texts(budgets, 4), strict=True))["far"] == "0.00 (0 of 5)"

    def test_thresholds_that_trials_had_no_chance_to_reach_are_left_out_with_the_reason(self, make: Any) -> None:
        evidence = solved_up_to(make, {"vanilla": [2] * 5, "far": [4] * 5})
        results = evidence.results.assign(steps=np.minimum(evidence.results["solved_at"].fillna(4000.0), 4000.0))
        [part] = sensitivity(Evidence(Results(results))).parts
        table = part.tables[0]
        assert table.head[2:] == ("as declared", "at accuracy 0.9")
        assert "No number is given at accuracy 0.99: training stopped once a trial met" in table.note
        assert "depends on the threshold" not in part.text
        other = results.assign(task="agreement", trial="other " + results["trial"], steps=4000.0)
        both = sensitivity(Evidence(Results(pd.concat([results, other], ignore_index=True)))).parts[0].tables[0]
        assert "No number is given at accuracy 0.99 on adding: training" in both.note
        whole = sensitivity(Evidence(Results(results.assign(steps=4000.0)))).parts[0].tables[0]
        assert whole.head[-1] == "at accuracy 0.99"
        assert "No number" not in whole.note

    def test_no_leader_is_named_among_methods_that_are_not_ranked(self, make: Any) -> None:
        evidence = solved_up_to(make, {"vanilla": [2] * 5, "far": [4] * 5})
        results = evidence.results.assign(steps=evidence.results["budget"])
        results.loc[results["method"].eq("vanilla") & results["outcome"].eq("solved"), "accuracy"] = 0.995
        few = results[results["method"].eq("vanilla") | results["seed"].lt(1002)]  # two seeds of far
        [part] = sensitivity(Evidence(Results(few.reset_index(drop=True)))).parts
        assert part.text == "", "vanilla alone has a rank"
        assert "far" in texts(part.tables[0])

    def test_no_leader_is_named_where_all_methods_tie(self, make: Any) -> None:
        assert [part.text for part in sensitivity(solved_up_to(make, {"a": [0] * 5, "b": [0] * 5})).parts] == [""]

    def test_nothing_finished_has_nothing_to_judge_again(self, make: Any) -> None:
        results = make.results(make.methods[:2], make.lengths[:2], 3, make.tasks[:1])
        assert sensitivity(make.evidence(results.assign(outcome=None, accuracy=np.nan))).parts == ()


class TestSingleLength:
    """With one length every horizon is 0 octaves, whether all seeds solved it or none: nothing of it is shown."""

    @pytest.fixture
    def single(self, make: Any) -> Evidence:
        results = solved_up_to(make, {"vanilla": [0] * 5, "far": [4] * 5}).results
        return Evidence(Results(results[results["length"] == 10].reset_index(drop=True)))

    def test_tables_give_the_seeds_that_solved_it(self, single: Evidence) -> None:
        assert single.comparison.horizons["octaves"].tolist() == [0, 0]
        methods = accuracy(single).parts[0].tables[0]
        assert "octaves (95 %)" not in methods.head
        assert methods.note.startswith("Worst seed")
        assert dict(zip(texts(methods), texts(methods, methods.head.index("solved longest")), strict=True)) == {
            "far": "5 of 5", "vanilla": "0 of 5",
        }  # fmt: skip
        [part] = sensitivity(single).parts
        assert part.text == ""
        for table in part.tables:
            assert dict(zip(texts(table), texts(table, 2), strict=True)) == {"vanilla": "0 of 5", "far": "5 of 5"}

    def test_cost_is_not_drawn_against_it(self, single: Evidence) -> None:
        [part] = price(single).parts
        assert part.charts == ()
        assert len(part.tables[0].rows) == 2
        with pytest.raises(UsageError, match="no horizon is known"):
            figure(Results(single.results), "cost")
