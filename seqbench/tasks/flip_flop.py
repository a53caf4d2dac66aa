"""Read the bit that was written last, past many bits that must be ignored.

A flip-flop holds one bit. Each step either writes a bit (w0, w1) or shows one to ignore (i0, i1). At the end comes a
read, and the bit written last must be named. Up to `rewrites` steps of either kind precede the last write, so that what
was written must be overwritten and what is ignored must leave no trace.

A worked example with length 4 (three earlier steps, the last write, three steps to ignore, the read):

    i1  w1  w1  w0  i1  i1  i0  r   ->  0

`length` is the number of steps from the last write to the read, the same in every sequence. The number of earlier
steps is drawn from 0..rewrites, so the sequences of a batch differ in length and are padded. Both bits are equally
likely: chance and the trivial score are 1/2.

Source: Liu, Ash, Goel, Krishnamurthy & Zhang 2023, "Exposing attention glitches with flip-flop language modeling", with
each instruction and its bit in one symbol and a settable distance.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import NonNegativeInt, PositiveInt
from seqbench.tasks.base import Batch, Task, certain, one_of, single_target

SYMBOLS = ("_", "w0", "w1", "i0", "i1", "r")
WRITE, IGNORE, READ = 1, 3, 5


def flip_flop(length: PositiveInt = 50, rewrites: NonNegativeInt = 8) -> Task:
    """Read a bit `length` steps after it was written, with up to `rewrites` writes before it."""
    if length < 1 or rewrites < 0:
        raise Incompatible(f"flip_flop needs length >= 1 and rewrites >= 0, not length {length}, rewrites {rewrites}.")
    steps = rewrites + 1 + length

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        step_key, count_key = jax.random.split(key)
        last_write = jax.random.randint(count_key, (batch_size, 1), 0, rewrites + 1)
        read, step = last_write + length, jnp.arange(steps)
        bit, kind = jnp.divmod(jax.random.randint(step_key, (batch_size, steps), 0, 4), 2)
        writes = (step == last_write) | ((step < last_write) & (kind == 0))
        inputs = jnp.where(writes, WRITE, IGNORE) + bit
        inputs = jnp.where(step < read, inputs, jnp.where(step == read, READ, 0))
        mask = step <= read
        return single_target(inputs, last_written(inputs, mask), length, mask)

    return Task(
        **one_of(2),
        sample=sample,
        oracle=lambda batch: certain(last_written(batch.inputs, batch.mask), 2),
        inputs=len(SYMBOLS),
        length=length,
        steps=steps,
        variable_length=rewrites > 0,
        symbols=SYMBOLS,
    )


def last_written(inputs: Int[Array, "B T"], mask: Bool[Array, "B T"]) -> Int[Array, "B 1"]:
    """The bit of the last write."""
    writes = mask & ((inputs == WRITE) | (inputs == WRITE + 1))
    last = jnp.max(jnp.where(writes, jnp.arange(inputs.shape[1]), 0), axis=1, keepdims=True)
    return jnp.take_along_axis(inputs, last, axis=1) - WRITE
