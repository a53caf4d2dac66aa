"""Searches of real networks against the dense grid of all lengths that they may ask for."""

import pytest

from seqbench.execution.run import run_grid
from seqbench.grid.lengths import LengthRange
from seqbench.plan.horizon import search_lengths
from seqbench.plan.plan import plan
from seqbench.plan.search import find_bounds, find_bracket, length_grid
from seqbench.store.results import load

RANGE = LengthRange.model_validate({"from": 2, "to": 40, "precision": 1.25, "checked": 0})
LENGTHS = length_grid(2, 40, 1.25)
DENSE = f"""
question: How far do small networks remember?
tasks: [{{delayed_recall: {{symbols: 4}}}}]
lengths: {list(LENGTHS)}
seeds: 4
probes: none
model: {{stacked: {{width: 16}}}}
training: {{steps: 300, batch_size: 16, evaluate_every: 20, validation_sequences: 256, test_sequences: 256,
           learning_rate: 5.0e-3}}
methods: [{{name: vanilla}}, {{name: gru, cell: gru}}, {{name: lstm, cell: lstm}}]
"""


@pytest.mark.slow
@pytest.mark.usefixtures("hasty_workers")
def test_a_search_agrees_with_the_dense_grid_in_every_bracket_at_a_fraction_of_its_steps(read, tmp_path):
    dense = plan(read(DENSE))
    run_grid(read(DENSE), tmp_path / "dense", workers=2)
    results = load(tmp_path / "dense").finished.set_index("trial")
    solved, steps = results["outcome"] == "solved", results["steps"].astype(int)
    assert len(results) == len(dense.trials) == 3 * 4 * len(LENGTHS)
    spent, widths = 0, []
    for method in ("vanilla", "gru", "lstm"):
        made = [trial for trial in dense.trials if trial.method == method]
        outcomes: dict[str, bool] = {}
        while True:
            found = search_lengths(made, outcomes, RANGE, lengths=LENGTHS, key=(method,), cost=lambda one: one.seconds)
            new = [trial.id for trial in found.trials if trial.id not in outcomes]
            if not new:
                break
            outcomes |= {trial: bool(solved[trial]) for trial in new}
        spent += int(steps[list(outcomes)].sum())
        for search in found.searches:
            all_of_it = {trial.length: bool(solved[trial.id]) for trial in made if trial.seed == search.seed}
            (least, most), own = find_bounds(all_of_it), search.bracket
            assert least <= own.solved < own.failed <= most
            assert find_bracket(all_of_it).violations or (own.solved, own.failed) == (least, most)
            widths.append(own.solved)
    assert len(set(widths)) > 2, "all seeds remember equally far: nothing was searched"
    assert spent <= 0.6 * steps.sum()
