"""Trial files: nothing is lost, nothing damaged is believed."""

import errno
import json
import os
import random
from pathlib import Path

import pytest

from seqbench.errors import StoreError
from seqbench.store import atomic
from seqbench.store.trials import TrialStore, checksum, plain


def record(trial="ab12", accuracy=0.1 + 0.2):
    return {
        "trial": trial,
        "settings": {"learning_rate": 1e-3},
        "row": {"outcome": "solved", "accuracy": accuracy, "loss": 1 / 3},
        "curve": [{"step": 100, "validation_loss": 2.5e-9}],
        "probes": [],
    }


def test_floats_come_back_to_the_bit(tmp_path):
    store = TrialStore(tmp_path)
    store.write(record())
    [read], damaged = store.read()
    assert read == record()
    assert not damaged


def test_json_holds_no_nan_and_no_infinity(tmp_path):
    store = TrialStore(tmp_path)
    store.write(record(accuracy=float("nan")) | {"curve": [{"train_loss": float("inf")}]})
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
    found = {item["trial"]: item for item in records}
    assert found["b"] == record("b")
    # A flip may leave the content as it was (white space, the case of an exponent); else it must be found.
    assert found.get("a") == record("a") or [item.parent.name for item in damaged] == ["quarantine"]
    assert ("a" in found) != bool(damaged)


@pytest.mark.parametrize("spoil", ["truncate", "empty", "swap", "link", "nest"])
def test_other_damage_is_found(tmp_path, spoil):
    store = TrialStore(tmp_path)
    store.write(record("a"))
    store.write(record("b"))
    path = tmp_path / "trials" / "a.json"
    match spoil:
        case "truncate":
            path.write_bytes(path.read_bytes()[:-7])
        case "empty":
            path.write_bytes(b"")
        case "swap":
            path.write_bytes((tmp_path / "trials" / "b.json").read_bytes())
        case "link":
            path.unlink()
            path.symlink_to(tmp_path / "trials" / "b.json")
        case "nest":
            path.write_text("[" * 100_000)
    records, damaged = store.read(quarantine=True)
    assert [item["trial"] for item in records] == ["b"]
    assert len(damaged) == 1
    assert store.read() == (records, [])


def test_a_failure_is_kept_until_the_trial_finishes(tmp_path):
    store = TrialStore(tmp_path)
    store.write_failure("ab12", "Traceback ...\nValueError: no")
    assert store.read_failures() == {"ab12": "Traceback ...\nValueError: no"}
    store.write(record())
    assert store.read_failures() == {}


@pytest.mark.parametrize("call", ["write_bytes", "fsync", "rename"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_write_that_fails_at_any_point_leaves_the_old_file(tmp_path, monkeypatch, call, number):
    path = tmp_path / "file"
    atomic.write_text(path, "old")

    def fail(*_):
        raise OSError(number, os.strerror(number))

    target = {"write_bytes": (Path, "write_bytes"), "fsync": (os, "fsync"), "rename": (Path, "replace")}[call]
    monkeypatch.setattr(*target, fail)
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
