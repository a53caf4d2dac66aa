"""The MLflow mirror on a real SQLite store: what it writes, and that writing it twice adds nothing."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

import pytest

from seqbench.errors import TrackingError
from seqbench.store.trials import TrialStore
from seqbench.tracking.client import connect, embedded_uri
from seqbench.tracking.mirror import Mirror, mirror_snapshot
from tests.tracking.frames import EVALUATIONS, chart, grid, record_of, rows_in, snapshot, trial

# MLflow 3.17 asks SQLAlchemy 2.1 for a loader that it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")

ACCURACIES = {
    "vanilla": {10: [0.9, 1.0, 0.8], 30: [0.5, 0.52, 0.5]},
    "lstm": {10: [1.0, 1.0, 1.0], 30: [0.9, 0.5, 0.98]},
}


def uri(store: Path) -> str:
    return embedded_uri(store.parent)


def test_each_trial_is_a_run_and_each_method_of_a_task_is_a_run(store: Path, tmp_path: Path) -> None:
    taken = snapshot([*grid(ACCURACIES), trial("lstm", 10, 0, 0.7, task="recall")], tmp_path / "toy")
    links = mirror_snapshot(taken, uri(store))
    client = connect(uri(store), tmp_path)
    runs = {one.name: client.search_runs([one.experiment_id]) for one in client.search_experiments()}
    assert {name: len(found) for name, found in runs.items()} == {
        "Default": 0,
        "toy: trials": 13,
        "toy: adding, comparison": 2,
        "toy: recall, comparison": 1,
        "toy: report": 1,
    }
    assert {run.info.status for found in runs.values() for run in found} == {"FINISHED"}
    assert list(links.comparison) == ["adding", "recall"]
    assert links.not_mirrored == 0


def test_the_chart_shows_medians_with_step_equal_to_the_dependency_length(store: Path, tmp_path: Path) -> None:
    mirror_snapshot(snapshot(grid(ACCURACIES), tmp_path / "toy"), uri(store))
    assert chart(store, "accuracy_vs_length") == {"vanilla": [(10, 0.9), (30, 0.5)], "lstm": [(10, 1.0), (30, 0.9)]}
    assert chart(store, "worst_seed_accuracy_vs_length")["lstm"] == [(10, 1.0), (30, 0.5)]
    assert chart(store, "solve_rate_vs_length")["vanilla"] == [(10, pytest.approx(2 / 3)), (30, 0.0)]
    assert chart(store, "gradient_norm_vs_length")["lstm"] == [(10, 0.1), (30, pytest.approx(1 / 30))]
    assert set(chart(store, "horizon")) == {"vanilla", "lstm"}
    assert chart(store, "seeds_vs_length")["lstm"] == [(10, 3.0), (30, 3.0)]


def test_a_trial_keeps_its_settings_its_outcome_and_its_curves(store: Path, tmp_path: Path) -> None:
    mirror_snapshot(snapshot(grid({"lstm": {10: [0.95]}}), tmp_path / "toy"), uri(store))
    client = connect(uri(store), tmp_path)
    experiment = client.get_experiment_by_name("toy: trials")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.data.params["gating"] == "none"
    assert run.data.params["length"] == "10"
    assert run.data.params["learning_rate"] == "0.001"
    assert run.data.tags["seqbench.trial"] == "adding/lstm/10/0"
    assert run.data.tags["seqbench.outcome"] == "solved"
    assert run.data.tags["mlflow.source.git.commit"] == "abc123"
    assert run.data.metrics["accuracy"] == 0.95
    history = client.get_metric_history(run.info.run_id, "train_loss")
    assert [(one.step, one.value) for one in history] == [(10 * (k + 1), 1 / (k + 1)) for k in range(EVALUATIONS)]
    assert [one.timestamp - run.info.start_time for one in history] == [1000, 2000, 3000]


def test_the_report_run_holds_the_report_the_grid_and_the_full_tables(store: Path, tmp_path: Path) -> None:
    links = mirror_snapshot(snapshot(grid(ACCURACIES), tmp_path / "toy"), uri(store))
    client = connect(uri(store), tmp_path)
    experiment = client.get_experiment_by_name("toy: report")
    (run,) = client.search_runs([experiment.experiment_id])
    place = tmp_path / "mlartifacts" / "seqbench" / run.info.run_id / "artifacts"
    names = {one.name for one in place.iterdir()}
    assert names == {"report.html", "grid.yaml", "plan.json", "results.parquet", "curves.parquet"}
    assert run.info.artifact_uri == f"mlflow-artifacts:/seqbench/{run.info.run_id}/artifacts"
    assert run.data.tags["seqbench.version.jax"] == "0.10.2"
    note = client.get_experiment_by_name("toy: adding, comparison").tags["mlflow.note.content"]
    assert f"[The report]({str(links.report)[1:]})" in note
    assert "<b>" not in note


def test_mirroring_twice_adds_nothing(store: Path, tmp_path: Path) -> None:
    taken = snapshot(grid(ACCURACIES), tmp_path / "toy")
    first = mirror_snapshot(taken, uri(store))
    before = rows_in(store)
    assert mirror_snapshot(taken, uri(store)) == first
    assert rows_in(store) == before


def test_after_more_seeds_the_chart_shows_the_new_value_alone(store: Path, tmp_path: Path) -> None:
    mirror_snapshot(snapshot(grid({"lstm": {10: [0.5]}, "gru": {10: [0.7]}}), tmp_path / "toy"), uri(store))
    assert chart(store, "accuracy_vs_length") == {"lstm": [(10, 0.5)], "gru": [(10, 0.7)]}
    mirror_snapshot(snapshot(grid({"lstm": {10: [0.5, 1.0, 1.0]}, "gru": {10: [0.7]}}), tmp_path / "toy"), uri(store))
    assert chart(store, "accuracy_vs_length") == {"lstm": [(10, 1.0)], "gru": [(10, 0.7)]}
    assert chart(store, "seeds_vs_length") == {"lstm": [(10, 3.0)], "gru": [(10, 1.0)]}
    with sqlite3.connect(store) as connection:
        deleted = connection.execute("select name from runs where lifecycle_stage = 'deleted'").fetchall()
    assert deleted == [("lstm",)]


def test_a_method_that_left_the_grid_leaves_the_chart(store: Path, tmp_path: Path) -> None:
    mirror_snapshot(snapshot(grid({"lstm": {10: [1.0]}, "gru": {10: [0.7]}}), tmp_path / "toy"), uri(store))
    mirror_snapshot(snapshot(grid({"lstm": {10: [1.0]}}), tmp_path / "toy"), uri(store))
    assert list(chart(store, "accuracy_vs_length")) == ["lstm"]


def test_divergence_is_a_zero_and_a_flag_and_no_number_is_infinite(store: Path, tmp_path: Path) -> None:
    mirror_snapshot(
        snapshot(grid({"vanilla": {10: [1.0, 0.9, None], 30: [None, None, 0.5]}}), tmp_path / "toy"), uri(store)
    )
    assert chart(store, "accuracy_vs_length") == {"vanilla": [(10, 0.9), (30, 0.0)]}
    assert chart(store, "worst_seed_accuracy_vs_length") == {"vanilla": [(10, 0.0), (30, 0.0)]}
    assert chart(store, "diverged_share_vs_length")["vanilla"] == [
        (10, pytest.approx(1 / 3)),
        (30, pytest.approx(2 / 3)),
    ]
    with sqlite3.connect(store) as connection:
        assert connection.execute("select count(*) from metrics where is_nan or abs(value) > 1e300").fetchone() == (0,)
        assert connection.execute("select sum(value) from metrics where key = 'diverged'").fetchone() == (3.0,)
        steps = connection.execute("select value from tags where key = 'seqbench.diverged_at'").fetchall()
    assert steps == [("20",)] * 3


def test_what_a_killed_process_left_running_is_ended_and_written_anew(store: Path, tmp_path: Path) -> None:
    taken = snapshot(grid({"lstm": {10: [1.0]}}), tmp_path / "toy")
    mirror_snapshot(taken, uri(store))
    client = connect(uri(store), tmp_path)
    experiment = client.get_experiment_by_name("toy: trials").experiment_id
    (whole,) = client.search_runs([experiment])
    client.delete_run(whole.info.run_id)
    client.create_run(experiment, tags={"seqbench.trial": "adding/lstm/10/0"})
    forgotten = client.create_run(experiment, tags={"seqbench.trial": "of another version of the grid"})
    mirror_snapshot(taken, uri(store))
    left = {run.data.tags["seqbench.trial"]: run for run in client.search_runs([experiment])}
    assert len(client.search_runs([experiment])) == len(left) == 2
    assert left["adding/lstm/10/0"].info.status == "FINISHED"
    assert left["adding/lstm/10/0"].data.metrics["accuracy"] == 1.0
    assert client.get_run(forgotten.info.run_id).info.status == "KILLED"


def test_a_deleted_experiment_comes_back_without_doubles(store: Path, tmp_path: Path) -> None:
    mirror_snapshot(snapshot(grid({"lstm": {10: [0.5]}}), tmp_path / "toy"), uri(store))
    taken = snapshot(grid({"lstm": {10: [0.5, 1.0, 1.0]}}), tmp_path / "toy")
    mirror_snapshot(taken, uri(store))  # replaces the first run of lstm
    client = connect(uri(store), tmp_path)
    client.delete_experiment(client.get_experiment_by_name("toy: adding, comparison").experiment_id)
    mirror_snapshot(taken, uri(store))
    assert chart(store, "accuracy_vs_length") == {"lstm": [(10, 1.0)]}


def test_names_from_a_grid_are_text(store: Path, tmp_path: Path) -> None:
    hostile = ["../x", "'; drop table runs; --", "<script>alert(1)</script>", "é\u200d|*[a](b)", "m" * 400]
    mirror_snapshot(snapshot([trial(name, 10, 0, 1.0) for name in hostile], tmp_path / "toy"), uri(store))
    client = connect(uri(store), tmp_path)
    runs = client.search_runs([client.get_experiment_by_name("toy: adding, comparison").experiment_id])
    assert [run.data.params["method"] for run in runs] == hostile


def test_a_live_mirror_follows_a_grid_as_it_fills(store: Path, tmp_path: Path) -> None:
    said: list[str] = []
    half = snapshot(grid({"lstm": {10: [0.5]}}), tmp_path / "toy")
    full = snapshot(grid({"lstm": {10: [0.5, 1.0, 1.0], 30: [1.0]}}), tmp_path / "toy")
    mirror = Mirror(uri(store), full.results.plan, tmp_path, warn=said.append)
    assert mirror.comparison(half.results.trials, half.results.probes)
    assert mirror.trials(half.results.trials, half.results.curves, {})
    assert mirror.trials(full.results.trials, full.results.curves, {})
    links = mirror.finish(full)
    assert (links.not_mirrored, said) == (0, [])
    assert chart(store, "accuracy_vs_length") == {"lstm": [(10, 1.0), (30, 1.0)]}
    before = rows_in(store)
    assert mirror_snapshot(full, uri(store)) == links
    assert rows_in(store) == before


def test_what_comes_after_the_end_replaces_nothing(store: Path, tmp_path: Path) -> None:
    half = snapshot(grid({"lstm": {10: [0.5]}}), tmp_path / "toy")
    full = snapshot(grid({"lstm": {10: [0.5, 1.0, 1.0]}}), tmp_path / "toy")
    mirror = Mirror(uri(store), half.results.plan, tmp_path)
    mirror.finish(full)
    mirror.plan = half.results.plan
    before = rows_in(store)
    assert not mirror.comparison(half.results.trials, half.results.probes)
    assert not mirror.trials(half.results.trials, half.results.curves, {})
    assert rows_in(store) == before
    assert chart(store, "seeds_vs_length") == {"lstm": [(10, 3.0)]}


def test_a_run_is_of_when_its_trial_finished_and_of_now_where_that_is_not_known(store: Path, tmp_path: Path) -> None:
    trials = [{**one, "trial": one["method"]} for one in grid({"lstm": {10: [1.0]}, "gru": {10: [1.0]}})]
    taken = snapshot(trials, tmp_path / "toy")
    TrialStore(taken.folder).write(record_of(trials[0]))
    os.utime(taken.folder / "trials" / "lstm.json", (1e9, 1e9))
    began = time.time()
    mirror_snapshot(taken, uri(store))
    client = connect(uri(store), tmp_path)
    runs = client.search_runs([client.get_experiment_by_name("toy: trials").experiment_id])
    lstm, gru = sorted(runs, key=lambda run: run.info.end_time)
    assert (lstm.info.start_time, lstm.info.end_time) == (10**12 - 3_000, 10**12)  # it trained for three seconds
    curve = client.get_metric_history(lstm.info.run_id, "train_loss")
    assert [point.timestamp for point in curve] == [10**12 - 2_000, 10**12 - 1_000, 10**12]
    assert gru.info.end_time >= 1000 * began - 1


def test_nothing_is_printed_and_nothing_left_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    mirror_snapshot(snapshot(grid({"lstm": {10: [1.0]}}), tmp_path / "toy"), embedded_uri(tmp_path))
    assert os.listdir() == []
    assert capfd.readouterr() == ("", "")


def test_a_trial_that_was_trained_again_replaces_its_run(store: Path, tmp_path: Path) -> None:
    first, second = (snapshot(grid({"lstm": {10: [value]}}), tmp_path / "toy") for value in (0.5, 0.75))
    mirror = Mirror(uri(store), first.results.plan, tmp_path)
    for taken in (first, second):
        assert mirror.trials(taken.results.trials, taken.results.curves, {})
    with contextlib.closing(sqlite3.connect(store)) as connection:
        question = """
            select value from metrics join runs on runs.run_uuid = metrics.run_uuid
            where key = 'accuracy' and lifecycle_stage = 'active'
        """
        assert connection.execute(question).fetchall() == [(0.75,)]


@pytest.mark.parametrize("name", ["what?", "50%20", "a#1"])
def test_a_path_that_mlflow_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TrackingError, match="--no-tracking does without"):
        embedded_uri(tmp_path / name)
