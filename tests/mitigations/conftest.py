"""Fixtures of the mitigations' tests; what they train is in `seqbench.contracts.trainer`."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from seqbench.contracts.trainer import Trainer
from seqbench.mitigations.base import Mitigation


@pytest.fixture(autouse=True, scope="module")
def _hasty(hastily_compiled: None) -> None:
    """What is examined runs a few times."""


@pytest.fixture
def trainer() -> type[Trainer]:
    """`trainer(*mitigations, cell=vanilla(), width=4, depth=2) -> Trainer`."""
    return Trainer


@pytest.fixture(scope="session")
def baseline() -> list[np.ndarray]:
    """The parameters of the plain network after some steps."""
    return Trainer().parameters()


@pytest.fixture
def is_baseline(baseline: list[np.ndarray]) -> Callable[..., bool]:
    """Whether training with these mitigations ends with the very bits of the plain network."""

    def compare(*mitigations: Mitigation) -> bool:
        leaves = Trainer(*mitigations).parameters()
        return len(leaves) == len(baseline) and all(map(np.array_equal, leaves, baseline))

    return compare


@pytest.fixture
def apply_gradient() -> Callable[..., dict]:
    """`apply_gradient(mitigation, gradient, parameters) -> gradient after one application`."""

    def apply(mitigation: Mitigation, gradient: dict, parameters: dict | None = None) -> dict:
        gradient = jax.tree.map(lambda entry: jnp.asarray(entry, jnp.float32), gradient, is_leaf=is_entries)
        transform = mitigation.gradient({name: jnp.float32(value) for name, value in mitigation.arrays.items()})
        return transform.update(gradient, transform.init(gradient), parameters)[0]

    return apply


def is_entries(value: object) -> bool:
    """Whether a value is the entries of one parameter, and no dict of parameters."""
    return not isinstance(value, dict)


@pytest.fixture
def rngs() -> nnx.Rngs:
    """A source of randomness."""
    return nnx.Rngs(0)
