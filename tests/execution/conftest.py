"""A grid that trains in seconds: two methods, two lengths, two seeds, one compiled program each."""

import os
import secrets
from dataclasses import replace
from pathlib import Path

import pytest

from seqbench.components.probe_selection import selected
from seqbench.execution.environment import fingerprint
from seqbench.execution.run import planned, written_anew
from seqbench.grid.read import read_grid
from seqbench.store.records import Record
from seqbench.store.trials import TrialStore
from tests.execution.ray_scene import GRID, finish, source, start, two_nodes

TINY = """
question: Does anything happen at all?
tasks: [delayed_recall]
lengths: [2, 3]
seeds: 2
model: {stacked: {width: 4}}
training: {steps: 30, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 256,
           learning_rate: 1.0e-2, stop_when_solved: false}
methods:
  - {name: plain, cell: vanilla}
  - {name: clipped, cell: vanilla, mitigations: [{clip_global_norm: {threshold: 0.1}}]}
"""


@pytest.fixture(autouse=True, scope="module")
def _hasty(hasty_workers):
    """Trials of a few steps: their workers compile in half the time."""


@pytest.fixture(scope="session")
def grid(tmp_path_factory):
    path = tmp_path_factory.mktemp("grid") / "tiny.yaml"
    path.write_text(TINY)
    return read_grid(path)


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A folder with the grid, and the environment of everything that runs: Ray on loopback only, with a token."""
    folder = tmp_path_factory.mktemp("ray")
    (folder / "many.yaml").write_text(GRID)
    variables = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # without it Ray looks for a cluster on loopback elsewhere
        "RAY_gcs_rpc_server_reconnect_timeout_s": "16",
        "SEQBENCH_CACHE": str(folder / "cache"),
        "XLA_FLAGS": f"{os.environ['XLA_FLAGS']} --xla_backend_optimization_level=0",
    }
    return folder, {name: value for name, value in variables.items() if name != "RAY_ADDRESS"}


@pytest.fixture(scope="session")
def cluster(place):
    with two_nodes(place) as found:
        yield found


@pytest.fixture(scope="session")
def local(place):
    """The same grid trained by one local worker."""
    finish(start(place, place[1], "--workers", 1, "--results", "local"))
    return source(place[0] / "local" / "many")


HERE, THERE = {"processor": "A", "jax": "1"}, {"processor": "B", "jax": "1"}


@pytest.fixture(scope="module")
def trials(grid):
    """The eight trials of the tiny grid."""
    return planned(grid, []).trials


def record(trial, *, loss: float = 0.5, environment=HERE, **changed) -> Record:
    """What might have become of a trial; other seconds on every machine."""
    seconds = float(len(environment["processor"]) + (environment is THERE))
    row = {"outcome": "partial", "accuracy": 0.75, "loss": loss, "steps": 20, "seconds": seconds,
           "accuracy_by_distance": {"2": 0.75}, "environment": fingerprint(environment)}  # fmt: skip
    curve = [{"step": step, "train_loss": 1 / step, "seconds": seconds} for step in (10, 20)]
    probes = [{"step": 0, "probe": "gradient_norm", "distance": 1, "remedy": None, "value": 0.25}]
    whole = Record(trial.id, trial.settings, row, dict(environment), curve, probes, [*selected("default")], None)
    return replace(whole, **changed)


@pytest.fixture
def machine(grid, tmp_path):
    """Write a results folder of the tiny grid that holds these records."""

    def write(name: str, records) -> Path:
        folder = tmp_path / name / "tiny"
        folder.mkdir(parents=True)
        for each in records:
            TrialStore(folder).write(each)
        written_anew(grid, folder)
        return folder

    return write
