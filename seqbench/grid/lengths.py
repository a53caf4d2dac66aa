"""The dependency lengths of a grid: those that are trained, and those at which a trained network is tested."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Field, Tag

from seqbench.grid.base import DIFFERENT, KEYS, VALUE, Positive, Rate, Strict, form


class LengthRange(Strict):
    """Dependency lengths that are searched for how far each method remembers."""

    shortest: Annotated[Positive, Field(alias="from")]
    """The shortest dependency length that is searched."""
    longest: Annotated[Positive, Field(alias="to")]
    """The longest dependency length that is searched."""
    precision: Annotated[float, Field(ge=1.01, le=2)] = 1.1
    """The factor to which the longest length solved is found, and the ratio of neighbouring lengths."""
    checked: Annotated[float, Field(ge=0, le=1)] = 0.2
    """Share of the seeds that also train one length well inside what they solved and one beyond what they failed."""


Listed = Annotated[list[Positive], Field(**DIFFERENT)]
Lengths = Annotated[Annotated[LengthRange, Tag(KEYS)] | Annotated[Listed, Tag(VALUE)], Discriminator(form)]


class ListedLengths(Strict):
    """Lengths in steps, the same for every training length."""

    lengths: Annotated[list[Positive], Field(min_length=1)]
    """Dependency lengths in steps."""


TestLengths = Annotated[Annotated[ListedLengths, Tag(KEYS)] | Annotated[list[Rate], Tag(VALUE)], Discriminator(form)]
"""At which lengths a trained network is tested: multiples of the one that it was trained at, or a list of lengths."""


def resolve_test_lengths(asked: ListedLengths | list[float], trained: int) -> tuple[int, ...]:
    """The lengths, other than its own, at which a network that was trained at one is tested, shortest first."""
    if isinstance(asked, ListedLengths):
        wanted = set(asked.lengths)
    else:
        wanted = {max(round(multiple * trained), 1) for multiple in asked}
    return tuple(sorted(wanted - {trained}))
