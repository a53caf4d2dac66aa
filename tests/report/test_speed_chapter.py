"""Steps to solve: what they say, of which seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

from seqbench.report.chapters.speed import speed
from seqbench.report.evidence import Evidence
from seqbench.store.results import Results
from tests.report.reaching import solved_up_to, texts


class TestSpeed:
    def test_endings_are_stacked_where_something_diverged_and_only_there(self, make: Any) -> None:
        solved = solved_up_to(make, {"vanilla": [2] * 5, "far": [4] * 5})
        assert [chart.name for chart in speed(solved).parts[0].charts] == ["steps-adding"]
        results = solved.results.copy()
        lost = results["method"].eq("vanilla") & results["length"].eq(100) & results["seed"].lt(1002)
        results.loc[lost, ["outcome", "diverged_at"]] = ["diverged", 30.0]
        part = speed(Evidence(Results(results))).parts[0]
        assert [chart.name for chart in part.charts] == ["steps-adding", "endings-adding"]
        shares = part.charts[0].table.set_index(["method", "length"])
        assert shares.loc[("vanilla", 100), ["solved", "diverged", "neither"]].tolist() == [0.0, 0.4, 0.6]
        tips = [tip for mark in part.charts[1].marks.values() for tip in mark.tips]
        assert "vanilla, length 100: 0 % solved and 40 % diverged" in tips

    def test_seeds_that_solved_on_the_way_are_told_from_those_that_solved_at_the_end(self, make: Any) -> None:
        results = solved_up_to(make, {"vanilla": [2] * 5, "far": [4] * 5}).results.copy()
        far = results["method"].eq("far") & results["length"].eq(100)
        results.loc[far & results["seed"].eq(1000), "outcome"] = "chance"  # it had solved at step 2000
        lost = results["length"].eq(100) & results["seed"].eq(1001)  # of far after it had solved, vanilla never did
        results.loc[lost, ["outcome", "diverged_at"]] = ["diverged", 3000.0]
        results.loc[far & results["seed"].eq(1002), "solved_at"] = np.nan  # solved at the end alone
        found = Evidence(Results(results))
        methods = found.comparison.methods.set_index("method")
        assert methods.loc["far", ["solved_longest", "seeds_longest"]].tolist() == [3, 5]
        part = speed(found).parts[0]
        table = part.tables[0]
        assert dict(zip(texts(table), texts(table, table.head.index("length 100")), strict=True))["far"].endswith(
            "(4 of 5)"
        )
        assert "seeds that held the criterion for three evaluations in a row" in table.note
        assert "diverged before it solved never does" in table.note
        assert "diverged before it solved" in part.charts[0].reading
        assert "in grey those that had diverged before" in part.charts[1].reading
        shares = part.charts[1].table.set_index(["method", "length"])[["solved", "diverged"]]
        assert shares.loc[("far", 100)].tolist() == [0.8, 0.0]
        assert shares.loc[("vanilla", 100)].tolist() == [0.0, 0.2]
        assert "may be others than those that solved it at the end" in speed(found).lead

    def test_restricted_means_differences_and_log_rank_are_shown(self, make: Any) -> None:
        evidence = solved_up_to(make, {"vanilla": [2] * 8, "far": [4] * 8})
        table = speed(evidence).parts[0].tables[1]
        row = next(row for row in table.entries if (row[0].text, row[1].text) == ("far", "100"))
        said = dict(zip(table.head, (entry.text for entry in row), strict=True))
        assert said["median steps"] == "2,000"
        assert said["mean steps up to the budget (95 %)"].startswith("2000 (")
        assert said["difference from baseline (95 %)"].startswith("-2000 (")
        assert said["p (log-rank)"] == "0.0078"
        assert said["sequences seen"] == "128,000"

    def test_rare_evaluations_are_said_to_be_rare(self, make: Any) -> None:
        results = make.results(make.methods[:2], make.lengths[:2], 3, make.tasks[:1])
        assert "100 steps apart, 2.5 % of the budget" in speed(make.evidence(results)).lead
        assert "apart" not in speed(make.evidence(results.assign(evaluate_every=50))).lead
