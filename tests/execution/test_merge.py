"""Results made on several machines, merged: nothing lost, nothing overwritten, conflicts and damage named."""

from __future__ import annotations

import json
import shutil
import weakref
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import seqbench
from seqbench.commands.merge import asked_of, merge
from seqbench.errors import GridBusy, LeftOutWarning, MergeConflict, StoreError, UsageError
from seqbench.execution.merge import merge_folders
from seqbench.execution.run import planned, written_anew
from seqbench.grid.read import read_grid
from seqbench.store import atomic, tables
from seqbench.store.lock import held
from seqbench.store.parameters import parameters_path, save_parameters
from seqbench.store.records import Record, read_record
from seqbench.store.results import load
from seqbench.store.trials import TrialStore
from tests.execution.conftest import THERE, TINY, record


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def tables_alone(folder: Path) -> Path:
    """What is committed of a folder."""
    shutil.rmtree(folder / "trials")
    return folder


def names(folder: Path) -> set[str]:
    return set(load(folder).finished["trial"])


@pytest.mark.parametrize("committed", [(), (0,), (1,), (0, 1)])
def test_what_two_machines_finished_is_what_one_would_hold(committed, grid, trials, machine, tmp_path) -> None:
    """With trial files or with tables alone; the trial that both have finished is there once."""
    whole = machine("whole", [record(trial) for trial in trials])
    parts = [machine("a", [record(trial) for trial in trials[:5]]), machine("b", [record(each) for each in trials[4:]])]
    for place in committed:
        tables_alone(parts[place])
    before = [contents(part) for part in parts]
    merged = merge_folders(parts, tmp_path / "merged" / "tiny", lambda: grid)
    assert (merged.added, merged.unplanned, merged.left_out, merged.conflicts) == (8, 0, (), ())
    assert [contents(part) for part in parts] == before
    for table in ("results", "curves", "probes"):
        one, other = (tables.read(folder)[table] for folder in (whole, tmp_path / "merged" / "tiny"))
        pd.testing.assert_frame_equal(one, other)
    records = TrialStore(tmp_path / "merged" / "tiny").read()[0]
    assert {each.trial: each.settings for each in records} == {trial.id: trial.settings for trial in trials}
    seqbench.run(TINY, name="tiny", results=tmp_path / "merged", quiet=True)  # finds all of them, and trains nothing
    assert contents(tmp_path / "merged" / "tiny")["results.parquet"] == (whole / "results.parquet").read_bytes()


def test_merging_again_and_into_what_is_there_changes_nothing(grid, trials, machine) -> None:
    one, other = machine("a", [record(trials[0])]), machine("b", [record(trials[0], environment=THERE)])
    assert merge_folders([one, other], one, lambda: grid).added == 0
    before = contents(one)
    assert merge_folders([other], one, lambda: grid).added == 0
    assert contents(one) == before
    assert load(one).finished["seconds"].tolist() == [1.0]  # its own record, although the other differs in its time


@pytest.mark.parametrize(
    "change",
    [
        {"curve": [{"step": 10, "train_loss": 0.1}, {"step": 20, "train_loss": 0.04}]},
        {"curve": [{"step": 10, "train_loss": 0.1}]},
        {"probes": [{"step": 0, "probe": "gradient_norm", "distance": 1, "value": 0.5}]},
        {"row": {"outcome": "solved"}},
        {"row": {"accuracy_by_distance": {"2": 0.5}}},
        {"row": {"accuracy": None}},
    ],
)
def test_every_number_counts(change, grid, trials, machine, tmp_path) -> None:
    if "row" in change:
        change = {"row": record(trials[0]).row | change["row"]}
    one = machine("a", [record(trial) for trial in trials[:2]])
    two = machine("b", [record(trials[0], **change), record(trials[1])])
    with pytest.raises(MergeConflict, match="1 trial has other numbers"):
        merge_folders([one, two], tmp_path / "c", lambda: grid)


def test_of_equal_numbers_the_record_with_more_probes_is_kept(grid, trials, machine, tmp_path) -> None:
    whole = record(trials[0])
    far = {"step": 0, "probe": "gradient_norm", "distance": 9, "value": 0.5}
    fewer = machine("a", [replace(whole, probed=[], row=whole.row | {"accuracy_by_distance": {"3": 1.0}})])
    more = machine("b", [replace(whole, probes=[*whole.probes, far])])
    assert 9 in list(merge_folders([fewer, more], tmp_path / "c", lambda: grid).results.probes["distance"])


def test_parameters_come_along_unless_they_are_damaged(grid, trials, machine, tmp_path) -> None:
    place = tmp_path / "made.npz"
    sha256 = save_parameters(place, {"w": np.arange(3.0)})
    folder = machine("a", [record(trial, parameters=sha256) for trial in trials[:2]])
    for trial in trials[:2]:
        target = parameters_path(folder, trial.id)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(place, target)
    parameters_path(folder, trials[1].id).write_bytes(b"cut")
    merged = merge_folders([folder], tmp_path / "c", lambda: grid)
    assert parameters_path(tmp_path / "c", trials[0].id).read_bytes() == place.read_bytes()
    assert not parameters_path(tmp_path / "c", trials[1].id).exists()
    [(path, reason)] = merged.left_out
    assert (path, "is damaged" in reason) == (parameters_path(folder, trials[1].id), True)


