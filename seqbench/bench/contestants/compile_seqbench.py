"""The programs of a trial, compiled one after the other as a worker does before it trains.

    python -m seqbench.bench.contestants.compile_seqbench CELL

Prints the seconds of tracing and compilation by kind of program, as JSON.
"""

from __future__ import annotations

import json
import sys
import time

import jax

from seqbench.bench.settings import training_settings
from seqbench.components.assemble import assemble
from seqbench.training.program import Program

BATCH, STEPS, WIDTH = 32, 100, 64


def main() -> None:
    """Compile what one trial of a cell needs."""
    program = Program(assemble(training_settings(sys.argv[1], BATCH, STEPS - 1, WIDTH, budget=800)))
    jax.devices()  # JAX's own start is no part of any program
    seconds = {}
    for kind, obtain in program.programs().items():
        began = time.monotonic()
        obtain()
        seconds[kind] = time.monotonic() - began
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
