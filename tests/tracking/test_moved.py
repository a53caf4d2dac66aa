"""A store is used where it lies: moved, copied or edited, it writes no file of another folder and follows no link."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from seqbench.errors import StoreError
from seqbench.tracking.client import connect, embedded_uri
from seqbench.tracking.mirror import Snapshot, mirror_snapshot
from seqbench.tracking.ui import running_ui
from tests.tracking.frames import grid, snapshot

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


@pytest.fixture
def results(empty_database: Path, tmp_path: Path) -> Path:
    """A results folder whose grid has been mirrored."""
    (tmp_path / "results").mkdir()
    shutil.copy(empty_database, tmp_path / "results" / "mlflow.db")
    mirror(tmp_path / "results")
    return tmp_path / "results"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is no part of the results."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("mine")
    return tmp_path / "outside"


def taken(results: Path, *, report: str = "report") -> Snapshot:
    found = snapshot(grid({"lstm": {10: [1.0]}}), results / "toy")
    (results / "toy" / "figures").mkdir(exist_ok=True)
    (results / "toy" / "figures" / "accuracy.svg").write_text(report)
    return found


def mirror(results: Path, *, report: str = "report") -> None:
    mirror_snapshot(taken(results, report=report), embedded_uri(results))


def artifacts(results: Path) -> Path:
    """Where the files of the one active report run are."""
    client = connect(embedded_uri(results), results)
    experiment = client.get_experiment_by_name("toy: report")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.artifact_uri == f"mlflow-artifacts:/seqbench/{run.info.run_id}/artifacts"
    return results / "mlartifacts" / "seqbench" / run.info.run_id / "artifacts"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(results: Path, *statements: str) -> None:
    with sqlite3.connect(results / "mlflow.db") as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def test_a_copy_is_written_and_its_original_is_not(results: Path) -> None:
    copy = Path(shutil.copytree(results, results.with_name("copy")))
    before = contents(results)
    mirror(copy, report="another")
    assert contents(results) == before
    assert (artifacts(copy) / "figures" / "accuracy.svg").read_text() == "another"


def test_a_moved_folder_is_written_where_it_is_and_not_where_it_was(results: Path) -> None:
    moved = results.rename(results.with_name("moved"))
    mirror(moved, report="another")
    assert not results.exists()
    assert (artifacts(moved) / "figures" / "accuracy.svg").read_text() == "another"


def test_a_copy_without_its_files_gets_them_again(results: Path) -> None:
    whole = contents(artifacts(results))
    shutil.rmtree(results / "mlartifacts")
    mirror(results)
    assert contents(artifacts(results)) == whole


@pytest.mark.parametrize("edited", ["artifact_location of experiments", "artifact_uri of runs"])
def test_an_edited_database_does_not_say_where_files_are_written(edited: str, results: Path, outside: Path) -> None:
    column, table = edited.split(" of ")
    edit(results, f"update {table} set {column} = '{outside}'")
    before = contents(outside)
    mirror(results, report="another")
    assert contents(outside) == before
    assert (artifacts(results) / "figures" / "accuracy.svg").read_text() == "another"


def test_a_run_is_no_path(results: Path, outside: Path) -> None:
    """A name that leads elsewhere is not used: the run is written anew under a name that MLflow gives."""
    tables = ("runs", "tags", "metrics", "latest_metrics", "params")
    edit(results, *(f"update {table} set run_uuid = '../../../outside' where run_uuid in (select run_uuid from tags "
                    f"where key = 'seqbench.report')" for table in tables if table != "tags"),
         "update tags set run_uuid = '../../../outside' where run_uuid in (select run_uuid from tags where key = "
         "'seqbench.report')")  # fmt: skip
    before = contents(outside)
    mirror(results, report="another")
    assert contents(outside) == before
    assert (artifacts(results) / "figures" / "accuracy.svg").read_text() == "another"


@pytest.mark.parametrize("inner", [0, 1, 2, 3, 4, 5])
def test_no_file_is_written_through_a_link(inner: int, results: Path, outside: Path) -> None:
    """Of `mlartifacts/seqbench/<run>/artifacts/figures/accuracy.svg` each part may be one."""
    file = (artifacts(results) / "figures" / "accuracy.svg").relative_to(results)
    link = results.joinpath(*file.parts[: inner + 1])
    if link.is_dir():
        shutil.copytree(link, outside / "theirs")
        shutil.rmtree(link)
        link.symlink_to(outside / "theirs")
    else:
        link.unlink()
        link.symlink_to(outside / "secret")
    before = contents(outside)
    with pytest.raises(StoreError, match=f"{link} is a link"):
        mirror(results, report="another")
    assert contents(outside) == before
    with pytest.raises(StoreError, match=f"{link} is a link"), running_ui(results):
        pytest.fail("served what a link leads to")


@pytest.mark.parametrize("name", ["report.html", "figures", "tables", "figures/accuracy.svg", "figures/other.png"])
def test_no_link_is_uploaded(name: str, results: Path, outside: Path) -> None:
    snapshot, path = taken(results), results / "toy" / name
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(outside / "secret" if "." in name else outside)
    with pytest.raises(StoreError, match=f"{path} (cannot be uploaded|is a link)"):
        mirror_snapshot(snapshot, embedded_uri(results))
    assert not any(b"mine" in content for content in contents(results / "mlartifacts").values())


def test_a_pipe_among_the_figures_is_refused_and_a_folder_of_ones_own_is_left_alone(results: Path) -> None:
    snapshot = taken(results)
    (results / "toy" / "figures" / "own").mkdir()
    mirror_snapshot(snapshot, embedded_uri(results))
    os.mkfifo(results / "toy" / "figures" / "pipe.png")
    with pytest.raises(StoreError, match=r"pipe\.png is a pipe and not a plain file"):
        mirror_snapshot(snapshot, embedded_uri(results))
