"""Where a trial stands, and what its steps add up to. Scalars are arrays of shape []."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import optax
from jaxtyping import Array, Float, Int

from seqbench.mitigations.base import Chain
from seqbench.training.action import Figures, no_action
from seqbench.training.objective import Parameters

DIVERGED_IN = ("loss", "gradient", "parameters")
"""What can first be not finite in a step: the loss, its gradient, or the parameters that the step would lead to."""


class State(NamedTuple):
    """Where a trial stands: all that training needs to go on.

    diverged_at: the step whose loss, gradient or new parameters were not finite, 0 if none; the parameters are those
        before that step
    diverged_in: what was not finite first, a place in `DIVERGED_IN`
    """

    parameters: Parameters
    mitigation: tuple[optax.OptState, ...]
    optimizer: optax.OptState
    step: Int[Array, ""]
    diverged_at: Int[Array, ""]
    diverged_in: Int[Array, ""]


class Numbers(NamedTuple):
    """What may differ between trials of one program, besides the initial parameters; of the chain only its arrays."""

    seed: int
    learning_rate: float
    chain: Chain


class Sums(NamedTuple):
    """Sums over the steps since the last evaluation (`gradient_norm_max` is the largest).

    links: what each link of `Chain.after` did, see `seqbench.training.action`
    """

    steps: Float[Array, ""]
    loss: Float[Array, ""]
    gradient_norm: Float[Array, ""]
    gradient_norm_max: Float[Array, ""]
    gradient_norm_after: Float[Array, ""]
    shrink_factor: Float[Array, ""]
    clipped_steps: Float[Array, ""]
    clipped_entries: Float[Array, ""]
    links: tuple[Figures, ...]

    @classmethod
    def zero(cls, chain: Chain) -> Sums:
        """Before the first step; `chain` are the links whose doing is counted."""
        sums: Any = dict.fromkeys(cls._fields, np.float32(0)) | {"links": no_action(chain)}
        return cls(**sums)
