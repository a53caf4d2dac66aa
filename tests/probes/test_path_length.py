"""The law of path length: over a skip of s steps the gradient decays s times slower, log(rho) / s a step."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.cells.vanilla import vanilla
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.probes import gradient_flow
from tests.probes.conftest import first_number, look_at

STEPS = 241
trace = jax.jit(lambda *case: gradient_flow.trace(look_at(*case)), static_argnums=(0, 1))


def slope(case, rho: float, stride: int) -> float:
    """Of log ||dL/dh_{T-k}|| over k, over the distances at which a gradient can arrive at all."""
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((8, 8)))

    def set_cell(cell):
        inner = cell if stride == 1 else cell.inner
        inner.recurrent_kernel.set_value(jnp.asarray(rho * turn, jnp.float32))
        inner.input_kernel.set_value(0.01 * inner.input_kernel[...])

    skips = () if stride == 1 else (skip_in_time(steps=stride, mode="replace"),)
    flow = trace(*case(vanilla(), *skips, task=first_number(STEPS - 1), width=8, set_cell=set_cell))
    norms = np.asarray(flow.arithmetic)
    assert np.all(np.delete(norms, np.arange(0, STEPS, stride)) == 0)
    at = np.arange(0, STEPS, stride)
    return gradient_flow.fit(gradient_flow.Curve(at, norms[at])).slope


@pytest.mark.parametrize("rho", [0.5, 0.8])
def test_the_slope_shrinks_by_the_stride(case, rho):
    plain = slope(case, rho, 1)
    assert plain == pytest.approx(np.log(rho), rel=0.03)
    for stride in (2, 4, 8):
        assert plain / slope(case, rho, stride) == pytest.approx(stride, rel=0.03)
