"""The settings that make a trial's identity, one by one, and in which of them two trials differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from seqbench.canonical import canonical
from seqbench.plan.trial import Trial

PER_TRIAL = ("seed", "learning_rate")
"""The settings in which the trials of one configuration differ."""

ABSENT = "absent"
"""Stands for the value of a setting that a trial does not have."""


class Pair(NamedTuple):
    """The value of a setting in two trials, as canonical JSON; `ABSENT` in one that does not have it."""

    one: str
    other: str


def flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Complete settings by their place: a component's name as `cell`, its settings as `cell.units`."""
    return dict(_flat("", settings))


def _flat(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        if value.keys() == {"name", "settings"}:
            yield place, value["name"]
            value = value["settings"]
        for key, inner in value.items():
            yield from _flat(f"{place}.{key}" if place else str(key), inner)
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
        for number, item in enumerate(value):
            yield from _flat(f"{place}[{number}]", item)
    else:
        yield place, value


def differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Pair]:
    """The settings that two trials do not share, by their place, in the order of the first trial."""
    values, others = ({place: canonical(value) for place, value in flat(settings).items()} for settings in (one, other))
    places = dict.fromkeys([*values, *others])
    pairs = {place: Pair(values.get(place, ABSENT), others.get(place, ABSENT)) for place in places}
    return {place: pair for place, pair in pairs.items() if pair.one != pair.other}


def nearest(settings: Mapping[str, Any], trials: Iterable[Trial]) -> Trial | None:
    """The trial that differs from these settings in the fewest; of several the first identity, None of no trial.

    The settings that trials share are compared once for all of them: a grid may have a million trials.
    """
    fixed = {key: value for key, value in settings.items() if key not in PER_TRIAL}
    counts: dict[int, int] = {}

    def distance(trial: Trial) -> tuple[int, str]:
        shared = trial.configuration.fixed
        if id(shared) not in counts:
            counts[id(shared)] = len(differing(fixed, shared))
        own = [settings.get("seed") != trial.seed, settings.get("learning_rate") != trial.learning_rate]
        return counts[id(shared)] + sum(own), trial.id

    return min(trials, key=distance, default=None)
