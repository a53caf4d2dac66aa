"""`seqbench compare`: two runs of a grid, and what differs beyond chance."""

from __future__ import annotations

from pathlib import Path

from seqbench.commands.console import out, print_json
from seqbench.commands.tables import table_of
from seqbench.errors import UsageError


def compare(first: Path, second: Path, *, as_json: bool) -> None:
    """Print what differs between two results folders."""
    from seqbench.stats.preregistration import Declared
    from seqbench.stats.run_comparison import between
    from seqbench.store.results import load_plan, load_results

    for folder in (first, second):
        if not (folder / "plan.json").exists():
            raise UsageError(f"{folder} is not a folder of results; name one, such as results/quickstart")
    found = between(load_results(first), load_results(second), Declared(**load_plan(first)["declared"]))
    if as_json:
        print_json({"answer": found.answer, "differences": found.differences.to_dict("records")})
        return
    console = out()
    console.print(found.answer)
    console.print(table_of(found.summary))
    if not found.differences.empty:
        console.print(table_of(found.differences, title=f"{second} less {first}"))
