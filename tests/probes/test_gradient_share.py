"""The gradient of the recurrent weights taken apart by distance, and put together again."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.lstm import lstm
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.probes import gradient_share
from tests.probes.conftest import first_number, linear, look_at


def taken_apart(case) -> tuple[np.ndarray, np.ndarray, gradient_share.Shares]:
    """All contributions [D, entries], the whole gradient [entries], and the shares."""

    @jax.jit
    def measure(parameters, batch):
        view = look_at(case.task, case.graph, parameters, batch)
        kernels = gradient_share._kernels(view.gradient)
        leaves, tree = jax.tree.flatten(kernels)
        whole = jnp.concatenate([leaf.ravel() for leaf in leaves])

        def along(direction):
            pieces = jnp.split(direction, np.cumsum([leaf.size for leaf in leaves])[:-1])
            shaped = [piece.reshape(leaf.shape) for piece, leaf in zip(pieces, leaves, strict=True)]
            return gradient_share.contributions(view, jax.tree.unflatten(tree, shaped))

        return jax.vmap(along, out_axes=1)(jnp.eye(whole.size)), whole, gradient_share.trace(view)

    return jax.tree.map(np.asarray, measure(case.parameters, case.batch))


@pytest.mark.parametrize(
    ("cell", "mitigations", "depth"),
    [
        pytest.param(linear, (), 1, id="linear"),
        pytest.param(lstm, (), 2, id="lstm of two layers"),
        pytest.param(gru, (skip_in_time(steps=3),), 1, id="gru with a skip"),
        pytest.param(linear, (skip_in_time(steps=2, mode="replace"),), 1, id="linear in strides"),
    ],
)
def test_the_contributions_sum_to_the_whole_gradient(case, cell, mitigations, depth):
    one = case(cell(), *mitigations, task=first_number(8, shortest=4), width=2, depth=depth, batch_size=3)
    contributions, whole, measured = taken_apart(one)
    np.testing.assert_allclose(contributions.sum(0), whole, rtol=1e-5, atol=1e-5 * np.abs(whole).max())
    assert np.abs(whole).max() > 0
    assert measured.shares.sum() == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(measured.shares, contributions @ whole / (whole @ whole), rtol=1e-4, atol=1e-6)


def test_a_linear_network_contributes_the_outer_product_of_state_and_gradient(case):
    weights = jnp.array([[0.5, -0.2], [0.3, 0.4]])
    one = case(linear(), task=first_number(5), width=2, set_cell=lambda cell: cell.recurrent_kernel.set_value(weights))
    contributions, _, _ = taken_apart(one)
    model = nnx.merge(one.graph, one.parameters)
    cell, inputs = model.layers[0].cell, np.asarray(one.batch.inputs)
    states, state = [], np.zeros((2, 2))
    for step in range(6):
        states.append(state)
        state = state @ np.asarray(weights) + inputs[:, step] @ np.asarray(cell.input_kernel[...])
    readout = np.asarray(model.readout.kernel[...])[:, 0]
    error = 2 * (state @ readout - np.asarray(one.batch.targets)[:, 0, 0])
    arriving = error[:, None] * readout
    for distance in range(6):
        expected = states[5 - distance].T @ arriving
        np.testing.assert_allclose(contributions[distance].reshape(2, 2), expected, rtol=1e-4, atol=1e-6)
        arriving = arriving @ np.asarray(weights).T
