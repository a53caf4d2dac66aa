"""The mirror of a results folder in MLflow.

The folder is the source: a tracking server that is down or does not answer costs a warning, never a trial, and
`seqbench track` brings it up to date later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from seqbench.errors import TrackingError
from seqbench.stats.gradient_norms import PROBE, at_longest
from seqbench.store.plan_file import PlanFile
from seqbench.store.results import Results
from seqbench.store.trials import TrialStore
from seqbench.tracking.client import Patience, Unanswered, connect, described, translated, without_password
from seqbench.tracking.comparison import compared_pairs
from seqbench.tracking.database import Unopenable
from seqbench.tracking.writer import Links, Writer, unmirrored

__all__ = ["Links", "Mirror", "Snapshot", "mirror_snapshot"]

LOGGER = logging.getLogger(__name__)
FIRST_PAUSE = 15.0
LONGEST_PAUSE = 300.0
LIVE_PASS = 10.0
LAST_PASS = 120.0
SETTLING = 10
"""How often, at most, what other drivers wrote at the same time is looked at, until there is nothing to put right."""
FINISH_PAUSES = (0.5, 1.5)
"""Seconds of rest before `Mirror.finish` tries again where the server refused, as it does when drivers collide."""
TRACK_PAUSES = (2.0, 10.0)
"""Seconds of rest before `mirror_snapshot` tries again."""


class Snapshot(NamedTuple):
    """What a results folder holds, and the folder itself, where the report is."""

    results: Results
    folder: Path


class Mirror:
    """Keeps MLflow up to date while a grid trains. No method raises an error of the store or waits for it long.

    After a failure there is a pause, twice as long each time, up to five minutes.
    Methods may be called from any thread; one call runs at a time.
    """

    def __init__(
        self,
        uri: str,
        plan: PlanFile,
        results_dir: Path | str,
        *,
        warn: Callable[[str], None] = LOGGER.warning,
        again: str | None = None,
        last_pass: float = LAST_PASS,
    ) -> None:
        """Prepare; the store is first opened by the first call.

        Args:
            uri: from `resolve_uri`
            plan: what was planned so far
            results_dir: where artifacts go if the store keeps none itself
            warn: called once when the store fails, and once more at the end if updates are still queued
            again: the command that catches up
            last_pass: seconds that `finish` may take to log what is missing
        """
        self.uri = uri
        self.plan = plan
        self.results_dir = Path(results_dir)
        self._warn = warn
        self._again = again or f"seqbench track {plan.grid}"
        self._last_pass = last_pass
        self._lock = threading.Lock()
        self._writer: Writer | None = None
        self._doubtful = self._finishing = False
        self._answers = True
        self._warned = False
        self._pause = FIRST_PAUSE
        self._rest_until = 0.0

    @property
    def mirrored(self) -> set[str]:
        """The trials that are in the store."""
        return self._writer.mirrored if self._writer else set()

    def trials(self, results: pd.DataFrame, curves: pd.DataFrame, written: Mapping[str, float]) -> bool:
        """Log these trials as far as they have finished, for ten seconds at most; whether the store took them.

        `written` says when each of them finished, in seconds since the epoch.
        """
        until = time.monotonic() + LIVE_PASS
        return self._attempt(lambda writer: writer.trials(results, curves, written, until=until), live=True)

    def comparison(self, results: pd.DataFrame, probes: pd.DataFrame) -> bool:
        """Bring the comparison of every task up to date, for ten seconds at most; whether the store took it."""
        until = time.monotonic() + LIVE_PASS
        return self._attempt(lambda writer: writer.comparison(results, probes, until=until), live=True)

    def links(self) -> Links:
        """Where to look for what has been written so far."""
        writer = self._writer
        return writer.links() if writer else Links(without_password(self.uri), {})

    def finish(self, snapshot: Snapshot) -> Links:
        """Log all that is missing, in a bounded time; how many trials are left out is in the links.

        From now on `trials` and `comparison` write nothing: what they are given is older.
        """
        self.plan, self._rest_until, self._finishing = snapshot.results.plan, 0.0, True
        until = time.monotonic() + self._last_pass
        written = self._attempt(lambda writer: _write_all(writer, snapshot, until))
        for pause in FINISH_PAUSES:
            if written or not self._answers or time.monotonic() + pause > until:
                break
            time.sleep(pause)
            self._rest_until = 0.0
            written = self._attempt(lambda writer: _write_all(writer, snapshot, until))
        missing = unmirrored(snapshot.results.finished, self.mirrored)
        queued = self._queued(snapshot, missing)
        if queued or not written:
            plural = "s are" if queued != 1 else " is"
            self._warn(f"{queued:,} MLflow update{plural} queued in {snapshot.folder}. `{self._again}` catches up.")
        return self.links()._replace(not_mirrored=missing)

    def _queued(self, snapshot: Snapshot, missing: int) -> int:
        """How many runs are missing or outdated in the store: of trials, of comparisons, of the report."""
        writer = self._writer
        outdated = compared_pairs(snapshot.results.reporting) - (writer.compared if writer else set())
        return missing + len(outdated) + (0 if writer and writer.reported else 1)

    def _attempt(self, action: Callable[[Writer], None], *, live: bool = False) -> bool:
        with self._lock:
            if time.monotonic() < self._rest_until or (live and self._finishing):
                return False
            try:
                if self._writer is None or self._doubtful:
                    self._writer = self._opened()
                self._writer.plan = self.plan
                with translated(self.uri):
                    action(self._writer)
            except Exception as error:  # noqa: BLE001 - training goes on whatever MLflow raises
                self._rest(error)
                return False
            self._pause = FIRST_PAUSE
            return True

    def _opened(self) -> Writer:
        """Open the store; again after a failure, because a request without an answer may have taken effect."""
        writer = _open_writer(self.uri, self.plan, self.results_dir, Patience.LIVE)
        writer.resume(self.mirrored)
        self._doubtful = False
        return writer

    def _rest(self, error: Exception) -> None:
        """Pause, and warn the first time."""
        LOGGER.debug("The MLflow mirror failed", exc_info=error)
        self._doubtful = True
        self._answers = not isinstance(error, Unanswered | Unopenable)
        self._rest_until = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        if not self._warned:
            self._warned = True
            self._warn(f"{described(error, self.uri)}. Training goes on; results are kept in {self.results_dir}.")


def mirror_snapshot(snapshot: Snapshot, uri: str) -> Links:
    """Mirror a results folder whole.

    A failed request is not simply sent again, because it may have taken effect: the store is opened again, which finds
    and removes duplicates, and what is still missing is written.

    Raises:
        TrackingError: the store cannot be opened, or cannot be reached or refuses three times.
        StoreError: a file of the report cannot be read, or a link is in the way.
    """
    for pause in TRACK_PAUSES:
        try:
            return _mirror_once(snapshot, uri)
        except Unopenable:
            raise
        except TrackingError as error:
            LOGGER.info("%s; trying again in %g s", error, pause)
            time.sleep(pause)
    return _mirror_once(snapshot, uri)


def _mirror_once(snapshot: Snapshot, uri: str) -> Links:
    writer = _open_writer(uri, snapshot.results.plan, snapshot.folder.parent, Patience.TRACK)
    with translated(uri):
        _write_all(writer, snapshot, until=None)
    return writer.links(unmirrored(snapshot.results.finished, writer.mirrored))


def _open_writer(uri: str, plan: PlanFile, results_dir: Path, patience: Mapping[str, str]) -> Writer:
    client = connect(uri, results_dir, patience)
    with translated(uri):
        return Writer(client, uri, plan, results_dir)


def _write_all(writer: Writer, snapshot: Snapshot, until: float | None) -> None:
    """The comparison first: people look at it first, and a slow server may leave no time for every trial."""
    writer.reported = False
    writer.compared.clear()
    writer.plan = snapshot.results.plan  # a live pass that ends late may have set an older one
    results, curves = snapshot.results, snapshot.results.curves
    written = TrialStore(snapshot.folder).written()
    drawn = results.measurements(at_longest(results.reporting), (PROBE,), start=True)
    writer.comparison(results.finished, drawn, until=until)
    writer.report(snapshot.folder, results.finished, curves, until=until)
    writer.trials(results.finished, curves, written, until=until)
    for _ in range(SETTLING if writer.shared else 0):
        if (until is not None and time.monotonic() > until) or not writer.settle():
            return
        writer.trials(results.finished, curves, written, until=until)
