"""A real MLflow server that is down, crashes, hangs, refuses or is slow while a grid trains."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from seqbench.store.results import load
from seqbench.store.trials import TrialStore
from seqbench.tracking import live as mirroring
from seqbench.tracking import mirror as mlflow_mirror
from seqbench.tracking.client import Patience
from seqbench.tracking.live import LiveMirror
from seqbench.tracking.ui import running_ui
from tests.tracking.faulty_proxy import Proxy, proxied
from tests.tracking.frames import active_runs, grid, mirror_whole, plan_of, record_of

pytestmark = [pytest.mark.slow, pytest.mark.server]

SOME = grid({"lstm": {10: [0.95] * 10, 30: [0.5] * 10}, "gru": {10: [0.7] * 10, 30: [0.5] * 10}})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def proxy(store: Path) -> Iterator[Proxy]:
    from seqbench.tracking.client import connect, embedded_uri

    connect(embedded_uri(store), store)
    with running_ui(store, port=5700) as (address, _), proxied(address) as proxy:
        yield proxy


def begin(folder: Path, name: str) -> list[dict[str, Any]]:
    """The plan of a grid and the trials that it will finish."""
    trials = [one | {"trial": f"{name}{place:03}"} for place, one in enumerate(SOME)]
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(plan_of(trials) | {"grid": name}))
    (folder / "report.html").write_text("<p>report</p>")
    return trials


def train(folder: Path, trials: list[dict[str, Any]], proxy: Proxy, modes: dict[int, str]) -> float:
    """Finish a trial every twentieth of a second while the server changes; the longest that one of them took."""
    longest = 0.0
    for place, one in enumerate(trials):
        proxy.mode = modes.get(place, proxy.mode)
        began = time.monotonic()
        TrialStore(folder).write(record_of(one))
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.05)
    return longest


SCHEDULES = {
    "down_at_start": ({0: "closed"}, "closed"),
    "killed_while_it_trains": ({0: "pass", 20: "closed"}, "closed"),
    "back_while_it_trains": ({0: "closed", 20: "pass"}, "pass"),
    "never_answers": ({0: "silent"}, "silent"),
    "answers_are_lost": ({0: "pass", 15: "lost", 30: "pass"}, "lost"),
    "errors": ({0: "pass", 10: "error", 20: "pass"}, "error"),
    "slow": ({0: "slow"}, "pass"),
}


@pytest.mark.parametrize("fault", SCHEDULES)
def test_training_goes_on_and_tracking_catches_up(
    fault: str, proxy: Proxy, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = go_through(fault, fault, proxy, store, tmp_path, monkeypatch)
    assert seen.waited < 2.0, "a trial, or the end of training, waited for the server"
    assert seen.met, "the server did not do all that it was to do"
    if SCHEDULES[fault][1] != "pass":
        assert "updates are queued" in seen.said[-1]
        assert f"track {fault} --results {tmp_path} --tracking-uri {proxy.address}` catches up." in seen.said[-1]
    require_whole(seen)


class Seen(NamedTuple):
    """What became of a grid while the server failed.

    waited: the longest in seconds that a trial, or the end of training, took
    met: whether the server did all that the fault asks for
    said: the warnings
    planned: the trials; trials, methods, reports: what is in the store after catching up twice
    """

    waited: float
    met: bool
    said: list[str]
    planned: list[str]
    trials: list[str]
    methods: list[str]
    reports: list[str]


def require_whole(seen: Seen) -> None:
    """0 missing, 0 doubled, and few words about it."""
    assert sorted(seen.trials) == sorted(seen.planned)
    assert sorted(seen.methods) == ["gru", "lstm"]
    assert seen.reports == ["report"]
    assert len(seen.said) <= 2
    assert all("\n" not in line for line in seen.said)
    assert len(threading.enumerate()) < 50


def go_through(
    fault: str, name: str, proxy: Proxy, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Seen:
    """Train a grid of a name while the server does what a fault says, then catch up twice, and look what is there."""
    for setting, value in {"EVERY": 0.2, "PATIENCE": 1.0}.items():
        monkeypatch.setattr(mirroring, setting, value)
    for setting, value in {"FIRST_PAUSE": 0.2, "LIVE_PASS": 2.0, "LAST_PASS": 15.0, "TRACK_PAUSES": (0.5, 1.0)}.items():
        monkeypatch.setattr(mlflow_mirror, setting, value)
    monkeypatch.setitem(Patience.LIVE, "MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    modes, at_end = SCHEDULES[fault]
    said: list[str] = []
    folder, proxy.delay = tmp_path / name, 0.5
    trials = begin(folder, name)
    proxy.requests.clear()
    with LiveMirror(folder, tracking_uri=proxy.address, warn=said.append) as live:
        waited = train(folder, trials, proxy, modes)
        proxy.mode = at_end
        left = time.monotonic()
    waited = max(waited, time.monotonic() - left)
    live.complete(load(folder))
    met = set(modes.values()) <= proxy.requests.keys()
    proxy.mode = "pass"
    for _ in range(2):
        assert mirror_whole(folder, proxy.address).not_mirrored == 0
    planned = [one["trial"] for one in trials]
    found = {what: active_runs(store / "mlflow.db", f"{name}: {what}") for what in
             ("trials", "adding, comparison", "report")}  # fmt: skip
    return Seen(waited, met, said, planned, *map(list, found.values()))
