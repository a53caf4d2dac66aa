"""A checkpoint from which its trial cannot go on is put aside by name, that is said, and the trial begins again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from seqbench.components.assemble import assemble
from seqbench.errors import StoreError
from seqbench.execution.checkpointer import Checkpointer
from seqbench.execution.run import run_grid
from seqbench.plan.plan import plan
from seqbench.store.checkpoints import Facts, checkpoint_path, save_checkpoint
from seqbench.training.program import Program
from seqbench.training.trial import Checkpoint
from tests.execution.test_run import numbers

POINT = Checkpoint(state=None, curve=({"step": 20},), probes=(), seconds=1.0, probe_seconds=0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = checkpoint_path(tmp_path, "ab12")
    path.parent.mkdir()
    path.write_bytes(b"of the right shape")
    return path


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def checkpointer(path: Path, said: list[str]) -> Checkpointer:
    """Of a trial that writes none soon."""
    job = SimpleNamespace(checkpoint=path, checkpoint_seconds=1e9, seed=0, trial="ab12", probes={})
    return Checkpointer(job, say=said.append)


def test_what_fails_before_anything_was_trained_is_put_aside_and_the_trial_begins_again(checkpointer, path, said):
    tried = []

    def train(point: Checkpoint | None) -> str:
        tried.append(point)
        return point.curve[-1]["met"] if point else "trained from the beginning"

    assert checkpointer.go_on(train, POINT) == "trained from the beginning"
    assert tried == [POINT, None]
    [aside] = (path.parent.parent / "quarantine").iterdir()
    assert (aside.name.partition(".")[0], aside.read_bytes()) == ("ab12", b"of the right shape")
    assert not path.exists()
    reason = "cannot be continued (KeyError('met'))"
    assert said == [f"Checkpoint ab12 {reason} and was moved to {aside.parent}; its trial begins again."]


def test_what_fails_later_is_the_trials_own_error(checkpointer, path):
    def train(point: Checkpoint | None) -> str:
        checkpointer.write(POINT)
        raise KeyError("met")

    with pytest.raises(KeyError):
        checkpointer.go_on(train, POINT)
    assert path.exists()


@pytest.mark.parametrize(("point", "error"), [(None, KeyError("met")), (POINT, StoreError("the disk is full"))])
def test_no_checkpoint_is_blamed_for_an_error_of_the_trial_or_of_the_disk(checkpointer, path, point, error):
    tried = []

    def train(point: Checkpoint | None) -> str:
        tried.append(point)
        raise error

    with pytest.raises(type(error)):
        checkpointer.go_on(train, point)
    assert tried == [point]
    assert path.exists()


@pytest.mark.slow  # its parts are tried above and in the store's tests
def test_checkpoints_that_are_damaged_or_refused_are_put_aside_by_name_and_said(grid, tmp_path):
    grid = grid.model_copy(update={"lengths": [2], "seeds": [1000]})
    folder, said = tmp_path / "tiny", []
    damaged, refused = plan(grid).trials
    checkpoint_path(folder, damaged.id).parent.mkdir(parents=True)
    checkpoint_path(folder, damaged.id).write_bytes(b"not a checkpoint")
    assembly = assemble(refused.settings)
    state = Program(assembly).initial(refused.seed, assembly.chain)
    save_checkpoint(checkpoint_path(folder, refused.id), state, Facts((), (), 0.0, 0.0), owner="another machine")
    run_grid(grid, folder, workers=1, say=said.append)
    place = folder / "quarantine"
    assert {path.name.partition(".")[0] for path in place.iterdir()} == {damaged.id, refused.id}
    assert sorted(said) == sorted(
        f"Checkpoint {trial.id} {reason} and was moved to {place}; its trial begins again."
        for trial, reason in (
            (damaged, "failed its checksum"),
            (refused, "was written in another environment or with other probes"),
        )
    )
    run_grid(grid, tmp_path / "undisturbed", workers=1)
    assert numbers(folder) == numbers(tmp_path / "undisturbed")
