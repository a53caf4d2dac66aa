"""What else runs on a Ray cluster: commands about single trials, a script, a driver outside of it, a team's server."""

import contextlib
import json
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from seqbench.execution.conflicts import conflicts_between
from seqbench.store.failures import Failure
from seqbench.store.trials import TrialStore
from tests.execution.ray_scene import GRID, PATIENCE, assert_same, end_tree, finish, source, start, until_finished
from tests.ports import own_port
from tests.tracking.team_server import ACCOUNT, postgresql, team_server

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="needs the extra seqbench[ray]")


def test_a_driver_outside_of_the_cluster_reaches_it_by_its_address(place, local):
    """Through Ray's client: the address that a laptop gives for a cluster elsewhere."""
    (place[0] / "few.yaml").write_text(GRID.replace("seeds: 64", "seeds: 8"))
    with outside(place) as (variables, address):
        finish(start(place, variables, "--on", address, "--results", "client", grid="few.yaml"))
    found = source(place[0] / "client" / "few")
    assert len(found.trials) == 8
    assert conflicts_between(found, local) == []


def test_finished_trials_are_verified_on_the_cluster(place, cluster, local):
    said = finish(start(place, cluster[1], "--on", "ray", "--results", "local", "--n", 3, does=("verify",)))
    assert "3 trials trained again to the same bits." in said


def test_crashed_trials_are_tried_again_on_the_cluster(place, cluster, local):
    folder = place[0] / "retried" / "many"
    shutil.copytree(place[0] / "local" / "many", folder)
    crashed = sorted(local.trials)[::20]
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
    assert sorted(mirrored) == sorted(local.trials)


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


@contextlib.contextmanager
def outside(place):
    """A cluster that this machine's drivers are no part of: what joins it by its address, and that address.

    It is started by a process called `uv run`, as the README's commands are: Ray acts on the name.
    """
    folder = f"/tmp/seqbench-ray-{secrets.token_hex(4)}"
    ports = [own_port(), own_port()]
    (place[0] / "run").write_text('"$@"')
    command = [
        "uv", "run", Path(sys.executable).with_name("ray"), "start", "--head", "--block",
        "--node-ip-address", "127.0.0.1", "--port", str(ports[0]), "--ray-client-server-port", str(ports[1]),
        "--num-cpus", "2", "--include-dashboard", "false", "--temp-dir", folder, "--disable-usage-stats",
    ]  # fmt: skip
    head = subprocess.Popen(command, executable="/bin/bash", cwd=place[0], env=place[1], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        deadline = time.monotonic() + PATIENCE
        while not listens(ports[1]):
            assert head.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield place[1], f"ray://127.0.0.1:{ports[1]}"
    finally:
        end_tree(head, head.terminate)
        shutil.rmtree(folder, ignore_errors=True)


def listens(port):
    """Whether something listens at a port of this machine."""
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    return False
