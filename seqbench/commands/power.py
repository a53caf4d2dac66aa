"""`seqbench power`: how many seeds for which claim."""

from __future__ import annotations

from pathlib import Path

from seqbench.commands.console import out
from seqbench.commands.folders import results_folder
from seqbench.commands.tables import table_of


def power(pilot: str | None, results: Path, *, rate: float, rate_against: float, comparisons: int) -> None:
    """Print the smallest designs that can find anything, and the power to find a stated or a pilot's difference."""
    from seqbench.stats.power import power_for_rates, power_from_pilot, smallest_designs
    from seqbench.stats.preregistration import Declared
    from seqbench.store.results import load_plan, load_results

    console = out()
    console.print(table_of(smallest_designs(), title="Seeds below which nothing can be found, whatever the difference"))
    if pilot is None:
        found = power_for_rates(rate, rate_against, comparisons=comparisons)
        console.print(
            table_of(found, title=f"Probability of finding that {rate:g} of seeds solve against {rate_against:g}")
        )
        return
    folder = results_folder(pilot, results)
    found = power_from_pilot(load_results(folder), Declared(**load_plan(folder)["declared"]))
    console.print(table_of(found, title=f"Probability of finding the differences seen in {folder}, by number of seeds"))
