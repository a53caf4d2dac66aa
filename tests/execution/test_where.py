"""Places by name, and what a cluster's nodes can hold; the cluster itself is in test_ray.py."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import seqbench
from seqbench.cli import app
from seqbench.commands.arguments import run_options
from seqbench.errors import GridError, UsageError
from seqbench.execution.events import Crashed, Finished
from seqbench.execution.local import ThisMachine
from seqbench.execution.pool import LOSSES, Pool
from seqbench.execution.ray_resources import GPU_RUNTIME_BYTES, Needs, Nodes
from seqbench.execution.run import run_grid
from seqbench.execution.where import place_named
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan

GIBIBYTE = 2**30
RESULTS = Path(__file__).parents[2] / "results"
NODES = Nodes(({"CPU": 2.0, "memory": 4.0 * GIBIBYTE}, {"CPU": 1.0, "memory": 8.0 * GIBIBYTE}), 3, None)


def test_a_place_that_is_none_is_refused():
    assert isinstance(place_named("local"), ThisMachine)
    with pytest.raises(UsageError, match="say local, ray, or ray://HOST:PORT"):
        place_named("slurm")


def test_the_memory_of_this_machine_bounds_only_what_trains_on_it(tmp_path):
    class Elsewhere(ThisMachine):
        here = False

        def require(self, memory):
            raise UsageError(f"no node has {memory / 2**40:.0f} TiB")

    path = tmp_path / "large.yaml"
    path.write_text(
        "question: q\ntasks: [delayed_recall]\nlengths: [20]\nseeds: 1\ntraining: {batch_size: 100000000}\n"
    )
    grid = read_grid(path)
    with pytest.raises(GridError, match="this machine has"):
        run_grid(grid, tmp_path / "here", workers=1)
    with pytest.raises(UsageError, match="no node has 2 TiB"):
        run_grid(grid, tmp_path / "elsewhere", workers=1, place=Elsewhere())


@pytest.mark.parametrize("command", ["run", "verify"])
def test_every_command_that_trains_a_grid_takes_a_place(command):
    words = [command, "quickstart", "--results", str(RESULTS), "--on", "slurm"]
    with pytest.raises(UsageError, match="say local, ray, or ray://HOST:PORT"):
        CliRunner().invoke(app, words, catch_exceptions=False)


def test_a_script_names_the_place_as_the_command_does(tmp_path):
    with pytest.raises(UsageError, match="say local, ray, or ray://HOST:PORT"):
        seqbench.run("quickstart", results=tmp_path, on="slurm", quiet=True)


def test_the_command_to_go_on_names_the_place():
    options = run_options(tracking=True, tracking_uri=None, workers=None, on="ray://head:10001")
    assert options == ["--on", "ray://head:10001"]


def test_a_worker_needs_one_node_that_has_all_of_it():
    NODES.require(Needs(1, 8 * GIBIBYTE, 0))
    with pytest.raises(UsageError, match=r"a worker needs 2 CPU and 8.00 GiB .* has 2 CPUs, 0 GPUs and 4.00 GiB"):
        NODES.require(Needs(2, 8 * GIBIBYTE, 0))
    with pytest.raises(UsageError, match=r"0\.5 of a GPU"):
        NODES.require(Needs(1, GIBIBYTE, 0.5))


def test_the_share_of_a_gpu_is_that_of_its_memory():
    ten = NODES._replace(gpu_memory=10 * (GIBIBYTE + GPU_RUNTIME_BYTES))
    assert NODES.needs(GIBIBYTE).gpus == 0
    assert ten.needs(GIBIBYTE).gpus == pytest.approx(0.1)
    assert ten.needs(8 * GIBIBYTE).gpus == 1


class Losing:
    """A worker whose machine is lost so many times, then one that finishes what it is given."""

    waits = False

    def __init__(self, events, left):
        self.trial, self.group, self.lost, self._events, self._left = None, "", False, events, left

    def begin(self, trial, job):
        self.trial = trial
        self.lost = self._left[0] > 0
        self._left[0] -= 1
        self._events.put((self, None if self.lost else Finished(trial.id, {}, [], [], [], None, {})))

    def kill(self):
        pass

    def cause_of_exit(self):
        return "the worker was lost."


class Unsafe(ThisMachine):
    def __init__(self, losses):
        self._left = [losses]

    def start(self, events, output):
        return Losing(events, self._left)


@pytest.mark.parametrize(("losses", "kind"), [(LOSSES, Finished), (LOSSES + 1, Crashed)])
def test_lost_machines_are_no_fault_of_a_trial_up_to_a_limit(grid, losses, kind):
    group = plan(grid).groups[0]
    events = []
    with Pool(1, place=Unsafe(losses)) as pool:
        pool.run([group], events.append)
    assert [type(event) for event in events] == [kind] + [Finished] * (len(group.trials) - 1)
