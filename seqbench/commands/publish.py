"""`seqbench publish`: what is worth committing of a results folder."""

from __future__ import annotations

from pathlib import Path

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress


def publish(asked: Asked, into: Path) -> None:
    """Write the copy of a grid's results, and print where it is and how large."""
    from seqbench.commands.present import present_results
    from seqbench.report.published import publish as write

    folder, results = present_results(asked)
    with progress().status("Writing the copy"):
        written = write(results, folder, into)
    size = sum(path.stat().st_size for path in written) / 1e6
    out().print(f"{into}: {len(written)} files, {size:.2f} MB")
