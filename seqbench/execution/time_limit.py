"""How long a trial may take before it is given up: user code or a compilation may never return."""

from __future__ import annotations

from collections.abc import Callable

from seqbench.plan.estimate import SECONDS_PER_COMPILATION
from seqbench.plan.trial import Trial

FACTOR = 30
"""Times what the plan estimates. Trials of the shipped grids that used their whole budget took 0.4 to 6 times that."""

LEAST = 15 * 60.0
"""Seconds that every trial may take: compiling a deep model on a busy machine takes minutes."""


Limit = Callable[[Trial], float]
"""Seconds that a trial may take, compilation included."""


def default_limit(trial: Trial) -> float:
    """Seconds that a trial may take, compilation included, unless the user says otherwise."""
    programs = 1 + len(trial.tested)
    return max(LEAST, FACTOR * (trial.configuration.seconds + programs * SECONDS_PER_COMPILATION))


def limit_of(minutes: float | None) -> Limit:
    """So many minutes for every trial, or the default."""
    return default_limit if minutes is None else lambda trial: 60 * minutes


def overdue(limit: float) -> str:
    """Why a trial was given up that took longer than so many seconds, and what to do."""
    return (
        f"The trial was ended because it took longer than {limit / 60:.3g} min. If it does not hang in its own code or "
        "in compilation, give it more with --time-limit; it goes on from its last checkpoint."
    )
