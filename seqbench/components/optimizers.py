"""Names, settings and defaults of optimizers and learning rate schedules. What they do is `seqbench.training`'s.

The learning rate itself is no setting of either: it has its own place in a grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqbench.components.catalogue import Component, ComponentError
from seqbench.components.checking import Mismatch, check, checker
from seqbench.components.nearest_name import advice

OPTIMIZERS: dict[str, dict[str, Any]] = {
    "sgd": {},
    "momentum": {"momentum": 0.9, "nesterov": False},
    "rmsprop": {"decay": 0.9, "eps": 1e-8},
    "adam": {"b1": 0.9, "b2": 0.999, "eps": 1e-8},
    "adamw": {"b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 1e-2},
}

SCHEDULES: dict[str, dict[str, Any]] = {
    "constant": {},
    "warmup": {"steps": 100},
    "cosine": {"warmup": 0},
    "linear": {"warmup": 0},
}

TABLES = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}


def resolve_named(kind: str, name: str, given: Mapping[str, Any]) -> Component:
    """An optimizer or a schedule (`kind`) with complete settings, checked against the types of its defaults.

    Raises:
        ComponentError: an unknown name, an unknown setting or a value of the wrong type.
    """
    table = TABLES[kind]
    if name not in table:
        raise ComponentError(f"there is no {kind} {name!r}{advice(name, table)}")
    defaults = table[name]
    complete = dict(defaults)
    for setting, value in given.items():
        if setting not in defaults:
            raise ComponentError(f"{name} has no setting {setting!r}{advice(setting, defaults)}", setting=setting)
        try:
            complete[setting] = check(checker(type(defaults[setting])), value)
        except Mismatch as mismatch:
            raise ComponentError(str(mismatch), setting=setting) from None
    return Component(name, complete)
