"""The parts of a trial that spends its whole budget: training, evaluations on validation data, the test.

    python -m seqbench.bench.contestants.trial_parts CELL

Prints the seconds of each part, as JSON.
"""

from __future__ import annotations

import json
import sys
import time

from seqbench.bench.settings import training_settings
from seqbench.components.assemble import assemble
from seqbench.training.data import TEST, VALIDATION
from seqbench.training.program import Program
from seqbench.training.state import Numbers

BATCH, STEPS, WIDTH, BUDGET, INTERVAL = 32, 120, 64, 800, 50


def main() -> None:
    """Train, evaluate and test as a trial does, with programs that are compiled."""
    assembly = assemble(training_settings(sys.argv[1], BATCH, STEPS - 1, WIDTH, budget=BUDGET))
    program, settings = Program(assembly), assembly.training
    program.compile()
    state = program.initial(0, assembly.chain)
    numbers = Numbers(0, 1e-3, assembly.chain.compiled)
    seconds = dict.fromkeys(("training", "evaluations", "test"), 0.0)
    for until in range(INTERVAL, BUDGET + 1, INTERVAL):
        began = time.monotonic()
        state, _ = program.train(state, numbers, until)
        state.step.block_until_ready()
        trained = time.monotonic()
        # The last evaluation reads all, and those before it end once the criterion is out of reach.
        early = until < BUDGET
        program.evaluate(state.parameters, 0, VALIDATION, settings.validation_sequences, until_decided=early)
        seconds["training"] += trained - began
        seconds["evaluations"] += time.monotonic() - trained
    began = time.monotonic()
    program.evaluate(state.parameters, 0, TEST, settings.test_sequences)
    seconds["test"] = time.monotonic() - began
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
