"""How the command begins and ends: signals, closed and full streams."""

import gc
import os
import signal
import subprocess
import sys
import time

import pytest

from seqbench.commands.interrupt import Interrupted, on_termination

SEQBENCH = [sys.executable, "-m", "seqbench"]


def wait_for_interruption():
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        time.sleep(0.001)
    pytest.fail("the signal was lost")


def test_a_signal_inside_a_callback_of_the_garbage_collector_is_not_lost():
    received = []

    def callback(phase, _):
        if phase == "start" and len(received) < 3:  # discarded three times: once sent, then raised again twice
            received.append(phase)
            signal.raise_signal(signal.SIGTERM if len(received) == 1 else signal.SIGALRM)

    def collect():
        with on_termination():
            for _ in range(3):
                gc.collect()
            wait_for_interruption()

    gc.callbacks.append(callback)
    try:
        with pytest.raises(Interrupted) as caught:
            collect()
    finally:
        gc.callbacks.remove(callback)
    assert received == ["start"] * 3
    assert caught.value.exit_code == 143


def test_a_signal_inside_a_finaliser_is_not_lost():
    class Finalised:
        def __del__(self):
            signal.raise_signal(signal.SIGINT)

    def finalise():
        with on_termination():
            Finalised()
            wait_for_interruption()

    with pytest.raises(Interrupted):
        finalise()


def test_a_signal_waits_for_the_end_of_an_import(tmp_path, monkeypatch):
    (tmp_path / "slow_to_import.py").write_text(
        "import signal\nsignal.raise_signal(signal.SIGINT)\nfor _ in range(10**6): pass\nwhole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def load():
        with on_termination():
            import slow_to_import

            found.append(slow_to_import.whole)
            wait_for_interruption()

    found = []
    with pytest.raises(Interrupted):
        load()
    assert found == [True]


def test_other_discarded_errors_and_handlers_stay_as_they_were(monkeypatch):
    hooked = []
    monkeypatch.setattr(sys, "unraisablehook", hooked.append)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)]

    class Faulty:
        def __del__(self):
            raise ValueError("mine")

    with on_termination():
        Faulty()
    assert [each.exc_type for each in hooked] == [ValueError]
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)] == before


@pytest.mark.parametrize("seconds", [0.6, *(pytest.param(later, marks=pytest.mark.slow) for later in (1.5, 3.0))])
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_a_signal_at_start_up_ends_the_command_without_a_traceback(tmp_path, number, seconds):
    path = tmp_path / "grid.yaml"
    path.write_text("question: q\ntasks: [adding]\nlengths: [50]\ntraining: {steps: 100000}\n")
    command = [*SEQBENCH, "run", str(path), "--results", str(tmp_path / "results"), "--workers", "1"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not os.path.exists(f"/proc/{running.pid}/stat") or b"seqbench" not in _command(running.pid):
        time.sleep(0.001)
    time.sleep(seconds)
    running.send_signal(number)
    _, errors = running.communicate(timeout=60)
    assert "Traceback" not in errors
    assert running.returncode == 128 + number, errors
    assert f"Stopped by {signal.Signals(number).name}." in errors


def _command(pid):
    with open(f"/proc/{pid}/cmdline", "rb") as file:
        return file.read()


OUTPUTS = pytest.mark.parametrize(
    "words", ["list tasks", pytest.param("plan quickstart --json", marks=pytest.mark.slow)]
)


@OUTPUTS
def test_a_reader_that_has_read_enough_is_no_fault(words):
    command = [*SEQBENCH, *words.split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        running.stdout.close()
        errors = running.stderr.read()
    assert (running.returncode, errors) == (0, "")


@OUTPUTS
def test_a_full_disk_behind_standard_output_is_one_line(words):
    with open("/dev/full", "w") as full:
        done = subprocess.run([*SEQBENCH, *words.split()], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (4, "The output cannot be written: No space left on device.\n")


@pytest.mark.parametrize(
    "closed", [">&- 2>&- <&-", *(pytest.param(one, marks=pytest.mark.slow) for one in (">&-", "<&-", "2>&-"))]
)
def test_closed_streams_are_no_fault_and_no_file_takes_their_place(closed):
    shell = f"{' '.join(SEQBENCH)} list tasks {closed}"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_characters_that_the_terminal_lacks_are_spelled_out(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    command = [*SEQBENCH, "status", "größe", "--results", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode != 0
    assert done.stderr.startswith("gr")
    assert done.stderr.isascii()
    assert "Traceback" not in done.stderr
