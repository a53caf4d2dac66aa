"""A grid with factors and listed methods, from its file to its report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from seqbench.execution.run import run_grid
from seqbench.grid.spec import Grid
from seqbench.report.build import report
from seqbench.report.chapters.remedies import remedies
from seqbench.report.evidence import Evidence
from seqbench.store.results import load

GRID = """
question: Do factors and listed methods stand side by side?
tasks: [{delayed_recall: {symbols: 4}}]
lengths: [3]
seeds: 2
probes: none
model: {stacked: {width: 4}}
training: {steps: 4, batch_size: 4, evaluate_every: 2, validation_sequences: 16, test_sequences: 16}
factors:
  clipping: {none: {}, norm 1: {mitigations: [{clip_global_norm: {threshold: 1.0}}]}}
  initialisation: {none: {}, identity: {mitigations: [identity_init]}}
methods: [{name: LSTM, cell: lstm}]
"""


@pytest.mark.slow
@pytest.mark.usefixtures("hasty_workers")
def test_listed_method_is_in_every_table_and_in_no_contrast(read: Callable[[str], Grid], tmp_path: Path) -> None:
    results = run_grid(read(GRID), tmp_path, workers=2)
    assert len(results.trials) == len(results.finished) == 10
    page = report(tmp_path).read_text()
    assert 'data-method="0"' in page
    assert load(tmp_path).trials.set_index("method").loc["LSTM", ["clipping", "initialisation"]].isna().all(axis=None)
    evidence = Evidence(results)
    found = evidence.comparison
    assert evidence.methods == ("LSTM", "plain", "identity", "norm 1", "norm 1 + identity")
    assert set(found.methods["method"]) == set(found.solve_rates["method"]) == set(evidence.methods)
    assert set(found.pairwise["method"]) == set(evidence.methods) - {"plain"}
    assert evidence.factors == {"clipping": ("none", "norm 1"), "initialisation": ("none", "identity")}
    declared = found.effects[found.effects["family"] == "declared"]
    assert dict(zip(declared["effect"], declared["n"], strict=True)) == {
        "clipping=norm 1": 2, "initialisation=identity": 2, "clipping=norm 1 x initialisation=identity": 2,
    }  # fmt: skip
    [part] = remedies(evidence).parts
    assert part.text == "Outside of the factors, so in no effect: LSTM.", "at one length nothing is cut off"


def test_effects_say_how_many_horizons_the_range_of_lengths_cuts_off(factorial: Any) -> None:
    part = remedies(factorial).parts[0]
    rows = factorial.comparison.horizons.query("task == @part.title")
    cut, seeds = rows[["at_least", "below"]].to_numpy().sum(), rows["n"].sum()
    assert 0 < cut < seeds
    assert f"{cut} of {seeds} horizons lie beyond either end of the range of lengths" in part.text
