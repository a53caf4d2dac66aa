"""Derivatives that cells state themselves, against autodiff of the formulas of their papers, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.cells import gru, lstm
from seqbench.cells._gates import tanh

ROWS, HIDDEN = 3, 4


def lstm_formula(c, preactivation):
    i, f, g, o = jnp.split(preactivation, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return c, jax.nn.sigmoid(o) * jnp.tanh(c)


def gru_formula(h, projected, product, bias):
    r, z, _ = jnp.split(jax.nn.sigmoid(projected + product), 3, axis=-1)
    n = jnp.tanh(projected[:, 2 * HIDDEN :] + r * (product[:, 2 * HIDDEN :] + bias))
    return (1 - z) * n + z * h


@pytest.mark.parametrize(
    ("own", "formula", "blocks"),
    [(lstm.gated, lstm_formula, (1, 4)), (gru.gated, gru_formula, (1, 3, 3, 1)), (tanh, jnp.tanh, (1,))],
    ids=["lstm", "gru", "tanh"],
)
def test_own_derivative_is_autodiff_of_the_formula(own, formula, blocks):
    with jax.enable_x64(True):
        draw = np.random.default_rng(0)
        given = [jnp.asarray(draw.normal(0, 2, (ROWS, n * HIDDEN))) for n in blocks]
        every = tuple(range(len(given)))
        expected = jax.jit(jax.jacrev(formula, argnums=every))(*given)
        for differentiate in (jax.jacrev, jax.jacfwd):
            found = jax.jit(differentiate(own, argnums=every))(*given)
            jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14), found, expected)
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), own(*given), formula(*given))
