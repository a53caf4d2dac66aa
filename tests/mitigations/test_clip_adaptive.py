import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from seqbench.errors import Incompatible
from seqbench.layers.deep import Deep
from seqbench.layers.dense import Dense
from seqbench.mitigations.clip_adaptive import clip_adaptive


def test_a_unit_is_clipped_in_proportion_to_its_weights(apply_gradient):
    # Columns are units. Norms of the weights: 5 and 10; of the gradients: 5 and 0.5. A tenth of 5 is 0.5: factor 0.1.
    weights = {"w": jnp.array([[3.0, 10.0], [4.0, 0.0]])}
    clipped = apply_gradient(clip_adaptive(threshold=0.1), {"w": [[4.0, 0.5], [3.0, 0.0]]}, weights)
    np.testing.assert_allclose(clipped["w"], [[0.4, 0.5], [0.3, 0.0]], rtol=1e-6)


def test_weights_of_zero_can_move_by_the_floor(apply_gradient):
    clipped = apply_gradient(clip_adaptive(threshold=0.5, floor=0.1), {"b": [3.0, 4.0]}, {"b": jnp.zeros(2)})
    np.testing.assert_allclose(clipped["b"], [0.03, 0.04], rtol=1e-6)


def test_it_agrees_with_optax(apply_gradient):
    keys = jax.random.split(jax.random.key(0), 4)
    shapes = {"kernel": (5, 6), "bias": (6,)}
    weights = {name: jax.random.normal(key, shape) for (name, shape), key in zip(shapes.items(), keys[:2], strict=True)}
    gradient = {
        name: jax.random.normal(key, shape) for (name, shape), key in zip(shapes.items(), keys[2:], strict=True)
    }
    expected, _ = optax.adaptive_grad_clip(0.3).update(gradient, optax.EmptyState(), weights)
    clipped = apply_gradient(clip_adaptive(threshold=0.3), gradient, weights)
    for name in shapes:
        np.testing.assert_allclose(clipped[name], expected[name], rtol=1e-6)
        assert not np.array_equal(clipped[name], gradient[name])


def test_a_unit_of_a_convolution_is_an_output_channel_as_in_optax(apply_gradient):
    weights, gradient = jax.random.normal(jax.random.key(0), (2, 3, 5, 6))
    axes = optax.adaptive_grad_clip(0.3, axis=(0, 1))
    expected, _ = axes.update({"kernel": gradient}, optax.EmptyState(), {"kernel": weights})
    # Optax's own rule without `axis` is for kernels of two dimensions of space.
    flat, _ = optax.adaptive_grad_clip(0.3).update({"kernel": gradient[None]}, None, {"kernel": weights[None]})
    clipped = apply_gradient(clip_adaptive(threshold=0.3), {"kernel": gradient}, {"kernel": weights})
    np.testing.assert_allclose(clipped["kernel"], expected["kernel"], rtol=1e-6)
    np.testing.assert_allclose(clipped["kernel"], flat["kernel"][0], rtol=1e-6)
    assert not np.array_equal(clipped["kernel"], gradient)


def test_layers_stored_as_one_are_clipped_as_if_they_stood_apart(apply_gradient, rngs):
    deep = Deep(lambda place, source: Dense(4, 4, source), range(3), rngs)
    # Biases that differ, so that a norm over layers is another than a layer's own.
    deep.template.linear.bias.set_value(jnp.broadcast_to(10.0 ** jnp.arange(3)[:, None], (3, 4)))
    weights = nnx.state(deep)
    gradient = jax.tree.map(lambda w: jax.random.normal(jax.random.key(1), w.shape), weights)
    mitigation = clip_adaptive(threshold=0.01)
    transform = mitigation.gradient(dict(mitigation.arrays))
    clipped = transform.update(gradient, transform.init(gradient), weights)[0]
    for place in range(3):
        own = nnx.to_pure_dict(jax.tree.map(lambda stack, at=place: stack[at], gradient))["template"]
        layer = jax.tree.map(lambda stack, at=place: stack[at], nnx.to_pure_dict(weights))["template"]
        expected = apply_gradient(mitigation, own, layer)["linear"]
        for name, value in nnx.to_pure_dict(clipped)["template"]["linear"].items():
            np.testing.assert_allclose(value[place], expected[name], rtol=1e-6)
    assert not np.array_equal(jax.tree.leaves(clipped)[0], jax.tree.leaves(gradient)[0])


def test_a_gradient_whose_square_overflows_is_still_rescaled(apply_gradient):
    clipped = apply_gradient(clip_adaptive(threshold=0.1), {"b": [3e25, 4e25]}, {"b": jnp.array([6.0, 8.0])})
    np.testing.assert_allclose(clipped["b"], [0.6, 0.8], rtol=1e-6)


def test_infinity_is_off_bit_for_bit(is_baseline):
    assert is_baseline(clip_adaptive(threshold=float("inf")))


@pytest.mark.parametrize("settings", [{"threshold": 0.0}, {"floor": 0.0}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(Incompatible, match="above 0"):
        clip_adaptive(**settings)
