"""A whole trial on sequences of 10,000 steps - training, evaluation and probes - stays under 2 GiB."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from seqbench.protocol import EVALUATION_BATCH, EVALUATION_STEPS, FEWEST, evaluation_batch

# The peak of the process itself: what `getrusage` says begins with the peak of the process that started it.
TRIAL = r"""
import json, re, sys
from pathlib import Path
from seqbench.components.assemble import assemble
from seqbench.components.probe_selection import assemble_probes
from seqbench.plan.plan import plan
from seqbench.grid.read import read_grid
from seqbench.training.program import Program
from seqbench.training.trial import run_trial

[trial] = plan(read_grid(Path(sys.argv[1]))).trials
assembly = assemble(trial.settings)
probes = assemble_probes("default")
finished = run_trial(Program(assembly), chain=assembly.chain, seed=trial.seed, learning_rate=1e-3, probes=probes)
print(json.dumps({
    "segment": finished.row["segment"],
    "steps": finished.row["steps"],
    "probes": sorted({row["probe"] for row in finished.probes}),
    "bytes": 1024 * int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]),
}))
"""
GRID = """
question: Does it fit?
tasks: [delayed_recall]
lengths: [9999]
seeds: [1000]
methods: [{name: LSTM, cell: lstm}]
model: {stacked: {width: 128, depth: 1}}
training: {steps: 1, batch_size: 32, evaluate_every: 1, validation_sequences: 16, test_sequences: 16}
"""


@pytest.mark.parametrize(("steps", "batch"), [(10, 256), (1024, 256), (1025, 64), (10_000, 16), (10**6, 8)])
def test_long_sequences_are_evaluated_a_few_at_a_time(steps, batch):
    assert evaluation_batch(steps) == batch
    assert batch * steps <= EVALUATION_STEPS or batch == FEWEST
    assert batch <= EVALUATION_BATCH


@pytest.mark.slow
def test_a_trial_on_10000_steps_stays_under_two_gibibytes(tmp_path):
    path = tmp_path / "long.yaml"
    path.write_text(GRID)
    done = subprocess.run([sys.executable, "-c", TRIAL, str(path)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["steps"] == 1
    assert found["segment"] is not None
    assert {"gradient_norm", "retention"} <= set(found["probes"])
    assert found["bytes"] < 2 * 2**30
