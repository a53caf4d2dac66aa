"""The tables: columns, types, what is missing, what is damaged."""

import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
import pytest

from seqbench.errors import LaterFormat, LeftOutWarning, StoreError, UsageError
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS, factor_columns
from seqbench.store.parts import pack
from seqbench.store.plan_file import load_plan, write_plan
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


def test_tables_made_part_by_part_are_those_made_at_once(tmp_path, monkeypatch):
    folder = write_grid(tmp_path)
    record = TrialStore(folder).find("t1")
    TrialStore(folder).write(replace(record, trial="t2", probes=[], row=record.row | {"steps": 100}))
    whole = load(folder)
    monkeypatch.setattr("seqbench.store.table_rows.PART", 1)
    parts = load(folder)
    for table in ("trials", "curves", "probes"):
        pd.testing.assert_frame_equal(getattr(parts, table), getattr(whole, table))
    assert list(whole.trials["trial"]) == ["t1", "t2"]


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


@pytest.fixture
def committed(tmp_path):
    """A folder as it is committed: tables without trial files."""
    folder = write_grid(tmp_path)
    write_tables(folder, load(folder))
    (folder / "trials" / "t1.json").unlink()
    (folder / "trials").rmdir()
    return folder


@pytest.mark.parametrize("name", ["results.parquet", "curves.parquet", "probes.parquet", "manifest.json"])
def test_every_damage_of_a_table_is_found(committed, name):
    path = committed / name
    intact, random = path.read_bytes(), np.random.default_rng(0)
    places = [0, len(intact) - 1, *random.integers(len(intact), size=40)]
    damages = [intact[:place] + bytes([intact[place] ^ 0x10]) + intact[place + 1 :] for place in places]
    for damaged in (*damages, b"", intact[: len(intact) // 2], intact + b"x"):
        path.write_bytes(damaged)
        if name == "manifest.json" and _sums(damaged) == _sums(intact):
            continue
        with pytest.raises(StoreError, match="damaged"):
            load(committed)


def _sums(manifest):
    try:
        return json.loads(manifest)["sha256"]
    except (ValueError, KeyError, TypeError):
        return None


@pytest.mark.parametrize("name", ["results.parquet", "curves.parquet", "probes.parquet", "manifest.json"])
def test_a_table_that_is_absent_or_no_plain_file_is_refused(committed, name):
    path = committed / name
    path.rename(committed / "aside")
    with pytest.raises(StoreError, match="damaged"):
        load(committed)
    os.mkfifo(path)
    with pytest.raises(StoreError, match="not a plain file"):
        load(committed)
    path.unlink()
    path.symlink_to(committed / "aside")
    with pytest.raises(StoreError, match="not a plain file"):
        load(committed)


def test_tables_of_another_run_are_refused(committed):
    plan = load_plan(committed)
    write_plan(committed, replace(plan, trials={"t3": plan.trials["t2"]}))
    with pytest.raises(StoreError, match="different runs"):
        load(committed)


def test_a_folder_without_results_says_how_to_get_some(tmp_path):
    with pytest.raises(UsageError, match="seqbench run"):
        load_results(tmp_path / "nowhere")


def test_finished_and_reporting_rows(tmp_path):
    results = load(write_grid(tmp_path))
    assert (list(results.trials["trial"]), list(results.finished["trial"])) == (["t1", "t2"], ["t1"])
    tuned = replace(results, trials=results.trials.assign(purpose=["tuning", "reporting"]))
    assert (len(tuned.finished), len(tuned.reporting)) == (1, 0)
    assert len(results.reporting) == 1


def test_tables_of_an_older_version_have_the_columns_of_this_one(committed):
    for name in ("results", "curves", "probes"):
        table = pd.read_parquet(committed / f"{name}.parquet")
        table.drop(columns=["segment", "remedy"], errors="ignore").to_parquet(committed / f"{name}.parquet")
    (committed / "manifest.json").unlink()  # versions 0 and 1 had none
    results = load(committed)
    assert list(results.finished.columns) == [*RESULT_COLUMNS, "gating"]
    assert list(results.probes.columns) == list(PROBE_COLUMNS)
    assert results.finished["segment"].isna().all()
    assert (results.finished["segment"].dtype, results.probes["remedy"].dtype) == ("Int64", "Int64")


def test_tables_of_a_later_version_ask_for_an_upgrade(committed):
    path = committed / "curves.parquet"
    table = parquet.read_table(path)
    parquet.write_table(table.replace_schema_metadata({**table.schema.metadata, b"seqbench.format": b"3"}), path)
    with pytest.raises(LaterFormat, match="upgrade"):
        load(committed)


def test_a_trial_file_that_cannot_be_used_is_said_and_left_out(tmp_path):
    folder = write_grid(tmp_path)
    path = folder / "trials" / "t1.json"
    path.write_text(path.read_text().replace("0.5", "0.6"))
    with pytest.warns(LeftOutWarning, match="t1.json failed its checksum and is left out"):
        assert load(folder).finished.empty


@pytest.mark.parametrize("hit", [-5, 100])
def test_damaged_parts_are_said_by_their_name(tmp_path, hit):
    folder = write_grid(tmp_path)
    pack(folder / "trials")
    [part] = (folder / "trials").glob("*.parquet")
    data = bytearray(part.read_bytes())
    data[hit] ^= 255
    part.write_bytes(data)
    with pytest.warns(LeftOutWarning, match=rf"{part.name} .* is left out"):
        assert load(folder).finished.empty
