"""A full disk and a killed process: the old file or the new one, never a part; what is left over is swept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from seqbench.errors import StoreError
from seqbench.store import atomic, plan_file, results
from seqbench.store.lock import held
from seqbench.store.parameters import parameters_path, save_parameters
from seqbench.store.trials import TrialStore
from tests.store.full_disk import room_for
from tests.tracking.frames import grid, plan_of, record_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder with two finished trials."""
    folder = tmp_path / "toy"
    trials = [one | {"trial": f"t{place}"} for place, one in enumerate(grid({"lstm": {10: [0.5, 1.0]}}))]
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps(plan_of(trials)))
    for one in trials:
        TrialStore(folder).write(record_of(one))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_names_the_file_counts_what_is_safe_and_says_what_to_do(folder: Path) -> None:
    before = contents(folder)
    with room_for(100), pytest.raises(StoreError) as caught:
        TrialStore(folder).write(record_of(grid({"gru": {10: [0.5]}})[0] | {"trial": "third", "curve": ["x" * 1000]}))
    assert str(caught.value) == (
        f"Disk full: {folder / 'trials' / 'third.json'} could not be written (File too large). "
        "2 finished trials are safe. Free space, then run the same command again."
    )
    assert caught.value.exit_code == 4
    assert contents(folder) == before


def write_tables(folder: Path) -> None:
    results.write_tables(folder, results.load(folder))


def write_parameters(folder: Path) -> None:
    import numpy as np

    save_parameters(parameters_path(folder, "t"), {"kernel": np.zeros(1000)})


def write_plan(folder: Path) -> None:
    plan_file.write_plan(folder, replace(plan_file.load_plan(folder), grid_text="x" * 1000))


@pytest.mark.parametrize("write", [write_tables, write_parameters, write_plan])
def test_no_part_of_a_file_is_left_whatever_is_written(write, folder: Path) -> None:
    before = contents(folder)
    with room_for(500), pytest.raises(StoreError, match=r"Disk full.*2 finished trials are safe"):
        write(folder)
    assert contents(folder) == before
    assert len(results.load_results(folder)) == 2
    write(folder)
    assert not any(name.endswith(".tmp") for name in contents(folder))


def test_a_folder_that_has_gone_is_not_made_anew(folder: Path) -> None:
    store = TrialStore(folder)
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StoreError, match="is gone"):
        store.write(record_of(grid({"gru": {10: [0.5]}})[0]))
    assert not folder.exists()


HALF = """
import os, pathlib, signal, sys
from seqbench.store import atomic

os.replace = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
atomic.write_bytes(pathlib.Path(sys.argv[1]), b"whole, but not yet in its place")
"""


def test_the_holder_of_the_lock_sweeps_what_a_killed_process_left(folder: Path) -> None:
    before = contents(folder)
    for name in ("trials/new.json", "results.parquet", "figures/a.svg"):
        subprocess.run([sys.executable, "-c", HALF, str(folder / name)], check=False)
    assert len(contents(folder)) == len(before) + 3
    with held(folder):
        assert {name for name in contents(folder) if name not in (".lock", ".running.json")} == set(before)


def test_a_file_that_a_living_process_writes_stays_and_an_old_one_goes(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living:
        theirs, stale = (folder / f".{name}.{living.pid}.tmp" for name in ("report.html", "old.html"))
        own = folder / f".plan.json.{os.getpid()}.tmp"  # of a process that had this number before
        nobodys = folder / ".plan.json.0.tmp"
        for path in (theirs, stale, own, nobodys):
            path.write_text("half")
        hours_ago = time.time() - 2 * atomic.FORGOTTEN
        os.utime(stale, (hours_ago, hours_ago))
        assert sorted(atomic.sweep(folder)) == sorted([stale, own, nobodys])
        assert theirs.exists()
        living.communicate(b"\n")
    assert atomic.sweep(folder) == [theirs]


def test_only_names_that_seqbench_gives_are_swept(folder: Path) -> None:
    kept = [folder / name for name in ("notes.tmp", ".hidden.tmp", ".a.12x.tmp", "a.json.1.tmp", ".a.json.1.tmp.txt")]
    for path in kept:
        path.write_text("mine")
    assert atomic.sweep(folder) == []
    assert all(path.exists() for path in kept)
