"""One process a grid, and a lock that ends with the process that holds it."""

import json
import os
import socket
import subprocess
import sys

import pytest

from seqbench.errors import GridBusy, StoreError
from seqbench.store import lock
from seqbench.store.lock import held, note_path

HOLD = """
import pathlib, sys
from seqbench.store import lock
from seqbench.store.lock import held

with held(pathlib.Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "in\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_process_is_told_who_holds_the_grid(tmp_path, holder):
    with pytest.raises(GridBusy, match=f"process {holder.pid} on .* since"), held(tmp_path):
        pytest.fail("two holders")


def test_a_lock_left_by_a_killed_process_is_free_and_its_note_is_passed_on(tmp_path, holder):
    holder.kill()
    holder.wait()
    with held(tmp_path) as previous:
        assert previous["process"] == holder.pid
    with held(tmp_path) as previous:
        assert previous is None


def test_a_note_cut_off_by_power_loss_is_no_obstacle(tmp_path):
    (tmp_path / ".running.json").write_text('{"proc')
    with held(tmp_path) as previous:
        assert previous is None


def test_a_folder_that_has_gone_ends_in_an_error_and_is_not_made_anew(tmp_path):
    folder = tmp_path / "grid"
    with pytest.raises(StoreError, match=f"{folder} is gone"), held(folder):
        folder.rename(tmp_path / "elsewhere")
    assert not folder.exists()


def test_the_note_of_a_run_in_another_folder_of_that_name_stays(tmp_path):
    folder = tmp_path / "grid"
    with pytest.raises(StoreError, match="Another folder stands"), held(folder):  # noqa: PT012
        folder.rename(tmp_path / "elsewhere")
        folder.mkdir()
        note_path(folder).write_text("another's")
    assert note_path(folder).read_text() == "another's"


def test_why_work_on_a_folder_ended_is_not_hidden_by_its_absence(tmp_path):
    with pytest.raises(ZeroDivisionError), held(tmp_path / "grid"):  # noqa: PT012
        (tmp_path / "grid").rename(tmp_path / "elsewhere")
        raise ZeroDivisionError


@pytest.mark.parametrize(("process", "runs"), [(10**20, False), (0, False), (-1, False), ("x", False), (None, True)])
def test_a_damaged_note_names_no_process_that_runs(tmp_path, process, runs):
    note = {"process": os.getpid() if process is None else process, "host": socket.gethostname()}
    (tmp_path / ".running.json").write_text(json.dumps(note))
    assert (lock.holder(tmp_path) is not None) == runs


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="not a folder"), held(tmp_path / "file" / "grid"):
        pytest.fail("held a lock in a file")
