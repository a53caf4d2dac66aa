"""A tiny task of any read-out for checks of models. Its answers mean nothing."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from seqbench.tasks.base import Batch, Task, classified, cross_entropy

STEPS, SYMBOLS, CLASSES, ROWS = 6, 4, 3, 4


def toy_batch(task: Task, *, seed: int = 0, rows: int = ROWS) -> Batch:
    """Random inputs, with lengths from 1 to T in turn if the task's sequences differ in length."""
    draw = np.random.default_rng(seed)
    shape = (rows, task.steps)
    inputs = draw.integers(0, task.inputs, shape) if task.symbolic else draw.normal(size=(*shape, task.inputs))
    lengths = 1 + (np.arange(rows) * (task.steps - 1)) // max(rows - 1, 1) if task.variable_length else task.steps
    mask = np.arange(task.steps) < np.broadcast_to(lengths, rows)[:, None]
    classes = draw.integers(0, task.outputs, (rows, task.targets))
    return Batch(
        inputs=jnp.asarray(inputs, jnp.int32 if task.symbolic else jnp.float32),
        targets=jnp.asarray(classes, jnp.int32),
        mask=jnp.asarray(mask),
        weights=jnp.ones((rows, task.targets)),
        distance=jnp.full((rows, task.targets), task.length, jnp.int32),
        prompt=jnp.asarray(np.roll(classes, 1, axis=1), jnp.int32) if task.readout == "decode" else None,
    )


def toy_task(*, readout: Any = "last", symbolic: bool = True, variable_length: bool = False) -> Task:
    """A classification task of `STEPS` steps."""
    targets = {"last": 1, "every": STEPS, "decode": 3}[readout]
    task = Task(
        sample=lambda key, batch_size: toy_batch(task, rows=batch_size),
        loss=cross_entropy,
        correct=classified,
        oracle=lambda batch: jnp.zeros((*batch.targets.shape, CLASSES)),
        inputs=SYMBOLS if symbolic else 2,
        outputs=CLASSES,
        length=STEPS,
        steps=STEPS,
        targets=targets,
        readout=readout,
        symbolic=symbolic,
        variable_length=variable_length,
    )
    return task
