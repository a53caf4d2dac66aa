"""The Optax pipeline: mitigations first, then the optimizer, then the learning rate with its schedule.

The learning rate is an array of the compiled program, so trials that differ in it share the program. An optimizer here
is therefore the *direction* of the step; `-learning_rate * multiplier(step)` is applied to it at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from seqbench.errors import UsageError

Schedule = Callable[[Int[Array, ""]], Float[Array, ""]]


def direction(name: str, settings: dict[str, Any]) -> optax.GradientTransformation:
    """The optimizer's step direction, before the learning rate.

    Args:
        name: sgd, momentum, rmsprop, adam or adamw.
        settings: its own settings; see `seqbench.components.optimizers` for names and defaults.

    Raises:
        UsageError: for an unknown name.
    """
    match name:
        case "sgd":
            return optax.identity()
        case "momentum":
            return optax.trace(decay=settings["momentum"], nesterov=settings["nesterov"])
        case "rmsprop":
            return optax.scale_by_rms(decay=settings["decay"], eps=settings["eps"])
        case "adam":
            return optax.scale_by_adam(b1=settings["b1"], b2=settings["b2"], eps=settings["eps"])
        case "adamw":
            adam = optax.scale_by_adam(b1=settings["b1"], b2=settings["b2"], eps=settings["eps"])
            return optax.chain(adam, optax.add_decayed_weights(settings["weight_decay"]))
    raise UsageError(f"unknown optimizer {name!r}; there are sgd, momentum, rmsprop, adam and adamw")


def multiplier(name: str, settings: dict[str, Any], *, steps: int) -> Schedule:
    """What the learning rate is multiplied by at each step: a function of the number of steps already taken.

    Args:
        name: constant, warmup (linear, then constant), cosine or linear (both to zero at `steps`, after a warm-up).
        settings: `steps` of the warm-up for warmup, `warmup` for cosine and linear.
        steps: the training budget.

    Raises:
        UsageError: for an unknown name.
    """
    warmup = settings.get("steps" if name == "warmup" else "warmup", 0)

    def rise(step: Int[Array, ""]) -> Float[Array, ""]:
        return jnp.minimum(1.0, (step + 1) / warmup) if warmup else jnp.ones(())

    def progress(step: Int[Array, ""]) -> Float[Array, ""]:
        return jnp.clip((step - warmup) / max(steps - warmup, 1), 0, 1)

    match name:
        case "constant" | "warmup":
            return rise
        case "cosine":
            return lambda step: rise(step) * (1 + jnp.cos(jnp.pi * progress(step))) / 2
        case "linear":
            return lambda step: rise(step) * (1 - progress(step))
    raise UsageError(f"unknown schedule {name!r}; there are constant, warmup, cosine and linear")
