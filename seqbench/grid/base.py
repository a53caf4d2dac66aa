"""What every part of a grid file is made of: strict models, and the numbers that it may hold."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

LARGEST = 2**31 - 1
"""No seed, length or number of steps is larger: they are 32-bit numbers in the compiled programs."""

KEYS, VALUE = "[keys]", "[value]"

Positive = Annotated[int, Field(gt=0, le=LARGEST)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def form(value: Any) -> str:
    """Which of two ways of writing a value is meant: keys, or the value alone. Tags of pydantic's `Discriminator`."""
    return KEYS if isinstance(value, (dict, BaseModel)) else VALUE


class Strict(BaseModel):
    """No unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
