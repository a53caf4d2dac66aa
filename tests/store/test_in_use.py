"""Nothing is written below a results folder in use that has been moved away, whatever it is and whoever writes it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from seqbench.errors import StoreError
from seqbench.store import atomic, tables
from seqbench.store.failures import Failure
from seqbench.store.in_use import in_use
from seqbench.store.lock import held
from seqbench.store.plan_file import PlanFile, write_plan
from seqbench.store.trials import TrialStore
from tests.tracking.frames import grid, record_of

WRITES = {
    "a file": lambda folder: atomic.write_text(folder / "new.txt", "new"),
    "a file in a new folder": lambda folder: atomic.write_text(folder / "new" / "new.txt", "new"),
    "tables": lambda folder: tables.write(folder, {}),
    "a plan": lambda folder: write_plan(folder, PlanFile()),
    "a failure": lambda folder: TrialStore(folder).write_failure("ab12", Failure("why")),
    "restored trials": lambda folder: TrialStore(folder).restore([record_of(grid({"gru": {10: [0.5]}})[0])]),
    "another name": lambda folder: atomic.rename(folder.with_name("elsewhere") / "old.txt", folder / "new.txt"),
    "no file": lambda folder: atomic.remove(folder / "old.txt"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "grid"
    made.mkdir()
    (made / "old.txt").write_text("old")
    return made


@pytest.mark.parametrize("another", [False, True], ids=["gone", "another"])
@pytest.mark.parametrize("name", WRITES)
def test_nothing_is_written(name, another, folder):
    moved = folder.with_name("elsewhere")
    with pytest.raises(StoreError, match="Another folder" if another else "is gone"), in_use(folder):  # noqa: PT012
        folder.rename(moved)
        if another:
            folder.mkdir()
            (folder / "old.txt").write_text("another's")
        WRITES[name](folder)
    assert [path.name for path in folder.glob("*")] == (["old.txt"] if another else [])
    assert [path.name for path in moved.iterdir()] == ["old.txt"]


@pytest.mark.parametrize("name", WRITES)
def test_all_is_written_where_the_folder_is_the_same(name, folder):
    folder.with_name("elsewhere").mkdir()
    (folder.with_name("elsewhere") / "old.txt").write_text("old")
    before = sorted(folder.rglob("*"))
    with in_use(folder):
        WRITES[name](folder)
    assert sorted(folder.rglob("*")) != before


def test_a_folder_that_is_put_back_is_the_same(folder):
    with in_use(folder):
        folder.rename(folder.with_name("elsewhere"))
        folder.with_name("elsewhere").rename(folder)
        atomic.write_text(folder / "new.txt", "new")
    assert sorted(path.name for path in folder.iterdir()) == ["new.txt", "old.txt"]


def test_other_folders_are_no_matter(folder, tmp_path):
    with pytest.raises(StoreError, match="is gone"), in_use(folder):  # noqa: PT012 - of `folder`, at the end
        folder.rename(tmp_path / "elsewhere")
        atomic.write_text(tmp_path / "grid 2" / "new.txt", "new")
    assert (tmp_path / "grid 2" / "new.txt").exists()
    atomic.write_text(folder / "new.txt", "new")  # not in use any more


def test_a_folder_may_be_in_use_twice(folder):
    with held(folder), in_use(folder):
        atomic.write_text(folder / "new.txt", "new")
    with pytest.raises(StoreError, match="is gone"), held(folder):  # noqa: PT012
        with in_use(folder):
            pass
        folder.rename(folder.with_name("elsewhere"))
        atomic.write_text(folder / "new.txt", "new")


def test_a_folder_that_is_absent_is_not_used(tmp_path):
    with pytest.raises(StoreError, match="is gone"), in_use(tmp_path / "absent"):
        pytest.fail("used an absent folder")


def test_a_disk_that_does_not_answer_is_named(folder, monkeypatch):
    def stat(path, **_):
        raise OSError(errno.ESTALE, "Stale file handle")

    with pytest.raises(StoreError, match="grid cannot be read: Stale file handle"), in_use(folder):
        monkeypatch.setattr(Path, "stat", stat)
