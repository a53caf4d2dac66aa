"""Stochastic gradient descent: the direction is the gradient.

    p <- p - rate * g

Source: Robbins & Monro 1951, A stochastic approximation method
"""

from __future__ import annotations

import optax

from seqbench.optimizers.base import Optimizer


def sgd() -> Optimizer:
    """Follow the gradient as it is."""
    return optax.identity()
