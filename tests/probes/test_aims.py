"""What a probe looks back from, which states stand at a distance, and what one target counts in the loss."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from seqbench.probes.base import distances, share_of_one, take_aim
from seqbench.tasks.base import Batch
from seqbench.tasks.copy_memory import copy_memory
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.training.objective import task_loss


def test_the_last_of_many_equally_far_targets_is_the_aim():
    task, count = delayed_recall(4)._replace(readout="every"), 20_000
    batch = Batch(
        jnp.zeros((1, count)), jnp.zeros((1, count)), jnp.ones((1, count), bool),
        weights=jnp.ones((1, count)).at[0, -1].set(0), distance=jnp.full((1, count), 7).at[0, 0].set(6),
    )  # fmt: skip
    assert take_aim(task, batch).target.tolist() == [count - 2]


def test_a_causal_network_has_later_states_only_where_no_sequence_has_an_earlier_one():
    mask, aim = jnp.ones((2, 5), bool), jnp.array([1, 2])
    both, causal = (distances(mask, aim, 5, causal=causal) for causal in (False, True))
    assert both.exist.T.tolist() == [[True, True, True, True, False], [True, True, True, False, False]]
    # Two steps before the aim only the second sequence has a state; three steps away none has.
    assert causal.exist.T.tolist() == [[True, True, False, True, False], [True, True, True, False, False]]
    np.testing.assert_array_equal(causal.has_before, both.has_before)


@pytest.mark.parametrize("task", [delayed_recall(4), copy_memory(14)])
def test_the_share_of_a_target_is_its_derivative_in_what_training_minimises(task):
    batch = task.sample(jax.random.key(0), 8)
    predictions = jnp.zeros((8, batch.weights.shape[1], task.outputs))
    target = take_aim(task, batch).target[0]

    def shifted(by):
        """The mean loss where that of the first sequence's aim is larger `by` so much."""
        losses = lambda *scored: task.loss(*scored).at[0, target].add(by)  # noqa: E731
        return task_loss(task._replace(loss=losses), predictions, batch)

    derivative = float(jax.grad(shifted)(0.0))
    assert share_of_one(batch, 8) == pytest.approx(derivative, rel=1e-6)
    assert share_of_one(batch, 16) == pytest.approx(derivative / 2, rel=1e-6)
