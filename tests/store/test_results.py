"""The tables: columns, types, what is missing, what is damaged."""

import json
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as parquet
import pytest

from seqbench.errors import StoreError, UsageError
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS, factor_columns
from seqbench.store.records import Record
from seqbench.store.results import load, load_curves, load_probes, load_results, write_tables
from seqbench.store.trials import TrialStore


def write_grid(folder):
    """Two planned trials of which one has finished."""
    label = {"task": "adding", "length": 10, "learning_rate": 1e-3, "purpose": "reporting"}
    trials = {
        "t1": {"method": "GRU", **label, "seed": 1000, "gating": "GRU"},
        "t2": {"method": "plain", **label, "seed": 1000, "gating": "none"},
    }
    plan = {"grid": "g", "question": "?", "methods": ["GRU", "plain"], "factors": ["gating"], "trials": trials}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plan.json").write_text(json.dumps(plan))
    row = {"outcome": "partial", "accuracy": 0.5, "loss": 0.1, "diverged_at": None, "steps": 200, "parameters": 7}
    curve = [{"step": 100, "train_loss": 1.0, "accuracy_by_distance": {"10": 0.25}}, {"step": 200, "train_loss": None}]
    probes = [{"step": 0, "probe": "gradient_norm", "distance": 3, "value": 0.125}]
    TrialStore(folder).write(Record("t1", {}, row, {"jax": "0.10.2"}, curve, probes, [], None))
    return folder


def test_results_have_the_documented_columns_then_the_factors(tmp_path):
    results = load_results(write_grid(tmp_path))
    assert list(results.columns) == [*RESULT_COLUMNS, "gating"]
    assert factor_columns(results) == ["gating"]
    [row] = results.to_dict("records")
    assert (row["trial"], row["method"], row["length"], row["accuracy"], row["gating"]) == ("t1", "GRU", 10, 0.5, "GRU")
    assert pd.isna(row["diverged_at"])


def test_missing_trials_are_rows_without_outcome_when_asked_for(tmp_path):
    results = load_results(write_grid(tmp_path), missing=True)
    assert list(results["trial"]) == ["t1", "t2"]
    assert list(results["outcome"].isna()) == [False, True]


def test_curves_and_probes(tmp_path):
    folder = write_grid(tmp_path)
    curves, probes = load_curves(folder), load_probes(folder)
    assert list(curves.columns) == list(CURVE_COLUMNS)
    assert list(curves["step"]) == [100, 200]
    assert list(curves["train_loss"].isna()) == [False, True]
    assert list(probes.columns) == list(PROBE_COLUMNS)
    assert probes["remedy"].isna().all()
    assert probes.drop(columns="remedy").to_dict("records") == [
        {"trial": "t1", "step": 100, "probe": "accuracy", "distance": 10, "value": 0.25},
        {"trial": "t1", "step": 0, "probe": "gradient_norm", "distance": 3, "value": 0.125},
    ]


@pytest.mark.parametrize("load_table", [load_results, load_curves, load_probes])
def test_stored_tables_equal_the_trial_files(tmp_path, load_table):
    folder = write_grid(tmp_path)
    before = load_table(folder)
    write_tables(folder, load(folder))
    for path in (folder / "trials").iterdir():
        path.unlink()
    (folder / "trials").rmdir()
    pd.testing.assert_frame_equal(load_table(folder), before)
    missing = load_results(folder, missing=True)
    assert list(missing["trial"]) == ["t1", "t2"]
    assert missing.dtypes.to_dict() == load_results(folder).dtypes.to_dict()


def test_a_flipped_byte_in_a_table_is_found(tmp_path):
    folder = write_grid(tmp_path)
    write_tables(folder, load(folder))
    (folder / "trials" / "t1.json").unlink()
    (folder / "trials").rmdir()
    path = folder / "results.parquet"
    data = bytearray(path.read_bytes())
    place = data.find(b"PAR1") + 30
    data[place] ^= 0x10
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged"):
        load_results(folder)


def test_a_folder_without_results_says_how_to_get_some(tmp_path):
    with pytest.raises(UsageError, match="seqbench run"):
        load_results(tmp_path / "nowhere")


def test_finished_and_reporting_rows(tmp_path):
    results = load(write_grid(tmp_path))
    assert (list(results.trials["trial"]), list(results.finished["trial"])) == (["t1", "t2"], ["t1"])
    tuned = replace(results, trials=results.trials.assign(purpose=["tuning", "reporting"]))
    assert (len(tuned.finished), len(tuned.reporting)) == (1, 0)
    assert len(results.reporting) == 1


def test_tables_of_an_older_version_have_the_columns_of_this_one(tmp_path):
    folder = write_grid(tmp_path)
    write_tables(folder, load(folder))
    for name in ("results", "probes"):
        table = pd.read_parquet(folder / f"{name}.parquet")
        table.drop(columns=["segment", "remedy"], errors="ignore").to_parquet(folder / f"{name}.parquet")
    (folder / "trials" / "t1.json").unlink()
    (folder / "trials").rmdir()
    results = load(folder)
    assert list(results.finished.columns) == [*RESULT_COLUMNS, "gating"]
    assert list(results.probes.columns) == list(PROBE_COLUMNS)
    assert results.finished["segment"].isna().all()
    assert (results.finished["segment"].dtype, results.probes["remedy"].dtype) == ("Int64", "Int64")


def test_tables_of_a_later_version_ask_for_an_upgrade(tmp_path):
    folder = write_grid(tmp_path)
    write_tables(folder, load(folder))
    path = folder / "curves.parquet"
    table = parquet.read_table(path)
    parquet.write_table(table.replace_schema_metadata({**table.schema.metadata, b"seqbench.format": b"2"}), path)
    (folder / "trials" / "t1.json").unlink()
    (folder / "trials").rmdir()
    with pytest.raises(StoreError, match="upgrade"):
        load(folder)
