"""A grid that trains in seconds: two methods, two lengths, two seeds, one compiled program each."""

import pytest

from seqbench.grid.read import read_grid

TINY = """
question: Does anything happen at all?
tasks: [delayed_recall]
lengths: [2, 3]
seeds: 2
model: {stacked: {width: 4}}
training: {steps: 30, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 256,
           learning_rate: 1.0e-2, stop_when_solved: false}
methods:
  - {name: plain, cell: vanilla}
  - {name: clipped, cell: vanilla, mitigations: [{clip_global_norm: {threshold: 0.1}}]}
"""


@pytest.fixture(autouse=True, scope="module")
def _hasty(hasty_workers):
    """Trials of a few steps: their workers compile in half the time."""


@pytest.fixture(scope="session")
def grid(tmp_path_factory):
    path = tmp_path_factory.mktemp("grid") / "tiny.yaml"
    path.write_text(TINY)
    return read_grid(path)
