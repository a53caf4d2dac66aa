"""The mirror of a results folder in MLflow.

The folder is the truth: a tracking server that is down or hangs costs a warning, never a trial, and `seqbench track`
brings it up to date later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from seqbench.errors import TrackingError
from seqbench.store.mlflow_client import Patience, connect, translated, without_password
from seqbench.store.mlflow_writer import Links, Writer, unmirrored

__all__ = ["Links", "Mirror", "Snapshot", "mirror_folder", "mirror_snapshot"]

LOGGER = logging.getLogger(__name__)
FIRST_PAUSE = 15.0
LONGEST_PAUSE = 300.0
LIVE_PASS = 10.0
LAST_PASS = 120.0


class Snapshot(NamedTuple):
    """A results folder as it stands.

    plan: what the grid declared: `grid`, `question`, `methods`, `grid_text`, `versions`, `revision`
    results, curves, probes: the tables of `store.schema`
    folder: where the report lies
    """

    plan: Mapping[str, Any]
    results: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    folder: Path


class Mirror:
    """Keeps MLflow up to date while a grid trains. No method raises when the store fails, and none waits for it long.

    After a failure the store is left alone for a while, twice as long each time, up to five minutes.
    Methods may be called from any thread; one call runs at a time.
    """

    def __init__(
        self,
        uri: str,
        plan: Mapping[str, Any],
        results_dir: Path | str,
        *,
        warn: Callable[[str], None] = LOGGER.warning,
        last_pass: float = LAST_PASS,
    ) -> None:
        """Prepare; the store is first opened by the first call.

        Args:
            uri: from `resolve_uri`
            plan: see `Snapshot`
            results_dir: where artifacts go if the store keeps none itself
            warn: is told once when the store fails, and once more at the end if trials are not in it
            last_pass: seconds that `finish` may take to log what is missing
        """
        self.uri = uri
        self.plan = plan
        self.results_dir = Path(results_dir)
        self._warn = warn
        self._last_pass = last_pass
        self._lock = threading.Lock()
        self._writer: Writer | None = None
        self._warned = False
        self._pause = FIRST_PAUSE
        self._rest_until = 0.0

    def trials(self, results: pd.DataFrame, curves: pd.DataFrame) -> bool:
        """Log finished trials that are not yet in the store, for ten seconds at most; whether that succeeded."""
        until = time.monotonic() + LIVE_PASS
        return self._attempt(lambda writer: writer.trials(results, curves, until=until))

    def comparison(self, results: pd.DataFrame, probes: pd.DataFrame) -> bool:
        """Bring the comparison of every task up to date, for ten seconds at most; whether that succeeded."""
        until = time.monotonic() + LIVE_PASS
        return self._attempt(lambda writer: writer.comparison(results, probes, until=until))

    def report(self, folder: Path, results: pd.DataFrame, curves: pd.DataFrame) -> bool:
        """Upload the report that lies in `folder`; whether that succeeded."""
        return self._attempt(lambda writer: writer.report(folder, results, curves))

    def links(self) -> Links:
        """Where to look for what has been written so far."""
        writer = self._writer
        return writer.links() if writer else Links(without_password(self.uri), {})

    def finish(self, snapshot: Snapshot) -> Links:
        """Log all that is missing, in a bounded time; how many trials are left out is in the links."""
        self._rest_until = 0.0
        until = time.monotonic() + self._last_pass
        self._attempt(lambda writer: _write_all(writer, snapshot, until))
        missing = unmirrored(snapshot.results, self._writer.mirrored if self._writer else set())
        if missing:
            again = f"seqbench track {self.plan['grid']}"
            self._warn(f"{missing} finished trials are not in MLflow. Later run `{again}` to add them.")
        return self.links()._replace(not_mirrored=missing)

    def _attempt(self, action: Callable[[Writer], None]) -> bool:
        with self._lock:
            if time.monotonic() < self._rest_until:
                return False
            try:
                if self._writer is None:
                    self._writer = _open_writer(self.uri, self.plan, self.results_dir, Patience.LIVE)
                with translated(self.uri):
                    action(self._writer)
            except TrackingError as error:
                self._rest(error)
                return False
            self._pause = FIRST_PAUSE
            return True

    def _rest(self, error: TrackingError) -> None:
        """Leave the store alone for a while, and say so the first time."""
        self._rest_until = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if not self._warned:
            self._warned = True
            self._warn(f"{error}. Training goes on; results are kept in {self.results_dir}.")


def mirror_snapshot(snapshot: Snapshot, uri: str) -> Links:
    """Mirror a results folder whole.

    Raises:
        TrackingError: the store cannot be reached or refuses.
    """
    writer = _open_writer(uri, snapshot.plan, snapshot.folder, Patience.TRACK)
    with translated(uri):
        _write_all(writer, snapshot, until=None)
    return writer.links(unmirrored(snapshot.results, writer.mirrored))


def mirror_folder(folder: Path | str, uri: str) -> Links:
    """Mirror the results folder at `folder` whole: `mirror_snapshot` of what lies there."""
    return mirror_snapshot(read_snapshot(folder), uri)


def read_snapshot(folder: Path | str) -> Snapshot:
    """Read a results folder."""
    from seqbench.store.results import load_curves, load_plan, load_probes, load_results

    folder = Path(folder)
    return Snapshot(load_plan(folder), load_results(folder), load_curves(folder), load_probes(folder), folder)


def _open_writer(uri: str, plan: Mapping[str, Any], results_dir: Path, patience: Mapping[str, str]) -> Writer:
    client = connect(uri, results_dir, patience)
    with translated(uri):
        return Writer(client, uri, plan, results_dir)


def _write_all(writer: Writer, snapshot: Snapshot, until: float | None) -> None:
    """The comparison first: it is what people open, and a slow server may leave no time for every trial."""
    writer.plan = snapshot.plan
    writer.comparison(snapshot.results, snapshot.probes, until=until)
    writer.report(snapshot.folder, snapshot.results, snapshot.curves)
    writer.trials(snapshot.results, snapshot.curves, until=until)
