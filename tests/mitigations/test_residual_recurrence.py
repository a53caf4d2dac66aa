import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.antisymmetric import antisymmetric
from seqbench.cells.gru import gru
from seqbench.cells.indrnn import indrnn
from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import Recurrent
from seqbench.layers.unroll import unroll
from seqbench.mitigations.residual_recurrence import residual_recurrence


def built(cell, *, inputs=1, hidden=1, scale=1.0):
    return residual_recurrence(scale=scale).cell(cell)(inputs, hidden, nnx.Rngs(0))


def test_each_step_is_added_to_the_state():
    cell = built(vanilla(activation="relu"), scale=0.5)
    cell.inner.input_kernel[...], cell.inner.recurrent_kernel[...] = jnp.ones((1, 1)), jnp.full((1, 1), 2.0)
    # h <- h + max(0, x + 2 h) / 2: from inputs 2, 0, -9: 1, then 1 + 1, then 2 + 0.
    outputs = unroll(cell, jnp.array([[[2.0], [0.0], [-9.0]]])).outputs[0, :, 0]
    np.testing.assert_array_equal(outputs, [1, 2, 2])


def test_the_gradient_passes_units_at_rest_unchanged():
    cell = built(vanilla(activation="relu"), hidden=2)
    cell.inner.bias[...] = jnp.full(2, -100.0)
    layer = Recurrent(cell)
    gradient = jax.grad(lambda taps: layer(jnp.zeros((1, 5, 1)), taps=taps)[0, -1].sum())(layer.taps(1, 5))
    np.testing.assert_array_equal(gradient, np.ones((5, 1, 2)))


def test_padding_holds_the_state():
    cell = built(indrnn(), inputs=2, hidden=3)
    inputs = jax.random.normal(jax.random.key(0), (1, 5, 2))
    padded = unroll(cell, inputs, jnp.arange(5)[None] < 3).outputs
    np.testing.assert_array_equal(padded[:, 4], padded[:, 2])


@pytest.mark.parametrize("cell", [gru(), lstm(), antisymmetric()], ids=["gru", "lstm", "antisymmetric"])
def test_a_cell_that_carries_its_state_on_is_refused(cell):
    with pytest.raises(Incompatible, match="by itself"):
        built(cell)


def test_a_scale_of_zero_is_refused():
    with pytest.raises(Incompatible, match="scale"):
        residual_recurrence(scale=0.0)
