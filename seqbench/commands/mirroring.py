"""The MLflow mirror beside a running grid: a thread of the driver that writes what has finished lately."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from seqbench.errors import SeqbenchError
from seqbench.store.mlflow_client import resolve_uri
from seqbench.store.mlflow_mirror import Links, Mirror, read_snapshot
from seqbench.store.results import load_plan

EVERY = 15.0
"""Seconds between looks."""


class LiveMirror:
    """Mirrors a results folder while it fills. Use as a context manager around training, then call `complete`."""

    def __init__(self, folder: Path, *, tracking_uri: str | None, warn: Callable[[str], None]) -> None:
        self.folder = folder
        self.uri = resolve_uri(folder.parent, tracking_uri)
        self.links: Links | None = None
        self._warn = warn
        self._mirror: Mirror | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> LiveMirror:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        # A write under way is bounded in time (see `Patience`); what it leaves is written by `complete`.
        self._thread.join()

    def complete(self) -> None:
        """Write all that is missing, the report among it, and keep the links."""
        self.links = self._opened().finish(read_snapshot(self.folder))

    def _follow(self) -> None:
        seen = 0
        while not self._stop.wait(EVERY):
            finished = sum(1 for _ in (self.folder / "trials").glob("*.json"))
            if finished == seen:
                continue
            seen = finished
            try:
                snapshot = read_snapshot(self.folder)
            except SeqbenchError as error:
                self._warn(f"The MLflow mirror pauses: {error}")
                continue
            mirror = self._opened()
            if not snapshot.results.empty:
                mirror.comparison(snapshot.results, snapshot.probes)
                mirror.trials(snapshot.results, snapshot.curves)

    def _opened(self) -> Mirror:
        if self._mirror is None:
            self._mirror = Mirror(self.uri, load_plan(self.folder), self.folder.parent, warn=self._warn)
        return self._mirror
