from __future__ import annotations

from dataclasses import replace

import pytest

from seqbench.components.assembly import TrainingSettings
from seqbench.plan.estimate import forward_seconds, trial_bytes, trial_seconds
from seqbench.plan.model_size import ModelSize

LSTM = ModelSize(132_000, layers=1, products=131_072, functions=5 * 128, states=6 * 128, outputs=128)
"""128 units reading 128: kernels of 128 x 512, twice."""

TRAINING = TrainingSettings(
    steps=1000,
    batch_size=64,
    evaluate_every=100,
    optimizer="adam",
    validation_sequences=512,
    test_sequences=2560,
)


def test_a_forward_pass_is_arithmetic_and_a_fixed_price_a_step() -> None:
    # A sequence and time step: 131072 products of 15 ps, 640 functions of 2.3 ns and 768 states of 1.5 ns are
    # 1.97 + 1.47 + 1.15 = 4.59 microseconds; for 64 sequences, and 1.1 more for the layer
    assert forward_seconds(LSTM, 100, 64) == pytest.approx(100 * (64 * 4.590e-6 + 1.1e-6), rel=1e-3)
    bare = LSTM._replace(functions=0)
    assert forward_seconds(bare, 100, 64) == pytest.approx(100 * (64 * 3.118e-6 + 1.1e-6), rel=1e-3)


def test_a_trial_is_three_and_a_quarter_forward_passes_and_an_update_a_step_and_its_evaluations() -> None:
    training = 1000 * (3.25 * forward_seconds(LSTM, 100, 64) + 0.0005)
    evaluation = (10 * 2 + 10) * forward_seconds(LSTM, 100, 256)
    assert trial_seconds(LSTM, 100, TRAINING) == pytest.approx(training + evaluation)


def test_long_sequences_are_evaluated_in_smaller_batches() -> None:
    # 10,000 steps: 2^18 / 10,000 is 26, so batches of 16
    training = 1000 * (3.25 * forward_seconds(LSTM, 10_000, 64) + 0.0005)
    evaluation = (10 * 512 + 2560) / 16 * forward_seconds(LSTM, 10_000, 16)
    assert trial_seconds(LSTM, 10_000, TRAINING) == pytest.approx(training + evaluation)


def test_memory_is_the_runtime_the_optimizer_and_the_states() -> None:
    assert trial_bytes(LSTM, 100, TRAINING) == 350_000_000 + 4 * (4 * 132_000 + 256 * 100 * 768)
    assert trial_bytes(LSTM, 100, replace(TRAINING, batch_size=256)) == 350_000_000 + 4 * (
        4 * 132_000 + 512 * 100 * 768
    )


def test_of_long_sequences_outputs_are_kept_and_the_states_of_segments() -> None:
    # All states: 2 * 4 * 32 * 10,000 * 768 = 1.97 GB, above the 268 MB of a layer. In segments of 100 steps:
    # 2 * 4 * 32 * (100 + 100) * 768 = 39 MB, and outputs 4 * 32 * 10,000 * 128 = 164 MB. (XLA: 225 MB of temporaries.)
    batch_of_32 = replace(TRAINING, batch_size=32)
    assert trial_bytes(LSTM, 10_000, batch_of_32) == 350_000_000 + 16 * 132_000 + 39_321_600 + 163_840_000


def test_each_layer_has_a_budget_of_its_own() -> None:
    # 2 * 4 * 64 * 600 * 768 = 236 MB of states fit into the budget of one layer, as those of two fit into two
    two = LSTM._replace(layers=2, states=2 * 768, outputs=2 * 128)
    assert trial_bytes(LSTM, 600, TRAINING) == 350_000_000 + 16 * 132_000 + 235_929_600
    assert trial_bytes(two, 600, TRAINING) == 350_000_000 + 16 * 132_000 + 2 * 235_929_600


def test_a_model_without_loops_has_no_segments() -> None:
    control = ModelSize(parameters=1000, layers=0, products=900, functions=2, states=3, outputs=1)
    assert trial_bytes(control, 1_000_000, TRAINING) == 350_000_000 + 16 * 1000 + 2 * 4 * 64 * 1_000_000 * 3
