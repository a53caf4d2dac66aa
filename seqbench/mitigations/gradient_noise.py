"""Add noise to the gradient that decreases as training goes on.

    g_t <- g_t + N(0, variance / (1 + t)^decay),  t = steps taken before, entry by entry

New noise is drawn from the trial's seed in every step. `variance: 0` is off.

Unlike `optax.add_noise`, it keeps no key in its state: the key of a step follows from the trial's seed and the step.

Source: Neelakantan et al. 2015, Adding gradient noise improves learning for very deep networks, arXiv:1511.06807
(decay 0.55; variance 0.01, 0.3 or 1)
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Int

from seqbench.errors import Incompatible
from seqbench.mitigations.base import Arrays, Mitigation
from seqbench.setting_types import NonNegativeFloat

OFF = {"variance": 0.0}


def gradient_noise(*, variance: NonNegativeFloat = 0.01, decay: NonNegativeFloat = 0.55) -> Mitigation:
    """Add normal noise of `variance` / (1 + t)^`decay` to each entry of the gradient."""
    if not (variance >= 0 and decay >= 0):
        raise Incompatible(f"gradient_noise needs variance (0: off) and decay of 0 or more, got {variance} and {decay}")

    def gradient(arrays: Arrays) -> optax.GradientTransformation:
        def update(
            updates: optax.Updates, taken: Int[Array, ""], _: optax.Params | None = None
        ) -> tuple[optax.Updates, Int[Array, ""]]:
            deviation = jnp.sqrt(arrays["variance"] / (1.0 + taken) ** arrays["decay"])
            leaves, structure = jax.tree.flatten(updates)
            keys = jax.random.split(arrays["key"], len(leaves))
            noisy = [
                leaf + deviation * jax.random.normal(key, leaf.shape, leaf.dtype)
                for leaf, key in zip(leaves, keys, strict=True)
            ]
            return jax.tree.unflatten(structure, noisy), taken + 1

        return optax.GradientTransformation(lambda _: jnp.zeros((), jnp.int32), update)

    return Mitigation(arrays={"variance": variance, "decay": decay}, gradient=gradient)
