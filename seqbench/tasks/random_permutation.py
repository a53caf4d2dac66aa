"""Name the first of many random symbols, which is the only one that can be predicted.

The first step shows one of two symbols, A or B. Every further step shows one of the other `symbols` - 2, all equally
likely. After the last step the first symbol is asked for, among all `symbols`: what follows is then the only step of
the sequence that is not noise.

A worked example with length 6 and 5 symbols (1 to 3 are noise):

    B  3  1  1  2  3  1   ->  B

`length` is the number of steps from the first symbol to the last one, after which the answer is read: length + 1 steps
are shown, and the answer is what comes next. Guessing uniformly is right in 1 / symbols: chance. Whoever knows that it
was A or B, but not which, is right in 1/2, with a loss of ln 2: the trivial predictor.

Unlike in `delayed_recall`, no cue announces the end, noise has far more symbols than the answer, and the loss of a
network that learns only the two candidates falls from ln 100 = 4.6 to 0.69 without any memory.

Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 2, in the form of the code of Pascanu,
Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", which calls it random permutation and
counts the sequences that are misclassified.
"""

from __future__ import annotations

import math
from typing import Annotated

import jax
import jax.numpy as jnp
from annotated_types import Ge, Le
from jaxtyping import Array, Key

from seqbench.errors import Incompatible
from seqbench.setting_types import PositiveInt
from seqbench.tasks.base import Batch, Predictions, Task, certain, classified, cross_entropy, single_target

CANDIDATES = 2


def random_permutation(length: PositiveInt = 50, symbols: Annotated[int, Ge(3), Le(1000)] = 100) -> Task:
    """Tell A from B, shown `length` steps ago, among `symbols` symbols of which all but these two are noise."""
    if length < 1 or symbols <= CANDIDATES:
        raise Incompatible(
            f"random_permutation needs length >= 1 and at least {CANDIDATES + 1} symbols (A, B and noise), "
            f"not length {length} and {symbols} symbols."
        )

    def sample(key: Key[Array, ""], batch_size: int) -> Batch:
        first_key, noise_key = jax.random.split(key)
        first = jax.random.randint(first_key, (batch_size, 1), 0, CANDIDATES)
        noise = jax.random.randint(noise_key, (batch_size, length), CANDIDATES, symbols)
        return single_target(jnp.concatenate([first, noise], axis=1), first, length)

    return Task(
        sample=sample,
        loss=cross_entropy,
        correct=classified,
        oracle=lambda batch: certain(batch.inputs[:, :1], symbols),
        guess=lambda batch: either_candidate(len(batch.inputs), symbols),
        inputs=symbols,
        outputs=symbols,
        length=length,
        steps=length + 1,
        chance=1 / symbols,
        trivial=1 / CANDIDATES,
        trivial_loss=math.log(CANDIDATES),
        symbols=("A", "B", *map(str, range(1, symbols - CANDIDATES + 1))),
    )


def either_candidate(batch_size: int, symbols: int) -> Predictions:
    """Logits of a predictor that knows the candidates and not which of them was shown."""
    likely = jnp.where(jnp.arange(symbols) < CANDIDATES, 20.0, 0.0)
    return jnp.broadcast_to(likely, (batch_size, 1, symbols))
