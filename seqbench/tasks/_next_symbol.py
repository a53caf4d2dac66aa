"""Tasks that predict at every step which of their own symbols comes next."""

from __future__ import annotations

from typing import TypedDict

import jax.numpy as jnp
from jaxtyping import Array, Shaped

from seqbench.tasks.base import Readout, Score, classified, cross_entropy


class NextSymbol(TypedDict):
    """The fields of `Task` that `next_symbol` settles."""

    loss: Score
    correct: Score
    inputs: int
    outputs: int
    steps: int
    targets: int
    readout: Readout
    chance: float
    symbols: tuple[str, ...]


def next_symbol(symbols: tuple[str, ...], steps: int) -> NextSymbol:
    """What a task is that predicts the next of its symbols at every step. Written `Task(**next_symbol(...), ...)`."""
    return NextSymbol(
        loss=cross_entropy,
        correct=classified,
        inputs=len(symbols),
        outputs=len(symbols),
        steps=steps,
        targets=steps,
        readout="every",
        chance=1 / len(symbols),
        symbols=symbols,
    )


def following(inputs: Shaped[Array, "B T"]) -> Shaped[Array, "B T"]:
    """What comes after each step; 0 after the last."""
    return jnp.pad(inputs[:, 1:], ((0, 0), (0, 1)))
