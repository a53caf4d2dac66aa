"""A checkpoint from which its trial cannot go on is put aside by name, and the trial begins again."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from seqbench.errors import StoreError
from seqbench.execution.checkpointer import Checkpointer
from seqbench.store.checkpoints import checkpoint_path
from seqbench.training.trial import Checkpoint

POINT = Checkpoint(state=None, curve=({"step": 20},), probes=(), seconds=1.0, probe_seconds=0.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = checkpoint_path(tmp_path, "ab12")
    path.parent.mkdir()
    path.write_bytes(b"of the right shape")
    return path


@pytest.fixture
def checkpointer(path: Path) -> Checkpointer:
    """Of a trial that writes none soon."""
    return Checkpointer(SimpleNamespace(checkpoint=path, checkpoint_seconds=1e9, seed=0, trial="ab12", probes="none"))


def test_what_fails_before_anything_was_trained_is_put_aside_and_the_trial_begins_again(checkpointer, path, capfd):
    tried = []

    def train(point: Checkpoint | None) -> str:
        tried.append(point)
        return point.curve[-1]["met"] if point else "trained from the beginning"

    assert checkpointer.go_on(train, POINT) == "trained from the beginning"
    assert tried == [POINT, None]
    [aside] = (path.parent.parent / "quarantine").iterdir()
    assert (aside.name.partition(".")[0], aside.read_bytes()) == ("ab12", b"of the right shape")
    assert not path.exists()
    said = capfd.readouterr().err
    assert "Checkpoint ab12 cannot be continued (KeyError('met')) and was moved to" in said
    assert "its trial begins again" in said


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
