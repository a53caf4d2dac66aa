"""Highway and layer normalisation: what stands between layers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.errors import Incompatible
from seqbench.layers.base import Layer
from seqbench.mitigations.base import LayerContext, chain
from seqbench.mitigations.highway import highway
from seqbench.mitigations.layer_norm import layer_norm
from seqbench.mitigations.residual import residual


class Doubling(Layer):
    """y = 2 x."""

    def __call__(self, inputs, mask=None, *, taps=None, steps=None):
        return 2 * inputs


def wrap(*mitigations, index=1, inputs=2, outputs=2, depth=2):
    return chain(*mitigations).layer(Doubling(), LayerContext(index, inputs, outputs, depth, nnx.Rngs(0)))


def test_a_highway_mixes_input_and_output_by_its_gate():
    layer = wrap(highway())
    layer.gate.kernel[...] = jnp.array([[1.0, 0.0], [0.0, 0.0]])
    layer.gate.bias[...] = jnp.array([0.0, -np.log(3.0)])
    # Gates: sigmoid(ln 4) = 0.8 for the first unit, sigmoid(-ln 3) = 0.25 for the second; y = x (1 + T).
    x = jnp.array([[[np.log(4.0), 8.0]]])
    np.testing.assert_allclose(layer(x)[0, 0], [1.8 * np.log(4.0), 10.0], rtol=1e-6)


def test_a_shut_highway_passes_its_input_and_an_open_one_its_output():
    x = jax.random.normal(jax.random.key(0), (1, 3, 2))
    np.testing.assert_allclose(wrap(highway(gate_bias=-30.0))(x), x, rtol=1e-6)
    np.testing.assert_allclose(wrap(highway(gate_bias=30.0))(x), 2 * x, rtol=1e-6)


def test_the_gate_starts_at_the_bias_asked_for_and_apart_from_the_model(trainer):
    plain, made = trainer(), trainer(highway(gate_bias=-1.5))
    model = nnx.merge(made.program.graph, made.initial().parameters)
    np.testing.assert_array_equal(model.layers[1].gate.bias[...], -1.5)
    baseline = nnx.merge(plain.program.graph, plain.initial().parameters)
    np.testing.assert_array_equal(model.readout.kernel[...], baseline.readout.kernel[...])


def test_the_bottom_layer_has_no_highway():
    assert isinstance(wrap(highway(), index=0), Doubling)
    assert isinstance(wrap(highway(), inputs=3), Doubling)
    with pytest.raises(Incompatible, match="depth 2 or more"):
        wrap(highway(), index=0, depth=1)


def test_layer_norm_gives_each_step_mean_0_and_variance_1():
    layer = wrap(layer_norm(), outputs=2)
    # 2 x = (2, 6): mean 4, standard deviation 2. 2 x = (-1, -1): no spread, so zeros.
    np.testing.assert_allclose(layer(jnp.array([[[1.0, 3.0], [-0.5, -0.5]]]))[0], [[-1, 1], [0, 0]], atol=1e-5)


def test_gain_and_bias_are_learned():
    layer = wrap(layer_norm())
    layer.norm.scale[...], layer.norm.bias[...] = jnp.array([3.0, 5.0]), jnp.array([0.5, -0.5])
    np.testing.assert_allclose(layer(jnp.array([[[1.0, 3.0]]]))[0, 0], [-2.5, 4.5], atol=1e-4)


def test_the_order_of_normalisation_and_residual_is_the_order_of_naming():
    x = jnp.array([[[1.0, 3.0]]])
    np.testing.assert_allclose(wrap(residual(), layer_norm())(x)[0, 0], [-1, 1], atol=1e-5)
    np.testing.assert_allclose(wrap(layer_norm(), residual())(x)[0, 0], [0, 4], atol=1e-5)


def test_an_epsilon_of_zero_is_refused():
    with pytest.raises(Incompatible, match="epsilon"):
        layer_norm(epsilon=0.0)
    with pytest.raises(Incompatible, match="a width of 2 or more"):
        wrap(layer_norm(), outputs=1)
