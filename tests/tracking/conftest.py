"""A fresh MLflow store for every test."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from seqbench.tracking.client import connect, embedded_uri


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables: creating them takes seconds, copying them nothing."""
    folder = tmp_path_factory.mktemp("empty")
    connect(embedded_uri(folder), folder)
    return folder / "mlflow.db"


@pytest.fixture
def store(empty_database: Path, tmp_path: Path) -> Path:
    """A fresh store's database."""
    return Path(shutil.copy(empty_database, tmp_path / "mlflow.db"))
