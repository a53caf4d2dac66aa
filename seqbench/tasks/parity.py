"""Say whether a sequence of bits holds an even or an odd number of ones.

With the final read-out the parity of the whole sequence is asked for after its last bit, with the running read-out the
parity of all bits so far at every step but the first (where there is nothing to remember).

A worked example with 5 bits:

    bits      1  0  1  1  0
    running      1  0  1  1
    final                 1

`length` is the number of bits; every one of them is needed, the first from `length` - 1 steps back. With `shortest`
the numbers of bits of a batch are drawn evenly from shortest..length, so that a network can be trained on one range of
lengths and tested on another. If a single bit is unknown, both answers are equally likely: chance and the trivial score
are 1/2. (A sequence of one bit asks for no memory: with `shortest: 1` and the final read-out those few are solved
without.)

Source: Minsky & Papert 1969, "Perceptrons"; as a sequence task Hochreiter & Schmidhuber 1997, "Long short-term memory",
and Delétang et al. 2023, "Neural networks and the Chomsky hierarchy".
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import Batch, Task, certain, one_of, quarters


def parity(length: PositiveInt = 40, running: bool = False, shortest: PositiveInt | None = None) -> Task:
    """Parity of at most `length` bits; of at least `shortest` where it is given."""
    fewest = length if shortest is None else shortest
    if not 1 <= fewest <= length or length < 2:
        raise Incompatible(
            f"parity needs length >= 2 and 1 <= shortest <= length, not length {length} and shortest {fewest}."
        )

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        bits_key, count_key = jax.random.split(key)
        count = jax.random.randint(count_key, (batch_size, 1), fewest, length + 1)
        steps = jnp.arange(length)
        mask = steps < count
        bits = jax.random.bernoulli(bits_key, 0.5, (batch_size, length)) & mask
        inputs = bits.astype(jnp.int32)
        return Batch(
            inputs=inputs,
            targets=parities(inputs, running),
            mask=mask,
            weights=(mask & (steps > 0)).astype(jnp.float32) if running else jnp.ones((batch_size, 1)),
            distance=jnp.where(mask, steps, 0) if running else count - 1,
        )

    return Task(
        **one_of(2),
        sample=sample,
        oracle=lambda batch: certain(parities(batch.inputs * batch.mask, running), 2),
        inputs=2,
        length=length,
        steps=length,
        targets=length if running else 1,
        readout="every" if running else "last",
        distances=quarters(length) if running or fewest < length else (),
        variable_length=fewest < length,
        symbols=("0", "1"),
    )


def parities(bits: Int[Array, "B T"], running: bool) -> Int[Array, "B K"]:
    """The parity of the bits up to every step, or of all bits."""
    up_to_step = jnp.cumsum(bits, axis=1) % 2
    # Padding is zeros and changes no parity, so that the last step holds the answer at every length.
    return up_to_step if running else up_to_step[:, -1:]
