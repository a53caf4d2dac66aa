"""The mirror beside a grid that trains: it reads what is new, and nothing that fails in it reaches the training."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqbench.commands.asked import Asked
from seqbench.commands.track import track
from seqbench.store import plain_file, records
from seqbench.store.results import load
from seqbench.store.trials import TrialStore
from seqbench.tracking import live as mirroring
from seqbench.tracking.arrivals import Arrivals
from seqbench.tracking.client import Patience, embedded_uri
from seqbench.tracking.live import LiveMirror
from seqbench.tracking.mirror import Links, Mirror
from tests.tracking.frames import active_trials, chart, grid, mirror_whole, plan_of, record_of

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

SOME = grid({"lstm": {10: [0.95] * 4}, "gru": {10: [0.7] * 4}})
TRIALS = [one | {"trial": f"t{place:03}"} for place, one in enumerate(SOME)]


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks come after hundredths of a second."""
    monkeypatch.setattr(mirroring, "EVERY", 0.02)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder whose grid has begun."""
    folder = tmp_path / "toy"
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(plan_of(TRIALS)))
    return folder


def finish(folder: Path, trials: list[dict[str, Any]]) -> None:
    for one in trials:
        TrialStore(folder).write(record_of(one))


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """The address of a server that accepts and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


class Recorder:
    """Stands for `Mirror`: takes everything at once and counts."""

    def __init__(self, *_: object, **__: object) -> None:
        self.plan: dict[str, Any] = {}
        self.mirrored: set[str] = set()
        self.trials_given: Counter[str] = Counter()
        self.drawn: list[int] = []

    def comparison(self, results: pd.DataFrame, probes: pd.DataFrame) -> bool:
        self.drawn.append(len(results))
        return True

    def trials(self, results: pd.DataFrame, curves: pd.DataFrame, written: dict[str, float]) -> bool:
        assert set(results["trial"]) <= written.keys()
        assert set(curves["trial"]) == set(results["trial"])
        self.trials_given.update(results["trial"])
        self.mirrored |= set(results["trial"])
        return True


def test_a_trial_is_read_once_and_handed_over_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirroring, "Mirror", Recorder)
    reads: Counter[str] = Counter()

    def read_bytes(path: Path) -> bytes:
        reads[path.name] += path.parent.name == "trials"
        return plain_file.read_bytes(path)

    monkeypatch.setattr(records, "read_bytes", read_bytes)
    with LiveMirror(folder, tracking_uri=None, warn=pytest.fail) as live:
        for one in TRIALS:
            finish(folder, [one])
            until(lambda one=one: live._mirror and one["trial"] in live._mirror.mirrored)
        time.sleep(0.1)
    assert {reads[f"{one['trial']}.json"] for one in TRIALS} == {1}
    assert set(live._mirror.trials_given.values()) == {1}
    assert live._mirror.plan.trials.keys() == {one["trial"] for one in TRIALS}


@pytest.mark.slow
def test_the_comparison_of_a_large_grid_is_not_drawn_for_every_trial(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "Mirror", Recorder)
    many = [TRIALS[0] | {"trial": f"m{place:03}", "seed": place} for place in range(200)]
    (folder / "plan.json").write_text(json.dumps(plan_of(many)))
    live = LiveMirror(folder, tracking_uri=None, warn=pytest.fail)
    for one in many:
        finish(folder, [one])
        live._pass()
    # Once for each of the first twenty, then for every twentieth more of what is there.
    assert live._mirror.drawn[:21] == [*range(1, 21), 22]
    assert len(live._mirror.drawn) < 75
    monkeypatch.setattr(mirroring, "REDRAW_SECONDS", 0.0)
    live._pass()
    assert live._mirror.drawn[-1] == 200


def test_the_charts_are_there_while_the_grid_trains_and_whole_at_the_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqbench.tracking.mirror.LIVE_PASS", 300.0)  # a busy machine may need more than 10 seconds
    database = folder.parent / "mlflow.db"
    with LiveMirror(folder, tracking_uri=None, warn=pytest.fail) as live:
        finish(folder, TRIALS[:3])
        until(lambda: database.exists() and live._mirror and len(live._mirror.mirrored) == 3, seconds=300)
        assert chart(database, "seeds_vs_length") == {"lstm": [(10, 3.0)]}
        finish(folder, TRIALS[3:])
    links = live.complete(load(folder))
    assert links is not None
    assert links.not_mirrored == 0
    assert active_trials(database) == [one["trial"] for one in TRIALS]
    assert chart(database, "seeds_vs_length") == {"lstm": [(10, 4.0)], "gru": [(10, 4.0)]}


