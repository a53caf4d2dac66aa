"""RMSprop: the gradient divided by the root of a moving average of its square.

    v <- decay * v + (1 - decay) * g^2
    p <- p - rate * g / sqrt(v + eps)       with `eps_in_sqrt: true`, the default
    p <- p - rate * g / (sqrt(v) + eps)     with `eps_in_sqrt: false`

The two differ where gradients are as small as sqrt(eps), that is where they vanish: after 50 gradients of 1e-5, with
decay 0.9 and eps 1e-8, the step is 0.0995 times the rate in the first form and 1.002 times in the second. v starts at
`initial` and is not corrected for it. The average is not centred, and there is no momentum. Others have as defaults:

    Optax, and here       decay 0.9     eps 1e-8     in the root     initial 0
    PyTorch               decay 0.99    eps 1e-8     outside         initial 0
    Keras 3               decay 0.9     eps 1e-7     in the root     initial 0
    TensorFlow 1          decay 0.9     eps 1e-10    in the root     initial 1
    uRNN (Theano)         decay 0.9     none         -               initial 1e-3

uRNN is the code of Arjovsky, Shah & Bengio 2016, arXiv:1511.06464; `eps: 1.0e-30` is none.

Source: Tieleman & Hinton 2012, Lecture 6.5: rmsprop, Coursera: Neural networks for machine learning
"""

from __future__ import annotations

import optax

from seqbench.optimizers.base import Optimizer
from seqbench.setting_types import Decay, Epsilon, NonNegativeFloat

ADDED = {"eps_in_sqrt": True, "initial": 0.0}


def rmsprop(
    *, decay: Decay = 0.9, eps: Epsilon = 1e-8, eps_in_sqrt: bool = True, initial: NonNegativeFloat = 0.0
) -> Optimizer:
    """Divide by the root mean square of recent gradients; `eps_in_sqrt` says on which side of the root `eps` stands."""
    return optax.scale_by_rms(decay=decay, eps=eps, initial_scale=initial, eps_in_sqrt=eps_in_sqrt)
