"""The same numbers however a grid is run, and no going on from a checkpoint of another environment."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seqbench.store.records import read_record
from tests.faults.commands import Commands, options
from tests.faults.scene import sizes
from tests.faults.tally import Tally

REAL = Path(__file__).with_name("pair.yaml")


def records(folder: Path) -> dict[str, Any]:
    """Row and curve of every trial without seconds, by trial."""

    def plain(row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if not name.endswith("seconds") and name != "environment"}

    found = map(read_record, sorted((folder / "trials").glob("*.json")))
    return {one.trial: (plain(one.row), [plain(row) for row in one.curve]) for one in found}


@contextmanager
def one_core() -> Iterator[None]:
    """Processes that are started meanwhile run on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


REVERSED = "methods:\n  - {name: gru, cell: gru}\n  - {name: plain, cell: vanilla}\n"
MORE = REVERSED + "  - {name: clipped, cell: gru, mitigations: [clip_value]}\n"


def written(path: Path, change: Callable[[str], str]) -> Path:
    """A grid that is `pair.yaml` with a change."""
    path.write_text(change(REAL.read_text()))
    return path


@sizes(None, 1)
def test_the_same_bits(size: int, commands: Commands, tmp_path: Path, tally: Callable[..., Tally]) -> None:
    counts, place = tally("F23"), 0

    def run(grid: Path, *more: str, **request: Any) -> dict[str, Any]:
        nonlocal place
        place += 1
        done = commands.run("run", grid, *options(tmp_path / f"results{place}", *more), **request)
        counts.require(done.code == 0 and not done.raised, "tracebacks", done.said[-1500:])
        return records(tmp_path / f"results{place}" / grid.stem)

    def methods(text: str) -> str:
        return text.partition("methods:")[0]

    expected = run(REAL)
    cases: dict[str, tuple[Path, tuple[str, ...], dict[str, Any]]] = {
        "again": (REAL, (), {}),
        "one worker": (REAL, ("--workers", "1"), {}),
        "three workers": (REAL, ("--workers", "3"), {}),
        "without a cache of programs": (REAL, ("--no-cache",), {}),
        "methods in another order": (written(tmp_path / "order.yaml", lambda text: methods(text) + REVERSED), (), {}),
        "another method beside them": (written(tmp_path / "more.yaml", lambda text: methods(text) + MORE), (), {}),
        "lengths in another order": (
            written(tmp_path / "lengths.yaml", lambda text: text.replace("[3, 5]", "[5, 3]")),
            (),
            {},
        ),
        "fewer seeds": (written(tmp_path / "seeds.yaml", lambda text: text.replace("seeds: 2", "seeds: 1")), (), {}),
        "without checkpoints": (REAL, (), {"checkpoint_seconds": 1e9}),
        "variables of JAX": (REAL, (), {"environment": {"JAX_ENABLE_X64": "1", "JAX_DEFAULT_PRNG_IMPL": "rbg"}}),
    }
    for name, (grid, more, request) in cases.items():
        counts.inject(name)
        found = run(grid, *more, **request)
        both = expected.keys() & found.keys()
        counts.require(len(both) >= len(expected) // 2, "lost", name)
        counts.require(all(found[trial] == expected[trial] for trial in both), "other_bits", name)
    counts.inject("one core")
    counts.require(on_one_core(tmp_path) == expected, "other_bits", "one core")


def on_one_core(folder: Path) -> dict[str, Any]:
    """What a run on one core gives, in a process of its own."""
    import subprocess
    import sys

    command = [sys.executable, "-c", "from seqbench.entry import main; main()", "run", str(REAL)]
    with one_core():
        subprocess.run([*command, *options(folder / "core")], check=True, capture_output=True)
    return records(folder / "core" / REAL.stem)


ELSEWHERE = {
    "another version of jax": {"path": True},
    "another processor": {"environment": {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"}},
}


@sizes(None, 1)
@pytest.mark.parametrize("name", ELSEWHERE)
def test_another_environment(
    name: str, size: int, commands: Commands, tmp_path: Path, tally: Callable[..., Tally]
) -> None:
    """What was interrupted in one environment begins again in another, and that is said."""
    counts, results = tally("F27", name.replace(" ", "_")), tmp_path / "results"
    folder = results / REAL.stem
    request: dict[str, Any] = dict(ELSEWHERE[name])
    if request.pop("path", False):
        (tmp_path / "jax-0.99.0.dist-info").mkdir()
        (tmp_path / "jax-0.99.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: jax\nVersion: 0.99.0\n"
        )
        request["path"] = [str(tmp_path)]
    alone = commands.run("run", REAL, *options(tmp_path / "alone"), **request)
    assert alone.code == 0, alone.said
    for _ in range(2):
        shutil.rmtree(results, ignore_errors=True)
        process = commands.start("run", REAL, *options(results))
        while len(list((folder / "trials").glob("*.json"))) < 2 or not list((folder / "checkpoints").glob("[!.]*")):
            assert commands.ended(process, 0.02) is None
        commands.kill(process, workers=True)
        begun = {path.name for path in (folder / "checkpoints").glob("[!.]*")}
        counts.inject(name)
        kept = records(folder)
        done = commands.run("run", REAL, *options(results), **request)
        what = f"{name}: {done.code} {done.said[-1500:]}"
        counts.require(done.code == 0 and not done.raised, "tracebacks", what)
        for trial in begun - kept.keys():
            counts.require(f"Checkpoint {trial}" in done.said, "silent", what)
        after = records(folder)
        counts.require(kept.items() <= after.items(), "lost", what)
        elsewhere = records(tmp_path / "alone" / REAL.stem)
        counts.require(
            all(after[trial] == elsewhere[trial] for trial in after.keys() - kept.keys()), "other_bits", what
        )
        names = {read_record(path).row["environment"] for path in (folder / "trials").glob("*.json")}
        counts.require(len(names) == 2, "silent", f"{names} {what}")
        report = (folder / "report.md").read_text()
        counts.require("environment" in report, "silent", "the report does not say that environments are mixed")
