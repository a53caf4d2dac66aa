"""`seqbench track`: mirror stored results to an MLflow tracking server."""

from __future__ import annotations

from pathlib import Path

from seqbench.commands.asked import Asked
from seqbench.commands.console import out, progress
from seqbench.commands.present import present_results
from seqbench.commands.summary import print_links
from seqbench.store.lock import held
from seqbench.store.results import Results
from seqbench.tracking.client import resolve_uri
from seqbench.tracking.mirror import Snapshot, mirror_snapshot
from seqbench.tracking.report_run import PAGES


def track(asked: Asked, *, tracking_uri: str | None) -> None:
    """Mirror the results of a grid, whole, with a report of what is mirrored. Mirroring again changes nothing."""
    uri = resolve_uri(asked.folder().parent, tracking_uri)
    # Two writers would end and replace each other's runs; the folder's lock keeps them apart.
    with held(asked.folder()):
        folder, results = present_results(asked)
        if any((folder / page).exists() for page in PAGES):
            _write_report(results, folder)
        with progress().status("Mirroring to MLflow"):
            links = mirror_snapshot(Snapshot(results, folder), uri)
    finished, planned = len(results.finished), len(results.trials)
    of = "" if finished == planned else f", of {planned:,} that it asks for"
    out().print(f"MLflow at {links.uri} holds all {links.mirrored:,} finished trials of {folder}{of}.")
    print_links(out(), folder, links)


def _write_report(results: Results, folder: Path) -> None:
    """Write the report anew: the run that wrote it may not have been the last, which may have been killed."""
    from seqbench.report.build import report  # matplotlib is imported only where a report is written

    with progress().status("Writing the report"):
        report(results, folder)
