"""Adam: a moving average of the gradient, divided by the root of a moving average of its square.

    m <- b1 * m + (1 - b1) * g,   v <- b2 * v + (1 - b2) * g^2
    p <- p - rate * (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)

eps stands outside the root, as in the paper, in PyTorch and in Optax.

Source: Kingma & Ba 2015, Adam: a method for stochastic optimization, arXiv:1412.6980
"""

from __future__ import annotations

import optax

from seqbench.optimizers.base import Optimizer
from seqbench.setting_types import Decay, Epsilon


def adam(*, b1: Decay = 0.9, b2: Decay = 0.999, eps: Epsilon = 1e-8) -> Optimizer:
    """Average the gradient with `b1` and its square with `b2`."""
    return optax.scale_by_adam(b1=b1, b2=b2, eps=eps)
