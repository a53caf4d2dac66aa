"""When a trial counts as solved, where a grid says so: for all of its tasks, or for each by name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from seqbench.grid.base import KEYS, VALUE, Strict


class Solved(Strict):
    """A figure and the value that it must reach."""

    metric: Literal["accuracy", "sequence_accuracy", "loss"] = "accuracy"
    """The share of targets that are right, the share of sequences in which every target is, or the mean loss."""
    at: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """An accuracy must reach it, a loss come down to it."""

    @model_validator(mode="after")
    def _share_within_one(self) -> Solved:
        if self.metric != "loss" and self.at > 1:
            raise PydanticCustomError("criterion", f"{self.metric} at no more than 1, of which it is a share")
        return self


def _form(value: Any) -> str:
    """Whether the keys are those of a criterion, or names of tasks."""
    one = isinstance(value, Solved) or (isinstance(value, dict) and value.keys() & Solved.model_fields.keys())
    return KEYS if one else VALUE


Criteria = Annotated[
    Annotated[Solved, Tag(KEYS)] | Annotated[dict[str, Solved], Field(min_length=1), Tag(VALUE)], Discriminator(_form)
]


def criterion_of(declared: Solved | dict[str, Solved] | None, task: str) -> dict[str, Any] | None:
    """What a grid declares of a task, as plain values; None where the task keeps its own criterion."""
    own = declared.get(task) if isinstance(declared, dict) else declared
    return own.model_dump() if own else None
