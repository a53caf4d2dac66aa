"""The published claim that a grid repeats: what a paper says, its numbers with their sources, and criteria for here.

The criteria are declared before the grid runs, and judged on its reporting trials by `seqbench.stats.verdict`. A claim
changes no trial: it is no part of a trial's identity.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from seqbench.grid.base import Positive, Strict

Figure = Literal[
    "solved", "diverged", "accuracy", "loss", "lowest_loss", "highest_loss", "steps", "gradient_slope", "horizon"
]
Origin = Literal["paper", "code", "log", "quoted", "measured", "theory"]

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Bound = Annotated[float, Field(allow_inf_nan=False)]


def _day(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise PydanticCustomError("day", 'a day, in quotes, such as "2026-11-26"') from None


def _value(value: Any) -> str:
    if isinstance(value, (str, int, float)) and not isinstance(value, bool) and 0 < len(str(value)) <= 200:
        return f"{value:g}" if isinstance(value, float) else str(value)
    raise PydanticCustomError("published", "a number, or numbers in up to 200 letters of words")


class Published(Strict):
    """A number as it was published, and where."""

    what: Text
    """What it is the number of."""
    value: Annotated[str, PlainValidator(_value), WithJsonSchema({"type": ["number", "string"]})]
    """The number, or numbers in words."""
    origin: Origin
    """Read in the paper, the authors' code or a published log; quoted by another paper; measured by a re-implementation
    of ours beforehand; or derived from theory."""
    source: Text
    """Where it stands: table, section, file."""


class ClaimCriterion(Strict):
    """A figure of one method over its seeds, alone or against another method, and the bound that it must keep."""

    method: Text
    """The method that is judged."""
    than: Text | None = None
    """Another method: the figure is then by how much it is larger than that of the other (solved, diverged, accuracy),
    or how many times it (all others)."""
    task: Text | None = None
    """The task, where the grid has several."""
    length: Positive | None = None
    """The dependency length, where the grid has several; a horizon is of all."""
    figure: Figure
    """solved, diverged: how many seeds are; accuracy, loss: the median seed's on test data, a diverged one the worst;
    lowest_loss, highest_loss: the median seed's extreme over its evaluations on validation data; steps: training steps
    until the median seed solved it; gradient_slope: of the logarithm of the gradient's norm, in nats a step back before
    training (probe gradient_flow), the median seed's; horizon: the geometric mean of the seeds' horizons."""
    at_least: Bound | None = None
    """The smallest value that agrees with the claim."""
    at_most: Bound | None = None
    """The largest value that agrees with the claim."""

    @model_validator(mode="after")
    def _bounded(self) -> ClaimCriterion:
        if self.at_least is None and self.at_most is None:
            raise PydanticCustomError("bound", "`at_least`, `at_most` or both")
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise PydanticCustomError("bound", "`at_least` no larger than `at_most`")
        return self


class Claim(Strict):
    """What a paper claims, and what would agree with it here."""

    paper: Text
    """The paper: authors, year, title."""
    link: Annotated[str, Field(pattern=r"^https://\S+$", max_length=500)]
    """Where it can be read."""
    says: Text
    """The claim, in a sentence."""
    published: Annotated[list[Published], Field(min_length=1)]
    """The numbers behind it, each with its source."""
    differs: Text
    """How the protocol here differs from the published one."""
    declared: Annotated[str, AfterValidator(_day)]
    """The day on which the criteria were written down, before the grid was run: `"2026-11-26"`, in quotes."""
    criteria: list[ClaimCriterion] = []
    """What must hold: all of it for reproduced, some of it for partly reproduced."""
    tried: Text | None = None
    """What was looked at, tried or noticed after the run; the criteria stay as they were."""
    not_testable: Text | None = None
    """Why the claim cannot be tested here, in place of criteria."""

    @model_validator(mode="after")
    def _judged_or_not(self) -> Claim:
        if bool(self.criteria) == bool(self.not_testable):
            raise PydanticCustomError("criteria", "`criteria`, or in their place `not_testable`")
        return self
