"""Trial files: nothing is lost, nothing damaged is believed."""

import errno
import json
import os
import random
import re

import pytest

from seqbench.errors import LaterFormat, StoreError
from seqbench.store import atomic
from seqbench.store.failures import Failure
from seqbench.store.records import Record, checksum, plain
from seqbench.store.trials import TrialStore
from tests.damage import damage


def record(trial="ab12", accuracy=0.1 + 0.2, **changes):
    content = {
        "settings": {"learning_rate": 1e-3},
        "row": {"outcome": "solved", "steps": 100, "accuracy": accuracy, "loss": 1 / 3},
        "environment": {"jax": "0.10.2"},
        "curve": [{"step": 100, "validation_loss": 2.5e-9, "accuracy_by_distance": {"10": 0.5}}],
        "probes": [{"step": 0, "probe": "gradient_norm", "distance": 3, "value": None}],
        "probed": ["gradient_flow"],
        "parameters": None,
    }
    return Record(trial, **(content | changes))


def test_floats_come_back_to_the_bit(tmp_path):
    store = TrialStore(tmp_path)
    store.write(record())
    [read], damaged = store.read()
    assert read == record()
    assert not damaged


def test_json_holds_no_nan_and_no_infinity(tmp_path):
    store = TrialStore(tmp_path)
    store.write(record(accuracy=float("nan"), curve=[{"step": 1, "train_loss": float("inf")}]))
    text = (tmp_path / "trials" / "ab12.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["record"]["row"]["accuracy"] is None
    assert plain((float("-inf"), {1: float("nan")})) == [None, {"1": None}]


@pytest.mark.parametrize("seed", range(40))
def test_a_flipped_bit_is_found_and_only_its_trial_is_set_aside(tmp_path, seed):
    store = TrialStore(tmp_path)
    store.write(record("a"))
    store.write(record("b"))
    path = tmp_path / "trials" / "a.json"
    data = bytearray(path.read_bytes())
    chance = random.Random(seed)
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    records, damaged = store.read(quarantine=True)
    found = {item.trial: item for item in records}
    assert found["b"] == record("b")
    # A flip may leave the content as it was (white space, the case of an exponent); else it must be found.
    assert found.get("a") == record("a") or [item.path.parent.name for item in damaged] == ["quarantine"]
    assert ("a" in found) != bool(damaged)


@pytest.mark.parametrize("how", ["cut", "emptied", "swapped", "link", "pipe", "folder", "nested"])
def test_other_damage_is_found(tmp_path, how):
    store = TrialStore(tmp_path)
    store.write(record("a"))
    store.write(record("b"))
    damage(tmp_path / "trials" / "a.json", how, random.Random(1))
    records, damaged = store.read(quarantine=True)
    assert [item.trial for item in records] == ["b"]
    assert len(damaged) == 1
    assert store.read() == (records, [])


@pytest.mark.parametrize(("outcome", "usable"), [("chance", False), ("solved", False), ("diverged", True)])
def test_a_loss_that_would_count_as_diverged_today_sets_the_record_aside(tmp_path, outcome, usable):
    store = TrialStore(tmp_path)
    row = {"outcome": outcome, "steps": 20, "trivial_loss": 0.7}
    curve = [{"step": 10, "validation_loss": 0.6}, {"step": 20, "validation_loss": 1e30}]
    store.write(record(row=row, curve=curve))
    store.write(record("other", row=row, curve=curve[:1]))
    records, aside = store.read(quarantine=True)
    assert [item.trial for item in records] == (["ab12", "other"] if usable else ["other"])
    assert [re.search(r"from step (\d+) on its loss", item.reason)[1] for item in aside] == ([] if usable else ["20"])


@pytest.mark.parametrize(
    ("losses", "budget", "usable"),
    [
        ([1e9, 1e8, 1e7, 1e6, 1e5], 100, False),  # stopped while it was falling
        ([1e9, 1e8, 1e7, 1e6, 1e5], 50, False),  # it fell up to its end
        ([1e9, 1e10, 1e9, 1e9, 1e9], 100, True),
        ([1e9, 1e8, 1e8, 1e8, 1e8], 100, False),  # four evaluations without progress: it could have gone on
        ([1e9, 1e8, 1e8, 1e8, 1e8], 50, True),  # it ended like that
    ],
)
def test_a_trial_that_counted_as_diverged_while_its_loss_fell_is_set_aside(tmp_path, losses, budget, usable):
    row = {"outcome": "diverged", "diverged_kind": "large loss", "steps": 50, "budget": budget, "trivial_loss": 0.7}
    curve = [{"step": 10 * place, "validation_loss": loss} for place, loss in enumerate(losses, start=1)]
    store = TrialStore(tmp_path)
    store.write(record(row=row, curve=curve))
    records, aside = store.read(quarantine=True)
    assert ([item.trial for item in records] == ["ab12"]) is usable
    assert ["although it had just fallen" in item.reason for item in aside] == ([] if usable else [True])


@pytest.mark.parametrize("ended", [{"stuck_at": 50}, {"solved_at": 10.0}])
def test_a_trial_that_ended_for_another_reason_at_a_large_loss_is_kept(tmp_path, ended):
    row = {"outcome": "diverged", "diverged_kind": "large loss", "steps": 50, "budget": 3000, "trivial_loss": 0.7}
    losses = [0.1, 0.1, 0.1, 0.1, 1e6]
    curve = [{"step": 10 * place, "validation_loss": loss} for place, loss in enumerate(losses, start=1)]
    store = TrialStore(tmp_path)
    store.write(record(row=row | ended, curve=curve))
    assert [len(found) for found in store.read()] == [1, 0]


def test_a_failure_is_kept_until_the_trial_finishes(tmp_path):
    store = TrialStore(tmp_path)
    failure = Failure("ValueError: no (mine.py, line 3, in f)", "Traceback ...\nValueError: no")
    store.write_failure("ab12", failure)
    assert store.read_failures() == {"ab12": failure}
    store.write(record())
    assert store.read_failures() == {}


@pytest.mark.parametrize("call", ["open", "fdopen", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_write_that_fails_at_any_point_leaves_the_old_file(tmp_path, monkeypatch, call, number):
    path = tmp_path / "file"
    atomic.write_text(path, "old")

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(StoreError, match="Disk full" if number == errno.ENOSPC else "permission"):
        atomic.write_text(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]


def test_a_file_where_the_folder_should_be(tmp_path):
    (tmp_path / "results").write_text("")
    with pytest.raises(StoreError, match="not a folder"):
        TrialStore(tmp_path / "results").write(record())


def test_the_checksum_does_not_depend_on_the_order_of_keys():
    assert checksum({"a": 1, "b": [2]}) == checksum({"b": [2], "a": 1})


def rewrite(folder, version=1, **changes):
    """Write the trial file of `record()` again with these changes and a checksum that is right; None removes a key."""
    content = {name: value for name, value in (vars(record()) | changes).items() if value is not REMOVED}
    file = {"format": version, "checksum": checksum(content), "record": content}
    path = folder / "trials" / "ab12.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({name: value for name, value in file.items() if value is not REMOVED}))


REMOVED = object()
ROW = record().row


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        *(({name: REMOVED}, name) for name in vars(record()) if name != "trial"),
        ({"row": {name: value for name, value in ROW.items() if name != "outcome"}}, "row.outcome"),
        ({"row": {name: value for name, value in ROW.items() if name != "steps"}}, "row.steps"),
        ({"row": ROW | {"outcome": "won"}}, "row.outcome"),
        ({"row": ROW | {"accuracy": "high"}}, "row.accuracy"),
        ({"row": ROW | {"accuracy_by_distance": {"far": 1.0}}}, "row.accuracy_by_distance"),
        ({"curve": [{"train_loss": 1.0}]}, "curve.0.step"),
        ({"curve": {}}, "curve"),
        ({"probes": [{"step": 0, "probe": "action"}]}, "probes.0.value"),
    ],
)
def test_a_record_of_another_shape_is_set_aside_with_the_place(tmp_path, changes, place):
    rewrite(tmp_path, **changes)
    records, [aside] = TrialStore(tmp_path).read(quarantine=True)
    assert records == []
    assert aside.path.parent.name == "quarantine"
    assert aside.reason.startswith(f"has the shape of another version of seqbench ({place}")


def test_a_record_of_a_later_format_asks_for_an_upgrade_and_stays(tmp_path):
    rewrite(tmp_path, version=2)
    with pytest.raises(LaterFormat, match=r"the file of trial ab12 has format 2, .* upgrade"):
        TrialStore(tmp_path).read(quarantine=True)
    assert [path.name for path in tmp_path.rglob("*.json")] == ["ab12.json"]
    assert not (tmp_path / "quarantine").exists()


def test_a_record_of_a_format_that_never_was_is_set_aside(tmp_path):
    rewrite(tmp_path, version="x")
    [aside] = TrialStore(tmp_path).read()[1]
    assert aside == (tmp_path / "trials" / "ab12.json", "has format x, which no version of seqbench writes")


def test_files_from_before_there_were_formats_are_read(tmp_path):
    rewrite(tmp_path, version=REMOVED)
    assert TrialStore(tmp_path).read() == ([record()], [])


def test_a_column_that_an_older_version_did_not_write_and_one_of_a_later_version_are_no_other_shape(tmp_path):
    row = {"outcome": "diverged", "steps": 3, "invented_later": [1]}
    rewrite(tmp_path, row=row)
    [read], _ = TrialStore(tmp_path).read()
    assert read.row == row
