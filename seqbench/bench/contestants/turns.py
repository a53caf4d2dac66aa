"""The contestant's side of `seqbench.bench.timing.Contestant`."""

from __future__ import annotations

import sys
from collections.abc import Callable


def take_turns(work: Callable[[int], float], *, first: int) -> None:
    """Repeat the work as often as each line of standard input says, and print the seconds that it took.

    `first`: repetitions before the first turn, which compile and warm up.
    """
    work(first)
    print("ready", flush=True)
    for line in sys.stdin:
        print(work(int(line)), flush=True)
