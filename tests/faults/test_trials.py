"""Trials whose numbers overflow, whose memory runs out, who hang or raise: they cost themselves and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from seqbench.store.results import load
from tests.faults.commands import Commands, options
from tests.faults.scene import sizes, without_clock
from tests.faults.tally import Tally

MODULE = '''
import os, signal, time
import jax, jax.numpy as jnp, optax
from seqbench.mitigations.base import Mitigation
from seqbench.tasks.base import Task
from seqbench.tasks.delayed_recall import delayed_recall


def spoil(kind: str = "nan", at: int = 7) -> Mitigation:
    """Puts a value into every update from a step on."""
    value = {"nan": jnp.nan, "inf": jnp.inf, "minus_inf": -jnp.inf, "huge": 1e30}[kind]
    factor = value if kind == "huge" else 0.0  # the same huge number everywhere would cancel in a softmax

    def update(updates, state, params=None):
        def spoilt(u):
            return jnp.where(state >= at, u * factor if factor else jnp.full_like(u, value), u)

        return jax.tree.map(spoilt, updates), state + 1

    spoiling = optax.GradientTransformation(lambda params: jnp.zeros((), jnp.int32), update)
    return Mitigation(gradient=lambda arrays: spoiling)


def begin(act, length):
    task = delayed_recall(length, symbols=2)

    def sample(key, size):
        act()
        return task.sample(key, size)

    return task._replace(sample=sample)


def memory(length: int = 2) -> Task:
    """Needs more memory than there is."""
    def act():
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))
        bytearray(2**40)
    return begin(act, length)


def killed(length: int = 2) -> Task:
    """As the kernel ends what takes too much memory."""
    return begin(lambda: os.kill(os.getpid(), signal.SIGKILL), length)


def raises(length: int = 2) -> Task:
    def act():
        raise ValueError("a mistake of the user")
    return begin(act, length)


def hangs(length: int = 2) -> Task:
    return begin(lambda: time.sleep(1e6), length)


def loops(length: int = 2) -> Task:
    def act():
        while True:
            pass
    return begin(act, length)
'''
HEAD = """
question: What do bad trials do to others?
lengths: [2]
seeds: {seeds}
model: {{stacked: {{width: 4}}}}
training: {{steps: 20, batch_size: 4, evaluate_every: 10, validation_sequences: 64, test_sequences: 64,
            stop_when_solved: false, optimizer: sgd}}
probes: none
"""
KINDS = ("nan", "inf", "minus_inf", "huge")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "spoiling.py").write_text(MODULE)
    return tmp_path


@sizes(None, 10)
def test_numbers_that_overflow(size: int, own: Path, commands: Commands, tally: Callable[..., Tally]) -> None:
    counts, alone, among = tally("F10"), own / "alone.yaml", own / "among.yaml"
    plain = "  - {name: plain}\n"
    head = HEAD.format(seeds=size) + "tasks: [delayed_recall]\nmethods:\n" + plain
    alone.write_text(head)
    among.write_text(
        head
        + "".join(f"  - {{name: {kind}, mitigations: [{{'spoiling:spoil': {{kind: {kind}}}}}]}}\n" for kind in KINDS)
    )
    for path in (alone, among):
        done = commands.run("run", path, *options(own / "results"), path=[str(own)])
        counts.require(done.code == 0 and not done.raised, "tracebacks", done.said[-1500:])
    before, after = load(own / "results" / "alone"), load(own / "results" / "among")
    for _, row in after.finished.iterrows():
        if row["method"] == "plain":
            continue
        counts.inject(f"{row['method']} from step 7 on")
        counts.require(row["outcome"] == "diverged" and row["diverged_at"] <= 20, "silent", str(row.to_dict()))
    kept = set(before.finished["trial"])
    same = [after.finished[after.finished["trial"].isin(kept)], after.curves[after.curves["trial"].isin(kept)]]
    for table, other in zip(same, (before.finished, before.curves), strict=True):
        equal = without_clock(table.reset_index(drop=True)).equals(without_clock(other.reset_index(drop=True)))
        counts.require(equal, "other_bits", "a neighbour of a diverging trial")
    for path in (own / "results" / "among").rglob("*.json"):
        counts.require("NaN" not in path.read_text() and "Infinity" not in path.read_text(), "silent", path.name)


REASONS = {
    "memory": "MemoryError", "killed": "signal 9", "raises": "a mistake of the user", "hangs": "longer than",
    "loops": "longer than",
}  # fmt: skip
"""What a failure of each task says."""


@sizes(None, 4)
def test_trials_that_crash(size: int, own: Path, commands: Commands, tally: Callable[..., Tally]) -> None:
    counts, path = tally("F11"), own / "crashing.yaml"
    path.write_text(
        HEAD.format(seeds=size) + f"tasks: [{', '.join(f'spoiling:{name}' for name in REASONS)}, delayed_recall]\n"
    )
    more = ("--time-limit", "0.4")
    done = commands.run("run", path, *options(own / "results", *more), path=[str(own)], seconds=900)
    counts.require(done.code == 3 and not done.raised, "tracebacks", f"{done.code} {done.said[-1500:]}")
    found = load(own / "results" / "crashing")
    for _, row in found.trials.iterrows():
        name = row["task"].partition(":")[2]
        finished = row["trial"] in set(found.finished["trial"])
        if name in REASONS:
            counts.inject(name)
            reason = found.failures[row["trial"]].reason if row["trial"] in found.failures else ""
            words = {"memory": "MemoryError", "killed": "signal 9", "raises": "a mistake of the user"}.get(
                name, "longer"
            )
            counts.require(not finished and words in reason, "silent", f"{name}: {reason}")
        else:
            counts.require(finished, "lost", row["trial"])
    counts.require(len(found.finished) == size, "lost", str(len(found.finished)))
