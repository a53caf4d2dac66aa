"""A Ray cluster of two nodes on this machine, a grid of 64 trials, and the comparison with one local worker."""

import contextlib
import secrets
import subprocess
import sys
import time
from pathlib import Path

import psutil

from seqbench.execution.conflicts import conflicts_between, source_of
from seqbench.store.plan_file import load_plan
from seqbench.store.results import load
from seqbench.store.trials import TrialStore

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
PATIENCE = 300.0
"""Seconds that anything here may take."""

HERE = Path(__file__).parent
WORKER = "seqbench.execution.worker"


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


def end(cluster):
    """End a cluster with all its processes."""

    def close():
        with contextlib.suppress(BrokenPipeError):
            cluster.stdin.close()

    end_tree(cluster, close)


def end_tree(first, ask):
    """Ask a process to end, and kill it and all that it began where it has not."""
    processes = psutil.Process(first.pid).children(recursive=True)
    ask()
    with contextlib.suppress(subprocess.TimeoutExpired):
        first.wait(20)
    for process in [first, *processes]:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            process.kill()
    first.wait()


def start(place, variables, *options, grid="many.yaml", below=".", does=("run", "--no-tracking")):
    """Begin a command, in a folder below that of the grids."""
    name, *always = does
    command = [sys.executable, "-m", "seqbench", name, place[0] / grid, *always, *map(str, options)]
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


def source(folder):
    records, set_aside = TrialStore(folder).read(quarantine=False)
    assert not set_aside
    return source_of(folder, load_plan(folder), records, {record.trial: record for record in records}.__getitem__)


def assert_same(folder, local):
    """No trial lost or doubled, and the bits of one local worker, parameters included."""
    found = source(folder)
    assert len(found.trials) == len(found.plan.trials) == TRIALS
    assert conflicts_between(found, local) == []
    assert load(folder).trials["trial"].is_unique
    for trial, known in found.trials.items():
        assert known.parameters == local.trials[trial].parameters
        assert known.ran.environment == local.trials[trial].ran.environment
    assert list((folder / "checkpoints").glob("*")) == []
