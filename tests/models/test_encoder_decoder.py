"""Encoder and decoder: what the decoder may see, and where the summary and the taps are."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.contracts.toys import toy_batch, toy_task
from seqbench.mitigations.base import chain
from seqbench.models.encoder_decoder import encoder_decoder

TASK = toy_task(readout="decode", variable_length=True)
BATCH = toy_batch(TASK)


@pytest.fixture(scope="module")
def trained():
    """A model that has learned the toy batch by heart, started from symbol 0 as the first column of the prompt."""
    graph, state = nnx.split(encoder_decoder(gru(), width=16)(TASK, chain(), nnx.Rngs(0)))
    batch = BATCH._replace(prompt=jnp.pad(BATCH.targets[:, :-1], ((0, 0), (1, 0))))
    optimizer = optax.adam(0.03)

    def loss(state):
        return jnp.mean(TASK.loss(nnx.merge(graph, state)(batch), batch.targets))

    def step(carry, _):
        state, memory = carry
        updates, memory = optimizer.update(jax.grad(loss)(state), memory)
        return (optax.apply_updates(state, updates), memory), None

    (state, _), _ = jax.jit(lambda state: jax.lax.scan(step, (state, optimizer.init(state)), None, 150))(state)
    return nnx.merge(graph, state), batch


def test_a_symbol_is_predicted_from_those_before_it_alone(trained):
    model, batch = trained
    run = jax.jit(model.__call__)
    plain, changed = run(batch), run(batch._replace(prompt=batch.prompt.at[:, 2].set((batch.prompt[:, 2] + 1) % 3)))
    np.testing.assert_array_equal(plain[:, :2], changed[:, :2])
    assert np.all(np.any(plain[:, 2] != changed[:, 2], axis=-1))


def test_summary_is_read_at_each_sequences_own_end(trained):
    model, batch = trained
    whole = model.summarise(batch)
    row, length = 1, int(batch.mask[1].sum())
    cut = batch._replace(inputs=batch.inputs[row : row + 1, :length], mask=batch.mask[row : row + 1, :length])
    np.testing.assert_allclose(model.summarise(cut)[0], whole[row], atol=1e-6)


def test_the_summary_is_read_at_the_first_step_alone_if_asked():
    for summary, reached in (("every", [True] * TASK.targets), ("first", [True] + [False] * (TASK.targets - 1))):
        model = encoder_decoder(gru(), width=4, summary=summary)(TASK, chain(), nnx.Rngs(0))
        first = model.decoder[0].cell
        # Without a recurrent matrix and with gates that write everything, a step knows its own input alone.
        first.recurrent_kernel[...] = jnp.zeros_like(first.recurrent_kernel[...])
        first.bias[...] = first.bias[...].at[first.block("update")].set(-1e9)
        prompt = jnp.zeros((1, TASK.targets), int)
        one, other = (model.answer(jnp.full((1, 1, 4), value), prompt) for value in (0.0, 1.0))
        assert jnp.any(one != other, axis=-1)[0].tolist() == reached


def test_taps_reach_encoder_and_decoder(trained):
    model, batch = trained
    reading, writing = taps = model.taps(*batch.mask.shape)
    assert reading[0].shape[0] == TASK.steps
    assert writing[0].shape[0] == TASK.targets
    gradient = jax.jit(jax.grad(lambda taps: jnp.sum(model(batch, taps=taps) ** 2)))(taps)
    assert all(np.any(leaf) for leaf in jax.tree.leaves(gradient))
