"""Every task, cell, model and mitigation is trained end to end at toy size, through a grid, as a user would name it."""

from collections import OrderedDict

import jax
import numpy as np
import pytest

from seqbench import compilation
from seqbench.components import catalogue
from seqbench.components.assemble import assemble
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan
from seqbench.training.program import Program
from seqbench.training.trial import run_trial

GRID = """
question: Does it train?
tasks: [{task}]
lengths: [{length}]
seeds: [7]
cell: {cell}
model: {model}
mitigations: [{mitigation}]
training: {{steps: 2, batch_size: 4, evaluate_every: 1, optimizer: sgd, validation_sequences: 1, test_sequences: 1}}
probes: none
"""
TOY = {
    "task": "delayed_recall",
    "length": 6,
    "cell": "vanilla",
    "model": "{stacked: {width: 4, depth: 1}}",
    "mitigation": "",
}
LENGTHS = {"fact_recall": 8, "agreement": 9, "number_words": 11, "copy_memory": 14, "selective_copy": 20,
           "associative_recall": 24, "multi_query_recall": 13, "sequential_digits": 64, "reverse": 9}  # fmt: skip
DECODED = ("reverse", "number_words", "count_out")
MODELS = {
    "encoder_decoder": {"task": "reverse", "length": 5, "model": "{encoder_decoder: {width: 4}}"},
    "feedforward": {"model": "{feedforward: {width: 4, depth: 3}}"},
    "tcn": {"model": "{tcn: {width: 4, levels: 2, kernel: 2}}"},
    "transformer": {"model": "{transformer: {width: 4, depth: 1, heads: 2}}"},
}
GATED = ("chrono_init", "forget_bias_init")
DEEP = ("residual", "highway")


@pytest.fixture(autouse=True, scope="module")
def compiled_in_half_the_time():
    """Trials of two steps: everything is compiled as if it were rarely run."""
    whole = jax.stages.Lowered.compile
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compilation, "_kept", OrderedDict())
        patch.setattr(jax.stages.Lowered, "compile", lambda self, **_: whole(self, compiler_options=compilation.QUICK))
        yield


def train(folder, **choice):
    path = folder / "toy.yaml"
    path.write_text(GRID.format(**{**TOY, **choice}))
    current = plan(read_grid(path))
    assert not current.incompatible
    [trial] = current.trials
    assembly = assemble(trial.settings)
    program = Program(assembly)
    before = program.initial(trial.seed, assembly.chain).parameters
    finished = run_trial(program, chain=assembly.chain, seed=trial.seed, learning_rate=trial.learning_rate)
    assert finished.row["outcome"] in ("solved", "partial", "chance")
    assert [row["step"] for row in finished.curve] == [1, 2]
    assert all(np.isfinite(row["train_loss"]) for row in finished.curve)
    assert np.isfinite(finished.row["loss"])
    assert program.parameters == sum(leaf.size for leaf in jax.tree.leaves(before))
    return finished


@pytest.mark.parametrize("name", catalogue.names("tasks"))
def test_task(name, tmp_path):
    model = "{encoder_decoder: {width: 4}}" if name in DECODED else TOY["model"]
    finished = train(tmp_path, task=name, length=LENGTHS.get(name, 12), model=model)
    assert finished.row["test_sequences"] == 256


@pytest.mark.parametrize("name", catalogue.names("cells"))
def test_cell(name, tmp_path):
    assert train(tmp_path, cell=name).row["steps"] == 2


@pytest.mark.parametrize("name", [name for name in catalogue.names("models") if name != "stacked"])
def test_model(name, tmp_path):
    assert train(tmp_path, **MODELS.get(name, {"model": name})).row["steps"] == 2


@pytest.mark.parametrize("name", catalogue.names("mitigations"))
def test_mitigation(name, tmp_path):
    model = "{stacked: {width: 4, depth: 2}}" if name in DEEP else TOY["model"]
    cell, length = "lstm" if name in GATED else "vanilla", 12 if name == "skip_in_time" else TOY["length"]
    finished = train(tmp_path, mitigation=name, cell=cell, model=model, length=length)
    assert finished.row["steps"] == 2
