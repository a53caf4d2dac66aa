"""What names a planned trial, and how `plan.json` keeps it: what successive trials share is written once.

A horizon search plans thousands of trials that differ in length and seed alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class TrialLabel:
    """What names a planned trial. The fields are columns of `seqbench.schema`; `factors` holds its level of each."""

    method: str
    task: str
    length: int
    seed: int
    learning_rate: float
    purpose: str
    tuned: str | None = None
    factors: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """The label as columns of the results."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "factors"} | dict(self.factors)


class Place(NamedTuple):
    """In what the trials of a group differ."""

    length: int
    seed: int


@dataclass(frozen=True, slots=True)
class TrialGroup:
    """Successive trials of a plan that share all but length and seed; `trials` holds these by identity."""

    method: str
    task: str
    learning_rate: float
    purpose: str
    tuned: str | None
    factors: Mapping[str, str | None]
    trials: Mapping[str, Place]


def grouped(labels: Mapping[str, TrialLabel]) -> Iterator[TrialGroup]:
    """Labels by identity as groups, in their order."""
    for shared, own in groupby(labels.items(), key=lambda item: _shared(item[1])):
        trials = {trial: Place(label.length, label.seed) for trial, label in own}
        yield TrialGroup(*shared, trials)


def _shared(label: TrialLabel) -> tuple[str, str, float, str, str | None, Mapping[str, str | None]]:
    return label.method, label.task, label.learning_rate, label.purpose, label.tuned, label.factors


def ungrouped(groups: Iterable[TrialGroup]) -> dict[str, TrialLabel]:
    """Labels by identity, in the order of the groups."""
    return {
        trial: TrialLabel(method=group.method, task=group.task, length=place.length, seed=place.seed,
                          learning_rate=group.learning_rate, purpose=group.purpose, tuned=group.tuned,
                          factors=group.factors)
        for group in groups
        for trial, place in group.trials.items()
    }  # fmt: skip
