"""`seqbench report`: write the report from what has finished."""

from __future__ import annotations

from pathlib import Path

from seqbench.commands.console import out, progress
from seqbench.commands.folders import own_results_folder


def report(name: str, results: Path) -> None:
    """Write the report of a grid and print where it is."""
    from seqbench.report.build import build_report

    folder = own_results_folder(name, results)
    with progress().status("Writing the report"):
        path = build_report(folder)
    out().print(f"{path}")
