"""MLflow that is down, hangs, refuses, forgets to answer or is damaged: training goes on and nothing is there twice."""

from __future__ import annotations

import contextlib
import http.server
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from seqbench.errors import TrackingError
from seqbench.tracking import mirror as mlflow_mirror
from seqbench.tracking.client import Patience, embedded_uri
from seqbench.tracking.mirror import FIRST_PAUSE, Mirror, mirror_snapshot
from tests.store.full_disk import room_for
from tests.tracking.frames import active_trials, chart, grid, snapshot

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


def uri(store: Path) -> str:
    return embedded_uri(store.parent)


class Refusing(http.server.BaseHTTPRequestHandler):
    """A server that answers every request with an error."""

    def do_GET(self) -> None:
        self.send_error(500)

    do_POST = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@contextlib.contextmanager
def dead_server(how: str) -> Iterator[str]:
    """The address of a server that is not there, that accepts and never answers, or that answers with errors."""
    if how == "refuses":
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}"
            server.shutdown()
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if how == "hangs":
            listener.listen(50)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


SAYS = {"closed": "cannot be reached", "hangs": "does not answer in time", "refuses": "failed: "}


@pytest.mark.parametrize("how", SAYS)
def test_a_dead_server_costs_a_warning_and_a_bounded_time(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Patience.LIVE, "MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    said: list[str] = []
    taken = snapshot(grid({"lstm": {10: [1.0, 1.0]}}), tmp_path / "toy")
    with dead_server(how) as address:
        mirror = Mirror(address, taken.results.plan, tmp_path, warn=said.append)
        began = time.monotonic()
        assert not mirror.trials(taken.results.trials, taken.results.curves, {})
        assert time.monotonic() - began < 10  # one attempt of one second, and on a busy machine MLflow's import
        began = time.monotonic()
        assert not any(mirror.comparison(taken.results.trials, taken.results.probes) for _ in range(100))
        assert time.monotonic() - began < min(1.0, FIRST_PAUSE)  # the store is left alone for a while
        began = time.monotonic()
        links = mirror.finish(taken)
        assert time.monotonic() - began < 5
    assert links.not_mirrored == 2
    assert len(said) == 2
    assert f"{address} {SAYS[how]}" in said[0]
    assert "Training goes on" in said[0]
    assert said[1] == f"4 MLflow updates are queued in {tmp_path / 'toy'}. `seqbench track toy` catches up."
    assert "\n" not in "".join(said)


def test_a_server_that_comes_back_is_given_all_that_is_missing(store: Path, tmp_path: Path) -> None:
    taken = snapshot(grid({"lstm": {10: [1.0, 1.0]}}), tmp_path / "toy")
    said: list[str] = []
    with dead_server("closed") as address:
        mirror = Mirror(address, taken.results.plan, tmp_path, warn=said.append)
        assert not mirror.trials(taken.results.trials, taken.results.curves, {})
    mirror.uri = uri(store)
    links = mirror.finish(taken)
    assert links.not_mirrored == 0
    assert len(said) == 1
    assert chart(store, "accuracy_vs_length") == {"lstm": [(10, 1.0)]}


def test_a_slow_server_is_given_no_more_than_the_last_pass(store: Path, tmp_path: Path) -> None:
    taken = snapshot(grid({"lstm": {10: [1.0, 1.0]}}), tmp_path / "toy")
    said: list[str] = []
    mirror = Mirror(uri(store), taken.results.plan, tmp_path, warn=said.append, last_pass=0.0)
    assert mirror.finish(taken).not_mirrored == 2
    # Two trials, their comparison and the report.
    assert said == [f"4 MLflow updates are queued in {tmp_path / 'toy'}. `seqbench track toy` catches up."]
    assert mirror_snapshot(taken, uri(store)).not_mirrored == 0


@contextlib.contextmanager
def unanswered(calls: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """MLflow's client loses the answer to every third request of a kind, which had its effect all the same."""
    from mlflow import MlflowClient

    whole, count = getattr(MlflowClient, calls), 0

    def lossy(*args: object, **settings: object) -> object:
        nonlocal count
        count += 1
        answer = whole(*args, **settings)
        if count % 3 == 0:
            raise requests.exceptions.ReadTimeout("no answer")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, calls, lossy)
        yield


@pytest.mark.parametrize("calls", ["create_run", "log_batch", "set_terminated", "delete_run"])
def test_a_request_whose_answer_was_lost_leaves_no_run_twice(
    calls: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_mirror, "FIRST_PAUSE", 0.0)
    mirror_snapshot(snapshot(grid({"lstm": {10: [0.5, 0.5]}}), tmp_path / "toy"), uri(store))
    taken = snapshot(grid({"lstm": {10: [0.6, 0.7, 0.8]}, "gru": {10: [0.7]}}), tmp_path / "toy")
    mirror = Mirror(uri(store), taken.results.plan, tmp_path, warn=lambda line: None)
    with unanswered(calls, monkeypatch):
        tries = [mirror.comparison(taken.results.trials, taken.results.probes) for _ in range(8)]
        tries += [mirror.trials(taken.results.trials, taken.results.curves, {}) for _ in range(8)]
    assert not all(tries)
    assert mirror.finish(taken).not_mirrored == 0
    planned = sorted(taken.results.trials["trial"])
    assert active_trials(store) == planned
    assert chart(store, "accuracy_vs_length") == {"lstm": [(10, 0.7)], "gru": [(10, 0.7)]}
    assert chart(store, "seeds_vs_length") == {"lstm": [(10, 3.0)], "gru": [(10, 1.0)]}


def test_tracking_tries_again_and_leaves_no_run_twice(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mlflow_mirror, "TRACK_PAUSES", (0.0, 0.0))
    taken = snapshot(grid({"lstm": {10: [0.5, 0.5, 0.5]}}), tmp_path / "toy")
    with unanswered("create_run", monkeypatch):  # the third of five runs, then the third of those still missing
        assert mirror_snapshot(taken, uri(store)).not_mirrored == 0
    assert active_trials(store) == sorted(taken.results.trials["trial"])


def test_whatever_mlflow_raises_costs_a_line(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    def fail(*_: object, **__: object) -> None:
        raise KeyError("run_id")

    taken = snapshot(grid({"lstm": {10: [1.0]}}), tmp_path / "toy")
    said: list[str] = []
    mirror = Mirror(
        uri(store), taken.results.plan, tmp_path, warn=said.append, again="seqbench track toy --results here"
    )
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "create_run", fail)
        assert not mirror.trials(taken.results.trials, taken.results.curves, {})
        assert mirror.finish(taken).not_mirrored == 1
    assert "KeyError: 'run_id'" in said[0]
    assert "3 MLflow updates are queued" in said[1]
    assert "`seqbench track toy --results here`" in said[1]
    assert len(said) == 2
    assert mirror.finish(taken).not_mirrored == 0
    assert active_trials(store) == ["adding/lstm/10/0"]


@pytest.mark.parametrize("damage", ["text", "truncated", "newer"])
def test_a_damaged_database_says_that_it_is_a_mirror(damage: str, store: Path, tmp_path: Path) -> None:
    match damage:
        case "text":
            store.write_text("no database" * 1000)
        case "truncated":
            store.write_bytes(store.read_bytes()[:50_000])
        case "newer":
            with contextlib.closing(sqlite3.connect(store)) as connection, connection:
                connection.execute("update alembic_version set version_num = 'ffffffffffff'")
    taken = snapshot(grid({"lstm": {10: [1.0]}}), tmp_path / "toy")
    said: list[str] = []
    assert Mirror(uri(store), taken.results.plan, tmp_path, warn=said.append).finish(taken).not_mirrored == 1
    assert f"move {store} away; `seqbench track GRID` writes it again" in said[0]


def test_a_full_disk_costs_a_line_and_not_a_page(
    store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    taken = snapshot(grid({"lstm": {10: [1.0, 0.5]}}), tmp_path / "toy")
    said: list[str] = []
    mirror = Mirror(uri(store), taken.results.plan, tmp_path, warn=said.append)
    with room_for(store.stat().st_size // 2):
        assert mirror.finish(taken).not_mirrored == 2
    assert len(said) == 2
    assert "sqlite3.OperationalError" in said[0]
    assert capfd.readouterr() == ("", "")
    assert mirror.finish(taken).not_mirrored == 0
    assert active_trials(store) == sorted(taken.results.trials["trial"])


def test_tracking_fails_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_mirror, "TRACK_PAUSES", (0.0,))
    taken = snapshot(grid({"lstm": {10: [1.0]}}), tmp_path / "toy")
    with dead_server("closed") as address, pytest.raises(TrackingError, match="cannot be reached") as caught:
        mirror_snapshot(taken, address.replace("http://", "http://me:secret@"))
    assert caught.value.exit_code == 4
    assert "secret" not in str(caught.value)
    with dead_server("refuses") as address, pytest.raises(TrackingError, match="failed: ") as caught:
        mirror_snapshot(taken, address.replace("http://", "http://me:secret@"))
    assert "secret" not in str(caught.value)
