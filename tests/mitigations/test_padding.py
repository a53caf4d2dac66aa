"""Padding is no step: whatever a mitigation wraps, sequences have the same gradient with padding behind them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.lstm import lstm
from seqbench.cells.slstm import slstm
from seqbench.cells.vanilla import vanilla
from seqbench.layers.bidirectional import Bidirectional
from seqbench.layers.recurrent import record
from seqbench.mitigations.base import Forward, LayerContext, chain
from seqbench.mitigations.clip_backpropagated import clip_backpropagated
from seqbench.mitigations.highway import highway
from seqbench.mitigations.layer_norm import layer_norm
from seqbench.mitigations.norm_stabiliser import norm_stabiliser
from seqbench.mitigations.residual import residual
from seqbench.mitigations.residual_recurrence import residual_recurrence
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.mitigations.truncated_backpropagation import truncated_backpropagation

STEPS, HIDDEN = 7, 4

CASES = {
    "truncated_backpropagation": (vanilla, [truncated_backpropagation(window=3)]),
    "truncated_backpropagation of a state in parts": (lstm, [truncated_backpropagation(window=3)]),
    "truncated skip_in_time": (vanilla, [truncated_backpropagation(window=3), skip_in_time(steps=2)]),
    "skip_in_time of two strides": (vanilla, [skip_in_time(steps=(2, 3))]),
    "skip_in_time in place": (slstm, [skip_in_time(steps=3, mode="replace")]),
    "truncated dilation": (lstm, [skip_in_time(steps=1, mode="dilated"), truncated_backpropagation(window=3)]),
    "residual_recurrence": (vanilla, [residual_recurrence(scale=0.5)]),
    "clip_backpropagated": (vanilla, [clip_backpropagated(threshold=0.5)]),
    "layer_norm": (vanilla, [layer_norm()]),
    "highway": (vanilla, [highway()]),
    "residual": (vanilla, [residual()]),
    "norm_stabiliser": (vanilla, [norm_stabiliser(weight=1.0)]),
}


def gradients(layer, chained, inputs, mask):
    """The gradient of a loss on every step that is none of padding, with respect to the layer's parameters."""
    graph, parameters = nnx.split(layer)
    weights = jax.random.normal(jax.random.key(1), (len(inputs), STEPS, 2 * HIDDEN))
    weights = jnp.pad(weights, ((0, 0), (0, inputs.shape[1] - STEPS), (0, 0))) * mask[..., None]

    @jax.grad
    def gradient(parameters):
        model = nnx.merge(graph, parameters)
        chained.bind(model, chained.arrays)
        seen = record(model)
        total = jnp.sum(weights * model(inputs, mask))
        forward = Forward(parameters, None, None, None, None, seen)
        return total + sum(
            link.penalty(own, forward) for link, own in zip(chained.links, chained.arrays, strict=True) if link.penalty
        )

    return jax.tree.leaves(jax.jit(gradient)(parameters))


def both_ways(builder, mitigations):
    """A bidirectional layer, the upper of two, with these mitigations, and their chain."""
    chained, rngs = chain(*mitigations), nnx.Rngs(0)
    build = chained.cell(builder())
    layer = Bidirectional(build(2 * HIDDEN, HIDDEN, rngs), build(2 * HIDDEN, HIDDEN, rngs))
    return chained.layer(layer, LayerContext(1, 2 * HIDDEN, 2 * HIDDEN, 2, rngs)), chained


@pytest.mark.parametrize("case", [pytest.param(case, marks=[pytest.mark.slow] * (" " in case)) for case in CASES])
def test_padding_changes_no_gradient(case):
    layer, chained = both_ways(*CASES[case])
    inputs = jax.random.normal(jax.random.key(0), (2, STEPS + 3, 2 * HIDDEN))  # what stands in the padding is no zero

    def padded(steps):
        return gradients(
            layer, chained, inputs[:, : STEPS + steps], jnp.tile(jnp.arange(STEPS + steps) < STEPS, (2, 1))
        )

    expected = padded(0)
    assert max(np.abs(leaf).max() for leaf in expected) > 0.1
    for steps in (1, 2):
        for found, leaf in zip(padded(steps), expected, strict=True):
            # To the rounding of sums whose terms are larger than they are themselves.
            np.testing.assert_allclose(found, leaf, rtol=1e-6, atol=1e-6 * np.abs(leaf).max())


def test_each_sequence_of_a_batch_has_windows_of_its_own():
    layer, _ = both_ways(vanilla, [truncated_backpropagation(window=3), skip_in_time(steps=2)])
    inputs = jax.random.normal(jax.random.key(0), (2, STEPS, 2 * HIDDEN))
    mask = jnp.arange(STEPS) < jnp.array([STEPS, STEPS - 2])[:, None]
    reached = jax.grad(lambda x: jnp.sum(layer(x, mask)[:, 0, HIDDEN:]))(inputs)
    # Read backwards, windows of 3 are the steps 6 to 4, 3 to 1 and 0; or 4 to 2 and 1 to 0.
    reached = np.abs(reached).max(axis=-1) > 0
    assert reached.tolist() == [[True] + 6 * [False], [True, True] + 5 * [False]]
