"""The benchmark measures what it says: contestants in turn, the same grid for every harness, one page."""

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from seqbench.bench import grids, quickstart
from seqbench.bench.contestants import grid_flax, step_products
from seqbench.bench.goals import goals
from seqbench.bench.limits import (
    missed_by_evaluation,
    missed_by_lengths,
    missed_by_overheads,
    missed_by_quickstart,
    missed_by_scaling,
    missed_goals,
)
from seqbench.bench.overheads import large_grid
from seqbench.bench.page import write_page
from seqbench.bench.process import Usage, measure
from seqbench.bench.profile import kinds_of
from seqbench.bench.steps import CONTESTANTS, SIZES, operations
from seqbench.bench.timing import Contestant, interleave, ratio
from seqbench.errors import StoreError
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan

COUNTS = "import sys; print('loading'); print('ready', flush=True); [print(int(n) * %s, flush=True) for n in sys.stdin]"


def contestant(seconds):
    """A process that claims that each repetition takes so long."""
    return Contestant([sys.executable, "-c", COUNTS % seconds], core=0)


def test_contestants_have_their_turns_and_ratios_are_medians_over_rounds():
    with contestant(0.25) as fast, contestant(0.75) as slow:
        found = interleave({"fast": fast, "slow": slow}, rounds=3)
    assert found == {"fast": [0.25] * 3, "slow": [0.75] * 3}
    assert ratio(found["slow"], found["fast"]) == 3
    assert ratio([1, 2, 30], [1, 1, 1]) == 2


def test_a_contestant_that_ends_early_is_an_error_with_its_command():
    with pytest.raises(StoreError, match="ended early"):
        Contestant([sys.executable, "-c", "pass"], core=0)


