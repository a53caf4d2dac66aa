"""`seqbench track`: mirror stored results to an MLflow tracking server."""

from __future__ import annotations

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress
from seqbench.commands.summary import print_links
from seqbench.store.lock import held
from seqbench.tracking.client import resolve_uri
from seqbench.tracking.mirror import mirror_folder


def track(asked: Asked, *, tracking_uri: str | None) -> None:
    """Mirror the results of a grid, whole. Mirroring again changes nothing."""
    folder = asked.own_folder()
    uri = resolve_uri(folder.parent, tracking_uri)
    # Two writers would end and replace each other's runs; the folder's lock keeps them apart.
    with held(folder), progress().status("Mirroring to MLflow"):
        links = mirror_folder(folder, uri)
    out().print(f"MLflow at {links.uri} holds all {links.mirrored:,} finished trials of {folder}.")
    print_links(out(), folder, links)
