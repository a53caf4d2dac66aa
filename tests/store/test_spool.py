"""Tables of large grids: made in a temporary file, they are those that are made in memory, and so is the report."""

from __future__ import annotations

import gc
import json
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from seqbench.report.document import _data
from seqbench.report.evidence import Evidence
from seqbench.stats.gradient_norms import PROBE, gradient_by_distance
from seqbench.store import spool, tables
from seqbench.store.plan_file import PlanFile
from seqbench.store.records import Record
from seqbench.store.results import LargeResults, Results, results_of, under_plan, write_tables
from seqbench.store.trial_label import TrialLabel

TRIALS = [f"{number:016x}" for number in range(12)]
PLAN = PlanFile(
    trials={
        trial: TrialLabel("ab"[place % 2], "adding", 10 * (1 + place // 6), place, 0.1, "reporting")
        for place, trial in enumerate(TRIALS)
    }
)


def record(trial: str) -> Record:
    place = TRIALS.index(trial)
    probes = [
        {"step": step, "probe": name, "distance": 1 + distance, "remedy": None, "value": place + distance / 3 + step}
        for step in (0, 5)
        for name in (PROBE, "gate")
        for distance in range(3)
    ]
    row = {"outcome": "solved", "steps": 5, "accuracy": 1.0, "loss": place / 7}
    curve = [{"step": 5, "train_loss": 1 / (place + 1)}]
    return Record(trial, {}, row, {}, curve, probes, ["gates"], None)


RECORDS = [record(trial) for trial in TRIALS[:-1]]


@pytest.fixture
def both(monkeypatch) -> tuple[Results, Results]:
    small = results_of(RECORDS, PLAN)
    monkeypatch.setattr(spool, "ROWS", 10)
    monkeypatch.setattr("seqbench.store.table_rows.PART", 2)
    return small, results_of(RECORDS, PLAN)


def test_spooled_tables_are_those_in_memory(both) -> None:
    small, large = both
    assert isinstance(large, LargeResults)
    assert not isinstance(small, LargeResults)
    for name in ("trials", "curves", "probes", "finished"):
        assert_frame_equal(getattr(small, name), getattr(large, name))
    assert small.measured == large.measured == (PROBE, "gate")


def test_trials_that_have_not_finished_may_be_the_last_of_a_large_grid(both) -> None:
    first = results_of(RECORDS[:8], PLAN)
    assert isinstance(first, LargeResults)
    of_first = both[0].probes["trial"].isin(TRIALS[:8])
    assert_frame_equal(first.probes, both[0].probes[of_first])


def test_the_files_hold_the_same_rows(both, tmp_path: Path) -> None:
    for name, results in zip(("small", "large"), both, strict=True):
        write_tables(tmp_path / name, results)
    small, large = (tables.read(tmp_path / name) for name in ("small", "large"))
    for name in small:
        assert_frame_equal(small[name], large[name])


def test_only_the_rows_that_are_asked_for_are_read(both) -> None:
    small, large = both
    own = small.trials.iloc[[1, 8]]
    rows = large.measurements(own, ["gate"])
    expected = small.probes[small.probes["trial"].isin(own["trial"]) & (small.probes["probe"] == "gate")]
    assert_frame_equal(rows, expected.reset_index(drop=True))
    rows = large.measurements(own, ["gate"], start=True)
    assert_frame_equal(rows, expected[expected["step"] == 0].reset_index(drop=True))
    few = PlanFile(trials={trial: PLAN.trials[trial] for trial in TRIALS[3:5]})
    for name in ("trials", "curves", "probes"):
        assert_frame_equal(getattr(under_plan(small, few), name), getattr(under_plan(large, few), name))


def test_a_table_by_method_is_the_same_made_of_parts(both) -> None:
    made = [
        evidence.by_method(gradient_by_distance, evidence.reporting, (PROBE,), start=True)
        for evidence in map(Evidence, both)
    ]
    assert len(made[0]) == 6
    assert_frame_equal(*made)


def test_the_page_of_a_large_grid_leaves_out_the_rows_that_are_too_many(both, monkeypatch) -> None:
    small, large = map(Evidence, both)
    assert list(small.raw) == ["trials", "curves", "probes"]
    assert list(large.raw) == ["trials"]
    assert len(json.loads(_data(large))["rows"]) == 12
    monkeypatch.setattr("seqbench.report.evidence.LISTED", 11)
    assert list(large.raw) == []
    assert json.loads(_data(large))["rows"] == []


def test_the_file_goes_with_the_table(both) -> None:
    file = both[1].made.probes._file
    assert not file.closed
    table = both[1].made.probes.rows()
    assert isinstance(table, pd.DataFrame)
    vars(both[1]).clear()
    gc.collect()
    assert file.closed
