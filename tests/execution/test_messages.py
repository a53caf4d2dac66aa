"""Jobs and events come back as they were sent; what another version sends is refused and not misread."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from seqbench.components.catalogue import Component
from seqbench.errors import MessageError, StoreError
from seqbench.execution.events import (
    Crashed,
    Finished,
    IntervalDone,
    Notice,
    Refused,
    Started,
    decode_event,
    encode_event,
)
from seqbench.execution.job import Job, decode_job
from seqbench.execution.pool import Pool
from seqbench.plan.plan import plan

JOB = Job(
    trial="ab12",
    group="g",
    settings={"cell": {"name": "lstm", "settings": {"hidden": 8}}, "mitigations": []},
    seed=1000,
    learning_rate=0.1 + 0.2,
    probes={"influence {'distances': 3}": Component("influence", {"distances": 3})},
    tested=(5, 10),
    parameters=Path("/results/parameters/ab12"),
    checkpoint=None,
    checkpoint_seconds=30.0,
)
EVENTS = [
    Started("ab12"),
    IntervalDone("ab12", 100, 1 / 3),
    IntervalDone("ab12", 100, None),
    Finished("ab12", {"outcome": "solved"}, [{"step": 100, "met": True}], [], ["action"], None, {"jax": "0.10"}),
    Crashed("ab12", "ValueError: \u2028 no", "Traceback\nValueError: \u2028 no"),
    Notice("ab12", "Checkpoint ab12 failed its checksum"),
    Refused("ab12", "Disk full"),
]


def test_a_job_comes_back_to_the_bit():
    line = JOB.encode()
    assert "\n" not in line
    assert decode_job(line) == JOB


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.event)
def test_an_event_comes_back_as_its_type(event):
    line = encode_event(event)
    assert "\n" not in line
    assert decode_event(line) == event


def test_a_number_that_is_not_finite_becomes_none():
    assert decode_event(encode_event(IntervalDone("ab12", 1, float("nan")))) == IntervalDone("ab12", 1, None)


@pytest.mark.parametrize(
    "changes", [{"format": 0}, {"format": None}, {"event": "paused"}, {"step": "many"}, {"trial": None}]
)
def test_an_event_of_another_format_is_refused(changes):
    content = json.loads(encode_event(EVENTS[1])) | changes
    with pytest.raises(MessageError, match="versions of seqbench"):
        decode_event(json.dumps(content))


@pytest.mark.parametrize("missing", ["format", "trial", "settings", "seed", "probes", "checkpoint"])
def test_a_job_without_a_field_is_refused(missing):
    content = {name: value for name, value in json.loads(JOB.encode()).items() if name != missing}
    with pytest.raises(MessageError):
        decode_job(json.dumps(content))


def test_a_line_that_was_cut_off_is_no_message():
    with pytest.raises(ValueError, match="line 1 column"):
        decode_event(encode_event(EVENTS[3])[:-9])


def test_a_worker_refuses_a_job_of_another_version():
    line = json.dumps(json.loads(JOB.encode()) | {"format": 0})
    command = [sys.executable, "-m", "seqbench.execution.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        worker.stdin.write(line + "\n")
        worker.stdin.flush()
        answer = decode_event(worker.stdout.readline())
        worker.stdin.close()
    assert isinstance(answer, Refused)
    assert "versions of seqbench" in answer.message


def test_a_run_stops_when_its_worker_speaks_another_format(grid, monkeypatch, tmp_path):
    """The worker of this test is a program that answers every job with an event of a later version."""
    script = tmp_path / "later"
    script.write_text(f"#!{sys.executable}\nimport sys\nfor _ in sys.stdin: print('{{\"format\": 99}}', flush=True)\n")
    script.chmod(0o755)
    monkeypatch.setattr("seqbench.execution.process.sys.executable", str(script))
    with Pool(1) as pool, pytest.raises(StoreError, match="versions of seqbench"):
        pool.run(plan(grid).groups[:1], lambda event: None)
