"""How initialisations replace parameters, on the host."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import numpy as np

Initialise = Callable[..., Mapping[str, np.ndarray]]
"""`(module, generator) -> {parameter name: new value}`."""


def replaced_in_turn(
    module: Any, initialisations: Iterable[Initialise | None], generator: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Give parameters of a module new values, in place, by one initialisation after another.

    Each that draws has a stream of its own, since weights that are drawn from the same numbers are not independent.
    Those that draw nothing change no stream: the first that draws has the generator's.

    Returns:
        For each the changes of all entries of the parameters that it set, [0] if it set none.
    """
    changes, drawn = [], 0
    bits = cast(np.random.PCG64, generator.bit_generator)  # as `default_rng` has it
    for initialise in initialisations:
        own = np.random.Generator(bits.jumped(drawn))
        before = own.bit_generator.state
        changes.append(_replaced(module, initialise(module, own) if initialise else {}))
        drawn += own.bit_generator.state != before
    return tuple(changes)


def _replaced(module: Any, values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give parameters of a module new values, in place; the changes of all their entries."""
    changes = [np.zeros(0, np.float32)]
    for name, value in values.items():
        parameter = getattr(module, name)
        value = np.asarray(value, np.float32).reshape(parameter.shape)
        changes.append((value - np.asarray(parameter[...])).ravel())
        parameter.set_value(value)
    return np.concatenate(changes)
