"""A folder that came without its trial files goes on from its tables: nothing is trained again, nothing changes."""

import json
import shutil

import pyarrow.parquet as parquet
import pytest

from seqbench.commands.run import _notices
from seqbench.errors import LaterFormat, UsageError
from seqbench.execution.run import run_grid
from seqbench.schema import CURVE_COLUMNS, PROBE_COLUMNS, RESULT_COLUMNS
from seqbench.store import tables
from seqbench.store.checkpoints import checkpoint_path
from seqbench.store.failures import Failure
from seqbench.store.from_tables import records_from_tables, unusable
from seqbench.store.results import load
from seqbench.store.tables import option, paths
from seqbench.store.trials import TrialStore


@pytest.fixture(scope="module")
def finished(grid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "tiny"
    run_grid(grid, folder, workers=1)
    return folder


@pytest.fixture
def clone(finished, tmp_path):
    """What is committed of a finished grid."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    for path in (*paths(finished), finished / "plan.json"):
        shutil.copy(path, folder)
    return folder


def content(folder, names=None):
    """The files in a folder by name, all or those of these names."""
    files = [path for path in folder.iterdir() if path.is_file() and (names is None or path.name in names)]
    return {path.name: path.read_bytes() for path in files}


def run(grid, folder, *, from_tables=True):
    """Run a grid; what was trained, the results, and what was put aside."""
    trained, aside = [], []
    results = run_grid(
        grid,
        folder,
        workers=1,
        from_tables=from_tables,
        found=lambda plan, state: aside.extend(state.set_aside),
        observe=lambda trial, event: trained.append(trial.id) if event.event == "finished" else None,
    )
    return trained, results, aside


def test_a_clone_trains_nothing_again_and_writes_the_same_tables(grid, finished, clone):
    assert option(clone) == ("--from-tables",)
    before = {path.name: path.read_bytes() for path in paths(clone)}
    trained, results, aside = run(grid, clone)
    assert (trained, aside) == ([], [])
    assert len(results.finished) == 8
    assert option(clone) == ()
    assert {path.name: path.read_bytes() for path in paths(clone)} == before


def test_the_trial_files_hold_what_they_held(grid, finished, clone):
    run(grid, clone)
    for path in sorted((finished / "trials").glob("*.json")):
        was, now = (json.loads(place.read_text())["record"] for place in (path, clone / "trials" / path.name))
        for name in ("trial", "settings", "environment", "probed"):
            assert now[name] == was[name], name
        for name in ("curve", "probes"):
            assert [*map(without_gaps, now[name])] == [*map(without_gaps, was[name])]
        assert without_gaps(now["row"]) == without_gaps(was["row"])


def without_gaps(row):
    """What the tables can say of a row: its columns that have a value, and accuracy by distance."""
    known = {**RESULT_COLUMNS, **CURVE_COLUMNS, **PROBE_COLUMNS, "accuracy_by_distance": None}
    return {name: value for name, value in row.items() if name in known and value is not None}


def test_only_what_the_tables_lack_is_trained(grid, finished, clone):
    kept = load(clone).finished["trial"].tolist()
    one = run(grid, clone)[0]
    assert one == []
    (
        clone / "trials" / f"{kept[0]}.json"
    ).unlink()  # a trial file that is removed is trained again, whatever tables say
    assert run(grid, clone)[0] == [kept[0]]


def test_being_stopped_while_the_files_are_written_leaves_the_tables_in_charge(grid, clone, monkeypatch):
    def stop(path, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("seqbench.store.atomic.rename", stop)
        with pytest.raises(KeyboardInterrupt):
            run(grid, clone)
    assert not (clone / "trials").exists()
    assert run(grid, clone)[0] == []


def test_unless_it_is_asked_for_everything_is_trained(grid, clone):
    trained, results, aside = run(grid, clone, from_tables=False)
    assert (len(trained), len(results.finished), aside) == (8, 8, [])


def test_trials_of_which_the_tables_say_too_little_are_counted_and_trained_again(clone, monkeypatch):
    assert (unusable(clone), list(_notices(clone, from_tables=True))) == (0, [])
    kept = tables.read(clone)
    kept["results"].loc[:2, "probed"] = None
    monkeypatch.setattr(tables, "read", lambda folder: kept)
    assert (unusable(clone), len(records_from_tables(clone))) == (3, 5)
    [notice] = _notices(clone, from_tables=True)
    assert notice.startswith("3 trials in the tables of ")


def test_a_trial_that_would_not_count_as_diverged_today_is_trained_again(grid, clone):
    path = next(path for path in paths(clone) if path.stem == "results")
    rows = parquet.read_table(path).to_pandas()
    rows.loc[0, ["outcome", "diverged_kind"]] = "diverged", "large loss"
    tables.write(clone, {**tables.read(clone), "results": rows})
    assert unusable(clone) == 1
    trained, results, aside = run(grid, clone)
    assert trained == [rows.loc[0, "trial"]]
    assert (len(results.finished), aside) == (8, [])


@pytest.mark.parametrize(("accuracy", "left_out"), [(1.0, 0), (0.0, 1)])
def test_an_evaluation_that_met_the_criterion_at_a_large_loss_is_told_from_the_tables(clone, accuracy, left_out):
    kept = tables.read(clone)
    trial = kept["results"].loc[0, "trial"]
    assert kept["results"].loc[0, "solved_metric"] == "accuracy"
    kept["curves"].loc[kept["curves"]["trial"] == trial, ["validation_loss", "validation_accuracy"]] = 1e30, accuracy
    kept["results"].loc[0, "outcome"] = "solved"
    tables.write(clone, kept)
    assert unusable(clone) == left_out


def test_damaged_tables_are_put_aside_and_trained_again(grid, clone):
    table = clone / "curves.parquet"
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    trained, results, aside = run(grid, clone)
    assert len(trained) == len(results.finished) == 8
    assert {each.path.name.split(".")[0] for each in aside} == {"results", "curves", "probes", "manifest"}
    assert "curves.parquet" in aside[0].reason


def test_a_run_that_trained_nothing_yet_leaves_plan_and_tables_as_they_came(grid, clone):
    """As it is stopped once it has planned, or where every trial crashes."""
    before = content(clone)

    def stop(plan, state):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_grid(grid, clone, workers=1, found=stop)
    assert {
        path.name: path.read_bytes() for path in clone.iterdir() if path.is_file() and path.name in before
    } == before
    assert run(grid, clone)[0] == [], "and --from-tables still goes on from them"


def test_from_the_first_trial_on_the_plan_is_that_of_the_trial_files(grid, clone):
    (clone / "plan.json").write_text((clone / "plan.json").read_text().replace("anything happen", "this happen"))

    def stop(trial, event):
        if event.event == "finished":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_grid(grid, clone, workers=1, observe=stop)
    assert len(load(clone).finished) == 1
    assert load(clone).plan.question == grid.question


def test_a_single_trial_beside_tables_alone_is_refused(grid, clone):
    [name, *_] = load(clone).finished["trial"]
    with pytest.raises(UsageError, match="--from-tables"):
        run_grid(grid, clone, workers=1, only={name})
    assert len(load(clone).finished) == 8


@pytest.mark.parametrize("name", ["results", "plan"])
@pytest.mark.parametrize("from_tables", [True, False])
def test_what_a_later_version_wrote_is_left_as_it_is(grid, clone, name, from_tables):
    path = clone / ("plan.json" if name == "plan" else "results.parquet")
    if name == "plan":
        path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    else:
        table = parquet.read_table(path)
        parquet.write_table(table.replace_schema_metadata({**table.schema.metadata, b"seqbench.format": b"99"}), path)
    before = content(clone)
    if name == "plan" or from_tables:
        with pytest.raises(LaterFormat, match="upgrade"):
            run(grid, clone, from_tables=from_tables)
        assert content(clone, before) == before
        assert not (clone / "quarantine").exists()


def test_what_a_killed_run_left_of_a_finished_trial_is_removed(grid, finished, tmp_path):
    """It is killed once the trial is kept, and before what is left of its last crash and its checkpoint is removed."""
    folder = shutil.copytree(finished, tmp_path / "tiny")
    store, name = TrialStore(folder), load(folder).finished["trial"][0]
    store.write_failure(name, Failure("it crashed before"))
    store.write_failure("0123456789abcdef", Failure("no longer planned"))
    checkpoint_path(folder, name).parent.mkdir(exist_ok=True)
    checkpoint_path(folder, name).write_bytes(b"half a trial")
    assert run(grid, folder, from_tables=False)[0] == []
    assert list(store.read_failures()) == ["0123456789abcdef"]
    assert not checkpoint_path(folder, name).exists()
