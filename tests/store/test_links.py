"""Nothing is read or written through a link, and nothing waits for a pipe: a folder may come from anybody."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from seqbench.errors import StoreError
from seqbench.store import atomic, plain_file
from seqbench.store.checkpoints import begun
from seqbench.store.lock import held
from seqbench.store.plain_file import NotPlainFile
from seqbench.store.quarantine import set_aside
from seqbench.store.trials import TrialStore

KINDS = ["a link", "a link to nothing", "a pipe", "a socket", "a folder"]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is no part of the results, with a file of its owner's."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("mine")
    return tmp_path / "outside"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "results").mkdir()
    return tmp_path / "results"


def place(kind: str, path: Path, outside: Path) -> None:
    """Put something that is no plain file at a path."""
    match kind:
        case "a link":
            path.symlink_to(outside / "secret")
        case "a link to nothing":
            path.symlink_to(outside / "new")
        case "a pipe":
            os.mkfifo(path)
        case "a socket":
            with socket.socket(socket.AF_UNIX) as one:
                one.bind(os.path.relpath(path))  # a whole path may be too long
        case "a folder":
            path.mkdir()


def untouched(outside: Path) -> bool:
    return {path.name: path.read_text() for path in outside.iterdir()} == {"secret": "mine"}


ACCESSES: dict[str, Callable[[Path], object]] = {
    "read": plain_file.read_bytes,
    "write": lambda path: atomic.write_text(path, "new"),
    "lock": atomic.open_lock,
}


@pytest.mark.parametrize("access", ACCESSES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_plain_file_is_refused_at_once(kind: str, access: str, folder: Path, outside: Path) -> None:
    path = folder / "file"
    place(kind, path, outside)
    with pytest.raises((StoreError, NotPlainFile), match=f"{path} is {kind.removesuffix(' to nothing')} and not"):
        ACCESSES[access](path)
    assert untouched(outside)
    assert [one.name for one in folder.iterdir()] == ["file"]


@pytest.mark.parametrize("access", ACCESSES)
def test_a_folder_that_is_a_link_is_refused(access: str, folder: Path, outside: Path) -> None:
    (folder / "inner").symlink_to(outside)
    with pytest.raises((StoreError, NotPlainFile), match=f"{folder / 'inner'} is a link and not a folder"):
        ACCESSES[access](folder / "inner" / "secret")
    assert untouched(outside)


def test_a_folder_that_is_a_link_is_not_made_where_it_leads(folder: Path, outside: Path) -> None:
    (folder / "inner").symlink_to(outside / "new")
    with pytest.raises(StoreError):
        atomic.write_text(folder / "inner" / "file", "new")
    assert untouched(outside)


def test_a_temporary_file_that_is_a_link_is_replaced_and_not_followed(folder: Path, outside: Path) -> None:
    (folder / f".file.{os.getpid()}.tmp").symlink_to(outside / "secret")
    atomic.write_text(folder / "file", "new")
    assert (folder / "file").read_text() == "new"
    assert untouched(outside)


def test_what_is_removed_or_moved_is_the_link_and_not_what_it_leads_to(folder: Path, outside: Path) -> None:
    for name in ("one", "other"):
        (folder / name).symlink_to(outside / "secret")
    atomic.remove(folder / "one")
    assert set_aside(folder / "other", folder / "quarantine").is_symlink()
    assert [one.name for one in folder.iterdir()] == ["quarantine"]
    assert untouched(outside)


@pytest.mark.parametrize("act", [
    lambda folder: atomic.remove(folder / "inner" / "secret"),
    lambda folder: set_aside(folder / "inner" / "secret", folder / "quarantine"),
    lambda folder: set_aside(folder / "own", folder / "inner"),
])  # fmt: skip
def test_nothing_is_removed_or_moved_in_a_folder_that_is_a_link(act, folder: Path, outside: Path) -> None:
    (folder / "inner").symlink_to(outside)
    (folder / "own").write_text("own")
    with pytest.raises(StoreError, match="is a link and not a folder"):
        act(folder)
    assert untouched(outside)


@pytest.mark.parametrize("name", ["trials", "failures", "checkpoints"])
def test_names_are_not_listed_in_a_folder_that_is_a_link(name: str, folder: Path, outside: Path) -> None:
    (folder / name).symlink_to(outside)
    store = TrialStore(folder)
    listing = {"trials": store.read, "failures": store.read_failures, "checkpoints": lambda: begun(folder)}[name]
    with pytest.raises(StoreError, match=f"{folder / name} is a link and not a folder"):
        listing()


@pytest.mark.parametrize("name", [".lock", ".running.json"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_and_its_note_are_plain_files(name: str, kind: str, folder: Path, outside: Path) -> None:
    place(kind, folder / name, outside)
    with pytest.raises(StoreError, match="Move it away"), held(folder):
        pytest.fail("held a lock that is none")
    assert untouched(outside)


def test_a_results_folder_that_is_a_link_is_refused_and_one_below_a_link_is_not(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "quickstart").symlink_to(folder)
    with pytest.raises(StoreError, match="is a link and not a folder"), held(tmp_path / "quickstart"):
        pytest.fail("followed the link")
    (tmp_path / "elsewhere").symlink_to(folder)  # such as `results` itself, on another disk
    with held(tmp_path / "elsewhere" / "quickstart"):
        assert (folder / "quickstart" / ".lock").exists()


def test_a_file_of_more_bytes_than_it_may_have_is_not_read(folder: Path) -> None:
    with (folder / "large").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(OSError, match="1,000,000,000,000 bytes, where 100 are the most it may have"):
        plain_file.read_bytes(folder / "large", at_most=100)
