from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqbench import protocol as rules
from seqbench.canonical import canonical, digest
from seqbench.components.own_source import own_source
from seqbench.plan.expand import expand_methods
from seqbench.plan.identity import fixed_settings, trial_ids
from seqbench.plan.task_series import expand_tasks


def identity_of(settings: dict) -> str:
    """The identity of one trial that has these settings beside its seed."""
    return trial_ids(settings)(1000)


KEYS = st.text("abc", min_size=1, max_size=3)
VALUES = st.recursive(
    st.one_of(st.integers(-99, 99), st.floats(allow_nan=False), st.booleans(), st.none(), st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=10,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.randoms())
def test_the_order_of_keys_is_no_part_of_an_identity(values: dict, random) -> None:
    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            items = [(key, shuffled(item)) for key, item in value.items()]
            random.shuffle(items)
            return dict(items)
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    assert identity_of(shuffled(values)) == identity_of(values)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_an_identity_survives_a_file(values: dict) -> None:
    assert identity_of(json.loads(json.dumps(values))) == identity_of(values)


@given(VALUES, VALUES)
def test_other_settings_are_another_trial(one: object, other: object) -> None:
    assert (identity_of({"a": one}) == identity_of({"a": other})) == (canonical(one) == canonical(other))


@given(
    st.dictionaries(KEYS, VALUES, max_size=4),
    st.integers(0, 2**31),
    st.floats(min_value=1e-9, max_value=1e9),
)
def test_the_fast_way_to_many_identities_gives_the_same(fixed: dict, seed: int, rate: float) -> None:
    settings = {**fixed, "cell": {"seed": 5}, "training": {"seed": 6}, "learning_rate": rate}
    assert trial_ids(settings)(seed) == digest(canonical({**settings, "seed": seed}))


def test_canonical_form_by_example() -> None:
    assert canonical({"b": (1, 2.0), "a": {"d": None, "c": True}}) == '{"a":{"c":true,"d":null},"b":[1,2.0]}'
    assert canonical(-0.0) == canonical(0.0) == "0.0"
    assert canonical(math.inf) == "Infinity"
    assert canonical(1) != canonical(1.0)
    with pytest.raises(ValueError, match="not a number"):
        canonical(math.nan)


def test_an_identity_never_changes_between_releases() -> None:
    # blake2b of the canonical text, as `b2sum -l 64` gives it
    assert trial_ids({"task": "x", "learning_rate": 1e-3})(1000) == "13e76de09f3f6451"
    assert digest("") == "e4a6a0577479b2b4"


HEAD = "question: q\nlengths: [5]\n"


def fixed_of(grid) -> dict:
    [method] = expand_methods(grid)
    [task] = expand_tasks(grid)
    return fixed_settings(method, method.model, task.at(task.lengths[0]), task.criterion)


SPELLINGS = [
    "tasks: [adding]\ntraining: {learning_rate: 0.001, steps: 3000}\nmitigations: [{clip_value: {threshold: 1.0}}]",
    "mitigations: [{clip_value: {threshold: 1}}]\ntasks: [adding] # a comment\ntraining: {learning_rate: 1.0e-3}",
    "tasks: [{adding: {length: 5}}]\nmitigations:\n  - clip_value:\n      threshold: 1.00",
    "tasks: [{adding: {}}]\nmitigations: [{clip_value: {threshold: 1.0}}]\ncell: {vanilla: {activation: tanh}}",
    "tasks: [adding]\nmethods: [{name: any, mitigations: [{clip_value: {threshold: 1.0}}]}]",
    "tasks: [adding]\nfactors: {f: {x: {mitigations: [{clip_value: {threshold: 1.0}}]}}}",
]


def test_a_batch_by_length_is_the_trial_that_has_that_batch(read) -> None:
    by_length = "tasks: [{adding: {length: LENGTH}}]\ntraining: {batch_size: {at: {5: 16, 6: 4}}}"
    for length, size in ((5, 16), (6, 4), (70, 4)):
        plain = f"tasks: [{{adding: {{length: {length}}}}}]\ntraining: {{batch_size: {size}}}"
        ruled = by_length.replace("LENGTH", str(length))
        assert identity_of(fixed_of(read(HEAD + ruled))) == identity_of(fixed_of(read(HEAD + plain)))


def test_one_trial_written_in_many_ways(read) -> None:
    assert len({identity_of(fixed_of(read(HEAD + text))) for text in SPELLINGS}) == 1


CHANGES = [
    "tasks: [adding]",
    "tasks: [delayed_recall]",
    "tasks: [{delayed_recall: {symbols: 4}}]",
    "tasks: [{adding: {length: 6}}]",
    "tasks: [adding]\ncell: gru",
    "tasks: [adding]\ncriterion: {at: 0.99}",
    "tasks: [adding]\ncriterion: {metric: loss, at: 0.99}",
    "tasks: [adding]\ncriterion: {metric: loss, at: 0.01}",
    "tasks: [adding]\ncriterion: {adding: {metric: sequence_accuracy, at: 0.99}}",
    "tasks: [adding]\ncell: {vanilla: {activation: relu}}",
    "tasks: [adding]\nmodel: {stacked: {width: 63}}",
    "tasks: [adding]\nmitigations: [clip_value]",
    "tasks: [adding]\nmitigations: [{clip_value: {threshold: 24.0}}]",
    "tasks: [adding]\nmitigations: [clip_value, clip_global_norm]",
    "tasks: [adding]\nmitigations: [clip_global_norm, clip_value]",
    *(
        f"tasks: [adding]\ntraining: {{{change}}}"
        for change in (
            "steps: 2999", "batch_size: 33", "evaluate_every: 99", "optimizer: sgd", "optimizer: {adam: {b1: 0.8}}",
            "schedule: cosine", "stop_when_solved: false",
            "stop_when_stuck: {evaluations: 5}", "stop_when_stuck: {evaluations: 5, improvement: 0.02}",
            "stop_when_solved: {after: 5}", "stop_when_solved: {after: 6}",
            "lengths: {from: 0.4}", "lengths: {from: 0.4, to: 0.8}", "lengths: {from: 0.4, count: 2}",
            "validation_sequences: 1023", "test_sequences: 9999",
        )
    ),
]  # fmt: skip


def test_every_change_of_meaning_is_another_trial(read) -> None:
    assert len({identity_of(fixed_of(read(HEAD + text))) for text in CHANGES}) == len(CHANGES)


def test_steps_by_length_are_the_number_that_they_come_to(read) -> None:
    def fixed(steps: str) -> dict:
        return fixed_of(read(HEAD + f"tasks: [adding]\ntraining: {{steps: {steps}}}"))

    assert fixed("{per_length: 2.5}") == fixed("12")  # of length 5; halves are rounded to even
    assert fixed("{per_length: 20, at_least: 800}") == fixed("800")
    assert fixed("{per_length: 20, at_most: 40}") == fixed("40")


def test_a_new_version_of_a_meaning_is_another_trial(read, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity_of(fixed_of(read(HEAD + CHANGES[0])))
    for name in ("TRAINING_VERSION", "EVALUATION_BATCH", "HELD", "CHANCE_MARGIN", "MEMORY_BUDGET"):
        with monkeypatch.context() as patch:
            patch.setattr(rules, name, getattr(rules, name) + 1)
            assert identity_of(fixed_of(read(HEAD + CHANGES[0]))) != before
    for module in ("cells.vanilla", "optimizers.adam", "schedules.constant"):
        with monkeypatch.context() as patch:
            patch.setattr(f"seqbench.{module}.VERSION", 2, raising=False)
            assert identity_of(fixed_of(read(HEAD + CHANGES[0]))) != before


def test_an_edited_function_of_the_users_own_is_another_trial(read, tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    program = (
        "from seqbench.mitigations.base import Mitigation\n"
        'def mine() -> Mitigation:\n    """Nothing."""\n    return Mitigation()\n'
    )
    (tmp_path / "edited.py").write_text(program)
    own_source.cache_clear()
    text = HEAD + "tasks: [adding]\nmitigations: [edited:mine]"
    before = identity_of(fixed_of(read(text)))
    (tmp_path / "edited.py").write_text(program.replace("return", "other = 1\n    return"))
    own_source.cache_clear()
    assert identity_of(fixed_of(read(text))) != before


def test_settings_hold_only_what_json_holds(read) -> None:
    fixed = fixed_of(read(HEAD + SPELLINGS[0]))
    assert json.loads(json.dumps(fixed)) == fixed
    assert fixed["task"] == {"name": "adding", "settings": {"length": 5}}
    assert fixed["versions"] == {"task": 1, "cell": 1, "model": 1, "mitigations": [1], "rules": rules.rules()}


def test_a_setting_that_was_added_later_is_no_part_of_the_identity_at_its_default(read) -> None:
    def fixed(optimizer: str) -> dict:
        return fixed_of(read(HEAD + f"tasks: [adding]\ntraining: {{optimizer: {optimizer}}}"))

    before = fixed("rmsprop")
    assert before["training"]["optimizer"] == {"name": "rmsprop", "settings": {"decay": 0.9, "eps": 1e-8}}
    assert fixed("{rmsprop: {initial: 0, eps_in_sqrt: true}}") == before
    others = [fixed("{rmsprop: {initial: 1}}"), fixed("{rmsprop: {eps_in_sqrt: false}}")]
    assert len({identity_of(each) for each in (before, *others)}) == 3
