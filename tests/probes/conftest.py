"""Small models whose gradients are known: linear and rectified recurrent networks on a task that shows one number."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from seqbench.cells.base import Cell, CellBuilder
from seqbench.mitigations.base import Mitigation, chain
from seqbench.models.stacked import stacked
from seqbench.probes.base import View, look
from seqbench.tasks.base import Batch, Task, full_mask, squared_error


@pytest.fixture(autouse=True, scope="module")
def _hasty(hastily_compiled: None) -> None:
    """What is examined runs a few times."""


class Linear(Cell):
    """h_t = h_{t-1} U + projected."""

    def step(self, carry, projected):
        return carry @ self.recurrent_kernel[...] + projected


def linear() -> CellBuilder:
    return lambda inputs, hidden, rngs: Linear(inputs, hidden, rngs=rngs)


@cache
def first_number(length: int, *, shortest: int | None = None) -> Task:
    """Say at the end the number shown first; with `shortest`, sequences differ in length."""
    steps = length + 1

    def sample(key, batch_size):
        inputs = jax.random.uniform(key, (batch_size, steps, 1))
        lengths = jnp.full(batch_size, steps)
        if shortest is not None:
            lengths = jax.random.randint(jax.random.fold_in(key, 1), (batch_size,), shortest, steps + 1)
        mask = full_mask(batch_size, steps) & (jnp.arange(steps) < lengths[:, None])
        return Batch(
            inputs=inputs,
            targets=inputs[:, :1],
            mask=mask,
            weights=jnp.ones((batch_size, 1)),
            distance=lengths[:, None] - 1,
        )

    return Task(
        sample=sample,
        loss=squared_error,
        correct=lambda predictions, targets: (squared_error(predictions, targets) < 0.01).astype(jnp.float32),
        oracle=lambda batch: batch.inputs[:, :1],
        inputs=1,
        outputs=1,
        length=length,
        steps=steps,
        symbolic=False,
        variable_length=shortest is not None,
    )


class Case(NamedTuple):
    """A model on a task: what a probe is given."""

    task: Task
    graph: nnx.GraphDef
    parameters: Any
    batch: Batch


@pytest.fixture
def case() -> Callable[..., Case]:
    """Builds a case; `set_cell` may change the bottom cell before it is used."""

    def build(
        cell: CellBuilder,
        *mitigations: Mitigation,
        task: Task,
        width: int = 1,
        depth: int = 1,
        batch_size: int = 2,
        set_cell: Callable[[Cell], None] = lambda cell: None,
    ) -> Case:
        model = stacked(cell, width=width, depth=depth)(task, chain(*mitigations), nnx.Rngs(0))
        set_cell(model.layers[0].cell)
        graph, parameters = nnx.split(model)
        return Case(task, graph, parameters, task.sample(jax.random.key(1), batch_size))

    return build


def look_at(task: Task, graph: nnx.GraphDef, parameters: Any, batch: Batch) -> View:
    """A view of a case."""
    return look(task, lambda own: nnx.merge(graph, own), parameters, batch)
