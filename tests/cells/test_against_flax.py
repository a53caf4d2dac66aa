"""Vanilla, LSTM and GRU against Flax's own cells, with the same parameters: values and gradients."""

from __future__ import annotations

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla

BATCH, STEPS, INPUTS, HIDDEN = 3, 6, 4, 5


def flax_vanilla(activation):
    def step(parameters, carry, inputs):
        cell = nnx.SimpleCell(INPUTS, HIDDEN, activation_fn=activation, rngs=nnx.Rngs(0))
        cell.dense_i.kernel[...], cell.dense_i.bias[...] = parameters["input_kernel"], parameters["bias"]
        cell.dense_h.kernel[...] = parameters["recurrent_kernel"]
        return cell(carry, inputs)

    return step


def flax_lstm(parameters, carry, inputs):
    cell = nnx.OptimizedLSTMCell(INPUTS, HIDDEN, rngs=nnx.Rngs(0))
    cell.dense_i.kernel[...], cell.dense_h.bias[...] = parameters["input_kernel"], parameters["bias"]
    cell.dense_h.kernel[...] = parameters["recurrent_kernel"]
    (c, h), output = cell(tuple(carry), inputs)
    return type(carry)(c, h), output


def flax_gru(parameters, carry, inputs):
    """The Linen cell, because the NNX cell has no bias of its own for the candidate's recurrent part."""
    kernels = [jnp.split(parameters[name], 3, axis=-1) for name in ("input_kernel", "recurrent_kernel", "bias")]
    weights = {
        f"{side}{gate}": {"kernel": kernel}
        for side, blocks in zip("ih", kernels, strict=False)
        for gate, kernel in zip("rzn", blocks, strict=True)
    }
    for gate, bias in zip("rzn", kernels[2], strict=True):
        weights[f"i{gate}"]["bias"] = bias
    weights["hn"]["bias"] = parameters["candidate_bias"]
    return nn.GRUCell(HIDDEN).apply({"params": weights}, carry, inputs)


PAIRS = {
    "vanilla_tanh": (vanilla(), flax_vanilla(jnp.tanh)),
    "vanilla_relu": (vanilla(activation="relu"), flax_vanilla(jax.nn.relu)),
    "lstm": (lstm(), flax_lstm),
    "gru": (gru(), flax_gru),
}


@pytest.mark.parametrize("name", PAIRS)
def test_cell_equals_flax_step_by_step_in_value_and_gradient(name):
    build, flax_step = PAIRS[name]
    graph, state = nnx.split(build(INPUTS, HIDDEN, nnx.Rngs(0)))
    draw, start = np.random.default_rng(1), nnx.to_pure_dict(state)
    parameters = {key: jnp.asarray(draw.normal(0, 0.7, leaf.shape), jnp.float32) for key, leaf in start.items()}
    inputs = jnp.asarray(draw.normal(size=(BATCH, STEPS, INPUTS)), jnp.float32)
    weights = jnp.asarray(draw.normal(size=(BATCH, STEPS, HIDDEN)), jnp.float32)

    def ours(parameters, inputs):
        nnx.replace_by_pure_dict(own := jax.tree.map(lambda x: x, state), parameters)
        cell = nnx.merge(graph, own)
        projected, carry, outputs = cell.project(inputs), cell.initial(BATCH), []
        for time in range(STEPS):
            carry = cell.step(carry, projected[:, time])
            outputs.append(cell.output(carry))
        return scored(jnp.stack(outputs, 1))

    def theirs(parameters, inputs):
        carry, outputs = nnx.merge(graph, state).initial(BATCH), []
        for time in range(STEPS):
            carry, output = flax_step(parameters, carry, inputs[:, time])
            outputs.append(output)
        return scored(jnp.stack(outputs, 1))

    def scored(outputs):
        return jnp.sum(weights * outputs**2), outputs

    (_, values), gradient = jax.jit(jax.value_and_grad(ours, argnums=(0, 1), has_aux=True))(parameters, inputs)
    (_, expected), truth = jax.jit(jax.value_and_grad(theirs, argnums=(0, 1), has_aux=True))(parameters, inputs)
    np.testing.assert_allclose(values, expected, atol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), gradient, truth)
    assert all(np.any(np.asarray(leaf)) for leaf in jax.tree.leaves(gradient))
