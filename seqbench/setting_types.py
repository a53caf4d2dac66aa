"""Types of settings that say which values make sense, as `annotated_types` metadata.

A component annotates its settings with these; `seqbench.components.checking` refuses everything else when a grid is
read. Numbers are finite unless a type says otherwise, and every range has both ends: contracts try them
(`seqbench.contracts.edges`). This module imports no library that checks, so that training needs none.
"""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, Lt

LARGEST_COUNT = 2**31 - 1
"""Whole numbers have 32 bits in a compiled program. Sizes end earlier, where memory is full: a plan refuses those."""

LARGEST_NUMBER = 1e18
"""The square of a larger number is infinite in 32 bits."""

WITHOUT_END = (LARGEST_COUNT, LARGEST_NUMBER)
"""Upper ends that say nothing of what a setting means: messages leave them out."""

PositiveInt = Annotated[int, Ge(1), Le(LARGEST_COUNT)]
NonNegativeInt = Annotated[int, Ge(0), Le(LARGEST_COUNT)]
PositiveFloat = Annotated[float, Gt(0), Le(LARGEST_NUMBER)]
NonNegativeFloat = Annotated[float, Ge(0), Le(LARGEST_NUMBER)]

Fraction = Annotated[float, Ge(0), Le(1)]
"""A share of a whole, both ends included."""

ProperFraction = Annotated[float, Gt(0), Lt(1)]
"""A share of a whole that is neither nothing nor all of it."""

LARGEST_DECAY = 1 - 1e-6
"""An average with a decay closer to 1 forgets nothing in 32 bits, and the correction of its start divides by 0."""

Decay = Annotated[float, Ge(0), Le(LARGEST_DECAY)]
"""How much of an exponential moving average is kept at each step."""

Epsilon = Annotated[float, Ge(1e-30), Le(1)]
"""What keeps a division by a vanishing number finite, in 32 bits as well."""


Scale = Annotated[float, Ge(0), Le(100)]
"""What an initial matrix is multiplied by."""

Weight = Annotated[float, Ge(-100), Le(100)]
"""The start of a weight or a bias."""

Penalty = Annotated[float, Ge(0), Le(1e6)]
"""How much a penalty counts beside the loss; 0 is off."""

AtLeastTwo = Annotated[int, Ge(2), Le(LARGEST_COUNT)]
"""A number of things of which there must be more than one."""

AlphabetSize = Annotated[int, Ge(2), Le(26)]
"""How many symbols there are: at least two, and a letter for each."""

Depth = Annotated[int, Ge(1), Le(1000)]
"""Layers of a model. A plan builds every one, a thousand in three seconds, before it knows whether they fit."""


class OrInfinity:
    """Metadata of a number that may be infinite, where infinity means off."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return {**handler(source), "allow_inf_nan": True}


Threshold = Annotated[float, OrInfinity(), Gt(0)]
"""What something is limited to; infinity is no limit."""

Percentile = Annotated[float, OrInfinity(), Ge(0)]
"""A percentile; 100 and above, infinity included, is the largest value."""
