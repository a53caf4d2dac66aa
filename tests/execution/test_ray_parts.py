"""The parts of a worker on a Ray cluster without a cluster: its files, its orders, and joining that fails."""

from __future__ import annotations

import inspect
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seqbench.components.own_code import set_beside
from seqbench.errors import EnvironmentFault
from seqbench.execution import ray_actor, ray_cluster
from seqbench.execution.data_files import data_files, missing
from seqbench.execution.events import Finished, Refused, decode_event
from seqbench.execution.job import Job, job_of
from seqbench.execution.ray_actor import Order, Trainer
from seqbench.execution.ray_cluster import RayCluster
from seqbench.execution.ray_connection import ATTEMPTS, DIED, _join
from seqbench.execution.ray_worker import _order
from seqbench.grid.read import read_grid
from seqbench.grid_folder import beside, find_file, remember_files
from seqbench.plan.plan import plan

TEXT = """
question: Does a text beside the grid travel?
tasks: [{language_model: {text: NAME}}]
lengths: [2]
seeds: 1
probes: none
model: {stacked: {width: 4}}
training: {steps: 10, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 64}
"""


class Sent:
    """Stands for a worker process: keeps the jobs that it is sent."""

    def __init__(self, *_: object) -> None:
        self.jobs: list[Job] = []

    def send(self, job: Job) -> None:
        self.jobs.append(job)

    def kill(self) -> None:
        """There is no process."""


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Trainer:
    """An actor in this process, whose temporary files lie in a folder of their own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(ray_actor, "Process", Sent)
    monkeypatch.chdir(tmp_path)
    return Trainer({})


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A trial whose grid names a text beside it, planned from the folder above."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "own.txt").write_text("all that is written here " * 400)
    path = tmp_path / "below" / "text.yaml"
    path.write_text(TEXT.replace("NAME", "own.txt"))
    planned = plan(read_grid(path))
    [group] = planned.groups
    return job_of(planned.trials[0], group, folder=tmp_path / "results" / "text", keep_parameters=True)


def fetched(trainer: Trainer, order: Order) -> list[Any]:
    """The events that an order brings at once."""
    trainer._begin(order)
    return [decode_event(str(item.content)) for item in trainer._items if item.kind == "event"]


def sent(trainer: Trainer) -> list[Job]:
    assert isinstance(trainer._process, Sent)
    return trainer._process.jobs


def test_a_node_that_has_the_data_files_looks_for_them_where_the_driver_does(trainer: Trainer, job: Job) -> None:
    order = _order(job)
    assert [file.name for file in order.files] == ["own.txt"]
    assert fetched(trainer, order) == []
    [given] = sent(trainer)
    assert job.beside is not None
    assert given.files == job.beside == str(order.files[0].path.parent)
    assert given.beside is None  # modules are those that have travelled


@pytest.mark.parametrize("change", ["absent", "another"])
def test_a_node_without_the_data_files_refuses_with_their_paths(trainer: Trainer, job: Job, change: str) -> None:
    order = _order(job)
    [file] = order.files
    file.path.unlink() if change == "absent" else file.path.write_text("another text")
    [refused] = fetched(trainer, order)
    assert isinstance(refused, Refused)
    assert refused.trial == job.trial
    assert f"does not have {file.path}, which the grid names" in refused.message
    assert trainer._process is None


def test_a_job_without_data_files_finds_nothing_in_the_folders_of_the_driver(trainer: Trainer, job: Job) -> None:
    assert fetched(trainer, Order(job.encode(), None, Path.cwd())) == []
    assert [(given.beside, given.files) for given in sent(trainer)] == [(None, None)]


def test_files_of_other_grids_are_not_asked_for(job: Job) -> None:
    assert data_files({"task": {"delayed_recall": {"length": 2}}}) == ()
    assert missing(data_files(job.settings)) == []
    set_beside(None)


def test_a_worker_finds_files_alone_beside_a_grid_that_is_read_elsewhere(job: Job) -> None:
    assert job.beside is not None
    set_beside(None)
    assert not find_file("own.txt").is_file()
    remember_files(job.beside)
    try:
        assert find_file("own.txt") == Path(job.beside, "own.txt")
        assert beside() is None  # where modules are looked for
    finally:
        remember_files(None)


def test_no_temporary_folder_remains(trainer: Trainer, job: Job, tmp_path: Path) -> None:
    place = tmp_path / "temporary"
    assert fetched(trainer, _order(replace(job, parameters=None))) == []
    assert not list(place.iterdir())
    for turn in range(2):
        trainer._begin(_order(job))
        kept = sent(trainer)[-1].parameters
        assert kept is not None
        kept.write_bytes(b"trained")
        done = Finished(job.trial, {}, [], [], [], f"hash {turn}", {})
        trainer.put((trainer._process, done))
        assert not list(place.iterdir())
    assert [item.content for item in trainer._items if item.kind == "parameters"] == [b"trained"] * 2
    trainer._begin(_order(job))
    assert len(list(place.iterdir())) == 1
    trainer.close(0)
    assert not list(place.iterdir())


def test_a_cluster_whose_nodes_cannot_be_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    left = []

    def fail() -> None:
        raise EnvironmentFault("no nodes")

    monkeypatch.setattr(ray_cluster, "connect", lambda address: None)
    monkeypatch.setattr(ray_cluster, "disconnect", lambda: left.append(True))
    monkeypatch.setattr(ray_cluster, "nodes_of", fail)
    with pytest.raises(EnvironmentFault, match="no nodes"), RayCluster("auto"):
        pass
    assert left == [True]


class FailingRay:
    """A stand-in for Ray whose first `times` attempts to join fail."""

    def __init__(self, times: int, message: str) -> None:
        self.times, self.message = times, message
        self.given: list[object] = []

    def init(self, *_: object, runtime_env: dict[str, object], **__: object) -> None:
        self.given.append(runtime_env["py_modules"])
        runtime_env["py_modules"] = ["gcs://uploaded"]
        if len(self.given) <= self.times:
            raise ConnectionAbortedError(self.message)


@pytest.mark.parametrize("times", [0, ATTEMPTS - 1])
def test_joining_is_tried_again_where_rays_own_process_died(times: int) -> None:
    ray: Any = FailingRay(times, f"Initialization failure from server: {DIED}. See ray_client_server_23000.err")
    _join(ray, "ray://head:10001", {"py_modules": ["own.py"]})
    assert ray.given == [["own.py"]] * (times + 1)


@pytest.mark.parametrize(("message", "calls"), [(DIED, ATTEMPTS), ("another version of Python", 1)])
def test_joining_is_not_tried_for_ever_nor_where_the_cluster_refuses(message: str, calls: int) -> None:
    ray: Any = FailingRay(ATTEMPTS, message)
    with pytest.raises(ConnectionAbortedError, match=message):
        _join(ray, "ray://head:10001", {"py_modules": ["own.py"]})
    assert len(ray.given) == calls


def test_ray_says_of_a_process_that_died_what_we_look_for() -> None:
    server = pytest.importorskip("ray.util.client.server.proxier", reason="needs the extra seqbench[ray]")
    assert DIED in inspect.getsource(server)
