"""From one symbol, produce a sequence: count up to the number that was asked for, and stop.

The encoder reads a single symbol, which asks for a number n. The decoder then writes 1, 2, 3, ... up to n and the stop
symbol. Its own previous number determines what comes next, but only the first symbol determines when to stop.

A worked example with length 6, in which 3, 4 and 5 can be asked for ("|" starts the decoder and stops it):

    input    4
    prompt      |  1  2  3  4
    target      1  2  3  4  |

`length` is the number of steps from the symbol to the last place where stopping can be right, so that up to length - 1
can be asked for; `choices` says how many of the largest numbers are. All targets count in the loss. In the accuracy two
count: the stop after n, and going on to n before it. A predictor that does not know n but where it has got to cannot
tell these apart, except that counting never stops before the smallest number and always does at the largest: its score
is 1/2 + 1 / (2 choices), the trivial score.

That distance must be bridged where the decoder is told the number once (`encoder_decoder: {summary: first}`); told it
at every step, as by default, it only compares the number with its own last one.

Source: our own, a one-to-many generation task in the sense of Karpathy 2015, "The unreasonable effectiveness of
recurrent neural networks"; counting as in Gers & Schmidhuber 2001, "LSTM recurrent networks learn simple context-free
and context-sensitive languages".
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import AtLeastTwo, PositiveInt
from seqbench.tasks.base import Batch, Task, certain, classified, cross_entropy, full_mask

STOP = 0


def count_out(length: PositiveInt = 20, choices: AtLeastTwo = 8) -> Task:
    """Count to one of the `choices` largest numbers below `length` and stop there."""
    if not 1 < choices < length:
        raise Incompatible(
            "count_out needs 1 < choices < length, so that there is more than one number below `length` to ask for, "
            f"not length {length} and {choices} choices."
        )
    smallest = length - choices

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        inputs, step = jax.random.randint(key, (batch_size, 1), 0, choices), jnp.arange(length)
        number = smallest + inputs
        return Batch(
            inputs=inputs,
            targets=counted(number, length),
            mask=full_mask(batch_size, 1),
            weights=((step == number) | (step == number - 1)).astype(jnp.float32),
            distance=jnp.broadcast_to(step + 1, (batch_size, length)),
            prompt=jnp.where(step <= number, step, STOP),
            loss_weights=(step <= number).astype(jnp.float32),
        )

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=lambda batch: certain(counted(smallest + batch.inputs, length), length),
        guess=lambda batch: jnp.broadcast_to(knowing_the_place(smallest, length), (*batch.targets.shape, length)),
        inputs=choices,
        outputs=length,
        length=length,
        steps=1,
        targets=length,
        readout="decode",
        chance=1 / length,
        trivial=1 / 2 + 1 / (2 * choices),
        trivial_loss=surprise(choices) / ((smallest + length - 1) / 2 + 1),
        symbols=tuple(str(number) for number in range(smallest, length)),
    )


def counted(number: Int[Array, "B 1"], length: int) -> Int[Array, "B K"]:
    """1, 2, 3, ... up to each number, then stops."""
    step = jnp.arange(length)
    return jnp.where(step < number, step + 1, STOP)


def knowing_the_place(smallest: int, length: int) -> Float[Array, "K O"]:
    """Log-probabilities of what comes next at each place, without the number that was asked for."""
    step, largest = jnp.arange(length), length - 1
    # Having reached k, all numbers from k on (and from the smallest) are equally likely to be the one asked for.
    left = largest - jnp.maximum(step, smallest) + 1
    stop = jnp.where(step >= smallest, 1 / left, 0.0)
    probabilities = stop[:, None] * jax.nn.one_hot(STOP, length)
    probabilities += (1 - stop)[:, None] * jax.nn.one_hot(jnp.minimum(step + 1, largest), length)
    return jnp.log(probabilities + 1e-9)


def surprise(choices: int) -> float:
    """Loss of that predictor in nats over one whole count, on average."""
    return sum(left / choices * entropy(1 / left) for left in range(choices, 0, -1))


def entropy(probability: float) -> float:
    """Entropy in nats of a coin with this probability."""
    return -sum(share * math.log(share) for share in (probability, 1 - probability) if share > 0)
