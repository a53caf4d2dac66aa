"""`seqbench power`: how many seeds a claim needs."""

from __future__ import annotations

from seqbench.commands.asked import Asked
from seqbench.commands.console import out
from seqbench.commands.tables import table_of


def power(pilot: Asked | None, *, rate: float, rate_against: float, comparisons: int) -> None:
    """Print the smallest designs that can find a difference, and the power to find a stated one or that of a pilot."""
    from seqbench.stats.power import power_for_rates, power_from_pilot, smallest_designs
    from seqbench.stats.preregistration import declared_in
    from seqbench.store.results import load

    console = out()
    console.print(
        table_of(smallest_designs(), title="Fewest seeds with which a difference of any size can be significant")
    )
    if pilot is None:
        found = power_for_rates(rate, rate_against, comparisons=comparisons)
        console.print(
            table_of(found, title=f"Probability of finding that {rate:g} of seeds solve against {rate_against:g}")
        )
        return
    folder = pilot.folder()
    before = load(folder)
    found = power_from_pilot(before.finished, declared_in(before.plan))
    console.print(table_of(found, title=f"Probability of finding the differences seen in {folder}, by number of seeds"))
