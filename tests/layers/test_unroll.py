"""The loop over time: masks, directions, segments, taps, and one matrix product for all projections."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.layers.recurrent import Recurrent
from seqbench.layers.unroll import backward_bytes, choose_segment, unroll

BATCH, STEPS, INPUTS, HIDDEN = 3, 7, 2, 4


@pytest.fixture
def cell():
    return lstm()(INPUTS, HIDDEN, nnx.Rngs(0))


@pytest.fixture
def inputs():
    return jnp.asarray(np.random.default_rng(0).normal(size=(BATCH, STEPS, INPUTS)), jnp.float32)


def lengths(*steps):
    return jnp.arange(STEPS) < jnp.asarray(steps)[:, None]


def test_unroll_is_the_step_again_and_again(cell, inputs):
    carry, outputs = cell.initial(BATCH), []
    for time in range(STEPS):
        carry = cell.step(carry, cell.project(inputs[:, time]))
        outputs.append(carry.h)
    given = unroll(cell, inputs)
    np.testing.assert_allclose(given.outputs, jnp.stack(outputs, 1), atol=1e-6)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), given.final, carry)


def test_padded_steps_hold_the_state(cell, inputs):
    padded = unroll(cell, inputs, lengths(7, 4, 1))
    for row, length in enumerate((7, 4, 1)):
        alone = unroll(cell, inputs[row : row + 1, :length])
        np.testing.assert_allclose(padded.outputs[row, :length], alone.outputs[0], atol=1e-6)
        np.testing.assert_allclose(padded.final.c[row], alone.final.c[0], atol=1e-6)
        np.testing.assert_array_equal(padded.outputs[row, length:], jnp.tile(padded.final.h[row], (STEPS - length, 1)))


def test_what_stands_in_the_padding_changes_nothing(cell, inputs):
    mask = lengths(7, 4, 1)
    noisy = jnp.where(mask[..., None], inputs, 1e3)
    jax.tree.map(np.testing.assert_array_equal, unroll(cell, noisy, mask), unroll(cell, inputs, mask))


def test_reverse_reads_each_sequence_from_its_own_end(cell, inputs):
    padded = unroll(cell, inputs, lengths(7, 4, 1), reverse=True)
    for row, length in enumerate((7, 4, 1)):
        flipped = unroll(cell, jnp.flip(inputs[row : row + 1, :length], 1))
        np.testing.assert_allclose(padded.outputs[row, :length], jnp.flip(flipped.outputs[0], 0), atol=1e-6)
        np.testing.assert_allclose(padded.final.c[row], flipped.final.c[0], atol=1e-6)


def test_rows_of_a_batch_do_not_touch_each_other(cell, inputs):
    changed = unroll(cell, inputs.at[1].add(1.0)).outputs
    before = unroll(cell, inputs).outputs
    np.testing.assert_array_equal(changed[::2], before[::2])
    assert np.all(changed[1] != before[1])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("segment", [1, 3, 7])
def test_segments_change_neither_values_nor_gradients(cell, inputs, segment, reverse):
    graph, state = nnx.split(cell)
    mask = lengths(7, 4, 1)

    def loss(state, segment):
        given = unroll(nnx.merge(graph, state), inputs, mask, segment=segment, reverse=reverse)
        return jnp.sum(given.outputs**2) + jnp.sum(given.final.c), given

    both = jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=1)
    plain, cut = both(state, STEPS), both(state, segment)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6), plain, cut)


@pytest.mark.parametrize("settings", [{}, {"segment": 3}, {"reverse": True}], ids=str)
def test_gradient_by_tap_is_the_finite_difference_of_the_state(inputs, settings):
    with jax.enable_x64(True):
        cell = lstm()(INPUTS, HIDDEN, nnx.Rngs(0))
        layer, mask = Recurrent(cell), lengths(7, 4, 2)
        taps = layer.taps(BATCH, STEPS)

        @jax.jit
        def loss(taps):
            outputs = unroll(cell, inputs.astype(float), mask, taps=taps, **settings).outputs
            return jnp.sum(jnp.sin(outputs) * mask[..., None])

        gradient = jax.jit(jax.grad(loss))(taps)
        draw = np.random.default_rng(2)
        for leaf, name in ((taps.c, "c"), (taps.h, "h")):
            for place in zip(*(draw.integers(0, size, 6) for size in leaf.shape), strict=True):
                high, low = (loss(taps._replace(**{name: leaf.at[place].add(step)})) for step in (1e-6, -1e-6))
                np.testing.assert_allclose(getattr(gradient, name)[place], (high - low) / 2e-6, atol=1e-8)


def test_zero_taps_change_nothing(cell, inputs):
    taps = Recurrent(cell).taps(BATCH, STEPS)
    tapped = unroll(cell, inputs, taps=taps)
    jax.tree.map(np.testing.assert_array_equal, tapped, unroll(cell, inputs))


def test_all_projections_are_one_matrix_product_before_the_loop(cell, inputs):
    program = jax.make_jaxpr(lambda x: unroll(cell, x).outputs)(inputs)
    outside = [equation.primitive.name for equation in program.eqns]
    assert outside.count("dot_general") == 1
    assert outside.index("dot_general") < outside.index("scan")
    (loop,) = (equation for equation in program.eqns if equation.primitive.name == "scan")
    inside = [equation.primitive.name for equation in loop.params["jaxpr"].jaxpr.eqns]
    assert inside.count("dot_general") == 1, "the recurrent product is the only one left in the loop"


def test_estimate_counts_what_the_derivative_of_a_step_keeps():
    # h_t = tanh(p_t + h U): the projection, and for the derivative the state before and the slope of tanh.
    cell = vanilla()(INPUTS, HIDDEN, nnx.Rngs(0))
    assert backward_bytes(cell, BATCH, STEPS) == BATCH * STEPS * HIDDEN * 3 * 4


def test_segment_is_chosen_by_memory(cell):
    needed = backward_bytes(cell, BATCH, 10_000)
    assert choose_segment(cell, BATCH, 10_000, budget=needed) == 10_000
    assert choose_segment(cell, BATCH, 10_000, budget=needed - 1) == 100
    assert choose_segment(cell, BATCH, 9_973, budget=0) == 99, "a prime has no divisor near its root"
    assert choose_segment(cell, BATCH, 1_100, budget=0) == 25, "the divisor nearest to 33 in ratio"
    assert choose_segment(cell, BATCH, 1, budget=0) == 1


def test_layer_states_the_segment_it_chose(cell):
    assert Recurrent(cell).chosen_segment(BATCH, STEPS) == STEPS
    assert Recurrent(cell, segment=3).chosen_segment(BATCH, STEPS) == 3
    assert Recurrent(cell).chosen_segment(4096, 10_000) == 100
