"""Methods x lengths fill in, and a run in another terminal is followed to its end."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from seqbench.commands import watch as watching
from seqbench.commands.asked import Asked
from seqbench.commands.lengths_table import Cell, lengths_tables
from seqbench.commands.watch import Look, Seen, line, picture, trials_an_hour, watch
from seqbench.errors import UsageError
from seqbench.invocation import invocation
from seqbench.plan.plan import plan
from seqbench.store.lock import held, holder
from seqbench.store.records import Record
from seqbench.store.trials import TrialStore

GRID = """
question: What does it show?
tasks: [delayed_recall]
lengths: [2, 30]
seeds: 2
model: {stacked: {width: 4}}
methods: [{name: plain}, {name: clipped, mitigations: [clip_global_norm]}]
"""


def shown(*renderables) -> str:
    written = io.StringIO()
    console = Console(file=written, width=110, color_system=None)
    for each in renderables:
        console.print(each)
    return written.getvalue()


def record(trial: str, outcome: str) -> Record:
    return Record(trial, {}, {"outcome": outcome, "steps": 1}, {}, [], [], [], None)


def outcomes_of(current, solved: dict[tuple[str, int], list[str]]) -> dict[str, str]:
    """Outcomes by trial, from those of each method and length in the order of the seeds."""
    found = {}
    for trial in current.trials:
        left = solved.get((trial.method, trial.length), [])
        if left:
            found[trial.id] = left.pop(0)
    return found


def test_a_cell_says_what_is_solved_finished_and_planned() -> None:
    cells = [Cell(), Cell(planned=3), Cell(planned=3, training=True), Cell(1, 2, 3), Cell(2, 3, 3), Cell(3, 3, 3)]
    assert [cell.shown().plain for cell in cells] == ["", "·", "...", "1/2 of 3", "2/3", "3/3"]
    assert [bool(cell.shown().style == "green") for cell in cells] == [False] * 5 + [True]


def test_the_table_has_a_row_a_method_and_a_column_a_length(read) -> None:
    current = plan(read(GRID))
    outcomes = outcomes_of(current, {("plain", 2): ["solved", "chance"], ("plain", 30): ["diverged"]})
    training = [trial.id for trial in current.trials if (trial.method, trial.length) == ("clipped", 2)]
    lines = shown(*lengths_tables(current, outcomes, training)).splitlines()
    assert [" ".join(text.split()) for text in lines] == [
        "delayed_recall: seeds solved at each dependency length", "method 2 30", "plain 1/2 0/1 of 2", "clipped ... ·"
    ]  # fmt: skip


def test_a_tuned_grid_shows_its_tuning_first_and_a_search_has_no_table(read) -> None:
    tuned = plan(read(GRID + "tuning: {seeds: 1, learning_rate: [1.0e-3, 1.0e-2]}\n"))
    assert "while it is tuned" in shown(*lengths_tables(tuned, {}))
    assert lengths_tables(plan(read(GRID.replace("[2, 30]", "{from: 2, to: 20}"))), {}) == []


def test_many_methods_and_lengths_are_cut(read) -> None:
    lengths = ", ".join(map(str, range(2, 32)))
    methods = ", ".join(f"{{name: m{width}, model: {{width: {width}}}}}" for width in range(2, 22))
    text = GRID.replace("[2, 30]", f"[{lengths}]").partition("methods:")[0] + f"methods: [{methods}]\n"
    [group] = lengths_tables(plan(read(text)), {})
    assert len(group.renderables[1].columns) == 1 + 12
    assert "and 4 more" in shown(group)


def test_the_pace_is_that_of_the_last_hour() -> None:
    assert trials_an_hour([], 10.0) is None
    assert trials_an_hour([5.0], 10.0) is None
    assert trials_an_hour([0.0, 60.0, 120.0], 120.0) == pytest.approx(60.0)
    assert trials_an_hour([-1e6, 0.0, 60.0, 120.0], 180.0) == pytest.approx(40.0)  # it slows down, the old one is out


def test_what_is_said_of_a_run(read) -> None:
    current = plan(read(GRID))
    outcomes = outcomes_of(current, {("plain", 2): ["solved", "chance"]})
    run = {"process": 7, "host": "here", "since": "2026-01-01 10:00:00", "workers": 2}
    said = line(Look(current, outcomes, run, 60.0), "seqbench run x")
    assert said == (
        "2 of 8 trials finished, 60 trials an hour, about 6 min left, "
        "run by process 7 on here with 2 workers, since 2026-01-01 10:00:00"
    )
    assert line(Look(current, outcomes, None, None), "seqbench run x") == (
        "2 of 8 trials finished, no process runs it; go on with: seqbench run x"
    )
    everything = {trial.id: "solved" for trial in current.trials}
    over = Look(current, everything, None, None)
    assert over.over
    assert not Look(current, everything, run, None).over
    assert "the report is written next" in line(Look(current, everything, run, 60.0), "seqbench run x")
    said = shown(picture(over, "seqbench run x"))
    assert "example: 8 of 8 trials finished" in said
    assert "2/2" in said


def test_searches_show_their_brackets_and_what_is_to_come(read) -> None:
    current = plan(read(GRID.replace("[2, 30]", "{from: 2, to: 20}")))
    said = shown(picture(Look(current, {}, None, None), "seqbench run x"))
    assert "more to come" in said
    assert "0 of 4 searches have ended" in said


def test_the_holder_of_a_folder_is_known_while_it_runs(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with held(tmp_path, workers=3):
        noted = holder(tmp_path)
        assert noted is not None
        assert (noted["process"], noted["workers"]) == (os.getpid(), 3)
    assert holder(tmp_path) is None
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    note = {"process": killed.pid, "host": socket.gethostname()}
    (tmp_path / ".running.json").write_text(json.dumps(note))
    assert holder(tmp_path) is None
    (tmp_path / ".running.json").write_text(json.dumps(note | {"host": "elsewhere"}))
    assert holder(tmp_path) == note | {"host": "elsewhere"}


def test_a_trial_file_is_read_once_and_again_if_it_is_written_anew(tmp_path: Path, monkeypatch) -> None:
    read: list[str] = []
    find = TrialStore.find
    monkeypatch.setattr(TrialStore, "find", lambda store, trial: read.append(trial) or find(store, trial))
    store = TrialStore(tmp_path)
    for trial in ("a", "b"):
        store.write(record(trial, "solved"))
    os.utime(store.trials / "a.json", (100, 100))
    (store.trials / "c.json").write_text("{")
    seen = Seen(TrialStore(tmp_path))
    assert [each.trial for each in seen.finished()] == ["a", "b"]
    assert seen.written["a"] == 100.0
    seen.finished()
    store.write(record("a", "chance"))
    (store.trials / "b.json").unlink()
    assert [each.outcome for each in seen.finished()] == ["chance"]
    assert read == ["a", "b", "c", "a"]


def test_watching_ends_when_all_has_finished(tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    watch(Asked("quickstart", Path("results")))  # committed, and nobody runs it
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert said.startswith("84 of 84 trials finished")
    assert "nothing is left to train" in said


def test_watching_looks_again(tmp_path: Path, capsys, monkeypatch) -> None:
    (tmp_path / "small.yaml").write_text(GRID)

    def stop(seconds: float) -> None:
        raise StopIteration

    monkeypatch.setattr(watching.time, "sleep", stop)
    with pytest.raises(StopIteration):
        watch(Asked(str(tmp_path / "small.yaml"), tmp_path / "my results"))
    assert f"go on with: {invocation()} run {tmp_path / 'small.yaml'} --results '{tmp_path / 'my results'}'" in (
        capsys.readouterr().out
    )


def test_another_grid_of_this_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").write_text(GRID)
    with pytest.raises(UsageError, match="another grid"):
        watch(Asked(str(tmp_path / "quickstart.yaml"), Path(__file__).parents[2] / "results"))
