"""Every task, cell, model and mitigation is trained end to end at toy size, through a grid, as a user would name it."""

import itertools

import jax
import numpy as np
import pytest

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
RECURRENT = ("stacked", "bidirectional", "encoder_decoder")
DECODED = ("reverse", "number_words", "count_out")
MODELS = {
    "bidirectional": "{bidirectional: {width: 4}}",
    "encoder_decoder": "{encoder_decoder: {width: 4}}",
    "feedforward": "{feedforward: {width: 4, depth: 3}}",
    "stacked": TOY["model"],
    "tcn": "{tcn: {width: 4, levels: 2, kernel: 2}}",
    "transformer": "{transformer: {width: 4, depth: 1, heads: 2}}",
}
GATED = ("chrono_init", "forget_bias_init")
DEEP = ("residual", "highway")


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


def combinations():
    """A model for each task and a cell for each recurrent model, so that every one of them is trained."""
    tasks = sorted(catalogue.names("tasks"), key=lambda name: name not in DECODED)
    controls = [name for name in catalogue.names("models") if name not in RECURRENT]
    recurrent = len(tasks) - len(controls)
    models = ["encoder_decoder"] * len(DECODED) + ["bidirectional"]
    models += ["stacked"] * (recurrent - len(models)) + controls
    cells = [*itertools.islice(itertools.cycle(catalogue.names("cells")), recurrent), *[TOY["cell"]] * len(controls)]
    return list(zip(tasks, models, cells, strict=True))


def one_of_each_kind():
    """All combinations; only the first of each recurrent model and of the controls is not slow."""
    kinds = [model if model in RECURRENT else "control" for _, model, _ in combinations()]
    return [
        pytest.param(*chosen, marks=[pytest.mark.slow] if kind in kinds[:place] else [], id="-".join(chosen))
        for place, (chosen, kind) in enumerate(zip(combinations(), kinds, strict=True))
    ]


# The contracts of tasks, cells and models hold each of the others without a mark, though not from a grid to a row.
@pytest.mark.parametrize(("task", "model", "cell"), one_of_each_kind())
def test_task_model_and_cell(task, model, cell, tmp_path):
    finished = train(tmp_path, task=task, length=LENGTHS.get(task, 12), model=MODELS.get(model, model), cell=cell)
    assert (finished.row["steps"], finished.row["test_sequences"]) == (2, 256)


def test_every_model_and_cell_is_trained():
    tasks, models, _ = zip(*combinations(), strict=True)
    assert (set(tasks), set(models)) == (set(catalogue.names("tasks")), set(catalogue.names("models")))
    cells = {cell for _, model, cell in combinations() if model in RECURRENT}
    assert cells == set(catalogue.names("cells"))


@pytest.mark.slow  # the contract of mitigations trains each, though not as a grid names it
@pytest.mark.parametrize("name", catalogue.names("mitigations"))
def test_mitigation(name, tmp_path):
    model = "{stacked: {width: 4, depth: 2}}" if name in DEEP else TOY["model"]
    cell, length = "lstm" if name in GATED else "vanilla", 12 if name == "skip_in_time" else TOY["length"]
    finished = train(tmp_path, mitigation=name, cell=cell, model=model, length=length)
    assert finished.row["steps"] == 2
