from __future__ import annotations

import pytest

from seqbench.grid.estimate import forward_seconds, trial_bytes, trial_seconds
from seqbench.grid.size import Size

LSTM = Size(parameters=132_000, weights=131_072, layers=1, states=6 * 128)
"""128 units reading 128: kernels of 128 x 512, twice."""

TRAINING = {
    "steps": 1000,
    "batch_size": 64,
    "evaluate_every": 100,
    "validation_sequences": 512,
    "test_sequences": 2560,
}


def test_a_forward_pass_is_matrix_products_and_a_fixed_price_a_step() -> None:
    # 2 * 131072 * 64 operations a time step, at 40e9 a second: 419 microseconds, and 3 more
    assert forward_seconds(LSTM, 100, 64) == pytest.approx(100 * (419.43e-6 + 3e-6), rel=1e-4)


def test_a_trial_is_three_forward_passes_a_step_and_its_evaluations() -> None:
    training = 3 * 1000 * forward_seconds(LSTM, 100, 64)
    evaluation = (10 * 2 + 10) * forward_seconds(LSTM, 100, 256)
    assert trial_seconds(LSTM, 100, TRAINING) == pytest.approx(training + evaluation)


def test_memory_is_the_runtime_the_optimizer_and_the_states() -> None:
    assert trial_bytes(LSTM, 100, TRAINING) == 350_000_000 + 4 * (4 * 132_000 + 256 * 100 * 768)
    assert trial_bytes(LSTM, 100, {**TRAINING, "batch_size": 512}) == 350_000_000 + 4 * (4 * 132_000 + 1024 * 100 * 768)
