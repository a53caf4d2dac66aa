"""What a trial is, as a hash: of its complete resolved settings and of the versions of their meaning.

Names that people give (methods, levels, the grid itself), comments, the order of keys and the way a number is written
are no part of it. Two trials with one identity are the same trial, and resuming a grid is training what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any

from seqbench.components import catalogue
from seqbench.components.catalogue import NO_CELL, Component
from seqbench.grid.spec import TRAINING_FAMILIES
from seqbench.mitigations.base import Chain, chain
from seqbench.plan.expand import Method
from seqbench.protocol import rules


def fixed_settings(method: Method, model: Component, task: Component) -> dict[str, Any]:
    """The settings that trials share whatever their seed and learning rate, as values that JSON can hold.

    `model` is the method's, or the method's with its width chosen for the task.
    """
    trained = [(key, family, Component(**method.training[key])) for key, family in TRAINING_FAMILIES.items()]
    return {
        "task": _plain("tasks", task),
        "cell": _plain("cells", method.cell),
        "model": _plain("models", model),
        "mitigations": [_plain("mitigations", mitigation) for mitigation in method.mitigations],
        "training": {**method.training, **{key: _plain(family, part) for key, family, part in trained}},
        "versions": {
            "task": catalogue.version("tasks", task.name),
            **({"content": read} if (read := catalogue.content("tasks", task)) else {}),
            "cell": 0 if method.cell == NO_CELL else catalogue.version("cells", method.cell.name),
            "model": catalogue.version("models", model.name),
            "mitigations": [catalogue.version("mitigations", mitigation.name) for mitigation in method.mitigations],
            "rules": rules(),
            # Named where they are not 1 alone: trials that were trained before they had a version keep their identity.
            **{key: raised for key, family, part in trained if (raised := catalogue.version(family, part.name)) != 1},
        },
        # Tuning may choose what an untuned method has, and one trial cannot stand for two methods.
        **({} if method.tuned else {"tuned": False}),
    }


def _plain(family: str, component: Component) -> dict[str, Any]:
    """A component as JSON holds it, without the settings that were added to it later and say nothing new."""
    added = {} if component == NO_CELL else catalogue.added(family, component.name)
    settings = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in component.settings.items()
        if key not in added or value != added[key]
    }
    return {"name": component.name, "settings": settings}


def canonical(value: Any) -> str:
    """JSON in one form only: sorted keys, no spaces, shortest numbers. NaN is refused; infinity is `Infinity`."""
    return json.dumps(_unsigned_zero(value), sort_keys=True, separators=(",", ":"))


def _unsigned_zero(value: Any) -> Any:
    """-0.0 as 0.0: they are equal, and must not make two trials of one."""
    if isinstance(value, float):
        if value != value:
            raise ValueError("a setting that is not a number cannot identify a trial")
        return value + 0.0
    if isinstance(value, Mapping):
        return {key: _unsigned_zero(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_unsigned_zero(item) for item in value]
    return value


def digest(text: str) -> str:
    """16 hexadecimal digits: 64 bits, for which two of a million trials coincide with a chance of 3 in 10^8."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def trial_id(settings: Mapping[str, Any]) -> str:
    """The identity of a trial with these complete settings."""
    return digest(canonical(settings))


def trial_ids(settings: Mapping[str, Any]) -> Callable[[int], str]:
    """`seed -> trial_id` for trials that share all other settings: what they share is hashed only once."""
    before = "".join(f"{canonical(key)}:{canonical(settings[key])}," for key in sorted(settings) if key < "seed")
    after = "".join(f",{canonical(key)}:{canonical(settings[key])}" for key in sorted(settings) if key > "seed")
    shared = blake2b(f'{{{before}"seed":'.encode(), digest_size=8)

    def identify(seed: int) -> str:
        hashed = shared.copy()
        hashed.update(f"{seed}{after}}}".encode())
        return hashed.hexdigest()

    return identify


def group_key(fixed: Mapping[str, Any], mitigations: Chain) -> str:
    """Names the compiled program: everything but what is an array in it, and but what only acts before it runs."""
    compiled = [
        {"name": setting["name"], "settings": {k: v for k, v in setting["settings"].items() if k not in link.arrays}}
        for setting, link in zip(fixed["mitigations"], mitigations.links, strict=True)
        if chain(link).compiled.links
    ]
    rest = {key: value for key, value in fixed.items() if key not in ("mitigations", "versions", "tuned")}
    return digest(canonical({**rest, "mitigations": compiled}))
