"""What a grid planned comes back from `plan.json`; plans from before there were formats are read."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from pathlib import Path

import pytest

from seqbench.errors import LaterFormat, StoreError, UsageError
from seqbench.store.json_content import checksum
from seqbench.store.plan_file import Chosen, LeftOut, PlanFile, decode_plan, load_plan, write_plan
from seqbench.store.trial_label import TrialLabel
from seqbench.traces import Remedy, Trace

LABEL = {"method": "GRU", "task": "adding", "length": 10, "seed": 1, "learning_rate": 0.1 + 0.2, "purpose": "tuning"}
PLAN = PlanFile(
    grid="g",
    question="?",
    declared={"outcome": "horizon", "comparisons": None, "sensitivity": [0.9]},
    training={"steps": 10, "optimizer": {"name": "adam", "settings": {"b1": 0.9}}},
    methods=("GRU", "plain"),
    remedies={"GRU": (Remedy("clip_global_norm", (Trace.GRADIENT,)), Remedy("mine:norm", ())), "plain": ()},
    factors=("gating", "clipping"),
    trials={"t1": TrialLabel(**LABEL, factors={"gating": "GRU", "clipping": None})},
    incompatible=(LeftOut("plain", "adding", "the stride is longer than the sequence", (10, 20)),),
    waiting=3,
    chosen=(Chosen("GRU", "adding", 1e-3, {"clip_global_norm.threshold": 0.5}),),
    versions={"jax": "0.10.2"},
    environments={"ab": {"jax": "0.10.2"}},
)


def test_a_plan_comes_back(tmp_path: Path) -> None:
    write_plan(tmp_path, PLAN)
    assert load_plan(tmp_path) == PLAN
    assert json.loads((tmp_path / "plan.json").read_text())["format"] == 3


def test_what_successive_trials_share_is_written_once_and_their_order_stays(tmp_path: Path) -> None:
    labels = [("GRU", 10, 0), ("GRU", 20, 0), ("LSTM", 10, 0), ("GRU", 10, 1)]
    shared = {"task": "adding", "learning_rate": 0.1, "purpose": "reporting", "factors": {"skip": None}}
    trials = {
        f"t{place}": TrialLabel(method=method, length=length, seed=seed, **shared)
        for place, (method, length, seed) in enumerate(labels)
    }
    write_plan(tmp_path, PlanFile(factors=("skip",), trials=trials))
    groups = json.loads((tmp_path / "plan.json").read_text())["trials"]
    assert [(group["method"], group["trials"]) for group in groups] == [
        ("GRU", {"t0": [10, 0], "t1": [20, 0]}),
        ("LSTM", {"t2": [10, 0]}),
        ("GRU", {"t3": [10, 1]}),
    ]
    assert list(load_plan(tmp_path).trials.items()) == list(trials.items())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "a trial twice"),
        ({"trials": {"t2": [-1, 0]}}, "no trial can have"),
        ({"trials": {"t2": [5, 2**63]}}, "no trial"),
    ],
)
def test_a_trial_that_is_named_twice_or_that_tables_cannot_hold_is_damage(change, reason) -> None:
    group = {name: LABEL[name] for name in ("method", "task", "learning_rate", "purpose")} | {
        "tuned": None,
        "factors": {},
    }
    groups = [group | {"trials": {"t1": [10, 1]}}, group | {"learning_rate": 9.0, "trials": {"t1": [10, 1]}} | change]
    content = {"trials": groups}
    with pytest.raises(ValueError, match=reason):
        decode_plan({"format": 3, "checksum": checksum(content)} | content)


def test_version_2_had_a_label_for_every_trial() -> None:
    trials = {"t1": LABEL | {"tuned": None, "factors": {"gating": "GRU", "clipping": None}}}
    content = {"factors": ["gating", "clipping"], "trials": trials}
    assert decode_plan({"format": 2, "checksum": checksum(content)} | content).trials == PLAN.trials


def test_version_0_had_the_levels_among_the_labels() -> None:
    content = {
        "grid": "g",
        "factors": ["gating", "clipping"],
        "trials": {"t1": LABEL | {"tuned": None, "gating": "GRU", "clipping": None}},
        "incompatible": [{"method": "plain", "task": "adding", "reason": "no"}],
        "remedies": {"GRU": ["clip_global_norm"], "plain": [{"name": "mine:norm", "traces": ["loss"]}]},
    }
    plan = decode_plan(content)
    assert plan.trials == PLAN.trials
    assert plan.incompatible == (LeftOut("plain", "adding", "no"),)
    assert plan.remedies == {
        "GRU": (Remedy("clip_global_norm", ()),),
        "plain": (Remedy("mine:norm", (Trace.LOSS,)),),
    }
    assert plan.trials["t1"].columns == content["trials"]["t1"]


def test_version_1_had_the_seeds_among_what_was_declared() -> None:
    declared = {"alpha": 0.1, "tuning_seeds": [0], "reporting_seeds": [1000, 1001]}
    assert decode_plan({"format": 1, "declared": declared}).declared == {"alpha": 0.1}


def test_a_folder_without_a_plan_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="seqbench run"):
        load_plan(tmp_path)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"trials": []}', '{"trials": {"t": {"method": "GRU"}}}', '{"format": 1, "waiting": "soon"}']
)
def test_a_plan_of_another_shape_is_damaged(text: str, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(StoreError, match="damaged"):
        load_plan(tmp_path)


def test_a_plan_of_a_later_version_asks_for_an_upgrade(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text('{"format": 4}')
    with pytest.raises(LaterFormat, match="upgrade"):
        load_plan(tmp_path)


def test_every_changed_byte_of_a_plan_is_found(tmp_path: Path) -> None:
    write_plan(tmp_path, PLAN)
    path = tmp_path / "plan.json"
    intact = path.read_bytes()
    for place in range(len(intact)):
        path.write_bytes(intact[:place] + bytes([intact[place] ^ 0x01]) + intact[place + 1 :])
        with contextlib.suppress(StoreError):
            assert load_plan(tmp_path) == PLAN  # a space between two values


@pytest.mark.parametrize("kind", ["folder", "pipe", "link"])
def test_what_is_no_plain_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link":
            write_plan(tmp_path / "other", PLAN)
            path.symlink_to(tmp_path / "other" / "plan.json")
    with pytest.raises(StoreError, match="not a plain file"):
        load_plan(tmp_path)


@pytest.mark.parametrize("character", ["\x1b", "\u202e", "\x07"])
def test_a_plan_with_characters_that_act_on_a_terminal_is_refused(character: str, tmp_path: Path) -> None:
    write_plan(tmp_path, dataclasses.replace(PLAN, question=f"a{character}b"))
    with pytest.raises(StoreError, match="control character"):
        load_plan(tmp_path)
