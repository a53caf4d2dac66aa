"""Adam with decoupled weight decay: Adam's direction plus a share of the parameters themselves.

    p <- p - rate * (Adam's direction + weight_decay * p)

The decay is multiplied by the learning rate and its schedule, as in PyTorch and Optax, and applies to every parameter,
biases included.

Source: Loshchilov & Hutter 2019, Decoupled weight decay regularization, arXiv:1711.05101
"""

from __future__ import annotations

import optax

from seqbench.optimizers.adam import adam
from seqbench.optimizers.base import Optimizer
from seqbench.setting_types import Decay, Epsilon, Fraction


def adamw(*, b1: Decay = 0.9, b2: Decay = 0.999, eps: Epsilon = 1e-8, weight_decay: Fraction = 1e-2) -> Optimizer:
    """Adam with `weight_decay` times the parameters added to the direction."""
    return optax.chain(adam(b1=b1, b2=b2, eps=eps), optax.add_decayed_weights(weight_decay))
