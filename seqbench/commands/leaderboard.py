"""`seqbench leaderboard`: all results side by side, as a page for a code host and as an offline page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seqbench.commands.console import out, progress
from seqbench.commands.replicate import judged_claims
from seqbench.errors import UsageError
from seqbench.grid.read import shipped_claims
from seqbench.leaderboard.build import build_leaderboard
from seqbench.leaderboard.sources import CLAIMS


def leaderboard(others: Sequence[Path], results: Path) -> None:
    """Write the leaderboard into `results` and print where it is, and which folders could not be read.

    Raises:
        UsageError: a folder that is named does not exist.
    """
    for folder in (results, *others):
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder; name folders of results, such as results/quickstart")
    claims = [claim for claim in judged_claims(shipped_claims().values(), results / CLAIMS) if claim.folder]
    with progress().status("Writing the leaderboard"):
        written, unread = build_leaderboard(results, others, claims)
    for each in unread:
        progress().print(f"{each.name} is left out: {each.reason}", markup=False)
    for path in written:
        out().print(f"{path}", markup=False)
