"""What an optimizer is here: the direction of the step, an Optax transformation without the learning rate.

Training subtracts `learning_rate * multiplier(step) * direction` from the parameters, where the multiplier is that of
the learning rate schedule (`seqbench.schedules`). The learning rate is an array of the compiled program, so that trials
that differ in it share the program, and so it is no setting of an optimizer. What comes in is the gradient after the
mitigations.

Source: the interface of Optax, DeepMind 2020, The DeepMind JAX Ecosystem, https://github.com/google-deepmind/optax
"""

from __future__ import annotations

import optax

Optimizer = optax.GradientTransformation
"""`init(parameters) -> state` and `update(gradient, state, parameters) -> (direction, state)`."""
