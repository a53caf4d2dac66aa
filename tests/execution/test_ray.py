"""Grids on a Ray cluster of two nodes on this machine: workers, a node, the driver and the head are killed.

Whatever is killed, and whenever, no trial is lost or doubled, and each has the bits of one local worker.
"""

import random
import re
import signal
import time

import pytest

from tests.execution.ray_scene import (
    GRID,
    PATIENCE,
    assert_same,
    finish,
    start,
    tell,
    two_nodes,
    until_finished,
    workers_of,
)

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="needs the extra seqbench[ray]")


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
    assert re.search(
        r"Stopped by SIGINT. \d+ finished trials? (is|are) kept. Continue with: .*--on ray --workers 1", said
    )


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


def test_a_text_beside_the_grid_is_found_from_another_folder(place, cluster):
    folder = place[0] / "texts"
    folder.mkdir()
    (folder / "own.txt").write_text("all that is written here " * 400)
    text = GRID.replace("tasks: [delayed_recall]", "tasks: [{language_model: {text: own.txt}}]")
    (folder / "text.yaml").write_text(text.replace("seeds: 64", "seeds: 1").replace("steps: 300", "steps: 20"))
    finish(start(place, cluster[1], "--on", "ray", "--results", "texts/results", grid="texts/text.yaml"))
    assert len(list((folder / "results" / "text" / "trials").glob("*.json"))) == 1


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
