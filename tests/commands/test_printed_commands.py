"""Every command that seqbench prints can be pasted, in a folder with spaces in its path."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.forked import seqbench

GRID = """
question: Small?
tasks: [delayed_recall]
lengths: [2]
seeds: 2
model: {stacked: {width: 3}}
training: {steps: 40, batch_size: 4, evaluate_every: 20, validation_sequences: 64, test_sequences: 256}
methods: [{name: vanilla, cell: vanilla}]
"""

PRINTED = re.compile(r"seqbench [a-z]+ .*")


class Terminal:
    """A shell in a folder, with `seqbench` on the path as where it is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shims = folder / "shims"
        shims.mkdir()
        shim = shims / "seqbench"
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from seqbench.entry import main; main()" "$@"\n')
        shim.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if name != "UV_RUN_RECURSION_DEPTH"}
        self.environment = {**kept, "PATH": f"{shims}:{os.environ['PATH']}"}

    def start(self, line: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            f"exec {line}", shell=True, executable="/bin/sh", cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def run(self, line: str, code: int = 0) -> str:
        """What a command prints, its words taken apart as a shell does."""
        command, *words = shlex.split(line)
        assert command == "seqbench"
        done = seqbench(*words, cwd=self.folder)
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        return said


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    folder = tmp_path / "my grids"
    folder.mkdir()
    (folder / "a grid.yaml").write_text(GRID)
    return Terminal(folder)


def printed(said: str, verb: str) -> str:
    """The one command with a verb in what was printed, as a person copies it."""
    lines = [" ".join(found.split("   (")[0].split()) for found in PRINTED.findall(said)]
    [line] = [line.rstrip(".") for line in lines if line.split()[1] == verb]
    return line.partition(" tries them again")[0]


def test_a_run_leads_on_to_commands_that_work(terminal: Terminal, hasty_workers: None) -> None:
    options = "--set 'training.steps=20' --set 'methods[vanilla].name=my vanilla' --results 'the results'"
    line = printed(terminal.run(f"seqbench report 'a grid.yaml' {options}", code=2), "run")
    assert line == (
        "seqbench run 'a grid.yaml' --set training.steps=20 --set 'methods[vanilla].name=my vanilla' "
        "--results 'the results'"
    )
    said = terminal.run(f"{line} --no-tracking --workers 1")
    assert "Overridden: training.steps 20 (file: 40); methods[0].name my vanilla (file: vanilla)." in said
    [folder] = (terminal.folder / "the results").iterdir()
    assert str(Path("the results") / folder.name) in said
    assert "overridden" in (folder / "report.md").read_text()
    assert "2 of 2 trials finished" in terminal.run(line.replace(" run ", " status "))
    # The folder's own name means the grid that was run into it, and its report leads on to one trial.
    assert "2 of 2 trials finished" in terminal.run(f"seqbench status '{folder.name}' --results 'the results'")
    [trial, _] = sorted(path.stem for path in (folder / "trials").glob("*.json"))
    again = printed(terminal.run(line.replace(" run ", " sample ") + f" --trial {trial}", code=2), "run")
    assert again.endswith(f"--results 'the results' --trial {trial}")
    assert "training" in terminal.run(f"{again} --no-tracking --workers 1")


def test_a_stopped_run_says_how_to_go_on_with_all_its_options(terminal: Terminal, hasty_workers: None) -> None:
    line = "seqbench run 'a grid.yaml' --set training.steps=20000000 --results 'the results' --no-tracking --workers 1"
    process = terminal.start(line + " --set training.stop_when_solved=false")
    while not list(terminal.folder.glob("the results/*/plan.json")):
        assert process.poll() is None
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert printed(said, "run") == (
        "seqbench run 'a grid.yaml' --set training.steps=20000000 --set training.stop_when_solved=false "
        "--results 'the results' --no-tracking --workers 1"
    )


@pytest.mark.slow
@pytest.mark.server
@pytest.mark.parametrize("elsewhere", [False, True], ids=["beside the results", "another database"])
def test_the_ui_opens_the_store_that_was_written(terminal: Terminal, elsewhere: bool, hasty_workers: None) -> None:
    store = f"sqlite:///{terminal.folder / 'my runs.db'}"
    option = f" --tracking-uri '{store}'" if elsewhere else ""
    said = terminal.run(f"seqbench run 'a grid.yaml' --results 'the results' --workers 1{option}")
    line = printed(said, "ui")
    assert line == f"seqbench ui 'a grid' --results 'the results'{option}"
    process = terminal.start(f"{line} --port 5600")
    assert process.stdout is not None
    told = []
    for told_line in process.stdout:
        told.append(told_line)
        if "Ctrl-C stops it." in told_line:
            break
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert any(found.startswith("a grid, delayed_recall: http://127.0.0.1:56") for found in told), told
