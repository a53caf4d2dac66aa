"""The gradient by distance against closed forms and finite differences."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import vanilla
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.probes import gradient_flow
from seqbench.probes.base import aimed_losses, curve, take_aim
from tests.probes.conftest import first_number, linear, look_at

seen = jax.jit(lambda *case: (look_at(*case).arriving, gradient_flow.trace(look_at(*case))), static_argnums=(0, 1))
trace = jax.jit(lambda *case: gradient_flow.trace(look_at(*case)), static_argnums=(0, 1))


def measure(case):
    """Compiled, as it is used; cases that differ in their weights share the program."""
    return trace(*case)


def figures(case) -> dict[str, float]:
    return {r["probe"]: r["value"] for r in gradient_flow.rows(measure(case), length=case.task.length)
            if r["distance"] is None}  # fmt: skip


def with_weight(weight: float):
    def set_cell(cell):
        cell.recurrent_kernel.set_value(jnp.full((1, 1), weight))
        # The gradient of a linear network does not depend on its state, which must not overflow before the gradient.
        cell.input_kernel.set_value(jnp.zeros((1, 1)))

    return set_cell


@pytest.mark.parametrize("weight", [0.5, -0.25, 1.0, 2.0])
def test_a_scalar_linear_network_passes_on_exactly_the_power_of_its_weight(case, weight):
    one = case(linear(), task=first_number(20), set_cell=with_weight(weight))
    norms = np.asarray(measure(one).arithmetic)
    # Powers of two are exact in binary, so that this is an equality of bits.
    np.testing.assert_array_equal(norms, norms[0] * np.abs(weight) ** np.arange(21.0))
    assert norms[0] > 0


def test_decay_is_reported_as_growth_below_one(case):
    found = figures(case(linear(), task=first_number(20), set_cell=with_weight(0.5)))
    assert found["gradient_growth"] == pytest.approx(0.5, rel=1e-6)
    # 0.5^6 = 0.0156 is above one percent, 0.5^7 = 0.0078 below.
    assert found["gradient_horizon"] == 6
    assert "gradient_overflow_predicted" not in found


@pytest.mark.parametrize("weight", [2.0, 1.5])
def test_growth_is_reported_and_float32_overflows_where_predicted(case, weight):
    found = figures(case(linear(), task=first_number(260), set_cell=with_weight(weight)))
    assert found["gradient_growth"] == pytest.approx(weight, rel=1e-5)
    assert found["gradient_overflow"] == found["gradient_overflow_predicted"]
    assert found["gradient_horizon"] == 260


def test_an_irnn_passes_on_everything_through_active_units_and_nothing_through_units_at_rest(case):
    width, steps = 6, 13

    def identity(cell):
        cell.recurrent_kernel.set_value(jnp.eye(width))
        # Inputs are positive, so that the first three units stay positive and the last three never leave rest.
        cell.input_kernel.set_value(jnp.array([[0.5, 1.0, 0.1, -0.5, -1.0, -0.1]]))

    one = case(vanilla(activation="relu"), task=first_number(steps - 1), width=width, set_cell=identity)
    [arriving], _ = seen(*one)
    nearest = np.asarray(arriving[-1])
    assert np.all(nearest != 0)
    active = np.array([True] * 3 + [False] * 3)
    for distance in range(1, steps):
        np.testing.assert_array_equal(arriving[steps - 1 - distance], np.where(active, nearest, 0.0))


def sensitivity(task, model, batch) -> np.ndarray:
    """Squared norms [L, T, B] of the loss's derivative by every layer's state at every step, by finite differences."""
    aim, layers = take_aim(task, batch), model.taps(*batch.mask.shape)
    leaves, tree = jax.tree.flatten(layers)
    losses = jax.jit(jax.vmap(lambda taps: aimed_losses(task, model, batch, aim, jax.tree.unflatten(tree, taps))))
    squares = np.zeros((len(layers), *batch.mask.T.shape))
    for place, leaf in enumerate(leaves):
        # One perturbation of each number of this leaf, all at once.
        nudges = np.eye(leaf.size).reshape(leaf.size, *leaf.shape) * 1e-6
        up, down = (
            losses([np.broadcast_to(x, nudges.shape) + sign * nudges * (n == place) for n, x in enumerate(leaves)])
            for sign in (1, -1)
        )
        slopes = np.asarray(up - down).sum(1).reshape(leaf.shape) / 2e-6
        squares[place // (len(leaves) // len(layers))] += np.square(slopes).sum(-1)
    return squares


def test_the_norms_equal_finite_differences_in_double_precision(case):
    task = first_number(6)
    one = case(lstm(), task=task, width=3, depth=2, batch_size=2)
    with jax.enable_x64(True):
        parameters = jax.tree.map(lambda x: jnp.asarray(np.asarray(x, np.float64)), one.parameters)
        batch = jax.tree.map(lambda x: x.astype(jnp.float64) if x.dtype == jnp.float32 else x, one.batch)
        flow = trace(task, one.graph, parameters, batch)
        squares = sensitivity(task, nnx.merge(one.graph, parameters), batch)
        by_distance = squares[:, ::-1]
        np.testing.assert_allclose(
            [layer.arithmetic for layer in flow.layers], np.sqrt(by_distance).mean(-1), rtol=1e-6
        )
        np.testing.assert_allclose(flow.arithmetic, np.sqrt(by_distance.sum(0)).mean(-1), rtol=1e-6)
        geometric = np.exp(np.log(np.sqrt(by_distance.sum(0))).mean(-1))
        np.testing.assert_allclose(flow.geometric, geometric, rtol=1e-6)


def test_distances_are_counted_from_each_sequences_own_end(case):
    one = case(linear(), task=first_number(9, shortest=4), set_cell=with_weight(0.5), batch_size=8)
    (arriving,), flow = seen(*one)
    lengths = np.asarray(one.batch.mask.sum(1))
    assert len(set(lengths)) > 2
    np.testing.assert_array_equal(flow.sequences, [(lengths > distance).sum() for distance in range(10)])
    norms = np.abs(np.asarray(arriving)[lengths - 1, np.arange(8), 0])
    expected = [norms[lengths > k].mean() * 0.5**k if (lengths > k).any() else np.nan for k in range(10)]
    np.testing.assert_allclose(flow.arithmetic, expected, rtol=1e-6)


def test_rows_name_the_dependency_length_and_thin_out_far_distances():
    norms = curve(np.exp(-0.01 * np.arange(2000)), np.ones(2000))
    flow = gradient_flow.Flow(norms.values, norms.values, norms.values, np.ones(2000), [])
    rows = [r for r in gradient_flow.rows(flow, length=1234) if r["probe"] == "gradient_norm"]
    at = [r["distance"] for r in rows]
    assert len(at) < 80
    assert {*range(16), 1234, 1999} <= set(at)
    assert all(r["value"] == pytest.approx(np.exp(-0.01 * r["distance"])) for r in rows)


def test_the_fit_leaves_out_what_has_no_digits_left():
    values = np.float32(0.5) ** np.arange(160, dtype=np.float32)
    fitted = gradient_flow.fit(curve(values, np.ones(160)))
    assert fitted.growth == pytest.approx(0.5, rel=1e-6)
    assert fitted.points == 127  # 2^-126 is the smallest float32 of full precision


def test_zeros_between_strides_do_not_end_the_reach():
    values = np.zeros(61)
    values[::4] = 0.5 ** np.arange(16)  # a recurrence of strides of four that halves the gradient in each
    # 0.5^6 = 0.0156 is above one percent, 0.5^7 = 0.0078 below: six strides of four.
    assert gradient_flow.horizon(curve(values, np.ones(61))) == 24
    assert gradient_flow.horizon(curve(values[:23], np.ones(23))) == 20


def test_a_strided_recurrence_reaches_whole_strides(case):
    one = case(linear(), skip_in_time(steps=4, mode="replace"), task=first_number(40),
               set_cell=lambda cell: with_weight(0.5)(cell.inner))  # fmt: skip
    assert figures(one)["gradient_horizon"] == 24


def test_a_gradient_that_never_arrives_has_neither_growth_nor_reach():
    zeros = curve(np.zeros(5), np.ones(5))
    assert gradient_flow.fit(zeros) is None
    assert gradient_flow.horizon(zeros) is None
    assert gradient_flow.first_overflow(zeros) is None
