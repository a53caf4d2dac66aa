"""All steps in one kernel give what the loop gives: the kernels are interpreted here, and compiled on a GPU.

There: `JAX_DEFAULT_MATMUL_PRECISION=float32 pytest --noconftest -o addopts= tests/layers/test_kernel.py`
"""

from __future__ import annotations

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.cells.gru import gru
from seqbench.cells.indrnn import indrnn
from seqbench.cells.lstm import lstm
from seqbench.cells.vanilla import Vanilla, vanilla
from seqbench.layers.kernel import has_kernel
from seqbench.layers.kernel_steps import interpreted
from seqbench.layers.unroll import unroll

BATCH, ROOM, INPUTS, HIDDEN = 5, 6, 3, 16

CELLS = {"lstm": lstm(), "gru": gru(), "vanilla": vanilla(), "relu": vanilla(activation="relu")}


def perturbed(builder, hidden=HIDDEN):
    """A cell whose parameters, biases included, are random; as a graph and a state."""
    graph, state = nnx.split(builder(INPUTS, hidden, nnx.Rngs(0)))
    draw = np.random.default_rng(1)
    return graph, jax.tree.map(lambda leaf: leaf + 0.3 * draw.normal(size=leaf.shape).astype(np.float32), state)


def gradients(graph, *, kernel, steps):
    """`(state, initial, inputs) -> (value, gradients)` of a loss of all outputs and of the final carry."""

    def loss(state, initial, inputs):
        limit = None if steps is None else jnp.asarray(steps)
        outputs, final = unroll(nnx.merge(graph, state), inputs, steps=limit, initial=initial, kernel=kernel)
        weights = jnp.arange(1.0, ROOM + 1)[None, :, None]
        return jnp.sum(jnp.sin(outputs) * weights) + sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(final))

    return jax.value_and_grad(loss, (0, 1, 2))


def given(graph, state, seed=0):
    draw = np.random.default_rng(seed)
    cell = nnx.merge(graph, state)
    initial = jax.tree.map(lambda leaf: jnp.asarray(draw.normal(size=leaf.shape), jnp.float32), cell.initial(BATCH))
    return initial, jnp.asarray(draw.normal(size=(BATCH, ROOM, INPUTS)), jnp.float32)


def assert_close(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        # On a GPU products are sums of three in TF32: up to 1e-5 of the largest gradient, measured on an H100.
        part = 1e-5 if interpreted() else 2e-5
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=part * float(jnp.max(jnp.abs(b))))


@pytest.mark.parametrize(
    ("name", "steps"),
    [pytest.param("lstm", 4, marks=pytest.mark.slow), ("lstm", None), ("gru", 4), ("vanilla", None), ("relu", 4)],
)
@pytest.mark.parametrize("hidden", [HIDDEN, *(pytest.param(each, marks=pytest.mark.slow) for each in (32, 64, 128))])
def test_a_kernel_gives_what_the_loop_gives(name, steps, hidden):
    graph, state = perturbed(CELLS[name], hidden)
    state = jax.tree.map(lambda leaf: leaf * (HIDDEN / hidden) ** 0.5, state)  # as large a sum at every width
    arguments = state, *given(graph, state)
    by_kernel, by_loop = (jax.jit(gradients(graph, kernel=kernel, steps=steps))(*arguments) for kernel in (True, False))
    assert_close(by_kernel, by_loop)


def test_the_kernel_is_what_runs():
    graph, state = perturbed(CELLS["lstm"])
    program = jax.make_jaxpr(gradients(graph, kernel=True, steps=None))(state, *given(graph, state))
    assert "pallas_call" in str(program)
    plain = jax.make_jaxpr(gradients(graph, kernel=False, steps=None))(state, *given(graph, state))
    assert "pallas_call" not in str(plain)


def test_threads_wait_for_each_other_where_one_writes_what_another_reads(monkeypatch):
    """Only a GPU shows a missing barrier, by wrong gradients of vanilla cells: two forwards, four backwards."""
    monkeypatch.setattr("seqbench.layers.kernel_steps.interpreted", lambda: False)
    graph, state = perturbed(CELLS["vanilla"])
    program = jax.make_jaxpr(gradients(graph, kernel=True, steps=None))(state, *given(graph, state))
    assert str(program).count("debug_barrier") == 2 + 4


@pytest.mark.parametrize(
    ("name", "hidden", "stages"),
    [
        ("vanilla", 16, 1),
        ("relu", 32, 1),
        ("vanilla", 64, 1),
        ("vanilla", 128, 2),
        ("lstm", 16, 2),
        ("gru", 32, 2),
        ("lstm", 128, 2),
    ],
)
def test_loads_overlap_only_inside_a_step(monkeypatch, name, hidden, stages):
    """Only a GPU shows loads that come too early: vanilla cells of 16 and 32 units had wrong gradients."""
    monkeypatch.setattr("seqbench.layers.kernel_steps.interpreted", lambda: False)
    graph, state = perturbed(CELLS[name], hidden)
    program = jax.make_jaxpr(gradients(graph, kernel=True, steps=None))(state, *given(graph, state))
    assert re.findall(r"num_stages=(\d+)", str(program)) == [str(stages)] * 2


@pytest.mark.slow
def test_stacked_trials_keep_to_themselves():
    graph, state = perturbed(CELLS["gru"])
    initial, inputs = given(graph, state)
    broken = jax.tree.map(lambda leaf: leaf * jnp.nan, state)
    many = jax.jit(jax.vmap(gradients(graph, kernel=True, steps=4), in_axes=(0, None, None)))
    states = [jax.tree.map(lambda *leaves: jnp.stack(leaves), state, other) for other in (broken, state)]
    beside_broken, beside_itself = (
        jax.tree.map(lambda leaf: leaf[0], many(stacked, initial, inputs)) for stacked in states
    )
    jax.tree.map(np.testing.assert_array_equal, beside_broken, beside_itself)
    assert_close(beside_itself, gradients(graph, kernel=False, steps=4)(state, initial, inputs))


class Leaky(Vanilla):
    """Steps otherwise than the cell whose tiled step it inherits."""

    def step(self, carry, projected):
        return 0.5 * carry + super().step(carry, projected)


@pytest.mark.parametrize(
    ("builder", "hidden", "dtype", "expected"),
    [
        (lstm(), 16, jnp.float32, True),
        (lstm(), 128, jnp.float32, True),
        (lstm(), 48, jnp.float32, False),
        (lstm(), 8, jnp.float32, False),
        (lstm(), 256, jnp.float32, False),
        (lstm(), 16, jnp.float16, False),
        (lstm(peepholes=True), 16, jnp.float32, False),
        (indrnn(), 16, jnp.float32, False),
        (Leaky, 16, jnp.float32, False),
    ],
)
def test_where_there_is_no_kernel_the_loop_runs(builder, hidden, dtype, expected):
    assert has_kernel(builder(INPUTS, hidden, nnx.Rngs(0)), dtype) is expected
