"""What names a compiled program, and what does not."""

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seqbench.components.assemble import assemble, assemble_chain
from seqbench.components.catalogue import resolve
from seqbench.components.program_names import name_programs
from seqbench.grid.given import grid_given
from seqbench.plan.plan import plan
from seqbench.tasks.adding import adding
from seqbench.tasks.base import function_name, squared_error
from seqbench.tasks.delayed_recall import delayed_recall
from seqbench.tasks.multiplication import multiplication
from seqbench.tasks.parity import parity

BASE = {
    "task": {"name": "adding", "settings": {"length": 9}},
    "cell": {"name": "vanilla", "settings": {}},
    "model": {"name": "stacked", "settings": {"width": 4}},
    "training": {"optimizer": {"name": "adam", "settings": {}}},
}


def names(*mitigations, **changes):
    named = [{"name": name, "settings": values} for name, values in mitigations]
    return name_programs({**BASE, **changes, "mitigations": named}, assemble_chain(named))


def component(name, **values):
    return resolve("mitigations", name, values)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.floats(min_value=1e-3, max_value=1e3), st.floats(min_value=0, max_value=2))
def test_thresholds_and_initialisation_name_nothing(threshold, scale):
    clip, start = component("clip_value", threshold=threshold), component("identity_init", scale=scale)
    reference = names(component("clip_value"))
    assert names(clip) == names(clip, start) == names(start, clip) == reference


def test_what_changes_the_gradient_afterwards_is_no_part_of_the_model():
    plain = names()
    for remedies in (["clip_value"], ["clip_global_norm"], ["clip_value", "clip_global_norm"], ["gradient_noise"]):
        clipped = names(*map(component, remedies))
        assert clipped.model == plain.model
        assert clipped.transformations != plain.transformations
    orders = [names(*map(component, order)) for order in (["clip_value", "clip_layer"], ["clip_layer", "clip_value"])]
    assert orders[0].transformations != orders[1].transformations


def test_what_the_model_is_made_of_names_it():
    different = [
        names(),
        names(component("residual")),
        names(component("skip_in_time", steps=5)),
        names(component("skip_in_time", steps=6)),
        names(component("norm_stabiliser")),
        names(model={"name": "stacked", "settings": {"width": 5}}),
        names(cell={"name": "gru", "settings": {}}),
    ]
    assert len({each.model for each in different}) == len(different)
    assert names(training={"optimizer": {"name": "sgd", "settings": {}}}).optimizer != names().optimizer


def test_a_penalty_names_the_step_as_well_because_its_share_is_counted():
    assert names(component("norm_stabiliser")).transformations != names().transformations


def test_a_users_own_component_has_a_name_that_does_not_last():
    own = names(cell={"name": "my.module:cell", "settings": {}})
    interface = adding(9).interface(bucketed=True)
    assert not own.structure(interface).lasting
    assert names().structure(interface).lasting


def structure(of, **changes):
    return names(**changes).structure(of.interface(bucketed=True))


def test_lengths_of_a_bucket_share_a_name_and_others_do_not():
    assert structure(adding(20)) == structure(adding(60)) != structure(adding(70))
    assert structure(adding(64)) == structure(adding(60))
    exact = [names().structure(adding(length).interface()) for length in (60, 64)]
    assert len({*exact, structure(adding(64))}) == 3


def test_tasks_share_a_name_if_inputs_outputs_readout_loss_and_count_agree():
    same = parity(20)._replace(distances=(1, 2), chance=0.1)
    assert structure(same) == structure(parity(20))
    assert structure(adding(20)) != structure(multiplication(20))  # which accept other answers as right
    assert structure(parity(20)) != structure(parity(20, running=True))
    assert structure(delayed_recall(20, symbols=2)) != structure(delayed_recall(20, symbols=3))


def test_a_loss_without_a_name_belongs_to_its_task_alone():
    task = adding(20)._replace(loss=lambda predictions, targets: squared_error(predictions, targets))
    other = {"name": "adding", "settings": {"length": 10}}
    assert structure(task) != structure(task, task=other)
    assert structure(adding(20)) == structure(adding(20), task=other)


@pytest.mark.parametrize("function", [lambda: 0, partial(lambda x: x, 1)])
def test_what_has_no_name(function):
    assert function_name(function) is None


def test_names_of_functions_by_hand():
    assert function_name(squared_error) == "seqbench.tasks.base.squared_error"
    assert (
        function_name(partial(squared_error, 3, targets=4)) == "seqbench.tasks.base.squared_error(3,)[('targets', 4)]"
    )


def test_a_task_that_reads_a_file_is_named_by_what_the_file_holds_at_every_length_of_its_batches(tmp_path, monkeypatch):
    text = tmp_path / "corpus.txt"
    monkeypatch.chdir(tmp_path)
    named = []
    for content in ("to be or not to be " * 40, "the quick brown fox jumps " * 40):
        text.write_text(content)
        grid = grid_given({
            "question": "?", "tasks": [{"language_model": {"text": "corpus.txt", "units": "characters"}}],
            "lengths": [8], "seeds": 1, "training": {"steps": 2, "lengths": {"from": 0.5}},
        })  # fmt: skip
        trained = assemble(plan(grid).trials[0].settings).trained
        assert len(trained) > 1
        named.append([task.name.text for task in trained])
    assert set(named[0]).isdisjoint(named[1])
