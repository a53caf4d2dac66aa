"""Merging into a folder that holds tables alone, as a clone does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seqbench.errors import StoreError
from seqbench.execution.environment import fingerprint
from seqbench.execution.merge import merge_folders
from seqbench.execution.run import planned, written_anew
from seqbench.store import tables
from seqbench.store.results import load
from seqbench.store.trials import TrialStore
from tests.execution.conftest import HERE, record


@pytest.mark.parametrize("shared", [0, 3, 8])
def test_what_tables_alone_hold_stays_where_a_source_has_trial_files_of_it(shared: int, grid, tmp_path: Path) -> None:
    trials = planned(grid, []).trials
    into, source = tmp_path / "clone" / "tiny", tmp_path / "machine" / "tiny"
    for folder, own in ((into, trials), (source, trials[:shared])):
        folder.mkdir(parents=True)
        for trial in own:
            TrialStore(folder).write(record(trial))
        written_anew(grid, folder)
    shutil.rmtree(into / "trials")
    merged = merge_folders([source], into, lambda: grid)
    assert (merged.added, len(merged.results.finished)) == (0, len(trials))
    assert set(load(into).finished["trial"]) == {trial.id for trial in trials}
    assert set(load(into).finished["environment"]) == {fingerprint(HERE)}


def test_a_folder_whose_tables_would_lose_trials_is_not_merged_into(grid, tmp_path: Path) -> None:
    trials = planned(grid, []).trials
    into, source = tmp_path / "clone" / "tiny", tmp_path / "machine" / "tiny"
    for folder in (into, source):
        folder.mkdir(parents=True)
        for trial in trials[:3]:
            TrialStore(folder).write(record(trial))
        written_anew(grid, folder)
    shutil.rmtree(into / "trials")
    kept = tables.read(into)
    kept["results"].loc[0, "probed"] = None  # as in those of an early version
    tables.write(into, kept)
    before = {path.name: path.read_bytes() for path in into.iterdir() if path.is_file()}
    with pytest.raises(StoreError, match=r"do not say of 1 trials .* merge into another folder"):
        merge_folders([source], into, lambda: grid)
    assert {path.name: path.read_bytes() for path in into.iterdir() if path.name in before} == before
