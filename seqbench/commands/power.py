"""`seqbench power`: how many seeds a claim needs."""

from __future__ import annotations

from seqbench.commands.arguments import require_unused
from seqbench.commands.asked import Asked
from seqbench.commands.console import out
from seqbench.commands.tables import table_of

RATE, RATE_AGAINST, COMPARISONS = 0.9, 0.5, 1
"""The difference that is looked for where neither a grid nor an option gives another."""


def power(pilot: Asked | None, *, rate: float | None, rate_against: float | None, comparisons: int | None) -> None:
    """Print the smallest designs that can find a difference, and the power to find a stated one or that of a pilot.

    Raises:
        UsageError: both a pilot and a difference are given.
    """
    stated = {"--rate": rate, "--rate-against": rate_against, "--comparisons": comparisons}
    if pilot:
        require_unused(stated, f"The differences looked for are those of {pilot.grid}")
    from seqbench.stats.power import power_for_rates, power_from_pilot, smallest_designs
    from seqbench.stats.preregistration import declared_in
    from seqbench.store.results import load

    console = out()
    console.print(
        table_of(smallest_designs(), title="Fewest seeds with which a difference of any size can be significant")
    )
    if pilot is None:
        first, second = (RATE if rate is None else rate), (RATE_AGAINST if rate_against is None else rate_against)
        found = power_for_rates(first, second, comparisons=comparisons or COMPARISONS)
        console.print(table_of(found, title=f"Probability of finding that {first:g} of seeds solve against {second:g}"))
        return
    folder = pilot.folder()
    before = load(folder)
    found = power_from_pilot(before.finished, declared_in(before.plan))
    console.print(table_of(found, title=f"Probability of finding the differences seen in {folder}, by number of seeds"))