def test_damaged_trial_files_are_named_and_the_other_machines_copy_is_taken(grid, trials, machine, tmp_path) -> None:
    one, two = (machine(name, [record(trial) for trial in trials[:2]]) for name in ("a", "b"))
    damaged = one / "trials" / f"{trials[0].id}.json"
    damaged.write_text(damaged.read_text().replace("0.75", "0.85"))
    merged = merge_folders([one, two], tmp_path / "c", lambda: grid)
    assert [path for path, _ in merged.left_out] == [damaged]
    assert merged.results.finished["accuracy"].tolist() == [0.75, 0.75]
    assert damaged.exists()


@pytest.mark.parametrize("name", ["plan.json", "results.parquet", "curves.parquet", "manifest.json"])
def test_a_damaged_plan_or_table_is_named_and_nothing_is_written(name, grid, trials, machine, tmp_path) -> None:
    one, two = machine("a", [record(trials[0])]), tables_alone(machine("b", [record(trials[1])]))
    (two / name).write_bytes((two / name).read_bytes()[:-7])
    with pytest.raises(StoreError, match=str(two / name)):
        merge_folders([one, two], tmp_path / "c", lambda: grid)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("there", [True, False], ids=["into what is there", "into a new folder"])
def test_killed_at_any_write_it_is_completed_by_the_same_command(
    there, grid, trials, machine, tmp_path, monkeypatch
) -> None:
    """Every write fails once, as by a kill: what had been there stays, and merging again gives the whole."""
    parts = [machine("a", [record(trials[0])]), machine("b", [record(trials[1])])]
    own = machine("own", [record(trials[2])])
    whole, writes = {trial.id for trial in trials[: 3 if there else 2]}, 0

    def counting(path, data, *, stop_at, count):
        count.append(path)
        if len(count) == stop_at:
            raise KeyboardInterrupt
        return write(path, data)

    write = atomic.write_bytes
    while True:
        writes += 1
        into = tmp_path / f"c{writes}"
        if there:
            shutil.copytree(own, into)
        with monkeypatch.context() as patch:
            patch.setattr(atomic, "write_bytes", partial(counting, stop_at=writes, count=[]))
            try:
                merge_folders(parts, into, lambda: grid)
            except KeyboardInterrupt:
                pass
            else:
                break
        assert not there or trials[2].id in TrialStore(into).names()
        merge_folders(parts, into, lambda: grid)
        assert names(into) == whole
    assert writes > 4
    assert names(into) == whole


def test_a_folder_that_is_being_run_is_not_merged_into(grid, trials, machine) -> None:
    one, two = machine("a", [record(trials[0])]), machine("b", [record(trials[1])])
    with held(one), pytest.raises(GridBusy):
        merge_folders([two], one, lambda: grid)


def test_another_grids_results_are_refused(grid, trials, machine, tmp_path) -> None:
    one = machine("a", [record(trials[0])])
    other = tmp_path / "other.yaml"
    other.write_text(TINY.replace("Does anything happen at all?", "Another?").replace("steps: 30", "steps: 40"))
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "trials").mkdir(parents=True)
    written_anew(read_grid(other), elsewhere)
    with pytest.raises(UsageError, match="Name the grid that asks for the trials of both"):
        asked_of([one, elsewhere], tmp_path / "c", None)
    with pytest.raises(UsageError, match=f"{elsewhere} holds results of another grid, which asks: Another"):
        merge_folders([one, elsewhere], tmp_path / "c", lambda: grid)
    with pytest.raises(UsageError, match="holds no results"):
        asked_of([tmp_path / "nothing"], tmp_path / "c", None)


def test_grids_that_were_split_by_seeds_are_merged_under_the_grid_that_asks_for_all(trials, tmp_path, capsys) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(TINY)
    both, into = [tmp_path / str(seed) / "tiny" for seed in (1000, 1001)], tmp_path / "merged" / "tiny"
    for folder in both:
        folder.mkdir(parents=True)
        part = read_grid(file, overrides=[f"seeds=[{folder.parent.name}]"], name="tiny")
        for trial in planned(part, []).trials:
            TrialStore(folder).write(record(trial))
        written_anew(part, folder)
    with pytest.raises(UsageError, match="different grids"):
        merge(both, into, grid=None, overrides=(), keep_first=False)
    merge(both, into, grid=str(file), overrides=(), keep_first=False)
    assert f"{into} holds 8 of 8 trials; 8 were added.\nIts report: " in capsys.readouterr().out
    assert json.loads((into / "plan.json").read_text())["overrides"] == []


def test_from_python_the_grid_of_the_folders_is_taken(grid, trials, machine, tmp_path) -> None:
    one, two = machine("a", [record(trials[0])]), machine("b", [record(trials[1])])
    damaged = one / "trials" / "x.json"
    damaged.write_text("{}")
    with pytest.warns(LeftOutWarning, match="x.json failed its checksum"):
        results = seqbench.merge(one, str(two), into=tmp_path / "c")
    assert len(results.finished) == 2
    assert results.plan.question == grid.question


def test_records_are_read_one_by_one_and_not_held(grid, trials, machine, tmp_path, monkeypatch) -> None:
    """Two of a trial are compared; another two are read while the names of these are still bound."""
    parts, seen, held = [machine(name, map(record, trials)) for name in "ab"], [], []

    def counted(path: Path) -> Record:
        seen.append(weakref.ref(found := read_record(path)))
        held.append(sum(each() is not None for each in seen))
        return found

    monkeypatch.setattr("seqbench.store.trials.read_record", counted)
    assert merge_folders(parts, tmp_path / "merged" / "tiny", lambda: grid).added == 8
    assert len(held) > 16
    assert max(held) <= 4
