"""`seqbench compare`: two runs of a grid, and what differs beyond chance."""

from __future__ import annotations

from pathlib import Path

from seqbench.commands.console import out, print_json
from seqbench.commands.tables import table_of
from seqbench.errors import UsageError


def compare(first: Path, second: Path, *, as_json: bool) -> None:
    """Print what differs between two results folders."""
    from seqbench.stats.preregistration import declared_in
    from seqbench.stats.run_comparison import compare_runs
    from seqbench.store.results import load

    for folder in (first, second):
        if not (folder / "plan.json").exists():
            raise UsageError(f"{folder} is not a folder of results; name one, such as results/quickstart")
    one, other = load(first), load(second)
    found = compare_runs(one.trials, other.trials, declared_in(one.plan))
    if as_json:
        print_json({"answer": found.answer, "differences": found.differences.to_dict("records")})
        return
    console = out()
    console.print(found.answer)
    console.print(table_of(found.summary))
    if not found.differences.empty:
        console.print(table_of(found.differences, title=f"{second} less {first}"))
