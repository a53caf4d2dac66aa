"""Stacked recurrent layers: the composition by hand, read-outs, masks and taps."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.lstm import lstm
from seqbench.contracts.toys import toy_batch, toy_task
from seqbench.errors import Incompatible
from seqbench.layers.unroll import unroll
from seqbench.mitigations.base import chain
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.models.base import cells
from seqbench.models.stacked import stacked


def build(task, cell=None, *remedies, **settings):
    return stacked(cell or gru(), **({"width": 5, "depth": 2} | settings))(task, chain(*remedies), nnx.Rngs(0))


def test_stack_is_the_composition_by_hand():
    task = toy_task(readout="every", variable_length=True)
    model, batch = build(task), toy_batch(task)
    values = jax.nn.one_hot(batch.inputs, task.inputs)
    for layer in model.layers:
        values = unroll(layer.cell, values, batch.mask).outputs
    by_hand = values @ model.readout.kernel[...] + model.readout.bias[...]
    np.testing.assert_allclose(model(batch), by_hand, atol=1e-6)


def test_last_readout_is_the_prediction_at_each_sequences_own_end():
    every, last = (toy_task(readout=readout, variable_length=True) for readout in ("every", "last"))
    batch = toy_batch(every)
    at_every_step, at_the_end = build(every)(batch), build(last)(batch)
    assert at_the_end.shape == (batch.mask.shape[0], 1, last.outputs)
    for row, length in enumerate(np.sum(batch.mask, 1)):
        np.testing.assert_allclose(at_the_end[row, 0], at_every_step[row, length - 1], atol=1e-6)


def test_taps_reach_every_layer():
    task = toy_task(readout="every")
    model, batch = build(task, lstm()), toy_batch(task)
    taps = model.taps(*batch.mask.shape)
    assert len(taps) == 2
    np.testing.assert_array_equal(model(batch, taps=taps), model(batch))
    gradient = jax.grad(lambda taps: jnp.sum(model(batch, taps=taps) ** 2))(taps)
    assert all(np.any(leaf) for leaf in jax.tree.leaves(gradient))


def test_cells_are_found_inside_wrappers_from_the_bottom_up():
    model = build(toy_task(), None, skip_in_time(steps=2), depth=12)
    assert [name for name, _ in cells(model)] == [f"layers.{index}.cell.inner" for index in range(12)]


def test_decode_is_refused_with_advice():
    with pytest.raises(Incompatible, match="encoder_decoder"):
        build(toy_task(readout="decode"))
