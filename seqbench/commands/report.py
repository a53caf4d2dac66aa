"""`seqbench report`: write the report from what has finished."""

from __future__ import annotations

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress


def report(asked: Asked) -> None:
    """Write the report of a grid and print where it is."""
    from seqbench.report.build import build_report

    folder = asked.own_folder()
    with progress().status("Writing the report"):
        path = build_report(folder)
    out().print(f"{path}")
