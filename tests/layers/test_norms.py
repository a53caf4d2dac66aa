"""Norms of what is too large, or too small, to be squared."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.layers.norms import norm_scale
from seqbench.mitigations._norms import global_norm
from seqbench.mitigations.clip_adaptive import unit_norms
from seqbench.probes.base import safe_norm


def test_entries_are_divided_by_the_largest_where_that_is_a_number():
    largest = jnp.asarray([0.0, 1e-30, 3.0, 1e30, np.inf, np.nan])
    np.testing.assert_array_equal(norm_scale(largest), jnp.asarray([1.0, 1e-30, 3.0, 1e30, 1.0, 1.0]))


@pytest.mark.parametrize("size", [0.0, 1e-30, 1.0, 1e30, np.inf, np.nan])
def test_a_norm_is_a_number_wherever_the_entries_are(size):
    entries = jnp.asarray([3.0, 4.0]) * jnp.asarray(size, jnp.float32)
    for norm in (global_norm([entries]), unit_norms(entries)[0], safe_norm([entries], 0)):
        np.testing.assert_allclose(norm, jnp.asarray(5 * size, jnp.float32), rtol=1e-6)
