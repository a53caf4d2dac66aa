"""Sequences of 10,000 steps train in little memory, because they are cut into segments automatically."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# The peak of the process itself: what `getrusage` says begins with the peak of the process that started it.
TRAINED = r"""
import json, re
from pathlib import Path
import jax
from flax import nnx
from seqbench.cells.lstm import lstm
from seqbench.mitigations.base import chain
from seqbench.models.base import chosen_segments
from seqbench.models.stacked import stacked
from seqbench.tasks.adding import adding
from seqbench.training.objective import task_loss

task = adding(10_000)
graph, state = nnx.split(stacked(lstm(), width=128)(task, chain(), nnx.Rngs(0)))

def loss(state, key):
    batch = task.sample(key, 32)
    return task_loss(task, nnx.merge(graph, state)(batch), batch)

value, gradient = jax.block_until_ready(jax.jit(jax.value_and_grad(loss))(state, jax.random.key(0)))
print(json.dumps({
    "steps": task.steps,
    "segments": chosen_segments(nnx.merge(graph, state), 32, task.steps),
    "loss": float(value),
    "gradient": max(float(abs(leaf).max()) for leaf in jax.tree.leaves(gradient)),
    "bytes": 1024 * int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]),
}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's peak of memory is in other units elsewhere")
def test_lstm_of_128_units_learns_from_ten_thousand_steps_in_two_gibibytes():
    finished = subprocess.run([sys.executable, "-c", TRAINED], capture_output=True, text=True, check=False, timeout=500)
    assert finished.returncode == 0, finished.stderr
    measured = json.loads(finished.stdout)
    assert measured["steps"] >= 10_000
    assert measured["segments"]["layers.0"] < 200
    assert 0 < measured["loss"] < 10
    assert 0 < measured["gradient"] < float("inf")
    assert measured["bytes"] < 2 * 2**30
