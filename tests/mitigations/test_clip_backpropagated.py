import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.errors import Incompatible
from seqbench.layers.recurrent import Recurrent
from seqbench.mitigations.base import chain
from seqbench.mitigations.clip_backpropagated import clip_backpropagated
from seqbench.mitigations.skip_in_time import skip_in_time


def layer_with(*mitigations, cell=None, recurrent=3.0):
    """One rectified unit that multiplies its state by `recurrent` in every step, with all numbers bound."""
    links = chain(*mitigations)
    layer = Recurrent(links.cell(cell or vanilla(activation="relu"))(1, 1, nnx.Rngs(0)))
    if cell is None:
        inner = layer.cell.inner if mitigations else layer.cell
        inner.input_kernel[...] = jnp.ones((1, 1))
        inner.recurrent_kernel[...] = jnp.full((1, 1), recurrent)
    links.bind(layer, links.arrays)
    return layer


def arriving(layer, steps=4, scale=1.0):
    """The gradient of scale * h_T at every state, oldest first, before it is clipped there."""
    inputs = jnp.ones((1, steps, 1))
    return jax.grad(lambda taps: scale * layer(inputs, taps=taps)[0, -1, 0])(layer.taps(1, steps))[:, 0, 0]


def test_an_exploding_message_is_clipped_at_every_step():
    np.testing.assert_array_equal(arriving(layer_with()), [27, 9, 3, 1])
    # 1 passes, 3 is clipped to 2 on its way to the step before, where 6 arrive; 6 is clipped to 2 again.
    np.testing.assert_array_equal(arriving(layer_with(clip_backpropagated(threshold=2.0))), [6, 6, 3, 1])
    np.testing.assert_array_equal(
        arriving(layer_with(clip_backpropagated(threshold=2.0)), scale=-1.0), [-6, -6, -3, -1]
    )


def test_the_values_stay_and_the_weights_get_the_clipped_gradient():
    plain, clipped = layer_with(), layer_with(clip_backpropagated(threshold=2.0))
    inputs = jnp.ones((1, 4, 1))
    np.testing.assert_array_equal(clipped(inputs), plain(inputs))
    gradient = nnx.grad(lambda layer: layer(inputs)[0, -1, 0])(clipped).cell.inner.recurrent_kernel
    # h = 1, 4, 13, 40. Sum over steps of clipped dL/dh_t times h_{t-1}: 1 * 13 + 2 * 4 + 2 * 1.
    np.testing.assert_array_equal(gradient[...], [[23]])


def test_both_states_of_an_lstm_are_clipped():
    layer = layer_with(clip_backpropagated(threshold=1e-3), cell=lstm())
    inputs = jnp.ones((1, 3, 1))
    taps = jax.grad(lambda taps: layer(inputs, taps=taps)[0, -1, 0])(layer.taps(1, 3))
    # At most 0.001 of c and of h leave step 3, each multiplied by gates and weights of about 1 on the way.
    assert np.abs(taps.c[:2]).max() < 5e-3
    unclipped = jax.grad(lambda taps: layer_with(cell=lstm())(inputs, taps=taps)[0, -1, 0])(layer.taps(1, 3))
    assert np.abs(unclipped.c[:2]).max() > 2e-2


def test_without_numbers_bound_nothing_is_clipped():
    layer = Recurrent(chain(clip_backpropagated(threshold=1e-6)).cell(vanilla())(1, 1, nnx.Rngs(0)))
    plain = Recurrent(vanilla()(1, 1, nnx.Rngs(0)))
    np.testing.assert_array_equal(arriving(layer), arriving(plain))


def test_infinity_is_off_bit_for_bit_and_a_threshold_acts(is_baseline, trainer):
    assert is_baseline(clip_backpropagated(threshold=float("inf")))
    clipped, loose = trainer(clip_backpropagated(threshold=1e-3)), clip_backpropagated(threshold=float("inf"))
    tight = clipped.train()[1]
    # The threshold is a number of the program: another trial of the group has its own.
    free = clipped.train(own=chain(loose))[1]
    assert tight.gradient_norm < 0.75 * free.gradient_norm


def test_it_works_around_and_inside_a_skip_in_time(trainer):
    for links in ((clip_backpropagated(), skip_in_time(steps=2)), (skip_in_time(steps=2), clip_backpropagated())):
        layer = layer_with(*links, cell=vanilla())
        assert np.all(np.isfinite(arriving(layer)))


def test_named_twice_it_is_refused():
    with pytest.raises(Incompatible, match="twice"):
        layer_with(clip_backpropagated(), skip_in_time(), clip_backpropagated(), cell=vanilla())


def test_a_threshold_that_makes_no_sense_is_refused():
    with pytest.raises(Incompatible, match="above 0"):
        clip_backpropagated(threshold=0.0)
