"""A trial: one method on one task at one length with one learning rate and one seed, with its complete settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.components.catalogue import Component
from seqbench.plan.feasibility import Configuration
from seqbench.schema import Purpose


class Shared(NamedTuple):
    """What trials share that differ in their seed alone.

    method, factors, task_label: names, no part of the identity
    knobs: the settings that tuning has set beside the learning rate, by `component.setting`
    configuration: what they share with all trials that differ only in seed and learning rate
    """

    method: str
    factors: dict[str, str]
    task_label: str
    learning_rate: float
    knobs: dict[str, Any]
    purpose: Purpose
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class Trial:
    """One method on one task at one length with one learning rate and one seed.

    A grid may have a million of them, so each holds as little as it can.

    id: hash of `settings`
    shared: all else that is known of it
    """

    id: str
    seed: int
    shared: Shared

    @property
    def method(self) -> str:
        """Name of the method."""
        return self.shared.method

    @property
    def factors(self) -> dict[str, str]:
        """The level of each factor."""
        return self.shared.factors

    @property
    def task_label(self) -> str:
        """Name of the task, with the settings that tell it from others of the grid."""
        return self.shared.task_label

    @property
    def learning_rate(self) -> float:
        """The peak learning rate."""
        return self.shared.learning_rate

    @property
    def knobs(self) -> dict[str, Any]:
        """The settings that tuning has set beside the learning rate, by `component.setting`."""
        return self.shared.knobs

    @property
    def purpose(self) -> Purpose:
        """Whether it chooses settings or is compared."""
        return self.shared.purpose

    @property
    def configuration(self) -> Configuration:
        """What it shares with all trials that differ only in seed and learning rate."""
        return self.shared.configuration

    @property
    def task(self) -> Component:
        """The task with its dependency length among the settings."""
        return self.configuration.task

    @property
    def length(self) -> int:
        """The dependency length in steps."""
        return self.configuration.length

    @property
    def tested(self) -> tuple[int, ...]:
        """Other dependency lengths at which the trained network is tested; none for a trial that chooses settings."""
        return self.configuration.tested if self.purpose == "reporting" else ()

    @property
    def settings(self) -> dict[str, Any]:
        """The complete resolved settings: what `assemble` takes and what the identity is the hash of."""
        return {**self.configuration.fixed, "seed": self.seed, "learning_rate": self.learning_rate}


class Choice(NamedTuple):
    """The setting that tuning chose for a method on a task: learning rate, and knobs by `component.setting`."""

    method: str
    task: str
    learning_rate: float
    knobs: dict[str, Any]
