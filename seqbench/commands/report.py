"""`seqbench report`: write the report from what has finished."""

from __future__ import annotations

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress


def report(asked: Asked, *, for_paper: bool = False) -> None:
    """Write the report of a grid and print where it is; for a paper also its figures, methods and references."""
    from seqbench.commands.present import present_results
    from seqbench.report.build import write_report
    from seqbench.report.evidence import Evidence

    folder, results = present_results(asked)
    evidence = Evidence(results)
    with progress().status("Writing the report"):
        written = [write_report(evidence, folder)]
        if for_paper:
            from seqbench.report.paper import write_paper

            written.append(write_paper(evidence, folder))
    for path in written:
        out().print(f"{path}")
