"""A tiny baseline, and the few training steps that checks of mitigations take with it."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from seqbench.cells.base import CellBuilder
from seqbench.cells.vanilla import vanilla
from seqbench.compilation import QUICK, compiled
from seqbench.components.assembly import Assembly, TrainingSettings
from seqbench.mitigations.base import Chain, Mitigation, chain
from seqbench.models.stacked import stacked
from seqbench.optimizers.sgd import sgd
from seqbench.schedules.constant import constant
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.training.objective import objective
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

    def first_steps(self, *, own: Chain, seeds: int) -> tuple[Any, list[Any]]:
        """The gradient of the first step, and what the mitigations make of it with the random draws of each seed."""
        program, links = self.program, own.compiled
        numbers = _numbers(links.within)
        total = objective(program.structure.interface, program.graph, links.within)
        block, _ = program.batches.at(0, 0)
        given = self.initial(own=own).parameters, block.first(TRAINING.batch_size, self.task), numbers
        differentiate = compiled(jax.value_and_grad(total, has_aux=True), *given, options=QUICK)
        _, gradient = differentiate(*given)

        def after(gradient: Any, parameters: Any, numbers: Any, key: jax.Array) -> Any:
            for transformation in links.after.gradients(numbers, key):
                gradient, _ = transformation.update(gradient, transformation.init(parameters), parameters)
            return gradient

        arguments = [(gradient, given[0], _numbers(links.after), jax.random.key(seed)) for seed in range(seeds)]
        return gradient, [compiled(after, *each, options=QUICK)(*each) for each in arguments]

    def parameters(self) -> list[np.ndarray]:
        """All parameters after some steps."""
        return [np.asarray(leaf) for leaf in jax.tree.leaves(self.train()[0].parameters)]


def _numbers(chain: Chain) -> tuple[Any, ...]:
    """The numbers of every link, in the type in which programs take them."""
    return tuple({name: np.float32(value) for name, value in link.arrays.items()} for link in chain.links)
