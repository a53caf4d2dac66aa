"""All steps of a linear recurrence at once, in segments that are computed again in the backward pass."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from seqbench.cells.base import Carry, Cell
from seqbench.layers.loop import Sequences


def run_at_once(
    cell: Cell, carry: Carry, sequences: Sequences, steps: Int[Array, ""] | None, *, segment: int, reverse: bool
) -> tuple[Carry, Float[Array, "T B H"]]:
    """Take a cell with a parallel form over a batch; all T steps cost time, whatever `steps` says.

    Returns:
        the carry after the last step, and the outputs, zero where no step is taken.
    """
    length = len(sequences.inputs)
    if steps is None:
        return _in_segments(cell, carry, sequences, segment=segment, reverse=reverse)
    taken = (jnp.arange(length) < steps)[:, None, None]
    mask = taken if sequences.mask is None else taken & sequences.mask
    inputs = jnp.where(taken, sequences.inputs, 0)
    mask = jnp.broadcast_to(mask, (length, inputs.shape[1], 1))
    final, outputs = _in_segments(cell, carry, Sequences(inputs, mask, None), segment=segment, reverse=reverse)
    return final, jnp.where(taken, outputs, 0)


def _in_segments(
    cell: Cell, carry: Carry, sequences: Sequences, *, segment: int, reverse: bool
) -> tuple[Carry, Float[Array, "T B H"]]:
    """A loop over segments that are run again in the backward pass (Chen et al. 2016, arXiv:1604.06174).

    Steps left over when `segment` does not divide T are one shorter segment at the end of time. A segment of T steps
    or more is all of them, and nothing is run again.
    """
    length = len(sequences.inputs)

    def run(carry: Carry, sequences: Sequences) -> tuple[Carry, Array]:
        return _at_once(cell, carry, sequences, reverse=reverse)

    if segment >= length:
        return run(carry, sequences)
    cut = length - length % segment
    head = jax.tree.map(lambda x: x[:cut].reshape(cut // segment, segment, *x.shape[1:]), sequences)
    tail = jax.tree.map(lambda x: x[cut:], sequences)

    def run_head(carry: Carry) -> tuple[Carry, Array]:
        # Inside a loop nothing can be shared with the forward pass, so that the barrier against it only costs.
        final, outputs = jax.lax.scan(jax.checkpoint(run, prevent_cse=False), carry, head, reverse=reverse)
        return final, outputs.reshape(cut, *outputs.shape[2:])

    if cut == length:
        return run_head(carry)
    if reverse:
        carry, late = jax.checkpoint(run)(carry, tail)
        carry, early = run_head(carry)
    else:
        carry, early = run_head(carry)
        carry, late = jax.checkpoint(run)(carry, tail)
    return carry, jnp.concatenate([early, late])


def _at_once(cell: Cell, carry: Carry, sequences: Sequences, *, reverse: bool) -> tuple[Carry, Float[Array, "T B H"]]:
    """One segment."""
    projected, mask = cell.project(sequences.inputs), sequences.mask
    if reverse:
        projected, mask = jax.tree.map(lambda x: jnp.flip(x, 0), (projected, mask))
    carries = cell.parallel(projected, carry, mask)
    outputs = cell.output(carries)
    return jax.tree.map(lambda x: x[-1], carries), jnp.flip(outputs, 0) if reverse else outputs
