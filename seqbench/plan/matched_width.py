"""Equal footing: the width at which a method has as many parameters as the grid asks for."""

from __future__ import annotations

import math
from collections.abc import Callable

from seqbench.errors import Incompatible

TOLERANCE = 0.02
FIRST_GUESS = 64
LARGEST_WIDTH = 65_536


def match_width(target: int, count: Callable[[int], int]) -> int:
    """The width whose number of parameters is nearest to `target`.

    Args:
        target: how many parameters are asked for.
        count: `width -> parameters`; it grows with the width.

    Raises:
        Incompatible: no width comes within 2 %.
    """
    below, above = 0, LARGEST_WIDTH + 1
    width = min(FIRST_GUESS, LARGEST_WIDTH)
    while above - below > 1:
        found = count(width)
        below, above = (width, above) if found < target else (below, width)
        # Parameters grow with nearly the square of the width, so the next guess is nearly right.
        guess = round(width * math.sqrt(target / found))
        width = min(max(guess, below + 1), above - 1)
    if above > LARGEST_WIDTH:
        raise Incompatible(f"no width up to {LARGEST_WIDTH:,} gives {target:,} parameters")
    below = max(below, 1)
    best = min((below, above), key=lambda width: abs(count(width) - target))
    if abs(count(best) - target) > TOLERANCE * target:
        raise Incompatible(
            f"no width comes within {TOLERANCE:.0%} of {target:,} parameters: "
            f"{below} gives {count(below):,} and {above} gives {count(above):,}"
        )
    return best
