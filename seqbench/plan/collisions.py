"""Methods, or tasks, that come to the same trials once their settings are resolved for a dependency length.

Two methods may differ as the grid writes them and be one where they are trained: steps in proportion to the length that
a bound cuts off, a batch size by length that comes to the number of another method, widths that `match_parameters`
replaces. A trial has one row, which cannot stand for two methods.
"""

from __future__ import annotations

from collections.abc import Sequence

from seqbench.grid.document import Place
from seqbench.grid.spec import Grid
from seqbench.plan.identity import trial_ids
from seqbench.plan.series import Series


def require_distinct(grid: Grid, every: Sequence[Series]) -> None:
    """Refuse two methods, or two tasks, that share a trial.

    Raises:
        GridError: names both, and the length at which they are the same.
    """
    owners: dict[str, Series] = {}
    for own in every:
        for candidate, configurations in zip(own.tried, own.configurations, strict=True):
            rate = float(candidate.method.learning_rate)
            for each in configurations:
                # Seeds do not matter: those of two methods are the same.
                identity = trial_ids({**each.fixed, "learning_rate": rate})(0)
                other = owners.setdefault(identity, own)
                if other is not own:
                    raise grid.document.error(*_explained(other, own, each.length))


def _explained(one: Series, other: Series, length: int) -> tuple[Place, str]:
    """Where in the grid the second of the two is, and what is to be done about them."""
    place: Place = ("factors",) if other.method.factors else ("methods",)
    if one.method is other.method:
        place = ("tasks",)
    names = " and ".join(f"{own.method.name!r} on {own.task.label}" for own in (one, other))
    return place, (
        f"{names} are the same trials at length {length:,}, where all of their settings come to the same values: leave "
        "one out, or let them differ at every length that they share"
    )
