"""Every method of a grid at initialisation, without training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from seqbench.errors import UsageError
from seqbench.execution.probe_grid import probe_grid, probe_plans
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan
from seqbench.report.probe_figures import probe_figure, probe_table

GRID = """
question: What arrives before anything is learned?
tasks: [delayed_recall]
lengths: [3, 9]
seeds: 2
model: {stacked: {width: 4, depth: 1}}
training: {steps: 10, batch_size: 4, evaluate_every: 5}
methods:
  - {name: plain, cell: {vanilla: {activation: relu}}}
  - {name: identity, cell: {vanilla: {activation: relu}}, mitigations: [identity_init]}
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    path = tmp_path_factory.mktemp("grid") / "start.yaml"
    path.write_text(GRID)
    reported = []
    found = probe_grid(plan(read_grid(path)), report=lambda done, of: reported.append((done, of)))
    assert reported == [(1, 4), (2, 4), (3, 4), (4, 4)]
    return found


def test_every_method_is_measured_at_the_longest_length_for_every_seed(measured):
    assert set(measured["length"]) == {9}
    assert set(measured["step"]) == {0}
    assert measured.groupby("method")["seed"].nunique().to_dict() == {"plain": 2, "identity": 2}
    assert measured[measured["probe"] == "gradient_norm"]["distance"].max() == 9


def test_the_identity_is_seen_and_the_seeds_are_not_confused(measured):
    from_identity = measured[measured["probe"] == "from_identity"].set_index(["method", "seed"])["value"]
    assert (from_identity["identity"] == 0).all()
    assert (from_identity["plain"] > 0.1).all()
    assert from_identity["plain"].nunique() == 2


def test_no_such_probe_is_an_error(measured, tmp_path):
    path = tmp_path / "start.yaml"
    path.write_text(GRID)
    with pytest.raises(UsageError, match="expected the name of a probe"):
        probe_grid(plan(read_grid(path)), probes=["gradient"])


def test_the_table_has_a_row_a_method_in_the_order_of_the_grid(measured):
    table = probe_table(measured)
    assert list(table["method"]) == ["plain", "identity"]
    norms = measured[(measured["probe"] == "gradient_norm") & (measured["method"] == "identity")]
    shares = [
        own.loc[own["distance"] == 9, "value"].item() / own.loc[own["distance"] == 0, "value"].item()
        for _, own in norms.groupby("seed")
    ]
    assert table.loc[1, "at the dependency length"] == pytest.approx(np.median(shares))
    assert table.loc[1, "from identity"] == 0


def test_the_figure_draws_a_line_a_method_on_a_log_axis(measured):
    figure = probe_figure(measured)
    (ax,) = figure.axes
    assert ax.get_yscale() == "log"
    lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert list(lines) == ["plain", "identity"]
    x, y = lines["identity"].get_data()
    assert x[0] == 0
    assert y[0] == pytest.approx(1)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["plain", "identity"]


def test_a_figure_of_nothing_says_what_to_do(measured):
    with pytest.raises(UsageError, match="gradient_flow"):
        probe_figure(measured[measured["probe"] == "from_identity"])


def test_at_another_length_a_method_that_cannot_be_built_there_is_left_out(tmp_path):
    path = tmp_path / "start.yaml"
    tasks = "[delayed_recall, {adding: {length: [20, 30]}}]"
    skipping = "{skip_in_time: {steps: 10}}"
    path.write_text(
        GRID.replace("[3, 9]", "[20]").replace("[delayed_recall]", tasks).replace("identity_init", skipping)
    )
    [probed] = probe_plans([read_grid(path)], length=5, probes="action", seeds=1)
    assert set(probed.measured["length"]) == {5}
    assert set(probed.measured["task"]) == {"delayed_recall", "adding"}
    assert set(probed.measured["method"]) == {"plain"}
    assert {each.method for each in probed.incompatible} == {"identity"}
