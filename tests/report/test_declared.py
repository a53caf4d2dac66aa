"""What a grid declared, where a run has not come so far, or where the lengths cannot answer it."""

from __future__ import annotations

from typing import Any

from seqbench.report.chapters.limits import limits
from seqbench.report.chapters.protocol import protocol
from seqbench.report.chapters.remedies import remedies
from seqbench.report.methods_text import methods_text


def test_a_baseline_that_is_still_being_tuned_leaves_a_report_of_the_others(make: Any) -> None:
    results = make.results(make.methods[:3], make.lengths[:3], 6, make.tasks[:1], tuning_seeds=1)
    awaited = (results["method"] == "vanilla") & (results["purpose"] == "reporting")
    evidence = make.evidence(results[~awaited])
    evidence.plan.declared["baseline"] = "vanilla"
    assert len(evidence.comparison.pairwise) == 0
    [answer] = evidence.comparison.answers["answer"]
    assert answer.endswith("; vanilla has not finished enough trials to compare.")
    assert "small differences" not in list(limits(evidence).parts[0].tables[0].rows["name"])


def test_at_a_single_length_the_outcome_is_whether_it_was_solved(make: Any) -> None:
    methods = [(gating, "none", "default", skip) for gating in ("none", "LSTM") for skip in ("none", "residual")]
    evidence = make.evidence(make.results(methods, make.lengths[:1], 6, make.tasks[:1]))
    [outcome] = evidence.comparison.pairwise["outcome"].unique()
    text = str(protocol(evidence).parts[0].tables[0].rows.set_index("name").loc["primary outcome", "value"])
    assert (outcome, text) == ("solved", "solved (share of lengths solved)")
    said = str(methods_text(evidence))
    assert "lie beyond either end" not in remedies(evidence).parts[0].text
    assert "The primary outcome is solved (share of lengths solved), one number a seed." in said
