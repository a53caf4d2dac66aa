"""What the answer hears of each step, where it is known."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.probes import influence
from seqbench.tasks.delayed_recall import delayed_recall
from tests.probes.conftest import first_number, linear, look_at

trace = jax.jit(lambda *case: influence.trace(look_at(*case)), static_argnums=(0, 1))


def measure(case) -> dict[int, float]:
    return {r["distance"]: r["value"] for r in influence.rows(trace(*case), length=case.task.length)}


def test_a_linear_network_hears_each_step_by_the_power_of_its_weight(case):
    one = case(linear(), task=first_number(6), batch_size=5,
               set_cell=lambda cell: cell.recurrent_kernel.set_value(jnp.full((1, 1), 0.5)))  # fmt: skip
    inputs = np.asarray(one.batch.inputs)[:, :, 0]
    weights = 0.5 ** np.arange(6, -1, -1)
    swap = np.roll(inputs, -1, axis=0) - inputs
    whole = np.abs(swap @ weights).mean()
    found = measure(one)
    assert sorted(found) == list(range(7))
    for distance, value in found.items():
        assert value == pytest.approx(np.abs(swap[:, 6 - distance]).mean() * 0.5**distance / whole, rel=1e-3)


def test_only_sequences_that_differ_count_and_a_cue_has_no_influence(case):
    one = case(linear(), task=delayed_recall(4, symbols=2), width=2, batch_size=8)
    found = measure(one)
    assert sorted(found) == [1, 2, 3, 4]  # at distance 0 stands the cue, the same in all
    model = nnx.merge(one.graph, one.parameters)
    symbols = np.asarray(one.batch.inputs)
    other = np.roll(symbols, -1, axis=0)
    swapped = symbols.copy()
    swapped[:, 0] = other[:, 0]
    answers = [np.asarray(model(one.batch._replace(inputs=jnp.asarray(x))))[:, 0] for x in (symbols, swapped, other)]
    differ = symbols[:, 0] != other[:, 0]
    assert 0 < differ.sum() < 8
    moved = np.linalg.norm(answers[1] - answers[0], axis=-1)[differ].mean()
    assert found[4] == pytest.approx(moved / np.linalg.norm(answers[2] - answers[0], axis=-1).mean(), rel=1e-4)
