"""Packed trial files: nothing is lost or doubled wherever packing stops, and readers see packed and plain alike."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest

from seqbench.store import parts, trials
from seqbench.store.atomic import finished_beside
from seqbench.store.parts import Parts, list_parts, pack
from seqbench.store.records import Record
from seqbench.store.trials import TrialStore

SIZE = 6


@pytest.fixture(autouse=True)
def small(monkeypatch) -> None:
    monkeypatch.setattr(parts, "TRIALS", SIZE)
    monkeypatch.setattr(trials, "TRIALS", SIZE)
    monkeypatch.setattr(parts, "GROUP_TRIALS", 2)


def record(trial: str, accuracy: float = 0.5) -> Record:
    row = {"outcome": "partial", "steps": 3, "accuracy": accuracy, "loss": 1 / 3}
    return Record(trial, {"learning_rate": 1e-3}, row, {"jax": "1"}, [], [], [], None)


RECORDS = {f"t{number:02}": record(f"t{number:02}", number / 7) for number in range(14)}


def written(folder: Path, names=RECORDS) -> TrialStore:
    store = TrialStore(folder)
    for name in names:
        store.write(RECORDS[name])
    return store


def held(folder: Path) -> dict[str, Record]:
    """What the readers of a folder find, which have to agree."""
    found, aside = TrialStore(folder).read()
    by_trial = {each.trial: each for each in found}
    assert len(by_trial) == len(found), "doubled"
    assert not aside
    assert TrialStore(folder).names() == set(by_trial)
    assert set(TrialStore(folder).written()) == set(by_trial)
    store = TrialStore(folder)
    assert {trial: store.find(trial) for trial in by_trial} == by_trial
    return by_trial


def test_files_are_packed_as_soon_as_there_are_many(tmp_path: Path) -> None:
    store = written(tmp_path)
    assert sorted(path.name for path in store.trials.iterdir()) == [
        "000001-6.parquet", "000002-6.parquet", "t12.json", "t13.json",
    ]  # fmt: skip
    assert held(tmp_path) == RECORDS
    assert store.find("t99") is None
    assert finished_beside(store.trials / "any") == "14 finished trials are safe. "
    for name in ("backup-v2.parquet", "backup-2.parquet"):  # of somebody else
        (store.trials / name).write_bytes(b"")
    assert finished_beside(store.trials / "any") == "14 finished trials are safe. "


def test_another_process_goes_on_where_one_stopped(tmp_path: Path) -> None:
    names = list(RECORDS)
    written(tmp_path, names[:4])
    store = written(tmp_path, names[4:7])
    assert [part.trials for part in list_parts(store.trials)] == [6]
    assert held(tmp_path) == {name: RECORDS[name] for name in names[:7]}


def test_texts_and_times_stay_as_they_were(tmp_path: Path) -> None:
    store = written(tmp_path, ["t00", "t01"])
    before = {path.stem: path.read_bytes() for path in store.trials.iterdir()}
    os.utime(store.trials / "t00.json", ns=(5, 2_500_000_000))
    pack(store.trials)
    packed = Parts(store.trials)
    assert {trial: packed.text(trial) for trial in packed.names()} == before
    assert packed.written()["t00"] == 2_500_000_000


def test_what_is_trained_again_replaces_what_is_packed(tmp_path: Path) -> None:
    store = written(tmp_path)
    anew = replace(RECORDS["t03"], probed=["action"])
    store.write(anew)
    assert held(tmp_path) == RECORDS | {"t03": anew}
    pack(store.trials)
    assert held(tmp_path) == RECORDS | {"t03": anew}


OPERATIONS = ("open", "fsync", "replace", "unlink")


@pytest.mark.parametrize("last", range(14))
def test_wherever_packing_is_killed_nothing_is_lost_or_doubled(tmp_path: Path, monkeypatch, last: int) -> None:
    names = list(RECORDS)[: SIZE - 1]
    store, left = written(tmp_path, names), [last]

    class Killed(BaseException):
        pass

    def counted(operation):
        def do(*given, **named):
            if str(given[0]).endswith(".json") and operation is not real["unlink"]:
                return operation(*given, **named)  # reading: nothing changes on the disk
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return operation(*given, **named)

        return do

    real = {name: getattr(os, name) for name in OPERATIONS}
    for name in OPERATIONS:
        monkeypatch.setattr(os, name, counted(real[name]))
    try:
        pack(store.trials)
        killed = False
    except Killed:
        killed = True
    monkeypatch.undo()
    assert killed or last > 10
    assert held(tmp_path) == {name: RECORDS[name] for name in names}
    pack(store.trials)
    assert held(tmp_path) == {name: RECORDS[name] for name in names}
    assert not list(store.trials.glob("*.json"))


def test_a_reader_that_looked_before_packing_finds_everything_after_it(tmp_path: Path) -> None:
    names = list(RECORDS)[: SIZE - 1]
    store, reader = written(tmp_path, names), TrialStore(tmp_path)
    each = reader.each([])
    first = next(each)
    pack(store.trials)
    assert [first.trial, *(one.trial for one in each)] == names
    assert reader.find("t04") == RECORDS["t04"]


@pytest.mark.parametrize("seed", range(30))
def test_damage_costs_the_trials_it_hits_and_no_others(tmp_path: Path, seed: int) -> None:
    store = written(tmp_path)
    chance, path = random.Random(seed), list_parts(store.trials)[0].path
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    found, _ = TrialStore(tmp_path).read()
    moved, aside = TrialStore(tmp_path).read(quarantine=True)
    left = {one.trial: one for one in moved}
    assert {one.trial for one in found} == left.keys()
    assert left.items() <= RECORDS.items()
    assert list(RECORDS)[SIZE:] == [trial for trial in RECORDS if trial in left and trial >= f"t{SIZE:02}"]
    if aside:
        assert {each.path.parent.name for each in aside} == {"quarantine"}
        assert not path.exists()
    else:
        assert left == RECORDS
    assert held(tmp_path) == left


def test_a_trial_that_is_no_longer_usable_is_moved_aside_with_its_part(tmp_path: Path) -> None:
    store = written(tmp_path, list(RECORDS)[:4])
    (store.trials / "t02.json").write_text("{}")
    pack(store.trials)
    assert [each.trial for each in TrialStore(tmp_path).read()[0]] == ["t00", "t01", "t03"]
    _, [aside] = TrialStore(tmp_path).read(quarantine=True)
    assert aside.reason == "holds trial t02, which failed its checksum,"
    assert [path.name for path in store.trials.iterdir()] == ["000002-3.parquet"]
    assert held(tmp_path).keys() == {"t00", "t01", "t03"}


def test_a_part_that_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    store = written(tmp_path)
    path = list_parts(store.trials)[0].path
    path.rename(tmp_path / "elsewhere.parquet")
    path.symlink_to(tmp_path / "elsewhere.parquet")
    found, [aside] = TrialStore(tmp_path).read()
    assert [each.trial for each in found] == list(RECORDS)[SIZE:]
    assert aside.path == path
    assert "is a link and not a plain file" in aside.reason
