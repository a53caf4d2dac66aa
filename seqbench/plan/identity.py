"""What a trial is, as a hash: of its complete resolved settings and of the versions of their meaning.

Names that people give (methods, levels, the grid itself), comments, the order of keys and the way a number is written
are no part of it. Two trials with one identity are the same trial, and resuming a grid is training what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from seqbench.canonical import canonical
from seqbench.components import catalogue
from seqbench.components.catalogue import NO_CELL, Component
from seqbench.components.own_source import own_source
from seqbench.grid.training import TRAINING_FAMILIES, batch_at, steps_at
from seqbench.plan.expand import Method
from seqbench.protocol import rules


def fixed_settings(
    method: Method, model: Component, task: Component, criterion: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The settings that trials share whatever their seed and learning rate, as values that JSON can hold.

    `model` is the method's, or the method's with its width chosen for the task; `criterion` is the grid's, if it has
    one for the task.
    """
    trained = [(key, family, Component(**method.training[key])) for key, family in TRAINING_FAMILIES.items()]
    length = task.settings[catalogue.length_argument(task.name)]
    own = {key: value for key, value in method.training.items() if key != "lengths"}
    upper = method.upper_cells
    training = own | {key: _plain(family, part) for key, family, part in trained}
    return {
        "task": _plain("tasks", task),
        "cell": _plain("cells", method.cell),
        **({"upper_cells": [_plain("cells", cell) for cell in upper]} if upper else {}),
        "model": _plain("models", model),
        "mitigations": [_plain("mitigations", mitigation) for mitigation in method.mitigations],
        "training": training | _at_length(method.training, length),
        "versions": {
            "task": _version("tasks", task.name),
            **({"content": read} if (read := catalogue.content("tasks", task)) else {}),
            "cell": 0 if method.cell == NO_CELL else _version("cells", method.cell.name),
            **({"upper_cells": [_version("cells", cell.name) for cell in upper]} if upper else {}),
            "model": _version("models", model.name),
            "mitigations": [_version("mitigations", mitigation.name) for mitigation in method.mitigations],
            "rules": rules(),
            **_streams(method.mitigations),
            # Named where they are not 1 alone: trials that were trained before they had a version keep their identity.
            **{key: raised for key, family, part in trained if (raised := _version(family, part.name)) != 1},
        },
        **({"criterion": dict(criterion)} if criterion else {}),
        # Tuning may choose what an untuned method has, and one trial cannot stand for two methods.
        **({} if method.tuned else {"tuned": False}),
    }


def _streams(mitigations: Sequence[Component]) -> dict[str, int]:
    """The version of how several mitigations draw numbers, for a method in which several do.

    1: all drew the same numbers. 2: each has a stream of its own.
    """
    return {"streams": 2} if sum(map(catalogue.draws, mitigations)) > 1 else {}


def _at_length(training: Mapping[str, Any], length: int) -> dict[str, Any]:
    """What the rules of the dependency length come to: training steps, batches, and lengths other than its own."""
    drawn = training.get("lengths")
    lengths = drawn.at(length) if drawn else ()
    return {
        "steps": steps_at(training["steps"], length),
        "batch_size": batch_at(training["batch_size"], length),
        **({"lengths": list(lengths)} if lengths else {}),
    }


def _version(family: str, name: str) -> int | list[int | str]:
    """The version of a component's meaning; of a user's own also the hash of its program."""
    stated, own = catalogue.version(family, name), own_source(name)
    return [stated, own] if own else stated


def _plain(family: str, component: Component) -> dict[str, Any]:
    """A component as JSON holds it, without the settings that were added to it later and say nothing new."""
    added = {} if component == NO_CELL else catalogue.added(family, component.name)
    settings = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in component.settings.items()
        if key not in added or value != added[key]
    }
    return {"name": component.name, "settings": settings}


def trial_ids(settings: Mapping[str, Any]) -> Callable[[int], str]:
    """`seed -> identity` for trials that share all other settings, which are hashed only once.

    An identity is the hash of the canonical text of a trial's complete settings.
    """
    before = "".join(f"{canonical(key)}:{canonical(settings[key])}," for key in sorted(settings) if key < "seed")
    after = "".join(f",{canonical(key)}:{canonical(settings[key])}" for key in sorted(settings) if key > "seed")
    shared = blake2b(f'{{{before}"seed":'.encode(), digest_size=8)

    def identify(seed: int) -> str:
        hashed = shared.copy()
        hashed.update(f"{seed}{after}}}".encode())
        return hashed.hexdigest()

    return identify
