"""What was decided before the grid ran: the outcome that counts, what is compared, and the thresholds.

A grid file declares these; whatever is not in the declared family is labelled exploratory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

from seqbench.errors import StoreError, UsageError
from seqbench.store.plan_file import PlanFile

Outcome = Literal["horizon", "area", "solved", "accuracy", "steps"]
Family = Literal["baseline", "alone", "all"]

OUTCOME_UNITS: dict[str, str] = {
    "horizon": "octaves",
    "area": "octaves",
    "solved": "share of lengths solved",
    "accuracy": "accuracy at the longest length",
    "steps": "share of the budget",
}
"""What one unit of each outcome is. In all but `steps`, more is better."""


@dataclass(frozen=True)
class Declared:
    """The plan of the comparison.

    outcome: the primary outcome, one number a seed. `horizon`: how far back it remembered, in octaves (doublings) of
        dependency length; `area` under the solved curve over log2 length; `solved`: share of lengths solved;
        `accuracy` at the longest length; `steps` to solve, as a share of the method's budget, mean over lengths.
        A task with a single length has no octaves: there `horizon` and `area` become `solved`.
    comparisons: the family within which p-values are corrected, task by task. `baseline`: every method against the
        baseline; `alone`: only those methods that differ from it in one factor; `all`: every pair; or the pairs
        themselves, (method, compared with). None chooses `baseline`; for a factorial grid the methods of `alone`
        and those outside of the factorial, which have no level of its factors.
    baseline: the method without remedies; None finds the one whose factors all stand at their reference.
    references: for a factor, the level that means "without"; None-like names and `default` need not be named.
    alpha: probability of any false finding in the family of one task; intervals have level 1 - alpha.
    tau: accuracy from which a trial counts as solved; None keeps each task's own criterion.
    sensitivity: other values of tau at which the solve rates are shown again.
    searched: the lengths on which horizons are sought, shortest first, for each task that is searched; a task that is
        absent was trained at every length of a list.
    impossible: for each task and method, the lengths at which the plan found that they make no sense together; no
        horizon is sought there. None where no plan says so: on a list, those at which the method has no trial.
    training_lengths: at which lengths training batches were drawn, in words, printed in the report; empty: at the
        dependency length of the trial.
    tuning: how the learning rates were chosen, in words, printed in the report.
    """

    outcome: Outcome = "horizon"
    comparisons: Family | tuple[tuple[str, str], ...] | None = None
    baseline: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    alpha: float = 0.05
    tau: float | None = None
    sensitivity: tuple[float, ...] = (0.90, 0.99)
    searched: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    impossible: Mapping[str, Mapping[str, tuple[int, ...]]] | None = None
    training_lengths: str = ""
    tuning: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; lists, as JSON and YAML give them, become tuples.

        Raises:
            UsageError: an unknown outcome or family, or a number outside (0, 1).
        """
        object.__setattr__(self, "sensitivity", tuple(self.sensitivity))
        searched = {task: tuple(lengths) for task, lengths in self.searched.items()}
        object.__setattr__(self, "searched", searched)
        if self.comparisons is not None and not isinstance(self.comparisons, str):
            object.__setattr__(self, "comparisons", tuple((one, other) for one, other in self.comparisons))
        if self.outcome not in OUTCOME_UNITS:
            raise UsageError(f"outcome {self.outcome!r} is unknown; choose one of {', '.join(OUTCOME_UNITS)}")
        if isinstance(self.comparisons, str) and self.comparisons not in ("baseline", "alone", "all"):
            raise UsageError(f"comparisons {self.comparisons!r} is unknown; choose baseline, alone, all or list pairs")
        if not 0 < self.alpha < 1:
            raise UsageError(f"alpha is {self.alpha}; it must lie between 0 and 1, for example 0.05")
        for tau in (*self.sensitivity, *(() if self.tau is None else (self.tau,))):
            if not 0 < tau <= 1:
                raise UsageError(f"tau is {tau}; an accuracy threshold must lie between 0 and 1, for example 0.95")


def declared_in(plan: PlanFile) -> Declared:
    """What the grid of a plan declared, the defaults where it says nothing, and what the plan found impossible.

    Raises:
        StoreError: `plan.json` declares what no version of seqbench writes.
    """
    from pydantic import ValidationError

    try:
        found: Declared = _adapter().validate_python(dict(plan.declared))
    except (ValidationError, UsageError) as error:
        problem = str(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise StoreError(
            f"plan.json of the grid {plan.grid or '?'} declares what cannot be read ({problem}); running the grid "
            "writes it anew"
        ) from error
    return replace(found, impossible=_impossible(plan))


def _impossible(plan: PlanFile) -> dict[str, dict[str, tuple[int, ...]]]:
    """The lengths at which methods make no sense, by task and method."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for left_out in plan.incompatible:  # a method that makes no sense for several reasons stands there for each
        own = found.setdefault(left_out.task, {})
        own[left_out.method] = tuple(sorted({*own.get(left_out.method, ()), *left_out.lengths}))
    return found


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Declared)
