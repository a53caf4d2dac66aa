"""The MLflow mirror of a running grid: a thread of the main process that writes what has finished.

Training does not depend on it: a failure costs one warning, and `seqbench track` later writes what is missing from the
results folder.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from seqbench.invocation import command, kept_in
from seqbench.store.plan_file import PlanFile
from seqbench.store.results import Results
from seqbench.tracking.arrivals import Arrivals
from seqbench.tracking.client import resolve_uri, without_password
from seqbench.tracking.mirror import Links, Mirror, Snapshot

LOGGER = logging.getLogger(__name__)
EVERY = 15.0
"""Seconds between looks."""
REDRAW_SHARE = 0.05
REDRAW_SECONDS = 300.0
"""A comparison is written again when this share of its trials is new, or any after this many seconds: writing replaces
its runs, and MLflow keeps the rows of deleted ones."""
PATIENCE = 2.0
"""Seconds to wait at the end for a request under way; `complete` waits for the rest."""


class LiveMirror:
    """Mirrors a results folder while it fills. Use as a context manager around training, then call `complete`."""

    def __init__(self, folder: Path, *, tracking_uri: str | None, warn: Callable[[str], None]) -> None:
        """`warn` is called with one line for each failure, from another thread."""
        self.folder = folder
        self.uri = resolve_uri(folder.parent, tracking_uri)
        self._warn = warn
        elsewhere = ("--tracking-uri", without_password(tracking_uri)) if tracking_uri else ()
        self._again = command("track", folder.name, *kept_in(folder.parent), *elsewhere)
        self._arrivals = Arrivals(folder)
        self._mirror: Mirror | None = None
        self._opening = threading.Lock()
        self._warned = False
        self._drawn, self._drawn_at = 0, time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="mlflow-mirror", daemon=True)

    def __enter__(self) -> LiveMirror:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE)

    def complete(self, results: Results) -> Links | None:
        """Write all that is missing, including the report; the links to it, or None after a warning if that fails."""
        try:
            return self._opened(results.plan).finish(Snapshot(results, self.folder))
        except Exception as error:
            LOGGER.debug("The MLflow mirror could not be completed", exc_info=error)
            self._warn(f"The MLflow mirror is not complete: {_reason(error)}. `{self._again}` catches up.")
            return None

    def _follow(self) -> None:
        while not self._stop.wait(EVERY):
            try:
                self._pass()
            except Exception as error:
                LOGGER.debug("A pass of the MLflow mirror failed", exc_info=error)
                if not self._warned:
                    self._warned = True
                    self._warn(f"The MLflow mirror pauses: {_reason(error)}. Training goes on.")

    def _pass(self) -> None:
        """Write what has arrived since the last pass, and what earlier passes could not write."""
        arrivals = self._arrivals
        arrivals.look()
        if not arrivals.count or self._stop.is_set():  # it may have taken until after the end
            return
        mirror = self._opened(arrivals.plan)
        mirror.plan = arrivals.plan  # tuning adds trials to it
        if self._outdated() and mirror.comparison(arrivals.results, arrivals.probes):
            self._drawn, self._drawn_at = arrivals.count, time.monotonic()
        if arrivals.pending and not self._stop.is_set():
            mirror.trials(arrivals.unsettled(), arrivals.curves, arrivals.written())
            arrivals.settle(mirror.mirrored)

    def _outdated(self) -> bool:
        """Whether enough has arrived to write the comparisons again."""
        new = self._arrivals.count - self._drawn
        waited = time.monotonic() - self._drawn_at > REDRAW_SECONDS
        return new > 0 and (waited or new >= REDRAW_SHARE * self._arrivals.count)

    def _opened(self, plan: PlanFile) -> Mirror:
        with self._opening:  # at the end two threads may get here at once
            if self._mirror is None:
                self._mirror = Mirror(self.uri, plan, self.folder.parent, warn=self._warn, again=self._again)
            return self._mirror


def _reason(error: Exception) -> str:
    """An error of any kind in one line."""
    first = next(iter(str(error).strip().splitlines()), "no reason given")
    return f"{type(error).__name__}: {first}"