def test_an_error_nobody_foresaw_is_said_once_and_the_thread_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "Mirror", Recorder)
    said: list[str] = []
    look, calls = Arrivals.look, Counter[str]()

    def unsteady(arrivals: Arrivals) -> int:
        calls["look"] += 1
        if calls["look"] < 4:
            raise ZeroDivisionError("by surprise\nin two lines")
        return look(arrivals)

    monkeypatch.setattr(Arrivals, "look", unsteady)
    finish(folder, TRIALS)
    with LiveMirror(folder, tracking_uri=None, warn=said.append) as live:
        until(lambda: live._mirror and len(live._mirror.mirrored) == len(TRIALS))
    assert said == ["The MLflow mirror pauses: ZeroDivisionError: by surprise. Training goes on."]


def test_an_error_at_the_end_names_the_command_that_catches_up(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Links:
        raise MemoryError

    monkeypatch.setattr(Mirror, "finish", fail)
    monkeypatch.delenv("UV_RUN_RECURSION_DEPTH", raising=False)
    said: list[str] = []
    finish(folder, TRIALS)
    live = LiveMirror(folder, tracking_uri="http://me:secret@host:5000", warn=said.append)
    assert live.complete(load(folder)) is None
    assert said == [
        "The MLflow mirror is not complete: MemoryError: no reason given. "
        f"`seqbench track toy --results {folder.parent} --tracking-uri http://host:5000` catches up."
    ]


def test_a_server_that_never_answers_holds_up_nothing_and_nothing_is_lost(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Patience.LIVE, "MLFLOW_HTTP_REQUEST_TIMEOUT", "4")
    said: list[str] = []
    with silent_server() as address:
        live = LiveMirror(folder, tracking_uri=address, warn=said.append)
        began = time.monotonic()
        with live:
            finish(folder, TRIALS)
            until(lambda: live._mirror is not None and live._mirror._lock.locked())
            left = time.monotonic()
        assert time.monotonic() - left < mirroring.PATIENCE + 1  # although a request of four seconds is under way
        live.complete(load(folder))
        assert time.monotonic() - began < 60
    assert len(said) == 2
    assert f"{address} does not answer in time. Training goes on" in said[0]
    # Eight trials, two methods of a comparison, the report.
    assert f"11 MLflow updates are queued in {folder}. " in said[1]
    assert f"track toy --results {folder.parent} --tracking-uri {address}` catches up." in said[1]
    for _ in range(2):
        assert mirror_whole(folder, embedded_uri(folder.parent)).not_mirrored == 0
    assert active_trials(folder.parent / "mlflow.db") == [one["trial"] for one in TRIALS]


def test_a_pass_that_ends_after_the_run_draws_no_older_comparison(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirroring, "Mirror", Recorder)
    monkeypatch.setattr(mirroring, "PATIENCE", 0.0)
    reading, ended, look = threading.Event(), threading.Event(), Arrivals.look

    def slow(arrivals: Arrivals) -> int:
        found = look(arrivals)
        reading.set()
        assert ended.wait(60)
        return found

    monkeypatch.setattr(Arrivals, "look", slow)
    finish(folder, TRIALS[:3])
    with LiveMirror(folder, tracking_uri=None, warn=pytest.fail) as live:
        assert reading.wait(60)
    recorder = live._opened(load(folder).plan)
    ended.set()
    live._thread.join(60)
    assert (recorder.drawn, recorder.trials_given.total()) == ([], 0)


def test_the_mirror_is_no_thread_that_keeps_a_process_alive(folder: Path) -> None:
    with LiveMirror(folder, tracking_uri=None, warn=pytest.fail):
        [thread] = [one for one in threading.enumerate() if one.name == "mlflow-mirror"]
        assert thread.daemon
    assert not thread.is_alive()


def test_track_says_that_nothing_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    finish(folder, TRIALS)
    for _ in range(2):
        track(Asked("toy", folder.parent), tracking_uri=None)
        said = capsys.readouterr().out
        assert f"MLflow at {embedded_uri(folder.parent)} holds all 8 finished trials of {folder}." in said
        assert "adding: http://127.0.0.1:5000/#/experiments/" in said
    assert active_trials(folder.parent / "mlflow.db") == [one["trial"] for one in TRIALS]


def test_track_takes_no_report_that_is_older_than_the_results(folder: Path) -> None:
    finish(folder, TRIALS)
    (folder / "report.html").write_text("of an earlier run")
    digests = []
    for _ in range(2):
        track(Asked("toy", folder.parent), tracking_uri=None)
        [uploaded] = [path for path in folder.parent.rglob("report.html") if path.parent != folder]
        assert uploaded.read_bytes() == (folder / "report.html").read_bytes()
        digests.append(uploaded.read_bytes())
    assert b"Does it &lt;b&gt;remember" in digests[0]
    assert digests[0] == digests[1]
