"""Grids on a Ray cluster of two nodes on this machine: workers, a node, the driver and the head are killed.

Whatever is killed, and whenever, no trial is lost or doubled, and each has the bits of one local worker.
"""

import contextlib
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from seqbench.execution.conflicts import Source, conflicts_between
from seqbench.store.plan_file import load_plan
from seqbench.store.results import load
from seqbench.store.trials import TrialStore

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="needs the extra seqbench[ray]")

GRID = """
question: Is any of many short trials lost?
tasks: [delayed_recall]
lengths: [2]
seeds: 64
probes: none
keep_parameters: true
model: {stacked: {width: 4}}
training: {steps: 300, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 256,
           learning_rate: 1.0e-2, stop_when_solved: false}
methods: [{name: plain, cell: vanilla}]
"""
TRIALS = 64
PATIENCE = 120.0
"""Seconds that anything here may take."""

HERE = Path(__file__).parent
WORKER = "seqbench.execution.worker"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the grid, and the environment of everything that runs: Ray on loopback only, with a token."""
    folder = tmp_path_factory.mktemp("ray")
    (folder / "many.yaml").write_text(GRID)
    variables = {
        **os.environ,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # without it Ray looks for a cluster on loopback elsewhere
        "RAY_gcs_rpc_server_reconnect_timeout_s": "16",
        "SEQBENCH_CACHE": str(folder / "cache"),
        "XLA_FLAGS": f"{os.environ['XLA_FLAGS']} --xla_backend_optimization_level=0",
    }
    return folder, {name: value for name, value in variables.items() if name != "RAY_ADDRESS"}


@contextlib.contextmanager
def two_nodes(place, *arguments):
    """A cluster; its process, and the environment of what joins it."""
    _, variables = place
    # Paths of sockets are short, which those of pytest's folders are not.
    with contextlib.ExitStack() as stack:
        folder = f"/tmp/seqbench-ray-{secrets.token_hex(4)}"
        stack.callback(subprocess.run, ["rm", "-rf", folder], check=True)
        command = [sys.executable, HERE / "two_nodes.py", folder, *arguments]
        cluster = subprocess.Popen(
            command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        stack.callback(end, cluster)
        stack.enter_context(cluster.stdout)
        address = cluster.stdout.readline().strip()
        assert address, "Ray did not start: it gives up on a machine that is too busy"
        yield cluster, {**variables, "RAY_ADDRESS": address}


@pytest.fixture(scope="module")
def cluster(place):
    with two_nodes(place) as found:
        yield found


def end(cluster):
    """End a cluster with all its processes."""
    processes = psutil.Process(cluster.pid).children(recursive=True)
    with contextlib.suppress(BrokenPipeError):
        cluster.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        cluster.wait(20)
    for process in [cluster, *processes]:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            process.kill()
    cluster.wait()


def start(place, variables, *options, grid="many.yaml", below="."):
    """Begin a run, in a folder below that of the grids."""
    command = [sys.executable, "-m", "seqbench", "run", place[0] / grid, "--no-tracking", *map(str, options)]
    return subprocess.Popen(
        command, cwd=place[0] / below, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def finish(run, code=0):
    """What a run printed, which has to end with a code."""
    said, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == code, said
    return said


def tell(cluster, word):
    """Let something happen to the cluster."""
    process, _ = cluster
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def until_finished(folder, number, run):
    """Wait until so many trials have finished."""
    deadline = time.monotonic() + PATIENCE
    while len(list((folder / "trials").glob("*.json*"))) < number:
        assert run.poll() is None, run.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def workers_of(cluster):
    """The processes of a cluster that train."""
    found = []
    for process in psutil.Process(cluster[0].pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            found += [process] if WORKER in process.cmdline() else []
    return found


@pytest.fixture(scope="module")
def local(place):
    """The same grid trained by one local worker."""
    finish(start(place, place[1], "--workers", 1, "--results", "local"))
    return source(place[0] / "local" / "many")


def source(folder):
    records, set_aside = TrialStore(folder).read(quarantine=False)
    assert not set_aside
    return Source(folder, load_plan(folder), {record.trial: record for record in records})


def assert_same(folder, local):
    """No trial lost or doubled, and the bits of one local worker, parameters included."""
    found = source(folder)
    assert len(found.records) == len(found.plan.trials) == TRIALS
    assert conflicts_between(found, local) == []
    assert load(folder).trials["trial"].is_unique
    for trial, record in found.records.items():
        assert record.parameters == local.records[trial].parameters
        assert record.environment == local.records[trial].environment
    assert list((folder / "checkpoints").glob("*")) == []


def test_killed_workers_and_a_lost_node_cost_no_trial(place, cluster, local):
    folder, moments = place[0] / "lost" / "many", random.Random(0)
    run = start(place, cluster[1], "--on", "ray", "--results", "lost")
    for number in sorted(moments.sample(range(2, 40), 2)):
        until_finished(folder, number, run)
        moments.choice(workers_of(cluster)).kill()
    until_finished(folder, 42, run)
    tell(cluster, "lose")
    finish(run)
    assert_same(folder, local)


def test_a_killed_driver_leaves_nothing_running_and_resumes(place, cluster, local):
    folder, moments = place[0] / "driver" / "many", random.Random(1)
    run = start(place, cluster[1], "--on", "ray", "--results", "driver")
    until_finished(folder, moments.randrange(1, 40), run)
    run.kill()
    run.communicate()
    deadline = time.monotonic() + PATIENCE
    while workers_of(cluster):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    said = finish(start(place, cluster[1], "--on", "ray", "--results", "driver"))
    assert "was interrupted: it was killed, or the power failed" in said
    assert_same(folder, local)


def test_an_interrupted_run_says_how_to_go_on(place, cluster):
    run = start(place, cluster[1], "--on", "ray", "--workers", 1, "--results", "stopped")
    until_finished(place[0] / "stopped" / "many", 1, run)
    run.send_signal(signal.SIGINT)
    said = finish(run, 128 + signal.SIGINT)
    assert re.search(r"Stopped by SIGINT. \d+ finished trials are kept. Continue with: .*--on ray --workers 1", said)


def test_modules_of_ones_own_travel_and_what_they_print_comes_back(place, cluster):
    folder = place[0]
    (folder / "my_tasks").mkdir()
    (folder / "my_tasks" / "__init__.py").write_text("")
    (folder / "my_tasks" / "short.py").write_text(
        "import other_tasks\nfrom seqbench.tasks.base import Task\n\n\ndef short(length: int = 2) -> Task:\n"
        "    print('found', __file__, other_tasks.__file__)\n    return other_tasks.make(length)\n"
    )
    (folder / "other_tasks.py").write_text("from seqbench.tasks.delayed_recall import delayed_recall as make\n")
    (folder / "own.yaml").write_text(
        GRID.replace("tasks: [delayed_recall]", "tasks: ['my_tasks.short:short']").replace("seeds: 64", "seeds: 1")
    )
    (folder / "elsewhere").mkdir()  # not where modules are: what this machine shares with itself must not help
    finish(start(place, cluster[1], "--on", "ray", "--results", "own", grid="own.yaml", below="elsewhere"))
    [log] = (folder / "elsewhere" / "own" / "own" / "logs").glob("*.log")
    assert re.search(
        r"found \S+/py_modules_files/\S+/my_tasks/short.py \S+/py_modules_files/\S+other_tasks.py", log.read_text()
    )


def test_what_no_node_can_hold_is_refused_before_training(place, cluster):
    folder = place[0]
    (folder / "large.yaml").write_text(GRID.replace("batch_size: 4", "batch_size: 10000000"))
    said = finish(start(place, cluster[1], "--on", "ray", "--results", "large", grid="large.yaml"), 2)
    assert re.search(r"No node of the Ray cluster can train this grid: a worker needs 1 CPU and [\d.]+ GiB", said)
    assert "the largest node has 1 CPUs, 0 GPUs and 4.00 GiB" in said
    assert not list((folder / "large" / "large" / "trials").glob("*"))


def test_a_lost_head_ends_the_run_and_another_cluster_goes_on(place, local):
    folder, moments = place[0] / "head" / "many", random.Random(2)
    with two_nodes(place) as first:
        run = start(place, first[1], "--on", "ray", "--results", "head")
        until_finished(folder, moments.randrange(1, 40), run)
        tell(first, "behead")
        said = finish(run, 4)
    assert "does not answer any more" in said
    with two_nodes(place) as second:
        finish(start(place, second[1], "--on", "ray", "--results", "head"))
    assert_same(folder, local)


def test_without_a_cluster_it_is_said_how_to_start_one(place):
    said = finish(start(place, {**place[1], "RAY_ADDRESS": "127.0.0.1:1"}, "--on", "ray", "--results", "none"), 4)
    assert "There is no Ray cluster" in said
    assert "ray start --head" in said
