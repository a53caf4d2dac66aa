"""A tiny baseline, and the few training steps that checks of mitigations take with it."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from seqbench.cells.base import CellBuilder
from seqbench.cells.vanilla import vanilla
from seqbench.components.assembly import Assembly, TrainingSettings
from seqbench.mitigations.base import Chain, Mitigation, chain
from seqbench.models.stacked import stacked
from seqbench.optimizers.sgd import sgd
from seqbench.schedules.constant import constant
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.training.program import Program
from seqbench.training.state import Numbers, State, Sums

STEPS = 100
TRAINING = TrainingSettings(
    steps=STEPS,
    batch_size=8,
    evaluate_every=10,
    optimizer="sgd",
    stop_when_solved=False,
    validation_sequences=256,
    test_sequences=256,
)


class Trainer:
    """A program with the trial it was made for: the baseline recalls one of three symbols four steps later."""

    def __init__(
        self, *mitigations: Mitigation, cell: CellBuilder | None = None, width: int = 4, depth: int = 2
    ) -> None:
        self.task, self.chain = delayed_recall(4, symbols=3), chain(*mitigations)
        build, compiled = stacked(cell or vanilla(), width=width, depth=depth), self.chain.compiled
        assembly = Assembly(
            self.task, lambda interface, rngs: build(interface, compiled, rngs), self.chain, TRAINING, sgd(),
            constant()(STEPS),
        )  # fmt: skip
        self.program = Program(assembly)

    def numbers(self, *, seed: int = 11, learning_rate: float = 0.5, own: Chain | None = None) -> Numbers:
        """What may differ between trials; `own` are the mitigations of another trial of the group."""
        return Numbers(seed, learning_rate, own or self.chain)

    def initial(self, *, seed: int = 11, own: Chain | None = None) -> State:
        """The state before the first step."""
        return self.program.initial(seed, own or self.chain)

    def train(self, *, steps: int = 4, own: Chain | None = None, **numbers: Any) -> tuple[State, Sums]:
        """The state after some steps, and what was counted on the way."""
        return self.program.train(self.initial(own=own), self.numbers(own=own, **numbers), steps)

    def parameters(self) -> list[np.ndarray]:
        """All parameters after some steps."""
        return [np.asarray(leaf) for leaf in jax.tree.leaves(self.train()[0].parameters)]
