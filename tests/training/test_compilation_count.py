"""What a new trial compiles: nothing, unless its structure, optimizer, shapes or the sequences of its task are new."""

import jax
import pytest

from seqbench import compilation
from seqbench.compilation_cache import VARIABLE
from seqbench.components.assemble import assemble
from seqbench.components.probe_selection import assemble_probes
from seqbench.plan.plan import plan
from seqbench.training.program import Program
from seqbench.training.trial import run_trial

GRID = """
question: What is compiled?
tasks: [{delayed_recall: {symbols: 2}}]
lengths: [LENGTH]
seeds: [SEED]
model: {stacked: {width: 3}}
training: {steps: 4, batch_size: 2, evaluate_every: 2, validation_sequences: 4, test_sequences: 4,
           optimizer: OPTIMIZER, learning_rate: RATE}
methods: [METHOD]
"""
FIRST = {
    "LENGTH": "2", "SEED": "1", "RATE": "1.0e-3", "OPTIMIZER": "sgd",
    "METHOD": "{name: m, mitigations: [identity_init, {clip_global_norm: {threshold: 1.0}}]}",
}  # fmt: skip
SAME = {
    "seed": {"SEED": "2"},
    "rate": {"RATE": "2.0e-3"},
    "threshold": {"METHOD": "{name: m, mitigations: [identity_init, {clip_global_norm: {threshold: 0.1}}]}"},
    "initialisation": {"METHOD": "{name: m, mitigations: [orthogonal_init, {clip_global_norm: {threshold: 1.0}}]}"},
    "no initialisation": {"METHOD": "{name: m, mitigations: [{clip_global_norm: {threshold: 1.0}}]}"},
}


@pytest.fixture(scope="module")
def train():
    """Trains a trial of the grid with these changes and returns how many programs XLA compiled for it."""
    counted = []

    def count(event, duration, **_):
        if event == "/jax/core/compile/backend_compile_duration":
            counted.append(duration)

    jax.monitoring.register_event_duration_secs_listener(count)

    def train(read, **changes):
        text = GRID
        for word, value in (FIRST | changes).items():
            text = text.replace(word, value)
        [trial] = plan(read(text)).trials
        counted.clear()
        assembly = assemble(trial.settings)
        run_trial(
            Program(assembly), chain=assembly.chain, seed=trial.seed, learning_rate=trial.learning_rate,
            probes=assemble_probes("default"),
        )  # fmt: skip
        return len(counted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, "off")
        patch.setattr(compilation, "_kept", type(compilation._kept)())
        yield train
    jax.monitoring.unregister_event_duration_listener(count)


@pytest.fixture
def trained(train, read):
    train(read)


@pytest.mark.parametrize("change", SAME)
def test_what_is_a_number_compiles_nothing(train, read, trained, change):
    assert train(read, **SAME[change]) == 0


def test_a_length_of_the_same_bucket_compiles_what_draws_its_sequences_and_nothing_else(train, read, trained):
    assert train(read, LENGTH="5") == 1
    assert train(read, LENGTH="5", SEED="3") == 0


def test_drawn_lengths_compile_what_draws_them_and_the_sequences_of_each_and_nothing_else(train, read, trained):
    drawn = "{name: m, training: {lengths: {from: 0.5, count: 3}}, mitigations: [identity_init, clip_global_norm]}"
    # Of lengths 6, 9 and 12 in the same bucket: three programs, and one that draws which of them a step reads.
    assert train(read, LENGTH="12", METHOD=drawn) == 4
    assert train(read, LENGTH="12", METHOD=drawn, SEED="3") == 0


def test_another_optimizer_compiles_its_step_and_the_state_that_it_begins_with(train, read, trained):
    assert train(read, OPTIMIZER="momentum") == 2
