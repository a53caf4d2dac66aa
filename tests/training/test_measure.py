"""All probes together, as training calls them."""

from __future__ import annotations

import gc
from typing import Any
from weakref import ref

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
        self.training: dict[str, Any] = {"batch_size": 8}
        self.graph, self.parameters = nnx.split(model(gru(), width=3)(self.task, self.chain, nnx.Rngs(0)))
        self.shapes = self.parameters

    def measure(self, which="default", seed_parameters=None, steps=0, **numbers):
        arrays = tuple({name: jnp.float32(value) for name, value in numbers.items()} for _ in self.chain.links)
        parameters = self.parameters if seed_parameters is None else seed_parameters
        batch = measure.probe_batch(self.task, KEY)
        return measure.measure(self, parameters, batch=batch, arrays=arrays, probes=assemble_probes(which), steps=steps)


def test_probes_are_read_before_training_and_at_the_first_middle_and_last_evaluation():
    due = [step for step in range(0, 1001, 50) if measure.due(step, steps=1000, evaluate_every=100)]
    assert due == [0, 100, 500, 1000]
    assert measure.due(950, steps=950, evaluate_every=100)
    assert [step for step in (0, 10) if measure.due(step, steps=10, evaluate_every=100)] == [0, 10]


def test_a_group_is_compiled_once_and_gives_the_same_rows_again():
    group = Group()
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
        Group(task=entity_tagging(6)),
        Group(truncated_backpropagation(window=4), task=delayed_recall(9), model=bidirectional),
        Group(truncated_backpropagation(window=4), task=entity_tagging(6), model=bidirectional),
    ],
    ids=["answered last", "farther than all are recorded", "at every step", "backwards", "backwards at every step"],
)
def test_padding_changes_no_probe(group):
    task = group.task
    plain, padded = (
        {(row["probe"], row["distance"]): row["value"] for row in group.measure("all", steps=steps).rows}
        for steps in (0, task.steps + 20)
    )
    assert padded == pytest.approx(plain, rel=1e-4, abs=1e-6)


def test_lengths_share_one_program():
    short, long = Group(task=delayed_recall(3)), Group(task=delayed_recall(5))
    measure.probe_batch(long.task, KEY)  # drawn by a program of its own
    short.measure(steps=20)
    known = list(compilation._kept)
    assert long.measure(steps=20).rows != short.measure(steps=20).rows
    assert set(compilation._kept) == set(known)
    # Clipping after the backward pass is no part of what is looked at.
    clipped = Group(clip_global_norm(), task=long.task)
    assert clipped.measure(steps=20, threshold=1.0).rows == long.measure(steps=20).rows
    assert set(compilation._kept) == set(known)


def test_sequences_are_padded_only_where_that_is_cheap_and_the_model_takes_any_number_of_steps():
    group = Group()
    assert measure._worth_padding(group, 5, 128)
    assert not measure._worth_padding(group, 5, 129)
    assert measure._worth_padding(group, 100, 400)
    assert not measure._worth_padding(group, 100, 401)
    assert measure._worth_padding(group, 400, 1024)
    assert not measure._worth_padding(group, 400, 1025)  # where fewer sequences would be looked at
    assert measure._worth_padding(group, 5, 5)  # the longest is one of those that share the program
    assert not measure._worth_padding(group, 5, 0)
    group.graph, group.shapes = nnx.split(bag_mlp(width=3)(group.task, group.chain, nnx.Rngs(0)))
    assert not measure._worth_padding(group, 5, 128)


def test_nothing_is_measured_and_nothing_compiled_if_a_grid_wants_none():
    assert Group().measure("none") == ([], 0.0, 0.0)


def test_what_is_compiled_ends_with_its_group():
    group = Group()
    measure._compiled[group] = {}
    gone = ref(group)
    del group
    gc.collect()
    assert gone() is None
    assert "program" not in measure._reader(Group(), assemble_probes("action"), padded=False).__code__.co_freevars


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
