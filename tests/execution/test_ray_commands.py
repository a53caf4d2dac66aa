"""What else runs on a Ray cluster: commands about single trials, a script, a driver outside of it, a team's server."""

import json
import random
import shutil
import subprocess
import sys
import time

import pytest

from seqbench.store.failures import Failure
from seqbench.store.trials import TrialStore
from tests.execution.ray_scene import assert_same, finish, start, until_finished
from tests.tracking.team_server import ACCOUNT, postgresql, team_server

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="needs the extra seqbench[ray]")


def test_finished_trials_are_verified_on_the_cluster(place, cluster, local):
    said = finish(start(place, cluster[1], "--on", "ray", "--results", "local", "--n", 3, does=("verify",)))
    assert "3 trials trained again to the same bits." in said


def test_crashed_trials_are_tried_again_on_the_cluster(place, cluster, local):
    folder = place[0] / "retried" / "many"
    shutil.copytree(place[0] / "local" / "many", folder)
    crashed = sorted(local.records)[::20]
    for trial in crashed:
        (folder / "trials" / f"{trial}.json").unlink()
        TrialStore(folder).write_failure(trial, Failure("its machine had no memory left"))
    finish(start(place, cluster[1], "--on", "ray", "--results", "retried", does=("retry", "--no-tracking")))
    assert_same(folder, local)
    assert not TrialStore(folder).read_failures()


def test_a_script_runs_its_grid_on_the_cluster(place, cluster, local):
    code = "import seqbench; print(seqbench.run('many.yaml', results='script', on='ray', quiet=True))"
    said = subprocess.run([sys.executable, "-c", code], cwd=place[0], env=cluster[1], capture_output=True, text=True)
    assert "64 of 64 trials finished" in said.stdout, said.stderr
    assert_same(place[0] / "script" / "many", local)


@pytest.mark.server
@pytest.mark.skipif(postgresql("initdb") is None, reason="PostgreSQL (Debian's `postgresql`) is not installed")
def test_killed_postgresql_and_mlflow_cost_no_trial_of_the_cluster(place, cluster, local):
    folder, moments = place[0] / "tracked" / "many", random.Random(3)
    with team_server() as server:
        variables = {**cluster[1], **ACCOUNT}
        options = ["--results", "tracked", "--tracking-uri", server.address]
        run = start(place, variables, "--on", "ray", *options, does=("run",))
        for killed, number in zip((server.database, server), sorted(moments.sample(range(1, 50), 2)), strict=True):
            until_finished(folder, number, run)
            killed.kill()
        time.sleep(moments.uniform(0, 3))
        server.database.start()
        server.start()
        finish(run)
        assert_same(folder, local)
        finish(start(place, variables, *options, does=("track",)))
        mirrored = mirrored_trials(variables, server.address, place[0])
    assert sorted(mirrored) == sorted(local.records)


def mirrored_trials(variables, address, folder):
    """The trials in MLflow, of runs that are whole."""
    code = (
        "import sys, json; from pathlib import Path; from seqbench.tracking.client import connect\n"
        "client = connect(sys.argv[1], Path('.'))\n"
        "found = client.get_experiment_by_name('many: trials')\n"
        "runs = client.search_runs([found.experiment_id], max_results=1000)\n"
        "print(json.dumps([run.data.tags['seqbench.trial'] for run in runs if run.info.status == 'FINISHED']))"
    )
    command = [sys.executable, "-c", code, address]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
