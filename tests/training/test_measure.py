"""All probes together, as training calls them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench import compilation
from seqbench.cells.gru import gru
from seqbench.components.probe_selection import assemble_probes
from seqbench.mitigations.base import chain
from seqbench.mitigations.clip_backpropagated import clip_backpropagated
from seqbench.mitigations.clip_global_norm import clip_global_norm
from seqbench.mitigations.truncated_backpropagation import truncated_backpropagation
from seqbench.models.bag_mlp import bag_mlp
from seqbench.models.bidirectional import bidirectional
from seqbench.models.stacked import stacked
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.tasks.entity_tagging import entity_tagging
from seqbench.training import measure

KEY = jax.random.key(3)


class Group:
    """What a probe needs of a group."""

    def __init__(self, *mitigations, task=None, model=stacked) -> None:
        self.task = task or delayed_recall(4)
        self.chain = chain(*mitigations)
        self.batch_size = 8
        self.name = None
        self.graph, self.parameters = nnx.split(model(gru(), width=3)(self.task, self.chain, nnx.Rngs(0)))
        self.shapes = self.parameters

    def measure(self, which="default", seed_parameters=None, **numbers):
        arrays = tuple({name: jnp.float32(value) for name, value in numbers.items()} for _ in self.chain.links)
        parameters = self.parameters if seed_parameters is None else seed_parameters
        batch = jax.device_get(self.task.sample(KEY, 32))
        return measure.measure(self, parameters, batch=batch, arrays=arrays, probes=assemble_probes(which))


def test_probes_are_read_before_training_and_at_the_first_middle_and_last_evaluation():
    due = [step for step in range(0, 1001, 50) if measure.due(step, steps=1000, evaluate_every=100)]
    assert due == [0, 100, 500, 1000]
    assert measure.due(950, steps=950, evaluate_every=100)
    assert [step for step in (0, 10) if measure.due(step, steps=10, evaluate_every=100)] == [0, 10]


def test_a_named_group_is_compiled_once_and_gives_the_same_rows_again():
    group = Group()
    group.name = compilation.Name("a group of this test alone", lasting=False)
    first, again = group.measure("all"), group.measure("all")
    assert first.compile_seconds > 0.05 > again.compile_seconds
    assert first.rows == again.rows
    found = {row["probe"] for row in first.rows}
    assert {"gradient_norm", "gradient_share", "influence", "jacobian_largest", "lyapunov_1", "retention"} <= found
    assert all(isinstance(row["value"], float) and np.isfinite(row["value"]) for row in first.rows)
    # Other weights are another argument of the same program.
    scaled = group.measure("all", seed_parameters=jax.tree.map(lambda x: 2 * x, group.parameters))
    assert scaled.compile_seconds < 0.05
    assert scaled.rows != first.rows


@pytest.mark.parametrize(
    "group",
    [
        Group(task=delayed_recall(4)),
        Group(task=delayed_recall(30)),
        pytest.param(Group(task=entity_tagging(6)), marks=pytest.mark.slow),
        pytest.param(
            Group(truncated_backpropagation(window=4), task=delayed_recall(9), model=bidirectional),
            marks=pytest.mark.slow,
        ),
        pytest.param(
            Group(truncated_backpropagation(window=4), task=entity_tagging(6), model=bidirectional),
            marks=pytest.mark.slow,
        ),
    ],
    ids=["answered last", "farther than all are recorded", "at every step", "backwards", "backwards at every step"],
)
def test_padding_changes_no_probe(group, monkeypatch):
    def measured():
        return {(row["probe"], row["distance"]): row["value"] for row in group.measure("all").rows}

    padded = measured()
    monkeypatch.setattr(measure, "_worth_padding", lambda program, steps: False)
    assert padded == pytest.approx(measured(), rel=1e-4, abs=1e-6)


def test_lengths_of_a_bucket_share_one_program():
    short, long = Group(task=delayed_recall(3)), Group(task=delayed_recall(5))
    first = short.measure().rows
    known = list(compilation._kept)
    rows = long.measure().rows
    assert rows != first
    # Clipping after the backward pass is no part of what is looked at.
    assert Group(clip_global_norm(), task=long.task).measure(threshold=1.0).rows == rows
    assert set(compilation._kept) == set(known)


def test_sequences_are_padded_if_no_fewer_are_looked_at_and_the_model_takes_any_number_of_steps():
    group = Group()
    assert measure._worth_padding(group, 5)
    assert measure._worth_padding(group, 1024)
    assert not measure._worth_padding(group, 1025)  # in the next bucket fewer sequences would be looked at
    group.graph, group.shapes = nnx.split(bag_mlp(width=3)(group.task, group.chain, nnx.Rngs(0)))
    assert not measure._worth_padding(group, 5)


def test_nothing_is_measured_and_nothing_compiled_if_a_grid_wants_none():
    assert Group().measure("none") == ([], 0.0, 0.0)


def test_a_remedy_on_the_way_back_acts_with_the_numbers_of_the_trial():
    group = Group(clip_backpropagated())

    def norms(threshold):
        rows = group.measure(["gradient_flow", "gradient_share"], threshold=threshold).rows
        shares = [row["value"] for row in rows if row["probe"] == "gradient_share"]
        assert sum(shares) == pytest.approx(1, rel=1e-4)
        return [row["value"] for row in rows if row["probe"] == "gradient_norm"]

    free, bound = norms(np.inf), norms(1e-3)
    assert bound[0] == pytest.approx(free[0])  # what arrives last has met no clipping
    assert bound[-1] < 0.5 * free[-1]
    # Each state passes on entries of at most the threshold, in a batch of 8, and one step makes little more of them.
    assert max(bound[1:]) < np.sqrt(3) * 8e-3 * 2
