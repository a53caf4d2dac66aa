"""`seqbench report`: write the report from what has finished."""

from __future__ import annotations

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress


def report(asked: Asked) -> None:
    """Write the report of a grid and print where it is."""
    from seqbench.commands.present import present_results
    from seqbench.report.build import write_report
    from seqbench.report.evidence import Evidence

    folder, results = present_results(asked)
    with progress().status("Writing the report"):
        path = write_report(Evidence(results), folder)
    out().print(f"{path}")
