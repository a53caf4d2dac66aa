import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.vanilla import vanilla
from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.layers.recurrent import Recurrent
from seqbench.mitigations.base import LayerContext
from seqbench.mitigations.residual import residual


class Doubling(Layer):
    """y = 2 x."""

    def __call__(self, inputs, mask=None, *, taps=None, steps=None):
        return 2 * inputs


def wrap(layer, *, index=1, inputs=3, outputs=3, depth=2):
    return residual().layer(layer, LayerContext(index, inputs, outputs, depth, nnx.Rngs(0)))


def test_the_input_is_added_to_the_output():
    values = jnp.arange(6.0).reshape(1, 2, 3)
    np.testing.assert_array_equal(wrap(Doubling())(values), 3 * values)


def test_the_gradient_passes_a_layer_that_lets_nothing_through(rngs):
    layer = Recurrent(vanilla(activation="relu")(3, 3, rngs))
    layer.cell.bias[...] = jnp.full(3, -100.0)  # every unit is at rest
    gradient = jax.grad(lambda x: wrap(layer)(x).sum())(jnp.ones((1, 2, 3)))
    np.testing.assert_array_equal(gradient, np.ones((1, 2, 3)))


def test_taps_reach_the_layer_inside(rngs):
    layer = wrap(Recurrent(vanilla()(3, 3, rngs)))
    inputs, taps = jnp.ones((1, 2, 3)), layer.taps(1, 2)
    moved = layer(inputs, taps=taps.at[1].set(0.5)) - layer(inputs, taps=taps)
    np.testing.assert_allclose(moved[0], [[0, 0, 0], [0.5, 0.5, 0.5]], atol=1e-6)


def test_the_bottom_layer_and_a_change_of_width_stay_as_they_are(rngs):
    layer = Recurrent(vanilla()(3, 3, rngs))
    assert wrap(layer, index=0) is layer
    assert wrap(layer, inputs=2) is layer


def test_one_layer_has_no_place_for_it(rngs):
    with pytest.raises(Incompatible, match="depth 2 or more"):
        wrap(Recurrent(vanilla()(3, 3, rngs)), index=0, depth=1)


def test_a_planned_model_of_one_layer_is_refused_before_training(trainer):
    with pytest.raises(Incompatible, match="depth 2 or more"):
        trainer(residual(), depth=1)


def test_it_adds_no_parameters(trainer):
    assert trainer(residual()).program.parameters == trainer().program.parameters
