"""Sequences of numbers of which two are marked, and the tasks that ask for a function of these two."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from seqbench.errors import Incompatible
from seqbench.tasks.base import Batch, Criterion, Predictions, Task, quarters, single_target, squared_error

Marks = Literal["halves", "anywhere"]
"""Where the two marks stand: one in each half of the sequence, or at any two steps."""

HALVES: Marks = "halves"
ANYWHERE: Marks = "anywhere"


def ask_for(
    answer: Callable[[Float[Array, "B T 2"]], Predictions],
    *,
    length: int,
    marks: Marks = HALVES,
    tolerance: float,
    guess: Callable[[Batch], Predictions],
    trivial: float,
    trivial_loss: float,
    solved_at: float,
) -> Task:
    """Ask for a function of the two marked of `length` numbers, after the last.

    An answer is right when it is closer than `tolerance`. `solved_at` is a squared error; the rest is as in `Task`.
    """
    if marks not in (HALVES, ANYWHERE):
        raise Incompatible(f"The marks stand in {HALVES} or {ANYWHERE}, not {marks!r}.")
    if length < 2:
        raise Incompatible(f"Two steps are marked, so the length must be at least 2, not {length}.")
    return Task(
        sample=lambda key, batch_size: draw_batch(key, batch_size, length, marks, answer),
        loss=squared_error,
        correct=partial(closer_than, tolerance),
        oracle=lambda batch: answer(batch.inputs),
        guess=guess,
        inputs=2,
        outputs=1,
        length=length,
        steps=length,
        symbolic=False,
        chance=trivial,
        trivial=trivial,
        trivial_loss=trivial_loss,
        criterion=Criterion("loss", solved_at),
        distances=quarters(length) if marks == ANYWHERE else (),
    )


def draw_batch(
    key: Key[Array, ""],
    batch_size: int,
    length: int,
    marks: Marks,
    answer: Callable[[Float[Array, "B T 2"]], Predictions],
) -> Batch:
    """Marked numbers, with the answer after the last; the distance is that of the first mark from the end."""
    inputs, first = mark_two(key, batch_size, length, marks)
    return single_target(inputs, answer(inputs), length - 1 - first)


def mark_two(
    key: Key[Array, ""], batch_size: int, length: int, marks: Marks
) -> tuple[Float[Array, "B T 2"], Int[Array, "B 1"]]:
    """Values from U[0, 1] beside a marker that is 1 at two steps, and the first of these steps."""
    values_key, first_key, second_key = jax.random.split(key, 3)
    values = jax.random.uniform(values_key, (batch_size, length))
    if marks == HALVES:
        first = jax.random.randint(first_key, (batch_size, 1), 0, length // 2)
        second = jax.random.randint(second_key, (batch_size, 1), length // 2, length)
    else:
        one = jax.random.randint(first_key, (batch_size, 1), 0, length)
        # Each of the other steps is equally likely, counted from the first one and around the end.
        other = (one + jax.random.randint(second_key, (batch_size, 1), 1, length)) % length
        first, second = jnp.minimum(one, other), jnp.maximum(one, other)
    steps = jnp.arange(length)
    marker = ((steps == first) | (steps == second)).astype(values.dtype)
    return jnp.stack([values, marker], axis=-1), first


def closer_than(tolerance: float, predictions: Predictions, targets: Float[Array, "B K 1"]) -> Float[Array, "B K"]:
    """1 where the answer is closer than `tolerance` to the target."""
    return (jnp.abs(predictions - targets) < tolerance).all(-1).astype(jnp.float32)
