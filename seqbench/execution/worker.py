"""A worker: a process of its own that trains one trial at a time on one core.

    python -m seqbench.execution.worker

It reads jobs from standard input and writes events to standard output, one JSON object a line; see
`seqbench.execution.job` and `seqbench.execution.events`.

A worker ends when its input closes, so none remains after a driver that was killed. One thread of arithmetic a process:
for the sizes of recurrent networks two processes do twice the work of two threads, and several threads may change bits.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from seqbench.errors import MessageError, StoreError
from seqbench.execution.crash import failure
from seqbench.execution.events import (
    Crashed,
    Event,
    Finished,
    IntervalDone,
    Notice,
    Refused,
    Started,
    encode_event,
)
from seqbench.execution.job import Job, decode_job
from seqbench.execution.output import flush, mark
from seqbench.grid_folder import remember_files

if TYPE_CHECKING:  # JAX is imported when the first job has come
    from seqbench.training.trial import Checkpoint, TrialResult

SINGLE_THREAD = {
    # Without its newer fusion emitters XLA compiles an LSTM's program in 2.4 s instead of 5.0, and it runs as fast.
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1 "
    "--xla_cpu_use_fusion_emitters=false",
    # The flags above no longer bind XLA's own pool, which takes a thread a core and runs parts of a program beside each
    # other: a worker then used 1.3 cores, and a trial took 1.31 times as long beside another as alone.
    "PJRT_NPROC": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
"""Limits arithmetic to one thread; set before JAX is imported."""

ALLOCATOR = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(2**40),
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
"""Lets the GNU C library keep what is freed, in huge pages. By default it returns large buffers to the system after
every program that has used them, and gets them back a small page at a time: 37 to 50 % of a training step over 200
steps of 128 units."""

ENVIRONMENT = {**SINGLE_THREAD, **ALLOCATOR}
"""Environment of a worker, set before it starts."""


def main() -> None:
    """Train what standard input asks for until it closes."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever a trial prints must not mix with the events
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read_lines, args=(lines,), daemon=True).start()

    def report(event: Event) -> None:
        flush()
        output.write(encode_event(event) + "\n")

    while True:
        trial = ""
        try:
            job = decode_job(lines.get())
            trial = job.trial
            mark(trial)
            report(_train(job, report))
        except (StoreError, MessageError) as error:
            report(Refused(trial, str(error)))
        except Exception as error:  # noqa: BLE001 - whatever a trial raises is reported, and the next trial goes on
            report(Crashed(trial, *failure(error)))


def _read_lines(lines: queue.SimpleQueue[str]) -> None:
    """Pass jobs on; when the driver is gone, end the process, in the middle of whatever it does."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


def _train(job: Job, report: Callable[[Event], None]) -> Finished:
    """Train one trial; `report` is called as it begins and after each evaluation."""
    from seqbench.components import catalogue
    from seqbench.components.assemble import assemble, at_length
    from seqbench.components.own_code import set_beside
    from seqbench.components.probe_selection import assembled
    from seqbench.execution.checkpointer import Checkpointer
    from seqbench.execution.environment import environment
    from seqbench.execution.remaining import test_label
    from seqbench.store.parameters import save_parameters
    from seqbench.training.program import Program
    from seqbench.training.trial import run_trial

    report(Started(job.trial))
    set_beside(job.beside)
    remember_files(job.files)
    for name, program_text in job.carried.items():
        catalogue.define(name, program_text)
    assembly, probes = assemble(job.settings), assembled(job.probes)
    others = {length: Program(assemble(at_length(job.settings, length))) for length in job.tested}
    program = Program(assembly)
    checkpointer = Checkpointer(job, say=lambda line: report(Notice(job.trial, line)))

    def after(point: Checkpoint) -> None:
        checkpointer.write(point)
        report(_interval(job, point))

    def train(resume: Checkpoint | None) -> TrialResult:
        if resume:
            report(_interval(job, resume))
        return run_trial(
            program, chain=assembly.chain, seed=job.seed, learning_rate=job.learning_rate, probes=probes, others=others,
            resume=resume, after_interval=after,
        )  # fmt: skip

    finished = checkpointer.go_on(train, checkpointer.read(program, assembly))
    kept = save_parameters(job.parameters, finished.parameters) if job.parameters else None
    measured = [*probes, *map(test_label, others)]
    return Finished(job.trial, finished.row, finished.curve, finished.probes, measured, kept, environment())


def _interval(job: Job, point: Checkpoint) -> IntervalDone:
    last = point.curve[-1]
    return IntervalDone(job.trial, last["step"], last["validation_accuracy"])


if __name__ == "__main__":
    main()
