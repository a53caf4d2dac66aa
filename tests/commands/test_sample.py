"""`seqbench sample`: a trial whose parameters are kept writes text, and what cannot is refused with advice."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from seqbench.commands.asked import Asked
from seqbench.commands.sample import Best, _print_best, best_of_each, sample, written
from seqbench.errors import Incompatible, StoreError, UsageError
from seqbench.execution.run import run_grid
from seqbench.grid.read import read_grid
from seqbench.plan.plan import plan
from seqbench.store.parameters import parameters_path
from seqbench.store.trial_label import TrialLabel
from seqbench.store.trials import TrialStore

TEXT = "abcd" * 200
GRID = """
question: Does it learn the alphabet?
keep_parameters: {keep}
tasks: [{{language_model: {{length: 8, text: {text}, units: characters}}}}]
seeds: 1
model: {{stacked: {{width: 12}}}}
cell: vanilla
training: {{steps: 150, batch_size: 16, evaluate_every: 50, validation_sequences: 64, test_sequences: 256,
           learning_rate: 3.0e-2, stop_when_solved: false}}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory, hasty_workers):
    """A folder of results with one trained language model in it, and the trial's name."""
    folder = tmp_path_factory.mktemp("sample")
    (folder / "text.txt").write_text(TEXT)
    (folder / "alphabet.yaml").write_text(GRID.format(text=folder / "text.txt", keep="true"))
    grid = read_grid(folder / "alphabet.yaml")
    assert not run_grid(grid, folder / "alphabet", workers=1).failures
    [record], _ = TrialStore(folder / "alphabet").read()
    return folder, record


def printed(capsys, results, **options):
    folder, record = results
    settings = {"trial": record.trial[:6], "length": 12, "temperature": 1.0, "top_k": 0, "seed": 0} | options
    sample(Asked("alphabet", folder), **settings)
    return capsys.readouterr().out.removesuffix("\n")


def test_the_file_is_the_one_of_the_record(results):
    folder, record = results
    data = parameters_path(folder / "alphabet", record.trial).read_bytes()
    assert hashlib.sha256(data).hexdigest() == record.parameters


def test_the_trained_model_goes_on_as_the_text_did(capsys, results):
    text = printed(capsys, results, temperature=0.0)
    assert len(text) == 13
    assert text in TEXT


def test_a_seed_is_a_text_and_top_k_cuts(capsys, results):
    options = {"temperature": 1e6, "length": 40}
    first, again, other = (printed(capsys, results, seed=seed, **options) for seed in (1, 1, 2))
    assert first == again != other
    assert first not in TEXT
    assert printed(capsys, results, top_k=1, **options) in TEXT * 2


def test_what_was_not_kept_or_is_damaged_is_refused(capsys, results):
    folder, record = results
    with pytest.raises(UsageError, match="has no trial 'none'"):
        printed(capsys, results, trial="none")
    path = parameters_path(folder / "alphabet", record.trial)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(StoreError, match="damaged"):
        printed(capsys, results)
    path.write_bytes(whole)
    TrialStore(folder / "alphabet").write(replace(record, parameters=None))
    with pytest.raises(UsageError, match=r"keep_parameters: true.*seqbench run alphabet --results .* --trial"):
        printed(capsys, results)
    TrialStore(folder / "alphabet").write(record)


def test_without_a_trial_the_best_of_each_method_writes_and_is_named(capsys, results):
    folder, record = results
    said = printed(capsys, results, trial=None, temperature=0.0)
    heading, text = said.splitlines()
    assert heading.startswith("plain on language_model, length 8, seed 1000: test loss ")
    assert heading.endswith(f"the smallest of 1 (--trial {record.trial})")
    assert text == printed(capsys, results, temperature=0.0)
    TrialStore(folder / "alphabet").write(replace(record, parameters=None))
    with pytest.raises(UsageError, match=r"seqbench run alphabet --set keep_parameters=true --name alphabet"):
        printed(capsys, results, trial=None)
    TrialStore(folder / "alphabet").write(record)


def test_the_best_trial_is_a_reporting_one_with_the_smallest_finite_loss_of_its_method(results):
    _, record = results
    label = TrialLabel("B", "text", 8, 1000, 0.1, "reporting")
    other = {"method": "A"}
    labels = {
        "worse": label, "best": replace(label, seed=1001), "tuning": replace(label, purpose="tuning"),
        "diverged": label, "not kept": label, "alone": replace(label, **other),
    }  # fmt: skip
    losses = {"worse": 2.0, "best": 1.0, "tuning": 0.1, "diverged": None, "not kept": 0.2, "alone": 3.0}
    records = [
        replace(record, trial=trial, row={**record.row, "loss": loss}, parameters=None if trial == "not kept" else "x")
        for trial, loss in losses.items()
    ]
    found = best_of_each(records, labels)
    assert [best.record.trial for best in found] == ["best", "alone"]  # in the order of the plan
    assert found[0].heading == ("B on text, length 8, seed 1001: test loss 1.000, the smallest of 2 (--trial best)")


def test_keeping_parameters_is_no_part_of_a_trials_identity(tmp_path):
    (tmp_path / "text.txt").write_text(TEXT)
    trials = []
    for keep in ("true", "false"):
        path = tmp_path / f"{keep}.yaml"
        path.write_text(GRID.format(text=tmp_path / "text.txt", keep=keep))
        trials.append([trial.id for trial in plan(read_grid(path)).trials])
    assert trials[0] == trials[1]


def test_words_are_written_apart_and_characters_together():
    assert written(("a", "b", " "), [0, 2, 1, 1]) == "a bb"
    assert written(("the", "a", ","), [0, 2, 1]) == "the , a"


def test_other_tasks_beside_language_models_are_left_out(capsys):
    def text_of(record):
        if record.startswith("no"):
            raise Incompatible("no language model")
        return f"text of {record}"

    chosen = [Best(f"heading {name}", name) for name in ("none", "a", "not", "b")]
    _print_best(chosen, text_of)
    assert capsys.readouterr().out == "heading a\ntext of a\n\nheading b\ntext of b\n"
    with pytest.raises(Incompatible, match="no language model"):
        _print_best(chosen[::2], text_of)
