"""Stochastic gradient descent with momentum.

    m <- momentum * m + g,   p <- p - rate * m            plain
                             p <- p - rate * (g + momentum * m)    with `nesterov`

m starts at zero. The gradient is added whole and not in the share 1 - momentum, as in PyTorch without dampening.

Source: Polyak 1964, Some methods of speeding up the convergence of iteration methods; in this form Sutskever, Martens,
Dahl & Hinton 2013, On the importance of initialization and momentum in deep learning
"""

from __future__ import annotations

import optax

from seqbench.optimizers.base import Optimizer
from seqbench.setting_types import Decay


def momentum(*, momentum: Decay = 0.9, nesterov: bool = False) -> Optimizer:
    """Keep `momentum` of the last direction; with `nesterov`, look one step ahead."""
    return optax.trace(decay=momentum, nesterov=nesterov)
