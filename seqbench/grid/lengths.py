"""The dependency lengths of a grid: of its trials, of their training batches, and of tests beyond their own length."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

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
    """Share of the seeds that also train one length inside what they solved and one beyond what they failed."""


Listed = Annotated[list[Positive], Field(**DIFFERENT)]
Lengths = Annotated[Annotated[LengthRange, Tag(KEYS)] | Annotated[Listed, Tag(VALUE)], Discriminator(form)]


class ListedLengths(Strict):
    """Lengths in steps, the same for every training length."""

    lengths: Annotated[list[Positive], Field(min_length=1)]
    """Dependency lengths in steps."""


class DrawnLengths(Strict):
    """Dependency lengths of training batches, each drawn evenly, as multiples of the length of the trial."""

    shortest: Annotated[float, Field(alias="from", gt=0, le=1)]
    """The shortest, as a multiple of the trial's dependency length."""
    longest: Annotated[float, Field(alias="to", gt=0, le=1)] = 1.0
    """The longest, as a multiple of the trial's dependency length."""
    count: Annotated[int, Field(ge=2, le=64)] = 16
    """Different lengths at most, evenly spaced; a small program is compiled for each, which draws its sequences."""

    @model_validator(mode="after")
    def _in_order(self) -> DrawnLengths:
        if self.longest < self.shortest:
            raise PydanticCustomError("drawn_lengths", f"to of no less than from, which is {self.shortest:g}")
        return self

    def at(self, length: int) -> tuple[int, ...]:
        """The lengths that a trial of this length is trained at, shortest first; none if that is its own alone."""
        shortest, longest = (max(round(multiple * length), 1) for multiple in (self.shortest, self.longest))
        gaps = max(min(self.count - 1, longest - shortest), 1)
        lengths = sorted({shortest + round((longest - shortest) * place / gaps) for place in range(gaps + 1)})
        return () if lengths == [length] else tuple(lengths)

    def __str__(self) -> str:
        """The rule in words."""
        return (
            f"each training batch at one of up to {self.count} lengths from {self.shortest:g} to {self.longest:g} x "
            "the dependency length, drawn evenly"
        )


Drawn = Annotated[Annotated[DrawnLengths, Tag(KEYS)] | Annotated[Literal[False], Tag(VALUE)], Discriminator(form)]

TestLengths = Annotated[Annotated[ListedLengths, Tag(KEYS)] | Annotated[list[Rate], Tag(VALUE)], Discriminator(form)]
"""At which lengths a trained network is tested: multiples of the one that it was trained at, or a list of lengths."""


def resolve_test_lengths(asked: ListedLengths | list[float], trained: int) -> tuple[int, ...]:
    """The lengths, other than its own, at which a network that was trained at one is tested, shortest first."""
    if isinstance(asked, ListedLengths):
        wanted = set(asked.lengths)
    else:
        wanted = {max(round(multiple * trained), 1) for multiple in asked}
    return tuple(sorted(wanted - {trained}))
