"""`seqbench report`: write the report from what has finished."""

from __future__ import annotations

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress
from seqbench.store.in_use import in_use


def report(asked: Asked, *, for_paper: bool = False) -> None:
    """Write the report of a grid and print where it is; for a paper also its figures, methods and references."""
    from seqbench.commands.present import present_results
    from seqbench.report.build import write_report
    from seqbench.report.evidence import Evidence

    folder, results = present_results(asked)
    with in_use(folder), progress().status("Writing the report"):
        evidence = Evidence(results)
        written = [write_report(evidence, folder)]
        if for_paper:
            from seqbench.report.paper import write_paper

            written.append(write_paper(evidence, folder))
    for path in written:
        out().print(f"{path}")
