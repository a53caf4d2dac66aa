"""Where the mirror goes, and how a store is opened."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seqbench.tracking.client import (
    Patience,
    artifact_root,
    embedded_uri,
    resolve_uri,
    set_environment,
    without_password,
)


def test_the_store_is_what_was_asked_for_then_the_environments_then_the_embedded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert resolve_uri("results") == f"sqlite:///{tmp_path}/results/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://one")
    assert resolve_uri("results") == "http://one"
    assert resolve_uri("results", "http://two") == "http://two"


def test_artifacts_lie_in_an_absolute_folder_unless_a_server_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert artifact_root(embedded_uri("results"), "results") == tmp_path / "results" / "mlartifacts"
    assert artifact_root("sqlite:///other.db", "results") == tmp_path / "mlartifacts"
    assert artifact_root("postgresql://me:secret@host/db", "results") == tmp_path / "results" / "mlartifacts"
    assert artifact_root("https://host", "results") is None


def test_a_password_is_never_shown() -> None:
    assert without_password("https://me:se@cret@host:5000/x?y=1") == "https://host:5000/x?y=1"
    assert without_password("postgresql://me:secret@host/db") == "postgresql://host/db"
    assert without_password("sqlite:////tmp/a@b/mlflow.db") == "sqlite:////tmp/a@b/mlflow.db"


def test_requests_are_bounded_and_what_the_user_set_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    set_environment(Patience.TRACK)
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "0"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT")
    set_environment(Patience.TRACK)
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "30"
    set_environment(Patience.LIVE)
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "8"
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_TIMEOUT")


def test_the_modules_are_imported_without_mlflow() -> None:
    code = "import sys, seqbench.tracking.mirror, seqbench.tracking.ui; print('mlflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
def test_processes_that_open_a_fresh_database_at_once_all_succeed(tmp_path: Path) -> None:
    code = (
        "import sys; from seqbench.tracking.client import connect, embedded_uri\n"
        "print(len(connect(embedded_uri(sys.argv[1]), sys.argv[1]).search_experiments()))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(4)
    ]
    said = [process.communicate() for process in started]
    assert said == [(b"1\n", b"")] * 4
