"""A worker: a process of its own that trains one trial at a time on one core.

    python -m seqbench.execution.worker

It reads jobs from standard input and writes events to standard output, one JSON object a line:

    job      {"trial": id, "group": key, "settings": {...}, "seed": n, "learning_rate": x, "probes": ...,
              "probe_steps": n, "parameters": file to keep the trained parameters in, or null,
              "checkpoint": file to go on from and to keep where the trial stands, or null, "checkpoint_seconds": x}
    events   {"event": "started" | "interval" | "finished" | "crashed" | "refused", "trial": id, ...}

"refused" is for what the disk or the system would not do: no fault of the trial, and no use to go on.

A worker ends when its input closes, so none outlives a driver that was killed. One thread of arithmetic a process:
for the sizes of recurrent networks two processes do twice the work of two threads, and several threads may change bits.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, TextIO

from seqbench.errors import StoreError

SINGLE_THREAD = {
    # Without its newer fusion emitters XLA compiles an LSTM's program in 2.4 s instead of 5.0, and it runs as fast.
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1 "
    "--xla_cpu_use_fusion_emitters=false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Environment of a worker, set before JAX is imported."""


def main() -> None:
    """Train what standard input asks for until it closes."""
    events = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a library prints must not mix with the events
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_read_jobs, args=(jobs,), daemon=True).start()
    programs: dict[str, Any] = {}
    while True:
        job = jobs.get()
        try:
            _work(job, programs, events)
        except StoreError as error:
            _say(events, "refused", job, message=str(error))
        except Exception:  # noqa: BLE001 - whatever a trial raises is reported, and the next trial goes on
            _say(events, "crashed", job, traceback=traceback.format_exc())


def _read_jobs(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Pass jobs on; when the driver is gone, so is the worker, in the middle of whatever it does."""
    for line in sys.stdin:
        jobs.put(json.loads(line))
    os._exit(0)


def _work(job: dict[str, Any], programs: dict[str, Any], events: TextIO) -> None:
    """Train one trial and say how it goes."""
    from seqbench.components.assemble import assemble
    from seqbench.components.probe_selection import assemble_probes
    from seqbench.execution.checkpointer import Checkpointer
    from seqbench.execution.environment import environment
    from seqbench.store.parameters import save_parameters
    from seqbench.training.program import Program
    from seqbench.training.trial import Checkpoint, run_trial

    _say(events, "started", job)
    assembly, probes = assemble(job["settings"]), assemble_probes(job["probes"])
    if job["group"] not in programs:
        programs.clear()  # one group at a time: compiled programs are large
        programs[job["group"]] = Program(assembly)
    checkpointer = Checkpointer(job)
    resume = checkpointer.read(programs[job["group"]], assembly)

    def after(point: Checkpoint) -> None:
        checkpointer.write(point)
        _say_where(events, job, point.curve[-1])

    if resume:
        _say_where(events, job, resume.curve[-1])

    finished = run_trial(
        programs[job["group"]],
        chain=assembly.chain,
        seed=job["seed"],
        learning_rate=job["learning_rate"],
        probes=probes,
        probe_steps=job["probe_steps"],
        resume=resume,
        after_interval=after,
    )
    kept = save_parameters(Path(job["parameters"]), finished.parameters) if job["parameters"] else None
    _say(events, "finished", job, row=finished.row, curve=finished.curve, probes=finished.probes,
         probed=list(probes), parameters=kept, environment=environment())  # fmt: skip


def _say_where(events: TextIO, job: dict[str, Any], last: dict[str, Any]) -> None:
    _say(events, "interval", job, step=last["step"], accuracy=last["validation_accuracy"])


def _say(events: TextIO, event: str, job: dict[str, Any], **content: Any) -> None:
    from seqbench.store.trials import plain

    events.write(json.dumps(plain({"event": event, "trial": job["trial"], **content})) + "\n")


if __name__ == "__main__":
    main()