def test_every_harness_trains_the_same_64_trials(tmp_path):
    path = tmp_path / "bench.yaml"
    path.write_text(grids.GRID.replace("STEPS", "300"))
    grid = read_grid(path)
    current = plan(grid)
    assert len(current.trials) == 64
    by_hand = ast.parse((CONTESTANTS / "grid_pytorch.py").read_text())
    constants = {
        target.id: ast.unparse(node.value)
        for node in by_hand.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert constants["METHODS"] == repr(grid_flax.METHODS)
    assert ast.literal_eval(constants["LENGTHS"]) == grid_flax.LENGTHS == tuple(grid.lengths)
    assert len(grid_flax.METHODS) * len(grid_flax.LENGTHS) * len(grid_flax.SEEDS) == 64
    assert (64, grid.training.batch_size) == (grid_flax.WIDTH, grid_flax.BATCH)
    imported = {name.name for node in ast.walk(by_hand) if isinstance(node, ast.Import) for name in node.names}
    assert "torch" in imported
    assert not any(name.startswith("seqbench") for name in imported)


def test_the_operations_of_a_step_are_three_products_a_time_step():
    assert operations("vanilla", 2, 5, 3) == 3 * 5 * (2 * 2 * 3 * 3)
    assert operations("lstm", 2, 5, 3) == 4 * operations("vanilla", 2, 5, 3)


def test_products_are_those_of_all_steps_each_after_the_one_before():
    steps, width = 3, 2
    given = [np.asarray(x, np.float64) for x in step_products.arguments(2, steps, width, blocks=2)]
    state, cotangent, states, cotangents, kernel = given
    for _ in range(steps):
        state = (state @ kernel)[:, :width]
        cotangent = np.concatenate([cotangent @ kernel.T, cotangent[:, width:]], axis=1)
    found = step_products.products(*step_products.arguments(2, steps, width, blocks=2), steps=steps)
    for ours, true in zip(found, (state, cotangent, states.T @ cotangents), strict=True):
        np.testing.assert_allclose(ours, true, rtol=1e-5, atol=1e-5)


def test_an_operation_is_what_is_computed_inside_of_it():
    program = """\
%fused_product (a: f32[2,3], b: f32[3,4]) -> f32[2,4] {
  %a = f32[2,3]{1,0} parameter(0)
  %b = f32[3,4]{1,0} parameter(1)
  ROOT %dot.1 = f32[2,4]{1,0} dot(%a, %b), lhs_contracting_dims={1}, rhs_contracting_dims={0}
}

%fused_step (c: f32[2,4]) -> f32[2,4] {
  %c = f32[2,4]{1,0} parameter(0)
  ROOT %tanh.1 = f32[2,4]{1,0} tanh(%c)
}

%fused_write (d: f32[8,2,4], e: f32[2,4], f: s32[]) -> f32[8,2,4] {
  %d = f32[8,2,4]{2,1,0} parameter(0)
  %f = s32[] parameter(2)
  %add.1 = s32[] add(%f, %f)
  ROOT %dynamic-update-slice.1 = f32[8,2,4]{2,1,0} dynamic-update-slice(%d, %e, %add.1, %f, %f)
}

ENTRY %main (x: f32[2,3]) -> f32[8,2,4] {
  %ynn_fusion = f32[2,4]{1,0} fusion(%x, %y), kind=kCustom, calls=%fused_product
  %tanh_fusion = f32[2,4]{1,0} fusion(%ynn_fusion), kind=kLoop, calls=%fused_step
  %compare.1 = pred[] compare(%i, %n), direction=LT
  ROOT %write_fusion = f32[8,2,4]{2,1,0} fusion(%buffer, %tanh_fusion, %i), kind=kLoop, calls=%fused_write
}
"""
    found = kinds_of(program)
    assert {name: found[name] for name in ("ynn_fusion", "tanh_fusion", "write_fusion", "compare.1")} == {
        "ynn_fusion": "products",
        "tanh_fusion": "elementwise",
        "write_fusion": "copies",
        "compare.1": "scalars",
    }


def test_the_page_says_what_is_in_the_way_of_each_goal_that_is_missed(tmp_path):
    size = {"cell": "gru", "batch": 2, "steps": 3, "width": 4}
    others = {"pytorch_ms": 30.0, "pytorch_ratio": 3.0, "pytorch_goal": 4.0}
    flax = {"flax_ms": 20.0, "flax_ratio": 2.0, "flax_goal": 2.5}
    profile = {"products_ms": 5.0, "elementwise_ms": 2.6, "copies_ms": 1.0, "scalars_ms": 0.5, "update_ms": 0.2}
    tables = {"steps": [{**size, **others, **flax}], "profile": [{**size, **profile, "rest_ms": 0.7}]}
    page = write_page(tmp_path, tables).read_text()
    assert "PyTorch, goal 4.0: the goal leaves 7.5 ms, and products and elementwise operations alone take 7.6" in page
    assert "goal 2.5: the goal leaves 8 ms, of which products and elementwise operations take 7.6; what is in" in page
    reached = {**others, "pytorch_ratio": 4.0} | {**flax, "flax_ratio": None}
    assert "Goals that are missed" not in write_page(tmp_path, {"steps": [{**size, **reached}]}).read_text()


def test_the_page_says_how_much_of_a_grid_is_training(tmp_path):
    ours = {"training_seconds": 30.0, "compilation_seconds": 20.0, "rest_seconds": 10.0}
    rows = [
        {"harness": "seqbench, empty cache", "seconds": 60.0, "ratio": 1.0, "goal": None} | ours,
        {"harness": "Flax by hand", "seconds": 240.0, "ratio": 4.0, "goal": 3.0},
        {"harness": "PyTorch by hand", "seconds": 150.0, "ratio": 2.5, "goal": 4.0},
    ]
    page = write_page(tmp_path, {"grids": rows}).read_text()
    assert "PyTorch by hand, 2.50 times, goal 4: the goal leaves 37.5 s, and seqbench takes training 30" in page
    assert "with nothing but its training it would be 5.00 times." in page
    assert "Flax by hand, 4" not in page


def test_the_shares_of_the_quickstart_are_of_the_time_of_its_workers(monkeypatch):
    trials = pd.DataFrame({"seconds": [50.0, 30.0], "compile_seconds": [15.0, 0.0], "probe_seconds": [4.0, 1.0]})
    runs = []

    def run(command, *, folder, environment):
        runs.append(environment)
        return Usage(60.0 if len(runs) == 1 else 40.0, 0.0, 0.0)

    monkeypatch.setattr(quickstart, "measure", run)
    monkeypatch.setattr(quickstart, "load_results", lambda folder: trials)
    cold, warm = quickstart.time_quickstart(rounds=1, say=lambda line: None)
    assert (cold["seconds"], warm["seconds"]) == (60.0, 40.0)
    assert (cold["compilation_share"], cold["probes_share"]) == (0.15, 0.05)
    assert runs[0] == runs[1]  # the second finds the cache of the first


def test_a_large_grid_has_the_number_of_trials_that_it_says(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text(large_grid(3, 4, 5))
    assert len(plan(read_grid(path)).trials) == 3 * 4 * 5
    assert len(yaml.safe_load(large_grid(10, 10, 1_000))["methods"]) == 10


def test_the_page_shows_what_was_measured_and_keeps_what_was_not_measured_anew(tmp_path):
    write_page(tmp_path, {"programs": [{"cell": "gru", "all": 1.23456}]})
    page = write_page(tmp_path, {"overheads": [{"command": "help", "seconds": None}]}).read_text()
    assert "| gru | 1.23 |" in page
    assert "| help | – |" in page
    assert json.loads((tmp_path / "bench.json").read_text())["tables"].keys() == {"programs", "overheads"}


def test_a_missed_goal_is_said_with_what_is_in_the_way():
    scaling = [
        {"varied": "workers", "methods": 2, "seeds": 5, "workers": 1, "seconds": 25.0, "seconds_a_trial": 2.0},
        {"varied": "workers", "methods": 2, "seeds": 5, "workers": 2, "seconds": 20.0, "seconds_a_trial": 3.0},
    ]
    [said] = missed_by_scaling(scaling)
    assert said.startswith(
        "Two workers, 1.25 times one, goal 1.8: a trial takes 1.50 times as long beside another, and "
    )
    assert "5 s of a run with one worker and 5 s with two" in said
    assert missed_by_scaling([scaling[0], scaling[1] | {"seconds": 25 / 1.8}]) == []
    lengths = [
        {"cell": "gru", "steps": steps, "milliseconds": 1 + steps / 10, "relative": relative}
        for steps, relative in ((10, 1.82), (30, 1.21), (100, 1.0))
    ]
    [said] = missed_by_lengths(lengths)  # 1 ms and a tenth of one for each step
    assert said.startswith("gru, 10 steps, 1.82 times, goal 1.3: of its 2 ms some 1 do not depend on the length")
    [said] = missed_by_evaluation([{"cell": "gru", "share": 0.15, "goal_share": 0.1}])
    assert "gru 15.0%, goal 10%" in said
    assert "is 11.5% of the arithmetic by itself" in said
    assert "25.6% at most" in said
    status = {"command": "status of 5 finished trials", "seconds": 4.0, "goal_seconds": 5}
    report = {"command": "report of 5 trials", "seconds": 19.0, "goal_seconds": 15}
    [said] = missed_by_overheads([{"command": "help", "seconds": 9.0, "goal_seconds": None}, status, report])
    assert said.startswith("report of 5 trials, 19 s, goal 15: 4 s start Python and read and check as many files")
    assert "the other 15 s" in said
    cold = {
        "cache": "empty cache", "seconds": 80.0, "goal_seconds": 75, "worker_seconds": 140.0, "groups": 10,
        "compilation_share": 0.25, "compilation_goal": 0.1, "probes_share": 0.1, "probes_goal": 0.05,
    }  # fmt: skip
    warm = cold | {"cache": "warm cache", "seconds": 40.0, "worker_seconds": 70.0, "compilation_share": 0.01}
    whole, compilation, probes = missed_by_quickstart([cold, warm | {"probes_share": 0.05}])
    assert "training 91, compilation 35, probes 14; 10 s pass" in whole
    assert (
        "leaves 11.7 s for the 10 groups of trials that share programs, 1.2 s each, and they take 3.5 s" in compilation
    )
    assert "14 s, of which reading them takes 3.5" in probes


def test_every_goal_stands_on_the_page_with_its_figure():
    step = {"cell": "gru", "batch": 64, "steps": 200, "width": 128, "pytorch_ratio": 2.0, "pytorch_goal": 1.5}
    step |= {"flax_ratio": 1.2, "flax_goal": 1.5, "products_share": 0.5, "seqbench_ms": 10.0, "flax_ms": 12.0}
    plans = [
        {"command": "plan factorial", "seconds": 1.0, "goal_seconds": 2, "peak_mib": 200.0, "compilations": 6},
        {"command": "plan 10^6 trials", "seconds": 4.0, "goal_seconds": 15, "peak_mib": 400.0},
    ]
    suite = [{"command": "pytest", "seconds": 500.0, "goal_seconds": 480, "cpu_seconds": 900.0}]
    found = {row["what"]: row for row in goals({"steps": [step], "overheads": plans, "suite": suite})}
    assert {what: row["holds"] for what, row in found.items()} == {
        "step of gru 64 x 200 x 128, PyTorch / seqbench": "yes",
        "step of gru 64 x 200 x 128, Flax / seqbench": "no",
        "step of gru 64 x 200 x 128, share of products": "no",
        "plan factorial, seconds": "yes",
        "plan factorial, compilations": "yes",
        "plan 10^6 trials, seconds": "yes",
        "plan 10^6 trials, MiB of memory": "no",
        "pytest, seconds": "no",
    }
    assert found["plan factorial, compilations"]["goal"] == "at most 40"
    [memory] = missed_by_overheads(plans)
    assert "200 are Python with the modules of planning" in memory
    assert "the other 210 bytes a trial" in memory
    kinds = ("products", "elementwise", "copies", "scalars", "update", "rest")
    profile = {**step, **{f"{kind}_ms": 1.0 + place for place, kind in enumerate(kinds)}}
    _, share = missed_goals([step], [profile])
    assert (
        "recurrent products 50.0% of a step, goal 65%: at their own rate they take 5 ms, and the goal leaves 2.69"
        in share
    )
    assert "elementwise 2, copies 3, scalars 4, update 5, rest 6 (all products of the step: 1)" in share


def test_goals_stand_beside_every_size():
    assert len(SIZES) == 7
    assert all(goal.pytorch > 1 and goal.flax > 1 for goal in SIZES.values())
    assert Path(CONTESTANTS / "step_pytorch.py").exists()


def test_a_command_is_measured_by_itself_and_not_with_the_process_that_starts_it(tmp_path):
    held = np.ones(2**25)  # 256 MiB
    small, large = (
        measure([sys.executable, "-S", "-c", f"x = bytearray({mib} * 2**20)"], folder=tmp_path) for mib in (1, 128)
    )
    assert small.peak_mib < 64 < held.nbytes / 2**20
    assert 120 < large.peak_mib - small.peak_mib < 136


def test_a_command_that_fails_is_an_error_with_what_it_said(tmp_path):
    with pytest.raises(StoreError, match=r"ended with code 3:\nno disk"):
        measure([sys.executable, "-c", "import sys; print('no disk', file=sys.stderr); sys.exit(3)"], folder=tmp_path)
