"""What `seqbench run` says at its end."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from seqbench.commands.summary import cost_of_probes, print_links
from seqbench.tracking.writer import Links


def test_dear_probes_come_with_the_way_to_switch_them_off():
    assert cost_of_probes(0.1) == "Probes took 10 % of the training time."
    said = cost_of_probes(0.43)
    assert said.startswith("Probes took 43 % of the training time.")
    assert "`probes: none`" in said


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://127.0.0.1:5000", "recall: http://127.0.0.1:5000/#/charts"),
        ("sqlite:////data/mlflow.db", " --tracking-uri sqlite:////data/mlflow.db   (then open the link)"),
    ],
)
def test_a_server_is_opened_by_its_address_and_a_database_by_the_command_that_serves_it(uri, shown, tmp_path):
    console = Console(file=io.StringIO(), width=300)
    print_links(console, tmp_path / "tiny", Links(uri, {"recall": "/#/charts"}))
    said = console.file.getvalue()
    assert shown in said
    assert ("seqbench ui" in said) == uri.startswith("sqlite")
