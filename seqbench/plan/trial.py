"""A trial: one method on one task at one length with one learning rate and one seed, with its complete settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from seqbench.components.catalogue import Component
from seqbench.plan.feasibility import Configuration
from seqbench.schema import Purpose


@dataclass(frozen=True, slots=True)
class Trial:
    """One method on one task at one length with one learning rate and one seed.

    id: hash of `settings`
    method, factors, task_label: names, no part of the identity
    knobs: the settings that tuning has set beside the learning rate, by `component.setting`
    configuration: what it shares with all trials that differ only in seed and learning rate
    """

    id: str
    method: str
    factors: dict[str, str]
    task_label: str
    seed: int
    learning_rate: float
    knobs: dict[str, Any]
    purpose: Purpose
    configuration: Configuration

    @property
    def task(self) -> Component:
        """The task with its dependency length among the settings."""
        return self.configuration.task

    @property
    def length(self) -> int:
        """The dependency length in steps."""
        return self.configuration.length

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
