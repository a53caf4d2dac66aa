"""Both directions: the composition by hand, and what is read at the end."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.contracts.toys import toy_batch, toy_task
from seqbench.layers.unroll import unroll
from seqbench.mitigations.base import chain
from seqbench.models.bidirectional import bidirectional

WIDTH = 3


def build(readout):
    task = toy_task(readout=readout, variable_length=True)
    return bidirectional(gru(), width=WIDTH, depth=2)(task, chain(), nnx.Rngs(0)), toy_batch(task)


@pytest.mark.slow
def test_row_by_row_it_is_two_readings_side_by_side_and_again():
    every, batch = build("every")
    last, _ = build("last")
    at_every_step, at_the_end = jax.jit(lambda batch: (every(batch), last(batch)))(batch)
    for row, length in enumerate((1, 2, 4, 6)):
        assert batch.mask[row].sum() == length
        values = jax.nn.one_hot(batch.inputs[row : row + 1, :length], 4)
        for layer in every.layers:
            ahead = unroll(layer.forward.cell, values).outputs
            back = jnp.flip(unroll(layer.backward.cell, jnp.flip(values, 1)).outputs, 1)
            values = jnp.concatenate([ahead, back], -1)
        np.testing.assert_allclose(at_every_step[row, :length], every.readout(values)[0], atol=1e-6)
        both_ends = jnp.concatenate([values[0, -1, :WIDTH], values[0, 0, WIDTH:]])
        np.testing.assert_allclose(at_the_end[row, 0], last.readout(both_ends), atol=1e-6)


def test_taps_of_both_directions_reach_the_loss():
    model, batch = build("every")
    taps = model.taps(*batch.mask.shape)

    def loss(taps):
        return jnp.sum(model(batch, taps=taps) ** 2 * batch.mask[..., None])

    gradient = jax.jit(jax.grad(loss))(taps)
    assert jax.tree.structure(gradient).num_leaves == 4
    assert all(np.any(leaf) for leaf in jax.tree.leaves(gradient))
