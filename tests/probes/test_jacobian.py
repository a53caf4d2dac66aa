"""Products of Jacobians and Lyapunov exponents of linear recurrences, where both are known."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.cells.lstm import lstm
from seqbench.mitigations.skip_in_time import skip_in_time
from seqbench.probes import jacobian
from tests.probes.conftest import first_number, linear, look_at

trace = jax.jit(lambda *case: jacobian.trace(look_at(*case)), static_argnums=(0, 1))


def measure(case) -> dict[str, dict[int | None, float]]:
    found: dict[str, dict[int | None, float]] = {}
    for r in jacobian.rows(trace(*case), length=case.task.length):
        found.setdefault(r["probe"], {})[r["distance"]] = r["value"]
    return found


def with_matrix(matrix):
    return lambda cell: cell.recurrent_kernel.set_value(jnp.asarray(matrix, jnp.float32))


def test_a_linear_network_has_the_powers_of_its_matrix(case):
    matrix = np.array([[0.9, 0.5, 0.0], [-0.2, 0.8, 0.1], [0.0, 0.3, 0.4]])
    found = measure(case(linear(), task=first_number(40), width=3, set_cell=with_matrix(matrix)))
    for distance in (0, 1, 2, 5, 13):
        power = np.linalg.matrix_power(matrix, distance)
        values = np.linalg.svd(power, compute_uv=False)
        assert found["jacobian_norm"][distance] == pytest.approx(np.linalg.norm(power), rel=1e-4)
        assert found["jacobian_largest"][distance] == pytest.approx(values[0], rel=1e-4)
        if distance < 6:
            assert found["jacobian_smallest"][distance] == pytest.approx(values[-1], rel=1e-3)
    # Far back the smallest has sunk below what float32 resolves beside the largest, and is not claimed.
    assert 40 not in found["jacobian_smallest"]


def test_the_exponents_of_a_linear_network_are_the_logs_of_its_eigenvalues(case):
    turn = np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]])
    matrix = np.zeros((3, 3))
    matrix[:2, :2], matrix[2, 2] = 1.1 * turn, 0.5
    found = measure(case(linear(), task=first_number(80), width=3, set_cell=with_matrix(matrix)))
    assert found["lyapunov_1"][None] == pytest.approx(np.log(1.1), abs=1e-3)
    assert found["lyapunov_2"][None] == pytest.approx(np.log(1.1), abs=1e-3)
    assert found["lyapunov_3"][None] == pytest.approx(np.log(0.5), abs=1e-3)


def test_growth_beyond_float32_is_followed(case):
    found = measure(case(linear(), task=first_number(300), set_cell=with_matrix([[2.0]])))
    assert found["jacobian_largest"][300] == pytest.approx(2.0**300, rel=1e-3)
    assert found["lyapunov_1"][None] == pytest.approx(np.log(2), rel=1e-4)


def test_the_product_takes_every_path_and_each_sequence_has_its_own_end(case):
    def set_cell(cell):
        cell.inner.recurrent_kernel.set_value(jnp.full((1, 1), 0.5))
        cell.skip_kernel.set_value(jnp.full_like(cell.skip_kernel[...], 0.3))

    one = case(linear(), skip_in_time(steps=2), task=first_number(9, shortest=5), set_cell=set_cell, batch_size=5)
    found = measure(one)["jacobian_largest"]
    expected = [1.0, 0.5]
    while len(expected) < 10:
        expected.append(0.5 * expected[-1] + 0.3 * expected[-2])
    longest = int(one.batch.mask[: jacobian.SEQUENCES].sum(1).max())
    assert sorted(found) == list(range(longest))
    for distance, value in found.items():
        assert value == pytest.approx(expected[distance], rel=1e-4)


def test_layers_are_told_apart_and_a_state_of_two_parts_is_one(case):
    found = measure(case(lstm(), task=first_number(5), width=2, depth=2))
    assert found["jacobian_norm_layer_1"][0] == pytest.approx(2)  # the identity on c and h of two units
    assert {"lyapunov_4_layer_0", "lyapunov_4_layer_1"} <= set(found)
