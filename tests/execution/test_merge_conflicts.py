"""Trials with other numbers elsewhere: named with both environments, counted, and never written."""

from __future__ import annotations

import numpy as np
import pytest

from seqbench.errors import MergeConflict
from seqbench.execution.environment import fingerprint
from seqbench.execution.merge import merge_folders
from tests.execution.conftest import HERE, THERE, record
from tests.execution.test_merge import contents


def test_other_numbers_are_named_with_both_environments_and_nothing_is_written(grid, trials, machine, tmp_path) -> None:
    other_loss = np.nextafter(0.5, 1)
    one = machine("a", [record(trials[0]), record(trials[1])])
    two = machine("b", [record(trials[0], loss=other_loss, environment=THERE)])
    before = contents(one)
    for into in (tmp_path / "merged" / "tiny", one):
        with pytest.raises(MergeConflict) as caught:
            merge_folders([one, two], into, lambda: grid)
        said, label = str(caught.value), trials[0]
        assert f"{label.id} ({label.method}, {label.task_label}, length {label.length}, seed {label.seed})" in said
        assert f"loss is 0.5 in {one} and {other_loss} in {two}" in said
        assert f"{one} trained it in environment {fingerprint(HERE)}: processor A" in said
        assert f"{two} trained it in environment {fingerprint(THERE)}: processor B" in said
        assert trials[1].id not in said
        assert (len(caught.value.conflicts), caught.value.exit_code) == (1, 6)
    assert not (tmp_path / "merged").exists()
    assert contents(one) == before | {".lock": b""}
    merged = merge_folders([two, one], tmp_path / "merged" / "tiny", lambda: grid, keep_first=True)
    assert merged.results.finished.set_index("trial")["loss"].to_dict() == {trials[0].id: other_loss, trials[1].id: 0.5}
    assert len(merged.conflicts) == 1


def test_a_trial_that_differs_in_three_folders_is_one_trial(grid, trials, machine, tmp_path) -> None:
    folders = [machine(name, [record(trials[0], loss=loss)]) for name, loss in (("a", 0.5), ("b", 0.6), ("c", 0.7))]
    with pytest.raises(MergeConflict, match=r"^1 trial has other numbers") as caught:
        merge_folders(folders, tmp_path / "merged" / "tiny", lambda: grid)
    assert len(caught.value.conflicts) == 2


def test_of_many_differences_ten_are_shown(grid, trials, machine, tmp_path) -> None:
    folders = [
        machine(name, [record(trial, loss=loss) for trial in trials[:6]])
        for name, loss in (("a", 0.5), ("b", 0.6), ("c", 0.7))
    ]
    with pytest.raises(MergeConflict, match=r"^6 trials have other numbers") as caught:
        merge_folders(folders, tmp_path / "merged" / "tiny", lambda: grid)
    assert str(caught.value).count("loss is") == 10
    assert "\n... and 2 more differences\n" in str(caught.value)


def test_other_numbers_in_the_same_environment_have_the_exit_code_of_a_broken_promise(
    grid, trials, machine, tmp_path
) -> None:
    one, two = machine("a", [record(trials[0])]), machine("b", [record(trials[0], loss=0.6)])
    with pytest.raises(MergeConflict, match=f"both trained in environment {fingerprint(HERE)}") as caught:
        merge_folders([one, two], tmp_path / "c", lambda: grid)
    assert caught.value.exit_code == 5
