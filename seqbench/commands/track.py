"""`seqbench track`: mirror stored results to an MLflow tracking server."""

from __future__ import annotations

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress
from seqbench.commands.present import present_results
from seqbench.commands.summary import print_links
from seqbench.store.lock import held
from seqbench.tracking.client import resolve_uri
from seqbench.tracking.mirror import Snapshot, mirror_snapshot


def track(asked: Asked, *, tracking_uri: str | None) -> None:
    """Mirror the results of a grid, whole. Mirroring again changes nothing."""
    uri = resolve_uri(asked.folder().parent, tracking_uri)
    # Two writers would end and replace each other's runs; the folder's lock keeps them apart.
    with held(asked.folder()):
        folder, results = present_results(asked)
        with progress().status("Mirroring to MLflow"):
            links = mirror_snapshot(Snapshot(results, folder), uri)
    finished, planned = len(results.finished), len(results.trials)
    of = "" if finished == planned else f", of {planned:,} that it asks for"
    out().print(f"MLflow at {links.uri} holds all {links.mirrored:,} finished trials of {folder}{of}.")
    print_links(out(), folder, links)
