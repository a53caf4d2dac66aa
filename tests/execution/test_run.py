"""Run, interrupt, resume: no trial lost, none trained twice, the same numbers to the last bit."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from seqbench.commands.run import describe_found
from seqbench.commands.summary import probe_share
from seqbench.errors import GridBusy, StoreError
from seqbench.execution.events import Finished, IntervalDone
from seqbench.execution.run import run_grid
from seqbench.store.checkpoints import begun
from seqbench.store.lock import held
from seqbench.store.plan_file import load_plan
from seqbench.store.records import checksum
from seqbench.store.results import load, load_curves, load_probes, load_results
from seqbench.store.trials import TrialStore
from seqbench.traces import Remedy, Trace


def numbers(folder):
    """All that a grid says, but for the clock and which probes were asked for."""
    results = load_results(folder).drop(columns="probed")
    tables = (without_clock(results), without_clock(load_curves(folder)))
    return hashlib.sha256("".join(table.to_json(double_precision=15) for table in tables).encode()).hexdigest()


def without_clock(table):
    return table.drop(columns=[name for name in table.columns if name.endswith("seconds")])


@pytest.fixture(scope="module")
def uninterrupted(grid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results") / "tiny"
    events = []
    results = run_grid(grid, folder, workers=2, observe=lambda trial, event: events.append((trial.id, event.event)))
    return folder, results, events


def test_every_trial_is_trained_once(uninterrupted):
    folder, results, events = uninterrupted
    assert (len(results.trials), len(results.finished), results.failures) == (8, 8, {})
    finished = [trial for trial, event in events if event == "finished"]
    assert sorted(finished) == sorted(load_plan(folder).trials)
    assert len([event for _, event in events if event == "interval"]) == 8 * 3


def test_the_plan_names_the_remedies_of_every_method(uninterrupted):
    clip = Remedy("clip_global_norm", (Trace.GRADIENT,))
    assert load_plan(uninterrupted[0]).remedies == {"plain": (), "clipped": (clip,)}


def test_what_a_run_returns_is_what_its_folder_holds(uninterrupted):
    folder, results, _ = uninterrupted
    read = load(folder)
    assert read.plan == results.plan
    for name in ("trials", "finished", "reporting", "curves", "probes"):
        pd.testing.assert_frame_equal(getattr(read, name), getattr(results, name))


def test_seconds_of_compilation_and_of_probes_are_those_of_this_run(uninterrupted):
    results = load_results(uninterrupted[0])
    assert (results["probe_seconds"] > 0).all()
    # Two workers, four groups: at least four trials had to compile, which takes longer than 30 tiny steps.
    assert (results["compile_seconds"] > results["seconds"]).sum() >= 4
    assert 0 < probe_share(results) < 1
    assert probe_share(results.drop(columns="compile_seconds")) == 0


def test_rows_say_what_happened(uninterrupted):
    folder, *_ = uninterrupted
    results, curves = load_results(folder), load_curves(folder)
    assert set(results["method"]) == {"plain", "clipped"}
    assert (results["steps"] == 30).all()
    assert (results["test_sequences"] == 256).all()
    assert (results.loc[results["method"] == "plain", "clipped_share"] == 0).all()
    clipped = results[results["method"] == "clipped"]
    assert (clipped["clipped_share"] > 0.9).all()
    assert (clipped["gradient_norm_after"] <= 0.1 + 1e-6).all()
    assert list(curves["step"].unique()) == [10, 20, 30]


def test_a_seed_is_the_same_data_for_every_method(grid, tmp_path):
    """Before the first update nothing but the remedy differs: at one step loss and gradient must agree to the bit."""
    one = grid.training.model_copy(update={"steps": 1, "evaluate_every": 1})
    run_grid(grid.model_copy(update={"training": one, "lengths": [2]}), tmp_path / "one", workers=1)
    curves, results = load_curves(tmp_path / "one"), load_results(tmp_path / "one")
    both = curves.merge(results[["trial", "method", "seed"]], on="trial")
    for _, rows in both.groupby("seed"):
        assert set(rows["method"]) == {"plain", "clipped"}
        assert rows["train_loss"].nunique() == rows["gradient_norm"].nunique() == 1
    assert both["train_loss"].nunique() == 2


def test_running_again_trains_nothing(grid, uninterrupted):
    folder, *_ = uninterrupted
    states, events = [], []
    run_grid(
        grid,
        folder,
        workers=2,
        found=lambda plan, found: states.append(found.finished),
        observe=lambda trial, event: events.append(event),
    )
    assert states == [8]
    assert events == []


def test_what_finishes_a_run_has_the_folder_to_itself(grid, uninterrupted):
    folder, *_ = uninterrupted
    seen = []

    def finish(results):
        with pytest.raises(GridBusy):
            held(folder).__enter__()
        seen.append(len(results.finished))

    run_grid(grid, folder, workers=1, finish=finish)
    assert seen == [8]
    with held(folder):
        pass


@pytest.mark.parametrize("when", ["found", "finish"])
def test_a_folder_that_has_gone_when_all_has_finished_is_neither_success_nor_made_anew(
    grid, uninterrupted, tmp_path, when
):
    folder = tmp_path / "results"
    shutil.copytree(uninterrupted[0], folder)
    with pytest.raises(StoreError, match="is gone"):
        run_grid(grid, folder, workers=1, **{when: lambda *_: folder.rename(tmp_path / "elsewhere")})
    assert not folder.exists()


def test_a_lost_file_is_trained_again_to_the_same_bits_on_one_worker(grid, uninterrupted):
    folder, *_ = uninterrupted
    before = numbers(folder)
    for path in sorted((folder / "trials").iterdir())[::3]:
        path.unlink()
    run_grid(grid, folder, workers=1)
    assert numbers(folder) == before


def start(grid, folder):
    command = [sys.executable, "-c", "from seqbench.entry import main; main()", "run", str(grid.path)]
    options = ["--results", str(folder.parent), "--no-tracking", "--workers", "2"]
    return subprocess.Popen([*command, *options], start_new_session=True, stderr=subprocess.PIPE, text=True)


def wait_for_trials(process, folder, count):
    deadline = time.monotonic() + 240
    while len(list((folder / "trials").glob("*.json"))) < count:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_kill_9_half_way_then_again_gives_the_same_table(grid, uninterrupted, tmp_path):
    folder = tmp_path / "tiny"
    process = start(grid, folder)
    wait_for_trials(process, folder, 3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    kept = {path.name: path.read_bytes() for path in (folder / "trials").glob("*.json")}
    assert 3 <= len(kept) < 8
    states, trained = [], []

    def observe(trial, event):
        trained.extend([trial.id] if isinstance(event, Finished) else [])

    run_grid(grid, folder, workers=2, found=lambda plan, found: states.append(found), observe=observe)
    assert states[0].interrupted["process"] == process.pid
    assert len(trained) == 8 - len(kept)
    assert not {f"{trial}.json" for trial in trained} & set(kept)
    assert all((folder / "trials" / name).read_bytes() == data for name, data in kept.items())
    assert numbers(folder) == numbers(uninterrupted[0])


def test_a_trial_killed_half_way_goes_on_from_its_checkpoint_to_the_same_bits(grid, uninterrupted, tmp_path):
    folder = tmp_path / "tiny"
    stopped = []

    def stop(trial, event):
        if isinstance(event, IntervalDone) and event.step == 20:
            stopped.append(trial.id)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_grid(grid, folder, workers=1, observe=stop, checkpoint_seconds=0.0)
    assert begun(folder) == set(stopped)
    states, steps = [], {}

    def observe(trial, event):
        if isinstance(event, IntervalDone):
            steps.setdefault(trial.id, []).append(event.step)

    run_grid(grid, folder, workers=1, found=lambda plan, found: states.append(found), observe=observe)
    assert (states[0].begun, states[0].finished) == (1, 0)
    assert steps.pop(stopped[0])[0] in (20, 30)  # the worker may have been a step ahead when it was stopped
    assert set(map(tuple, steps.values())) == {(10, 20, 30)}
    assert numbers(folder) == numbers(uninterrupted[0])
    assert begun(folder) == set()


def test_more_probes_are_read_by_training_again_to_the_same_numbers(grid, tmp_path):
    folder, one = (
        tmp_path / "tiny",
        grid.model_copy(update={"lengths": [2], "seeds": [1000], "methods": grid.methods[:1]}),
    )
    run_grid(one.model_copy(update={"probes": "none"}), folder, workers=1)
    before, states = numbers(folder), []
    more = one.model_copy(update={"probes": ["action"], "keep_parameters": True})
    for _ in range(2):
        run_grid(more, folder, workers=1, found=lambda plan, found: states.append((found.finished, found.outdated)))
    assert states == [(0, 1), (1, 0), (1, 0)]
    assert numbers(folder) == before
    assert set(load_probes(folder)["probe"]) >= {"parameter_norm"}
    assert len(list((folder / "parameters").iterdir())) == 1


@pytest.mark.slow
def test_no_worker_outlives_a_driver_that_was_killed(grid, tmp_path):
    process = start(grid, tmp_path / "tiny")
    wait_for_trials(process, tmp_path / "tiny", 1)
    children = {int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()}
    assert len(children) >= 2
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{child}").exists() for child in children):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow)]
)
def test_a_signal_stops_in_good_order(grid, tmp_path, number, code):
    folder = tmp_path / "tiny"
    process = start(grid, folder)
    wait_for_trials(process, folder, 1)
    os.kill(process.pid, number)
    assert process.wait(timeout=20) == code
    said = process.stderr.read()
    process.stderr.close()
    assert re.search(r"Continue with: (uv run )?seqbench run ", said)
    assert "Traceback" not in said
    assert not (folder / ".running.json").exists()
    assert TrialStore(folder).read()[1] == []


def test_a_record_of_an_older_shape_is_set_aside_by_name_and_trained_again_to_the_same_numbers(grid, uninterrupted):
    folder, *_ = uninterrupted
    before, path = numbers(folder), sorted((folder / "trials").iterdir())[0]
    record = json.loads(path.read_text())["record"]
    del record["probed"]
    path.write_text(json.dumps({"checksum": checksum(record), "record": record}))
    states, trained = [], []
    run_grid(
        grid,
        folder,
        workers=1,
        found=lambda plan, found: states.append((plan, found)),
        observe=lambda trial, event: trained.append(trial.id),
    )
    plan, found = states[0]
    [aside] = found.set_aside
    assert aside.path.parent == folder / "quarantine"
    assert (
        f"{aside.path.name} has the shape of another version of seqbench (probed: Field required) and was moved to "
        f"{folder / 'quarantine'}; what it held is trained again."
    ) in describe_found(plan, found)
    assert set(trained) == {path.stem}
    assert numbers(folder) == before


def test_the_plan_file_names_every_trial(uninterrupted):
    folder, *_ = uninterrupted
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["question"] == "Does anything happen at all?"
    assert plan["methods"] == ["plain", "clipped"]
    assert plan["versions"]["jax"]
    [seen] = {row["environment"] for row in load_results(folder).to_dict("records")}
    assert seen in plan["environments"]
