"""From results folders to the leaderboard's files: `README.md`, `leaderboard.html` and `leaderboard.svg`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seqbench.leaderboard.boards import build_boards
from seqbench.leaderboard.markdown import markdown_page
from seqbench.leaderboard.page import html_page
from seqbench.leaderboard.pages import leaderboard
from seqbench.leaderboard.picture import draw_picture
from seqbench.leaderboard.sources import Unread, read_sources
from seqbench.report.replications import Replication
from seqbench.store import atomic

PAGE, OFFLINE, PICTURE = "README.md", "leaderboard.html", "leaderboard.svg"


def build_leaderboard(
    results: Path, others: Sequence[Path] = (), claims: Sequence[Replication] = ()
) -> tuple[list[Path], list[Unread]]:
    """Write the leaderboard of all results folders within `results` and of the `others` into `results`.

    Args:
        results: the folder of results folders.
        others: results folders from elsewhere.
        claims: the verdicts on published claims.

    Returns:
        the files that were written, and the folders that could not be read

    Raises:
        StoreError: the disk refuses.
    """
    texts, unread = leaderboard_texts(results, others, claims)
    for name, text in texts.items():
        atomic.write_bytes(results / name, text.encode())
    return [results / name for name in texts], unread


def leaderboard_texts(
    results: Path, others: Sequence[Path] = (), claims: Sequence[Replication] = ()
) -> tuple[dict[str, str], list[Unread]]:
    """What `build_leaderboard` writes, by name of the file, and the folders that could not be read."""
    sources, unread = read_sources(results, others)
    boards = build_boards(sources)
    picture = draw_picture(boards)
    found = leaderboard(boards, claims, unread, results / PAGE)
    texts = {
        PAGE: markdown_page(found, results / PAGE, picture=PICTURE if picture else "", offline=OFFLINE),
        OFFLINE: html_page(found, results / OFFLINE),
    }
    return texts | ({PICTURE: picture} if picture else {}), unread
