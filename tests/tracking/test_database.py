"""A database that cannot be opened is an error within seconds; MLflow alone would try for minutes."""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from seqbench.errors import StoreError
from seqbench.tracking import database, mirror
from seqbench.tracking.client import connect, embedded_uri
from seqbench.tracking.database import Unopenable
from tests.tracking.frames import grid, snapshot


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less patience, and no second try."""
    for name in ("WAIT", "OPENING_WAIT"):
        monkeypatch.setattr(database, name, 0.3)
    monkeypatch.setattr(mirror.time, "sleep", lambda seconds: pytest.fail("tried again"))


def refusal(results: Path) -> str:
    """What mirroring a grid says."""
    with pytest.raises((Unopenable, StoreError)) as caught:
        mirror.mirror_snapshot(snapshot(grid({"lstm": {10: [1.0]}}), results / "toy"), embedded_uri(results))
    assert caught.value.exit_code == 4
    return str(caught.value)


@pytest.mark.parametrize("name", ["mlflow.db", "mlflow.db-wal", ".mlflow.db.lock"])
@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_what_is_no_plain_file_is_refused_before_anything_is_opened(name: str, kind: str, tmp_path: Path) -> None:
    path, outside = tmp_path / name, tmp_path / "outside.db"
    match kind:
        case "link":
            path.symlink_to(outside)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
    assert re.search(f"{path} is a {kind} and not a plain file", refusal(tmp_path))
    assert not outside.exists()


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_database_is_named_with_what_to_do(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(content)
    said = refusal(tmp_path)
    assert f"The MLflow store {tmp_path / 'mlflow.db'} cannot be opened" in said
    assert f"It is only a mirror: move {tmp_path / 'mlflow.db'} away; `seqbench track GRID` writes it again" in said


def test_a_locked_database_is_waited_for_and_then_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db", isolation_level=None)) as other:
        other.execute("begin exclusive")
        assert "another process has kept it locked for 0.3 seconds" in refusal(tmp_path)


def test_a_process_that_never_finishes_opening_is_not_waited_for_for_ever(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(database.time, "sleep", lambda seconds: None)
    with (tmp_path / ".mlflow.db.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "Another process has been opening the MLflow store" in refusal(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_database_of_somebody_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch(0o000)
    assert "Change its owner or mode, or move it away" in refusal(tmp_path)


def test_a_database_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(Unopenable, match=r"The database at 127\.0\.0\.1:9 cannot be reached") as caught:
        connect("postgresql://me:secret@127.0.0.1:9/mlflow", tmp_path)
    assert "secret" not in str(caught.value)
