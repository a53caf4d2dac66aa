"""A cell over time: the one loop that every recurrent layer runs through.

All input projections are matrix products over many steps before the loop. Padded steps hold the state, so that the
state after the last step is the state at each sequence's own end, in either direction of time.

`taps` are zeros added to the state after each step; the gradient with respect to them is the gradient that arrives at
the state at each time, all in one backward pass.

The loop has a derivative of its own (`seqbench.layers.loop`). Of long sequences it keeps only the state before each
segment of about sqrt(T) steps for the backward pass, and computes what happens inside one again (`choose_segment`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from seqbench.cells.base import Carry, Cell
from seqbench.layers.loop import Sequences, first_step, plan, run
from seqbench.layers.parallel import run_at_once
from seqbench.layers.step import At, Step, advance

MEMORY_BUDGET = 256 * 2**20
"""Bytes that the backward pass of one layer may keep before its sequence is cut into segments."""

CHUNK, ROWS = 16, 640
"""A chunk has so many steps at most, or so many rows if the batch is small; unless segments are longer.

The input projections of a chunk are one product, and so are its gradients: long enough for a product to be fast, short
enough for what it reads to be in the cache still.
"""


class Unrolled(NamedTuple):
    """What a cell gives over a sequence: `outputs` [B, T, H] and the `final` carry."""

    outputs: Float[Array, "B T H"]
    final: Carry


def unroll(
    cell: Cell,
    inputs: Float[Array, "B T I"],
    mask: Bool[Array, "B T"] | None = None,
    *,
    steps: Int[Array, ""] | None = None,
    initial: Carry | None = None,
    taps: Carry | None = None,
    reverse: bool = False,
    segment: int | None = None,
    parallel: bool | None = None,
    kernel: bool = False,
    autodiff: bool = False,
) -> Unrolled:
    """Run a cell over a sequence.

    Args:
        cell: the cell.
        inputs: the sequence.
        mask: True where the sequence has a step; None when every sequence is full.
        steps: how many steps are taken, an argument of the compiled program; only these cost time. None: all T.
        initial: the state before the first step; the cell's own by default.
        taps: zeros shaped like the cell's state with a leading axis T, added to the state after each step.
        reverse: from the last step to the first. Padding at the end then holds the initial state.
        segment: steps between stored states (see above); T or more keeps all, None chooses by memory.
        parallel: let a cell that can compute all steps at once; by default everywhere but on a CPU. Taps need the loop.
        kernel: let one kernel take all steps of a cell that has one (`seqbench.layers.kernel`), on a GPU. Masks, taps,
            segments and the reverse direction need the loop. Off by default: on a GPU the gradients of LSTM and GRU
            were those of the loop and those of vanilla cells were not; it has not run on a GPU since it was mended.
        autodiff: differentiate the plain loop instead of using the own derivative: slower, open to forward mode.

    Returns:
        outputs [B, T, H] in the order of the inputs, zero where no step is taken, and the state after the last step.
    """
    cell = cell.prepared()
    carry = cell.initial(len(inputs)) if initial is None else initial
    sequences = _time_first(inputs, mask, taps)
    take = _way(cell, sequences, segment=segment, parallel=parallel, kernel=kernel, autodiff=autodiff, reverse=reverse)
    final, outputs = take(cell, carry, sequences, steps)
    return Unrolled(jnp.swapaxes(outputs, 0, 1), final)


def _way(
    cell: Cell,
    sequences: Sequences,
    *,
    segment: int | None,
    parallel: bool | None,
    kernel: bool,
    autodiff: bool,
    reverse: bool,
) -> Callable[..., tuple[Carry, Array]]:
    """How the steps are taken."""
    length, batch = sequences.inputs.shape[:2]
    if _at_once(cell, parallel, sequences.taps):
        return partial(run_at_once, segment=segment or choose_segment(cell, batch, length), reverse=reverse)
    if autodiff:
        return partial(_plain, reverse=reverse)
    if not reverse and _by_kernel(cell, kernel, sequences, segment):
        return _in_kernel
    return partial(_in_chunks, segment=segment, reverse=reverse)


def _time_first(inputs: Float[Array, "B T I"], mask: Bool[Array, "B T"] | None, taps: Carry | None) -> Sequences:
    return Sequences(jnp.swapaxes(inputs, 0, 1), None if mask is None else jnp.swapaxes(mask, 0, 1)[..., None], taps)


def _at_once(cell: Cell, wanted: bool | None, taps: Carry | None) -> bool:
    """Whether all steps are computed at once: where the cell has that form, no taps need the loop, and it is faster.

    On a CPU the loop is (minGRU, 64 units, batch 64, 100 steps, gradient: 4.8 ms against 7.2), and it compiles in a
    fifth of the time.
    """
    wanted = jax.default_backend() != "cpu" if wanted is None else wanted
    return wanted and taps is None and type(cell).parallel is not Cell.parallel


def _by_kernel(cell: Cell, wanted: bool, sequences: Sequences, segment: int | None) -> bool:
    """Whether one kernel takes all steps: where there is one for the cell, and it keeps what it needs of all steps."""
    if not wanted or sequences.mask is not None or sequences.taps is not None:
        return False
    from seqbench.layers.kernel import has_kernel  # Pallas takes a while to import

    length, batch = sequences.inputs.shape[:2]
    return has_kernel(cell, sequences.inputs.dtype) and (segment or choose_segment(cell, batch, length)) >= length


def _in_kernel(
    cell: Cell, carry: Carry, sequences: Sequences, steps: Int[Array, ""] | None
) -> tuple[Carry, Float[Array, "T B H"]]:
    from seqbench.layers.kernel import run_as_kernel

    return run_as_kernel(cell, carry, sequences, steps)


def _in_chunks(
    cell: Cell, carry: Carry, sequences: Sequences, steps: Int[Array, ""] | None, *, segment: int | None, reverse: bool
) -> tuple[Carry, Float[Array, "T B H"]]:
    """The loop with its own derivative: buffers are padded to whole chunks, which are the segments if there are any."""
    length = len(sequences.inputs)
    step = first_step(cell, carry, sequences)
    segment = segment or _segment(step, length)
    chunk = segment if segment < length else chunk_size(length, sequences.inputs.shape[1])
    missing = -length % chunk
    if missing:
        sequences = jax.tree.map(lambda x: jnp.pad(x, [(0, missing)] + [(0, 0)] * (x.ndim - 1)), sequences)
        steps = jnp.asarray(length, jnp.int32) if steps is None else steps
    loop = plan(cell, step, sequences, chunk=chunk, keep=segment >= length, reverse=reverse)
    final, outputs = run(loop, cell, carry, sequences, steps)
    return final, outputs[:length]


def _plain(
    cell: Cell, carry: Carry, sequences: Sequences, steps: Int[Array, ""] | None, *, reverse: bool
) -> tuple[Carry, Float[Array, "T B H"]]:
    """The loop as one would write it, over all steps.

    Raises:
        ValueError: `steps` is given.
    """
    if steps is not None:
        raise ValueError("unroll(autodiff=True) takes all steps: cut the inputs instead of giving it `steps`")
    at = At(cell.project(sequences.inputs), sequences.mask, sequences.taps)
    return jax.lax.scan(lambda carry, at: advance(cell, carry, at), carry, at, reverse=reverse)


def chunk_size(length: int, batch_size: int) -> int:
    """Steps a chunk: the largest divisor of `length` that is at least half of the most, or what leaves fewest over."""
    most = max(CHUNK, ROWS // batch_size)
    divisors = [size for size in range(most // 2, most + 1) if length % size == 0]
    return max(divisors, default=math.ceil(length / math.ceil(length / most)))


def choose_segment(cell: Cell, batch_size: int, length: int, *, budget: int = MEMORY_BUDGET) -> int:
    """Steps between stored states: `length`, so all of them, if they fit into `budget` bytes, else about its root.

    A divisor of `length` within a factor of two of the root is preferred, because nothing is then left over.
    """
    return _segment(_step(cell, batch_size), length, budget=budget)


def backward_bytes(cell: Cell, batch_size: int, length: int) -> int:
    """Bytes that back-propagation through `length` steps keeps beside the outputs, without segments."""
    return _step(cell, batch_size).kept_bytes * length


def _segment(step: Step, length: int, *, budget: int = MEMORY_BUDGET) -> int:
    """The same for a step that is known."""
    if step.kept_bytes * length <= budget:
        return length
    root = math.isqrt(length)
    divisors = [size for size in range(root // 2 + 1, 2 * root) if length % size == 0]
    return min(divisors, key=lambda size: abs(math.log(size / root)), default=root)


def _step(cell: Cell, batch_size: int) -> Step:
    """The step of a cell from its initial state, on full sequences."""
    carry = jax.eval_shape(lambda: cell.initial(batch_size))
    inputs: Any = jax.ShapeDtypeStruct((1, batch_size, cell.inputs), jax.tree.leaves(carry)[0].dtype)
    return first_step(cell.prepared(), carry, Sequences(inputs, None, None))
