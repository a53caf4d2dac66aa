"""How initialisations replace parameters, on the host."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import numpy as np


def replaced_by(
    module: Any, initialise: Callable[..., Mapping[str, np.ndarray]] | None, generator: np.random.Generator
) -> np.ndarray:
    """Give parameters of a module new values, in place; the changes of all their entries."""
    changes = [np.zeros(0, np.float32)]
    for name, value in (initialise(module, deepcopy(generator)) if initialise else {}).items():
        parameter = getattr(module, name)
        value = np.asarray(value, np.float32).reshape(parameter.shape)
        changes.append((value - np.asarray(parameter[...])).ravel())
        parameter.set_value(value)
    return np.concatenate(changes)
