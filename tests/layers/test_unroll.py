"""The loop over time: masks, directions, segments, taps, fewer steps than there is room for, few products."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax.interpreters.partial_eval import dce_jaxpr

from seqbench.cells.gru import GRU, gru
from seqbench.cells.lstm import lstm
from seqbench.cells.minlstm import MinLSTM, minlstm
from seqbench.cells.vanilla import vanilla
from seqbench.layers.recurrent import Recurrent
from seqbench.layers.unroll import backward_bytes, choose_segment, unroll
from seqbench.mitigations.base import chain
from seqbench.mitigations.skip_in_time import skip_in_time

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


def run_compiled(cell, inputs, mask, **options):
    """What a compiled pass over a sequence gives, and the program as JAX writes it."""

    def over_time(cell, inputs):
        return unroll(cell, inputs, mask, **options)

    return jax.jit(over_time)(cell, inputs), str(jax.make_jaxpr(over_time)(cell, inputs))


@pytest.mark.parametrize(
    ("kind", "build"), [(GRU, gru()), (MinLSTM, minlstm()), (GRU, chain(skip_in_time(steps=2)).cell(gru()))]
)
def test_what_a_forward_pass_writes_changes_no_bit(monkeypatch, inputs, kind, build):
    cell, mask = build(INPUTS, HIDDEN, nnx.Rngs(0)), lengths(7, 4, 1)
    for options in ({}, {"segment": 3}, {"reverse": True}, {"steps": jnp.asarray(5)}):
        monkeypatch.setattr(kind, "writes_forward", True)
        written, program = run_compiled(cell, inputs, mask, **options)
        monkeypatch.setattr(kind, "writes_forward", False)
        plain, other = run_compiled(cell, inputs, mask, **options)
        jax.tree.map(np.testing.assert_array_equal, written, plain)
        assert program != other


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


def test_products_are_large_but_for_one_a_step(cell, inputs):
    graph, state = nnx.split(cell)

    def loss(state, x):
        return jnp.sum(unroll(nnx.merge(graph, state), x).outputs)

    traced = jax.make_jaxpr(jax.grad(loss))(state, inputs).jaxpr
    program, _ = dce_jaxpr(traced, [True] * len(traced.outvars))  # as the compiler sees it, without what nothing uses
    loops = [equation for equation in program.eqns if equation.primitive.name == "scan"]
    inside = [[each.primitive.name for each in loop.params["jaxpr"].jaxpr.eqns] for loop in loops]
    assert [names.count("dot_general") for names in inside] == [1, 1], "forwards and backwards the recurrent product"
    outside = [equation.primitive.name for equation in program.eqns]
    assert outside.count("dot_general") == 3, "the projection, and the gradients of the two kernels"


@pytest.mark.parametrize("reverse", [False, True])
def test_steps_not_taken_cost_nothing_and_give_nothing(cell, inputs, reverse):
    taken = 4
    given = unroll(cell, inputs.at[:, taken:].set(jnp.nan), steps=jnp.asarray(taken), reverse=reverse)
    exact = unroll(cell, inputs[:, :taken], reverse=reverse)
    np.testing.assert_allclose(given.outputs[:, :taken], exact.outputs, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(given.outputs[:, taken:], 0)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7), given.final, exact.final)


def test_one_program_serves_every_number_of_steps(cell, inputs):
    graph, state = nnx.split(cell)
    long = jnp.tile(inputs, (1, 10, 1))  # several chunks of which the last is not full

    def loss(state, inputs, steps):
        return jnp.sum(unroll(nnx.merge(graph, state), inputs, steps=steps).outputs ** 2)

    traced = jax.jit(jax.grad(loss, argnums=(0, 1)))
    for steps in (1, 35, 36, 70):
        by_state, by_inputs = traced(state, long, jnp.asarray(steps))
        exact_state, exact_inputs = jax.jit(jax.grad(loss, argnums=(0, 1)))(state, long[:, :steps], None)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), by_state, exact_state)
        np.testing.assert_allclose(by_inputs[:, :steps], exact_inputs, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(by_inputs[:, steps:], 0)
    assert traced._cache_size() == 1


def test_autodiff_takes_all_steps(cell, inputs):
    with pytest.raises(ValueError, match="cut the inputs"):
        unroll(cell, inputs, steps=jnp.asarray(2), autodiff=True)


def test_estimate_counts_what_the_derivative_of_a_step_keeps(cell):
    # h = o tanh(f c + i g): the past c and the four gates; the past h is the output of the step before.
    assert backward_bytes(cell, BATCH, STEPS) == BATCH * STEPS * HIDDEN * 5 * 4
    # h = tanh(p + h U): the slope is 1 - h h, and both h are outputs.
    assert backward_bytes(vanilla()(INPUTS, HIDDEN, nnx.Rngs(0)), BATCH, STEPS) == 0


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
