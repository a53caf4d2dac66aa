"""What every part of a grid file is made of: strict models, and the numbers that it may hold."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

LARGEST = 2**31 - 1
"""No seed, length or number of steps is larger: they are 32-bit numbers in the compiled programs."""

KEYS, VALUE = "[keys]", "[value]"

DIFFERENT: dict[str, Any] = {"json_schema_extra": {"uniqueItems": True}}
"""Arguments of a list's `Field` whose values must differ, which is checked where a grid's numbers are."""

Positive = Annotated[int, Field(gt=0, le=LARGEST)]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False, json_schema_extra={"maximum": sys.float_info.max})]


def form(value: Any) -> str:
    """Which of two ways of writing a value is meant: keys, or the value alone. Tags of pydantic's `Discriminator`."""
    return KEYS if isinstance(value, (dict, BaseModel)) else VALUE


class Strict(BaseModel):
    """No unknown keys, no conversions. The text below a field is its description in the JSON Schema."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)
