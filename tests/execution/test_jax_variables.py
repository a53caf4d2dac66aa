"""The environment changes no number."""

import os

import pytest

from seqbench.execution.jax_variables import harmful
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid

GRID = """
question: Does the environment change numbers?
tasks: [delayed_recall]
lengths: [3]
seeds: 1
probes: none
model: {stacked: {width: 4}}
training: {steps: 4, evaluate_every: 2, validation_sequences: 64, test_sequences: 64}
"""
CHANGES = {"JAX_DEFAULT_PRNG_IMPL": "rbg", "JAX_ENABLE_X64": "1", "JAX_DEBUG_NANS": "1", "JAX_DISABLE_JIT": "1"}


def test_where_and_what_is_printed_stays():
    variables = {"JAX_PLATFORMS": "cpu", "JAX_LOG_COMPILES": "1", "PATH": "x", "XLA_FLAGS": ""} | CHANGES
    assert harmful(variables | {"FLAX_RNG": "1"}) == sorted([*CHANGES, "FLAX_RNG"])


@pytest.fixture
def train(tmp_path):
    """Train the grid; its row, without times."""
    path = tmp_path / "grid.yaml"
    path.write_text(GRID)

    def run(name):
        results = run_grid(read_grid(path), tmp_path / name, workers=1)
        assert not results.failures
        return results.trials.drop(columns=[name for name in results.trials if name.endswith("seconds")])

    return run


@pytest.mark.slow
def test_workers_compute_the_same_whatever_variables_are_set(train, monkeypatch):
    assert not harmful(os.environ)
    before = train("before")
    for name, value in CHANGES.items():
        monkeypatch.setenv(name, value)
    assert train("after").equals(before)
