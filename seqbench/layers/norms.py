"""What entries are divided by before they are squared, so that their squares are numbers."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float


def norm_scale(largest: Float[Array, "..."]) -> Float[Array, "..."]:
    """The largest size of an entry, and 1 where it is 0 or not finite: a norm is then 0, infinite or not a number.

    A gradient of 1e25 is a number in float32, its square is not.
    """
    return jnp.where((largest > 0) & jnp.isfinite(largest), largest, 1.0)
